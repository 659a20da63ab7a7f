import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { attachmentName } from '#api/csi.ts';
import type { CSIDriver } from '#api/storage/v1/csidriver.ts';
import { createWorld } from '#host/world.ts';
import { csiNodeDrivers, nodeIds } from './csinode.ts';
import { grown, growth } from './expand.ts';
import { messages } from './messages.ts';
import {
  accessMode,
  capabilityOf,
  changesGroup,
  type CsiVolume,
  inlineCsi,
  modeProblem,
  needsAttaching,
  persistentCsi,
  podContext,
} from './request.ts';

const { digest } = createWorld({ logLevel: 'error' });
const pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { serviceAccountName: 'sa' } } as Pod;
const object = (spec: object): CSIDriver => ({ metadata: { name: 'd' }, spec }) as CSIDriver;
const persistent = (spec: object): PersistentVolume =>
  ({
    metadata: { name: 'pv' },
    spec: { csi: { driver: 'd', volumeHandle: 'h', fsType: 'ext4' }, accessModes: ['ReadWriteOnce'], ...spec },
  }) as never;
const volumeOf = (spec: object = {}): CsiVolume => {
  const made = persistentCsi(persistent(spec), false);
  assert.ok(made);
  return made;
};

test('the first access mode is what a driver is told', () => {
  const cases: [string[], boolean, string][] = [
    [[], false, 'SINGLE_NODE_WRITER'],
    [['ReadWriteOnce'], false, 'SINGLE_NODE_WRITER'],
    [['ReadWriteOnce'], true, 'SINGLE_NODE_MULTI_WRITER'],
    [['ReadWriteOncePod'], false, 'SINGLE_NODE_WRITER'],
    [['ReadWriteOncePod'], true, 'SINGLE_NODE_SINGLE_WRITER'],
    [['ReadOnlyMany', 'ReadWriteMany'], true, 'MULTI_NODE_READER_ONLY'],
    [['ReadWriteMany'], false, 'MULTI_NODE_MULTI_WRITER'],
  ];
  for (const [modes, several, expected] of cases) assert.equal(accessMode(modes, several), expected);
});

test('capabilities: a file system, a group for it, a device', () => {
  const accessMode = { mode: 'SINGLE_NODE_WRITER' };
  assert.deepEqual(capabilityOf(volumeOf({ mountOptions: ['noatime'] }), { several: false, mountGroup: 7 }), {
    mount: { fsType: 'ext4', mountFlags: ['noatime'], volumeMountGroup: '7' },
    accessMode,
  });
  const device = capabilityOf(volumeOf({ volumeMode: 'Block' }), { several: false });
  assert.deepEqual(device, { block: {}, accessMode });
  // The empty message is sent: it is the choice.
  const sent = messages.VolumeCapability.decode(messages.VolumeCapability.encode(device));
  assert.deepEqual(sent, { block: {}, accessMode });
});

test('who gives the files to the fsGroup', () => {
  assert.equal(changesGroup(volumeOf(), undefined), true);
  assert.equal(changesGroup(volumeOf({ accessModes: ['ReadWriteMany'] }), undefined), false);
  assert.equal(changesGroup(volumeOf({ accessModes: ['ReadWriteMany'] }), object({ fsGroupPolicy: 'File' })), true);
  assert.equal(changesGroup(volumeOf(), object({ fsGroupPolicy: 'None' })), false);
  assert.equal(changesGroup({ ...volumeOf(), readOnly: true }, object({ fsGroupPolicy: 'File' })), false);
});

test('what a driver is told about the pod, and for what it may be used', () => {
  const inline = inlineCsi(pod, { name: 'v', csi: { driver: 'd' } }, digest);
  assert.ok(inline);
  assert.equal(inline.handle, `csi-${digest.sha256('uv')}`);
  assert.deepEqual(podContext(pod, inline, object({})), {});
  assert.equal(podContext(pod, inline, object({ podInfoOnMount: true }))['csi.storage.k8s.io/ephemeral'], 'true');
  assert.equal(modeProblem(inline, undefined), 'volume mode "Ephemeral" not supported by driver d (only supports ["Persistent"])');
  assert.equal(modeProblem(inline, object({ volumeLifecycleModes: ['Ephemeral', 'Persistent'] })), undefined);
  assert.equal(needsAttaching(inline, undefined), false);
  assert.equal(needsAttaching(volumeOf(), undefined), true);
  assert.equal(needsAttaching(volumeOf(), object({ attachRequired: false })), false);
  assert.equal(attachmentName({ handle: 'h', driver: 'd' }, 'n', digest), `csi-${digest.sha256('hdn')}`);
});

test('growth', () => {
  const claim = (status: object): PersistentVolumeClaim => ({ metadata: { name: 'c' }, status }) as PersistentVolumeClaim;
  const large = persistent({ capacity: { storage: '2Gi' } });
  assert.equal(growth(claim({ capacity: { storage: '1Gi' } }), large), '2Gi');
  assert.equal(growth(claim({ capacity: { storage: '2048Mi' } }), large), undefined);
  assert.equal(growth(claim({}), large), undefined);
  const conditions = [
    { type: 'FileSystemResizePending', status: 'True' },
    { type: 'Mine', status: 'True' },
  ] as never;
  assert.deepEqual(grown(claim({ conditions }), '2Gi'), {
    status: { capacity: { storage: '2Gi' }, conditions: [{ type: 'Mine', status: 'True' }], allocatedResourceStatuses: null },
  });
});

test('what the API is told of drivers', () => {
  const drivers = new Map([
    ['b', { nodeId: 'nb', maxVolumesPerNode: 0 }],
    ['a', { nodeId: 'na', maxVolumesPerNode: 3, accessibleTopology: { segments: { z: '1', r: '2' } } }],
  ]);
  assert.deepEqual(csiNodeDrivers(drivers), [
    { name: 'a', nodeID: 'na', topologyKeys: ['r', 'z'], allocatable: { count: 3 } },
    { name: 'b', nodeID: 'nb', topologyKeys: [] },
  ]);
  assert.equal(nodeIds(drivers), '{"a":"na","b":"nb"}');
});
