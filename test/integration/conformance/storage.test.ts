// Conformance of the objects that storage drivers and administrators keep, without a driver.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Draft, KubeObject } from '#api/object.ts';
import { CSIDrivers, CSINodes, Nodes, type ResourceRef, StorageClasses, VolumeAttachments, VolumeAttributesClasses } from '#api/refs.ts';
import { isAlreadyExists } from '#api/status.ts';
import { type At, assertNewer, at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(1);
});
after(async () => suite?.[Symbol.asyncDispose]());

const labelled = <T extends KubeObject>(object: T, labels: Readonly<Record<string, string>>): T => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } },
});
const gone = <T extends KubeObject>(objects: At<T>, labelSelector: string) =>
  until(`nothing with ${labelSelector}`, async () => (await objects.list({ labelSelector })).items.length === 0, 120_000);

/** Created, read, patched, listed, deleted; a second one updated and deleted by its label. */
async function lifecycle<T extends KubeObject>(ref: ResourceRef<T>, make: (name: string) => Draft<T>): Promise<void> {
  const objects = at(suite.client, ref);
  const made = await objects.create(make('first'));
  const { name } = made.metadata;
  assert.equal((await objects.get(name)).metadata.name, name);
  const patched = await objects.patch(name, 'strategic', { metadata: { labels: { [name]: 'patched' } } });
  assert.equal(patched.metadata.labels?.[name], 'patched');
  assertNewer(patched, made);
  assert.equal((await objects.list({ labelSelector: `${name}=patched` })).items.length, 1);
  await objects.remove(name);
  await gone(objects, `${name}=patched`);
  const second = (await objects.create(make('second'))).metadata.name;
  assert.equal((await objects.get(second)).metadata.name, second);
  const updated = await objects.change(second, (object) => labelled(object, { [second]: 'updated' }));
  assert.equal(updated.metadata.labels?.[second], 'updated');
  const labelSelector = `${second}=updated`;
  assert.equal((await objects.list({ labelSelector })).items.length, 1);
  await objects.removeAll(labelSelector);
  await gone(objects, labelSelector);
}

const attachment = (name: string, nodeName: string) => ({
  metadata: { name, uid: name },
  spec: { attacher: 'e2e-test.storage.k8s.io', nodeName, source: { persistentVolumeName: `pv-${name}` } },
  status: { attached: false },
});
const anyNode = async (): Promise<string> => (await at(suite.client, Nodes).list()).items[0]?.metadata.name ?? '';

describe('storage objects', { concurrency: 4 }, () => {
  // Conformance: [sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass [Conformance]
  test('the life of a storage class', () =>
    lifecycle(StorageClasses, () => ({ metadata: { generateName: 'e2e-' }, provisioner: 'e2e-fake-provisioner' })));

  // Conformance: [sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode [Conformance]
  test('the life of a node as drivers see it', () =>
    lifecycle(CSINodes, (name) => ({ metadata: { name: `e2e-csinode-${name}` }, spec: { drivers: [] } })));

  test('the life of a class of attributes', () =>
    lifecycle(VolumeAttributesClasses, () => ({
      metadata: { generateName: 'e2e-vac-' },
      driverName: 'e2e-fake-csi-driver',
      parameters: { key: 'value' },
    })));

  // Conformance: [sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver [Conformance]
  test('the lives of two drivers', async () => {
    const drivers = at(suite.client, CSIDrivers);
    const label = { 'e2e-test': 'csidrivers' };
    const driver = (name: string, volumeLifecycleModes: readonly ('Ephemeral' | 'Persistent')[]) => ({
      metadata: { name, labels: label },
      spec: { volumeLifecycleModes, fsGroupPolicy: 'ReadWriteOnceWithFSType' as const },
    });
    const [one, two] = [driver('inline-driver-1', ['Ephemeral']), driver('inline-driver-2', ['Persistent', 'Ephemeral'])];
    const made = [await drivers.create(one), await drivers.create(two)];
    await assert.rejects(drivers.create(one), isAlreadyExists);
    for (const { metadata } of made) assert.equal((await drivers.get(metadata.name)).metadata.uid, metadata.uid);
    const patched = await drivers.patch('inline-driver-2', 'strategic', { metadata: { labels: { 'inline-driver-2': 'patched' } } });
    assert.equal(patched.metadata.labels?.['inline-driver-2'], 'patched');
    const updated = await drivers.change('inline-driver-2', (object) => labelled(object, { 'inline-driver-2': 'updated' }));
    assert.equal(updated.metadata.labels?.['inline-driver-2'], 'updated');
    assert.equal((await drivers.list({ labelSelector: 'e2e-test=csidrivers' })).items.length, 2);
    await drivers.remove('inline-driver-1');
    assert.equal(await drivers.find('inline-driver-1'), undefined);
    await drivers.removeAll('inline-driver-2=updated');
    assert.equal(await drivers.find('inline-driver-2'), undefined);
  });

  // Conformance: [sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment [Conformance]
  test('the lives of attachments, which the controllers leave alone', async () => {
    const attachments = at(suite.client, VolumeAttachments);
    const node = await anyNode();
    const made = await attachments.create(attachment('va-1', node));
    assert.equal((await attachments.get('va-1')).metadata.name, 'va-1');
    const patched = await attachments.patch('va-1', 'merge', { metadata: { labels: { 'va-1': 'patched' } } });
    assert.equal(patched.metadata.labels?.['va-1'], 'patched');
    assertNewer(patched, made);
    assert.equal((await attachments.list({ labelSelector: 'va-1=patched' })).items.length, 1);
    await attachments.remove('va-1');
    await gone(attachments, 'va-1=patched');
    for (const name of ['va-2', 'va-3']) {
      await attachments.create(attachment(name, node));
      const updated = await attachments.change(name, (object) => labelled(object, { 'va-e2e': 'updated' }));
      assert.equal(updated.metadata.labels?.['va-e2e'], 'updated');
    }
    assert.equal((await attachments.list({ labelSelector: 'va-e2e=updated' })).items.length, 2);
    await attachments.removeAll('va-e2e=updated');
    await gone(attachments, 'va-e2e=updated');
  });

  // Conformance: [sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status [Conformance]
  test('the status of an attachment', async () => {
    const attachments = at(suite.client, VolumeAttachments);
    const name = 'va-status';
    const made = await attachments.create(attachment(name, await anyNode()));
    assert.equal(made.metadata.name, name);
    const labels = await attachments.patch(name, 'merge', { metadata: { labels: { [name]: 'patched' } } });
    assert.equal(labels.metadata.labels?.[name], 'patched');
    const read = await at(suite.dynamic, VolumeAttachments).get(name, 'status');
    assert.equal(read.status?.attached, false);
    assert.equal((await attachments.patch(name, 'merge', { status: { attached: true } }, 'status')).status?.attached, true);
    const updated = await attachments.change(name, (object) => ({ ...object, status: { ...object.status, attached: false } }), 'status');
    assert.equal(updated.status?.attached, false);
    await attachments.remove(name);
    await gone(attachments, `${name}=patched`);
  });
});
