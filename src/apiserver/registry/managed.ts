// metadata.managedFields: who set which field, kept up to date on every write.
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import { trackUpdate as ownersAfter, type Writer } from '#merge/apply.ts';
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
  return request.tracked ? object : withOwners(request, object, undefined);
}

/** The replacement with the writer's entry brought up to date. */
export function trackUpdate(request: WriteRequest, object: KubeObject, old: KubeObject): KubeObject {
  return request.tracked ? object : withOwners(request, object, old);
}
