import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { VolumeAttachment } from '#api/storage/v1/volumeattachment.ts';
import { obsoleteAttachments, volumesAttached, wantedAttachments } from './plan.ts';

const podOf = (name: string, node: string, volumes: readonly string[], phase = 'Running'): Pod =>
  ({
    metadata: { name },
    spec: { nodeName: node, volumes: volumes.map((volume) => ({ name: volume })) },
    status: { phase },
  }) as unknown as Pod;
const volumes: Readonly<Record<string, object>> = {
  disk: { metadata: { name: 'disk' }, spec: { csi: { driver: 'd', volumeHandle: 'h' } } },
  near: { metadata: { name: 'near' }, spec: { csi: { driver: 'local', volumeHandle: 'l' } } },
  path: { metadata: { name: 'path' }, spec: { hostPath: {} } },
};
const wanted = (...pods: Pod[]) =>
  wantedAttachments({
    pods,
    volumeOf: (_, entry) => volumes[entry.name] as PersistentVolume | undefined,
    attaches: (driver) => driver === 'd',
    nameOf: (driver, handle, node) => `${driver}-${handle}-${node}`,
  });

test('what pods on nodes use and drivers attach, each once', () => {
  const all = wanted(
    podOf('a', 'n', ['disk', 'near', 'path', 'none']),
    podOf('b', 'n', ['disk']),
    podOf('c', 'm', ['disk'], 'Succeeded'),
    podOf('d', '', ['disk']),
  );
  assert.deepEqual([...all.values()], [{ name: 'd-h-n', node: 'n', volume: 'disk', driver: 'd', handle: 'h' }]);
});

test('what nobody wants is detached, unless the node still uses it, it goes already, or it is not ours', () => {
  const attachment = (name: string, leaving = false): VolumeAttachment =>
    ({ metadata: { name, ...(leaving ? { deletionTimestamp: 'x' } : {}) } }) as VolumeAttachment;
  const present = [attachment('d-h-n'), attachment('free'), attachment('used'), attachment('going', true), attachment('foreign')];
  const obsolete = obsoleteAttachments(present, wanted(podOf('a', 'n', ['disk'])), {
    isOurs: ({ metadata }) => metadata.name !== 'foreign',
    usesVolume: ({ metadata }) => metadata.name === 'used',
  });
  assert.deepEqual(
    obsolete.map(({ metadata }) => metadata.name),
    ['free'],
  );
});

test('the node tells what is attached, and keeps what it knew of it', () => {
  const node = (list: object[]): Node => ({ metadata: { name: 'n' }, status: { volumesAttached: list } }) as unknown as Node;
  const known = { name: 'a', devicePath: '/dev/x' };
  assert.equal(volumesAttached(node([known]), ['a']), undefined);
  assert.deepEqual(volumesAttached(node([known]), ['b', 'a']), [known, { name: 'b', devicePath: '' }]);
  assert.deepEqual(volumesAttached(node([known]), []), []);
  assert.equal(volumesAttached(node([]), []), undefined);
});
