// Tables for the volume plugins.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import { createTestClock } from '#base/testclock.ts';
import type { Plugin } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import { podInfo } from '../podinfo.ts';
import { node, on, pod } from '../testing/build.ts';
import { cacheOf, judge } from '../testing/judge.ts';
import { noStorage, type Storage } from '../volumes/storage.ts';
import { nodeVolumeLimits } from './nodevolumelimits.ts';
import { volumeBinding, type VolumeBindingDeps } from './volumebinding.ts';
import { volumeRestrictions } from './volumerestrictions.ts';
import { volumeZone } from './volumezone.ts';

const zone = 'topology.kubernetes.io/zone';
const nodes = [node('a', { labels: { [zone]: 'a' } }), node('b', { labels: { [zone]: 'b' } })];

interface Wish {
  readonly volumeName?: string;
  readonly className?: string;
  readonly accessModes?: PersistentVolumeClaim['spec']['accessModes'];
  readonly storage?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly phase?: 'Lost';
}

function claim(
  name: string,
  { volumeName, className = 'late', accessModes = ['ReadWriteOnce'], storage = '1Gi', annotations, phase }: Wish = {},
) {
  const bound = volumeName === undefined ? {} : { 'pv.kubernetes.io/bind-completed': 'yes' };
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}`, annotations: { ...bound, ...annotations } },
    spec: { accessModes, storageClassName: className, resources: { requests: { storage } }, ...(volumeName ? { volumeName } : {}) },
    status: phase ? { phase } : {},
  } as unknown as PersistentVolumeClaim;
}

function volume(
  name: string,
  more: { node?: string; labels?: Record<string, string>; size?: string; csi?: string; claimRef?: object } = {},
) {
  const values = [more.node ?? ''];
  const term = { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values }] };
  return {
    metadata: { name, labels: more.labels ?? {} },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'late',
      capacity: { storage: more.size ?? '1Gi' },
      ...(more.node ? { nodeAffinity: { required: { nodeSelectorTerms: [term] } } } : {}),
      ...(more.csi ? { csi: { driver: more.csi, volumeHandle: name } } : {}),
      ...(more.claimRef ? { claimRef: more.claimRef } : {}),
    },
    status: { phase: 'Available' },
  } as unknown as PersistentVolume;
}

const late = {
  metadata: { name: 'late' },
  provisioner: 'kubernetes.io/no-provisioner',
  volumeBindingMode: 'WaitForFirstConsumer',
} as unknown as StorageClass;
const made = {
  metadata: { name: 'made' },
  provisioner: 'csi.example.com',
  volumeBindingMode: 'WaitForFirstConsumer',
} as unknown as StorageClass;
const atOnce = { metadata: { name: 'atonce' }, provisioner: 'csi.example.com', volumeBindingMode: 'Immediate' } as unknown as StorageClass;

interface Parts {
  readonly claims?: readonly PersistentVolumeClaim[];
  readonly volumes?: readonly PersistentVolume[];
  readonly classes?: readonly StorageClass[];
}

function storage({ claims = [], volumes = [], classes = [late, made, atOnce] }: Parts, more: Partial<Storage> = {}): Storage {
  return {
    ...noStorage,
    claim: (key) => claims.find((item) => `default/${item.metadata.name}` === key),
    volume: (name) => volumes.find((item) => item.metadata.name === name),
    volumes: () => volumes,
    storageClass: (name) => classes.find((item) => item.metadata.name === name),
    ...more,
  };
}

const using = (...names: string[]): Pod =>
  pod('p', { spec: { volumes: names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } })) } as Partial<Pod['spec']> });
const binding = (parts: Parts, more?: Partial<Storage>): Plugin => volumeBinding({ storage: storage(parts, more) } as VolumeBindingDeps);

test('VolumeBinding: what keeps a pod from all nodes', () => {
  const cases: readonly [Pod, Parts, string][] = [
    [using('x'), {}, '! persistentvolumeclaim "x" not found'],
    [
      using('x'),
      { claims: [claim('x', { volumeName: 'v', phase: 'Lost' })] },
      '! persistentvolumeclaim "x" bound to non-existent persistentvolume "v"',
    ],
    [using('x'), { claims: [claim('x', { className: 'atonce' })] }, '! pod has unbound immediate PersistentVolumeClaims'],
    [
      pod('p', { spec: { volumes: [{ name: 'v', ephemeral: {} }] } as Partial<Pod['spec']> }),
      {},
      '! waiting for ephemeral volume controller to create the persistentvolumeclaim "p-v"',
    ],
  ];
  for (const [incoming, parts, reason] of cases) assert.deepEqual(judge(binding(parts), incoming, { nodes }).filter, { '*': reason });
});

test('VolumeBinding: bound volumes must be reachable', () => {
  const claims = [claim('x', { volumeName: 'v' })];
  assert.deepEqual(judge(binding({ claims, volumes: [volume('v', { node: 'a' })] }), using('x'), { nodes }).filter, {
    a: 'ok',
    b: "! node(s) didn't match PersistentVolume's node affinity",
  });
  assert.equal(
    judge(binding({ claims }), using('x'), { nodes }).filter['a'],
    '! node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)',
  );
});

test('VolumeBinding: waiting claims need a free volume, each its own', () => {
  const none = "! node(s) didn't find available persistent volumes to bind";
  const claims = [claim('x'), claim('y')];
  const one = [volume('v', { node: 'a' })];
  assert.deepEqual(judge(binding({ claims, volumes: one }), using('x'), { nodes }).filter, { a: 'ok', b: none });
  assert.deepEqual(judge(binding({ claims, volumes: one }), using('x', 'y'), { nodes }).filter, { a: none, b: none });
  const small = [volume('v', { node: 'a', size: '500Mi' })];
  assert.deepEqual(judge(binding({ claims, volumes: small }), using('x'), { nodes }).filter, { a: none, b: none });
  const reserved = [volume('v', { node: 'b', claimRef: { namespace: 'default', name: 'y' } })];
  assert.deepEqual(judge(binding({ claims, volumes: reserved }), using('x'), { nodes }).filter, { a: none, b: none });
  assert.deepEqual(judge(binding({ claims, volumes: reserved }), using('y'), { nodes }).filter, { a: none, b: 'ok' });
});

test('VolumeBinding: a volume that can be made, where its class allows and there is room', () => {
  const none = "! node(s) didn't find available persistent volumes to bind";
  const claims = [
    claim('x', { className: 'made' }),
    claim('s', { className: 'made', annotations: { 'volume.kubernetes.io/selected-node': 'b' } }),
  ];
  assert.deepEqual(judge(binding({ claims }), using('x'), { nodes }).filter, { a: 'ok', b: 'ok' });
  assert.deepEqual(judge(binding({ claims }), using('s'), { nodes }).filter, { a: none, b: 'ok' });
  const onlyA = { ...made, allowedTopologies: [{ matchLabelExpressions: [{ key: zone, values: ['a'] }] }] } as StorageClass;
  assert.deepEqual(judge(binding({ claims, classes: [onlyA] }), using('x'), { nodes }).filter, { a: 'ok', b: none });
  const tight: Partial<Storage> = {
    csiDriver: () => ({ metadata: { name: 'csi.example.com' }, spec: { storageCapacity: true } }) as never,
    capacities: () =>
      [{ metadata: { name: 'c' }, storageClassName: 'made', capacity: '2Gi', nodeTopology: { matchLabels: { [zone]: 'b' } } }] as never,
  };
  assert.deepEqual(judge(binding({ claims }, tight), using('x'), { nodes }).filter, {
    a: '! node(s) did not have enough free storage',
    b: 'ok',
  });
});

test('VolumeBinding: the pod waits for its volume, and goes elsewhere when the claim was given one elsewhere', async () => {
  for (const elsewhere of [false, true]) {
    let claims = [claim('x')];
    let volumes = [volume('here', { node: 'a' })];
    const listeners = new Set<() => void>();
    const onChange = ({ updated = () => {} }: { updated?(object: PersistentVolumeClaim, previous: PersistentVolumeClaim): void }) => {
      const listener = (): void => updated(claims[0] as PersistentVolumeClaim, claim('x'));
      listeners.add(listener);
      return () => listeners.delete(listener);
    };
    const written: unknown[] = [];
    const plugin = volumeBinding({
      storage: storage(
        {},
        { claim: () => claims[0], volume: (name) => volumes.find((one) => one.metadata.name === name), volumes: () => volumes },
      ),
      client: { resource: () => ({ patch: async (name: string) => written.push(name) }) },
      informers: { of: () => ({ onChange }) },
      world: { clock: createTestClock() },
    } as unknown as VolumeBindingDeps);
    const cache = cacheOf({ nodes });
    const [info, state, at] = [podInfo(using('x')), new Map(), cache.nodes.find(({ name }) => name === 'a') as NodeInfo];
    plugin.preFilter?.(info, state, cache);
    assert.equal(plugin.filter?.(info, at, state), undefined);
    let ended = false;
    const binding = Promise.resolve(plugin.preBind?.(info, at, state)).finally(() => (ended = true));
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    await turn();
    assert.deepEqual(written, ['here']);
    claims = [claim('x', { volumeName: elsewhere ? 'there' : 'here' })];
    for (const listener of listeners) listener();
    if (elsewhere) {
      binding.catch(() => undefined);
      await turn();
      assert.ok(!ended, 'the volume is not known yet');
      volumes = [...volumes, volume('there', { node: 'b' })];
      for (const listener of listeners) listener();
      await assert.rejects(binding, /pv "there" node affinity doesn't match node "a"/);
    } else await binding;
    assert.equal(listeners.size, 0);
  }
});

test('VolumeRestrictions: a claim for one pod only is in use', () => {
  const claims = [claim('x', { volumeName: 'v', accessModes: ['ReadWriteOncePod'] }), claim('y', { volumeName: 'v' })];
  const plugin = volumeRestrictions(storage({ claims }));
  const reason = 'node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode';
  const user = (name: string) => [on('a', { ...using(name), metadata: { name: 'other', namespace: 'default', uid: 'other' } } as Pod)];
  assert.deepEqual(judge(plugin, using('x'), { nodes, placed: user('x') }).filter, { a: reason, b: reason });
  assert.deepEqual(judge(plugin, using('x'), { nodes }).filter, { a: 'ok', b: 'ok' });
  assert.deepEqual(judge(plugin, using('y'), { nodes, placed: user('y') }).filter, { a: 'ok', b: 'ok' });
});

test('VolumeZone: the volume says where', () => {
  const claims = [claim('x', { volumeName: 'v' })];
  const filter = (labels: Record<string, string>, all = nodes) =>
    judge(volumeZone(storage({ claims, volumes: [volume('v', { labels })] })), using('x'), { nodes: all }).filter;
  const reason = '! node(s) had no available volume zone';
  assert.deepEqual(filter({ [zone]: 'a' }), { a: 'ok', b: reason });
  assert.deepEqual(filter({ [zone]: 'a__b' }), { a: 'ok', b: 'ok' });
  assert.deepEqual(filter({ 'failure-domain.beta.kubernetes.io/zone': 'b' }), { a: reason, b: 'ok' });
  assert.deepEqual(filter({ [zone]: 'a' }, [node('plain')]), { plain: 'ok' });
});

test('NodeVolumeLimits: as many volumes of a driver as the node takes, each counted once', () => {
  const claims = ['x', 'y', 'z'].map((name) => claim(name, { volumeName: `v${name}` }));
  const volumes = ['vx', 'vy', 'vz'].map((name) => volume(name, { csi: 'csi.example.com' }));
  const csiNode = (name: string) =>
    ({
      metadata: { name },
      spec: { drivers: name === 'a' ? [{ name: 'csi.example.com', nodeID: name, allocatable: { count: 2 } }] : [] },
    }) as never;
  const plugin = nodeVolumeLimits(storage({ claims, volumes }, { csiNode }));
  const placed = [on('a', { ...using('x', 'y'), metadata: { name: 'other', namespace: 'default', uid: 'other' } } as Pod)];
  assert.deepEqual(judge(plugin, using('z'), { nodes, placed }).filter, { a: 'node(s) exceed max volume count', b: 'ok' });
  assert.deepEqual(judge(plugin, using('x'), { nodes, placed }).filter, { a: 'ok', b: 'ok' });
});
