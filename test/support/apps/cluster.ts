// What happens to pods with their namespace and their node, as test/e2e/apimachinery/namespace.go and test/e2e/node/taints.go
// of the conformance suite try it.
import assert from 'node:assert/strict';
import type { Pod } from '#api/core/v1/pod.ts';
import { conditionOf } from '#api/podutil.ts';
import { Namespaces, Nodes, Pods, ServiceAccounts } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { until } from '../until.ts';
import { busybox, event, type Ground, named, patience, schedulableNodes, updated, versionOf } from './ground.ts';

const sleeper = (spec: object = {}) => ({
  terminationGracePeriodSeconds: 1,
  containers: [{ name: 'c', image: busybox, command: ['sleep', '1000000'] }],
  ...spec,
});

/** Pods go with their namespace, and are not there when it is made again. */
export async function namespaceTakesPods(ground: Ground): Promise<void> {
  const name = named('nsdelete');
  const namespaces = ground.of(Namespaces);
  const make = async () => {
    await namespaces.create({ metadata: { name } });
    const accounts = ground.of(ServiceAccounts);
    await until('its account is there', () => accounts.get('default', { namespace: name }).catch(() => undefined), patience);
  };
  await make();
  const pods = ground.of(Pods);
  await pods.create({ metadata: { name: 'test-pod' }, spec: sleeper() } as never, { namespace: name });
  const running = async () => (await pods.get('test-pod', { namespace: name })).status.phase === 'Running';
  await until('the pod runs', running, patience);
  await namespaces.delete(name);
  await until(
    'the namespace is gone',
    () =>
      namespaces.get(name).then(
        () => false,
        (error: unknown) => isNotFound(error),
      ),
    patience,
  );
  await make();
  await assert.rejects(pods.get('test-pod', { namespace: name }), isNotFound);
  await namespaces.delete(name);
}

const taintKey = 'kubernetes.io/e2e-evict-taint-key';
const laterKey = 'kubernetes.io/e2e-later-taint-key';
const tolerates = (key: string, tolerationSeconds?: number) => ({
  key,
  operator: 'Exists',
  effect: 'NoExecute',
  ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
});

/** Runs a body with a way to set the NoExecute taints of the first node, which are taken away at the end. */
async function tainting(
  ground: Ground,
  body: (node: string, taint: (...keys: string[]) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const [node = ''] = await schedulableNodes(ground);
  const taint = (...keys: string[]) =>
    updated(ground, Nodes, node, (old) => ({
      ...old,
      spec: {
        ...old.spec,
        taints: [
          ...(old.spec.taints ?? []).filter(({ key }) => key !== taintKey && key !== laterKey),
          ...keys.map((key) => ({ key, value: 'evictTaintVal', effect: 'NoExecute' })),
        ],
      },
    }));
  try {
    await body(node, taint);
  } finally {
    await taint();
  }
}

async function start(ground: Ground, name: string, node: string, tolerations: readonly object[]): Promise<void> {
  const spec = sleeper({ nodeSelector: { 'kubernetes.io/hostname': node }, tolerations });
  await ground.create(Pods, { metadata: { name, labels: { group: 'taint-eviction' } }, spec } as never);
  await ground.until(Pods, name, ({ status }) => status.phase === 'Running', patience);
}

/** A taint that goes before a pod's patience is over leaves the pod where it is. */
export const taintGoesInTime = (ground: Ground): Promise<void> =>
  tainting(ground, async (node, taint) => {
    await start(ground, 'patient', node, [tolerates(taintKey, 8), tolerates(laterKey)]);
    // This one tells the time: its patience begins when the first taint goes, and is as long.
    await start(ground, 'witness', node, [tolerates(taintKey), tolerates(laterKey, 8)]);
    const from = await versionOf(ground, Pods);
    await taint(taintKey);
    await until('the taint is there', async () => (await ground.of(Nodes).get(node)).spec.taints?.some(({ key }) => key === taintKey));
    assert.equal((await ground.get(Pods, 'patient')).metadata.deletionTimestamp, undefined);
    await taint(laterKey);
    const fieldSelector = 'metadata.name=witness';
    await event(ground, Pods, { resourceVersion: from, fieldSelector }, ({ type }) => type === 'DELETED');
    const patient = await ground.get(Pods, 'patient');
    assert.equal(patient.metadata.deletionTimestamp, undefined);
    assert.equal(patient.status.phase, 'Running');
  });

/** Pods leave a tainted node each when its own patience is over, and are told why. */
export const taintEvicts = (ground: Ground): Promise<void> =>
  tainting(ground, async (node, taint) => {
    await start(ground, 'first', node, [tolerates(taintKey, 1)]);
    await start(ground, 'second', node, [tolerates(taintKey, 4)]);
    const from = await versionOf(ground, Pods);
    await taint(taintKey);
    let gone = 0;
    const seen = new Map<string, Pod>();
    await event(ground, Pods, { resourceVersion: from, labelSelector: 'group=taint-eviction' }, ({ type, object }) => {
      const { name } = object.metadata;
      if (object.metadata.deletionTimestamp !== undefined && !seen.has(name)) seen.set(name, object);
      if (type === 'DELETED') gone++;
      return gone === 2;
    });
    assert.deepEqual([...seen.keys()], ['first', 'second']);
    const condition = conditionOf(seen.get('first')?.status.conditions, 'DisruptionTarget');
    assert.deepEqual([condition?.status, condition?.reason], ['True', 'DeletionByTaintManager']);
  });
