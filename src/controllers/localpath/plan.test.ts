import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import {
  type ClaimView,
  countByNode,
  nodeAnnotation,
  planGrowth,
  planProvision,
  planReclaim,
  planSweep,
  provisioner,
  volumeFor,
} from './plan.ts';
import { provisionedBy, selectedNode } from '../volumebinder/plan.ts';

const node = (name: string, more: object = {}): Node =>
  ({
    metadata: { name, labels: { 'kubernetes.io/hostname': `host-${name}` } },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
    ...more,
  }) as Node;
const late = { metadata: { name: 'local-path' }, provisioner, volumeBindingMode: 'WaitForFirstConsumer' } as StorageClass;
const early = { ...late, volumeBindingMode: 'Immediate' } as StorageClass;
const claim = (spec: object = {}, chosen?: string, status: object = { phase: 'Pending' }): PersistentVolumeClaim =>
  ({
    metadata: { name: 'data', namespace: 'ns', uid: 'u1', annotations: chosen ? { [selectedNode]: chosen } : {} },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
    status,
  }) as PersistentVolumeClaim;
const plan = (view: Partial<ClaimView>) =>
  planProvision({ claim: claim(), class: late, nodes: [node('a'), node('b')], volumesOn: new Map(), ...view });
const volume = (spec: object = {}, more: object = {}): PersistentVolume =>
  ({
    metadata: { name: 'pvc-u1', annotations: { [provisionedBy]: provisioner, [nodeAnnotation]: 'a' } },
    spec: { claimRef: { uid: 'u1' }, persistentVolumeReclaimPolicy: 'Delete', capacity: { storage: '1Gi' }, ...spec },
    status: { phase: 'Released' },
    ...more,
  }) as PersistentVolume;

test('a claim gets a volume on the node that the scheduler chose, and not before', () => {
  assert.equal(plan({}).type, 'none');
  const step = plan({ claim: claim({}, 'b') });
  assert.ok(step.type === 'make');
  assert.deepEqual([step.node.metadata.name, step.name], ['b', 'pvc-u1']);
  assert.deepEqual(plan({ claim: claim({}, 'gone') }), { type: 'reselect', node: 'gone' });
});

test('where no pod decides, the ready node with the fewest volumes', () => {
  const cordoned = node('0', { spec: { unschedulable: true } });
  const silent = node('1', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } });
  const step = plan({ class: early, nodes: [cordoned, silent, node('a'), node('b')], volumesOn: new Map([['a', 2]]) });
  assert.equal(step.type === 'make' && step.node.metadata.name, 'b');
  assert.equal(plan({ class: early, nodes: [silent] }).type, 'none');
});

test('what is not ours, or done, or no directory', () => {
  assert.equal(plan({ class: undefined }).type, 'none');
  assert.equal(plan({ class: { ...early, provisioner: 'other' } as StorageClass }).type, 'none');
  assert.equal(plan({ class: early, claim: claim({ volumeName: 'v' }) }).type, 'none');
  assert.equal(plan({ class: early, claim: claim({ selector: {} }) }).type, 'none');
  assert.equal(plan({ class: early, claim: claim({ volumeMode: 'Block' }) }).type, 'refuse');
  const many = plan({ class: early, claim: claim({ accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }) });
  assert.deepEqual(many, { type: 'refuse', message: 'a directory of one node cannot be ReadWriteMany' });
});

test('a volume is a directory of one node, for one claim', () => {
  const made = volumeFor(claim(), late, { node: node('a'), name: 'pvc-u1', path: '/d/pvc-u1' });
  assert.deepEqual(made.metadata?.annotations, { [provisionedBy]: provisioner, [nodeAnnotation]: 'a' });
  assert.deepEqual(made.spec?.local, { path: '/d/pvc-u1' });
  assert.equal(made.spec?.persistentVolumeReclaimPolicy, 'Delete');
  assert.equal(made.spec?.claimRef?.uid, 'u1');
  const terms = made.spec?.nodeAffinity?.required?.nodeSelectorTerms;
  assert.deepEqual(terms, [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['host-a'] }] }]);
  assert.deepEqual([...countByNode([made as PersistentVolume, volume({}, { metadata: { name: 'x' } })])], [['a', 1]]);
});

test('a released volume goes by its policy, once, and only if it is ours', () => {
  assert.equal(planReclaim(volume()), 'a');
  assert.equal(planReclaim(volume({}, { status: { phase: 'Bound' } })), undefined);
  assert.equal(planReclaim(volume({ persistentVolumeReclaimPolicy: 'Retain' })), undefined);
  assert.equal(planReclaim(volume({}, { metadata: { name: 'x', annotations: { [nodeAnnotation]: 'a' } } })), undefined);
  const going = { ...volume().metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
  assert.equal(planReclaim(volume({}, { metadata: going })), undefined);
});

test('growth is told when the claim asks for more than it has', () => {
  const bound = (wanted: string) =>
    claim({ resources: { requests: { storage: wanted } } }, undefined, { phase: 'Bound', capacity: { storage: '1Gi' } });
  assert.equal(planGrowth(bound('2Gi'), volume()), '2Gi');
  assert.equal(planGrowth(bound('1024Mi'), volume()), undefined);
  assert.equal(planGrowth(bound('2Gi'), volume({ claimRef: { uid: 'other' } })), undefined);
  assert.equal(planGrowth(bound('2Gi'), undefined), undefined);
});

test('directories that no volume became of are told apart from all others', () => {
  const known = new Map([volume(), volume({}, { metadata: { name: 'pvc-foreign' } })].map((one) => [one.metadata.name, one]));
  const waiting = { ...claim(), metadata: { ...claim().metadata, uid: 'u2' } };
  const sweep = (node: string) =>
    planSweep({
      node,
      names: ['pvc-u1', 'pvc-u2', 'pvc-u3', 'pvc-foreign'],
      claims: [claim(), waiting],
      volumeNamed: (name) => known.get(name),
    });
  // The volume of u1 is on node a, u2 waits for one, u3 is gone.
  assert.deepEqual(sweep('a'), ['pvc-u3']);
  assert.deepEqual(sweep('b'), ['pvc-u1', 'pvc-u3']);
});
