// What the suite tries of every kind that has it: the scale subresource, the status subresource, deletion of a collection.
import assert from 'node:assert/strict';
import type { Draft, KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import { until } from '../until.ts';
import { event, type Ground, patience, patched, updated } from './ground.ts';

interface Replicated extends KubeObject {
  readonly spec: { readonly replicas?: number };
}
interface WithConditions extends KubeObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string }[] };
}
interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number };
}

/** Reads, replaces and patches the scale of an object that has one replica; leaves it at `last`. */
export async function scaleSubresource<T extends Replicated>(ground: Ground, ref: ResourceRef<T>, name: string, last = 4): Promise<void> {
  const { namespace } = ground;
  const scales = ground.of(ref as unknown as ResourceRef<Scale>);
  await until('one replica is counted', async () => {
    const { spec, status } = await scales.get(name, { namespace, subresource: 'scale' });
    return spec.replicas === 1 && status.replicas === 1;
  });
  const scale = await scales.get(name, { namespace, subresource: 'scale' });
  assert.equal(scale.kind, 'Scale');
  // Without a resource version the update is unconditional.
  const { resourceVersion: _, ...metadata } = scale.metadata;
  const result = await scales.update({ ...scale, metadata, spec: { replicas: 2 } } as Scale, { subresource: 'scale' });
  assert.equal(result.spec.replicas, 2);
  assert.equal((await ground.get(ref, name)).spec.replicas, 2);
  await patched(ground, ref, name, { spec: { replicas: last } }, { subresource: 'scale' });
  assert.equal((await ground.get(ref, name)).spec.replicas, last);
}

/** Reads, replaces and patches the status; both writes are seen by a watch that began before the object was there. */
export async function statusSubresource<T extends WithConditions>(
  ground: Ground,
  ref: ResourceRef<T>,
  object: { readonly name: string; readonly from: string; readonly labelSelector: string },
): Promise<void> {
  const { name, labelSelector, from: resourceVersion } = object;
  const read = await ground.of(ref).get(name, { namespace: ground.namespace, subresource: 'status' });
  assert.equal(read.metadata.name, name);
  const condition = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
  const written = await updated(
    ground,
    ref,
    name,
    (old) => ({ ...old, status: { ...old.status, conditions: [...(old.status?.conditions ?? []), condition] } }),
    'status',
  );
  assert.ok(written.status?.conditions?.some(({ type }) => type === 'StatusUpdate'));
  const has = (one: T, type: string) => one.metadata.name === name && (one.status?.conditions ?? []).some((other) => other.type === type);
  await event(ground, ref, { resourceVersion, labelSelector }, (one) => has(one.object, 'StatusUpdate'));
  const body = { status: { conditions: [{ type: 'StatusPatched', status: 'True' }] } };
  const after = await patched(ground, ref, name, body, { type: 'merge', subresource: 'status' });
  assert.ok(has(after, 'StatusPatched') && !has(after, 'StatusUpdate'), 'a merge patch replaces the list');
  await event(ground, ref, { resourceVersion, labelSelector }, (one) => has(one.object, 'StatusPatched'));
}

/** Lists in all namespaces by label, deletes the collection, and waits until nothing of it is left. */
export async function deleteCollection<T extends KubeObject>(
  ground: Ground,
  ref: ResourceRef<T>,
  labelSelector: string,
  count: number,
  options: object = {},
): Promise<void> {
  const { namespace } = ground;
  const everywhere = async () => (await ground.of(ref).list({ labelSelector })).items.length;
  assert.equal(await everywhere(), count);
  await ground.of(ref).deleteCollection({ namespace, labelSelector }, { options: options as Draft<object> });
  await until(`no ${ref.resource} with ${labelSelector}`, async () => (await everywhere()) === 0, patience);
}
