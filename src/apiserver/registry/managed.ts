// metadata.managedFields: who set which field, kept up to date on every write.
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import { trackUpdate as ownersAfter, type Writer } from '#merge/apply.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { WriteRequest } from './request.ts';
import { withMeta } from './meta.ts';

/** Who writes, for the owners of fields. */
export function writerOf(request: WriteRequest): Writer {
  const { resource, registry, subresource, fieldManager } = request;
  const { row } = resource;
  // A field that this endpoint does not write belongs to nobody here.
  const reset =
    resource.hasStatus && subresource === '' ? [['status']] : subresource === 'status' ? [['spec'], ['metadata', 'labels']] : [];
  return { manager: fieldManager, apiVersion: apiVersionOf(row), subresource, now: registry.now(), struct: row.struct, reset };
}

function withOwners(request: WriteRequest, object: KubeObject, live: KubeObject | undefined): KubeObject {
  const managedFields = ownersAfter({ ...writerOf(request), live, next: object });
  if (managedFields === object.metadata.managedFields) return object;
  return withMeta(object, { managedFields });
}

/** The new object with the creator's entry. */
export function trackCreate(request: WriteRequest, object: KubeObject): KubeObject {
  if (request.tracked) return object;
  // managedFields that the client sends itself are rare: they take the long way.
  if (object.metadata.managedFields?.length) return withOwners(request, object, undefined);
  const { registry, resource, fieldManager } = request;
  const key = `${resource.apiVersion}/${resource.row.resource}/${fieldManager}`;
  const kind = { struct: resource.row.struct, statusIsOurs: resource.hasStatus };
  const known = registry.createMemo.find(key, object, kind);
  if (known) return withMeta(object, { managedFields: [{ ...known, time: registry.now() }] });
  const tracked = withOwners(request, object, undefined);
  const entry = tracked.metadata.managedFields?.[0];
  if (entry) registry.createMemo.add(key, object, entry);
  return tracked;
}

/** The replacement with the writer's entry brought up to date. */
export function trackUpdate(request: WriteRequest, object: KubeObject, old: KubeObject): KubeObject {
  if (request.tracked) return object;
  // Most clients send back what they read: the same list is known already and need not be read again.
  const { managedFields } = old.metadata;
  const same = object.metadata.managedFields !== managedFields && deepEqual(object.metadata.managedFields, managedFields);
  return withOwners(request, same ? withMeta(object, { managedFields }) : object, old);
}
