// The registry's view of the schema walkers.
import { normalize, validateCreate, validateShape, validateStatusUpdate, validateUpdate } from '#api/rules.ts';
import type { FieldError } from '#api/status.ts';
import type { Struct } from '#api/dsl.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceRow } from '../resources/row.ts';

const emptyStatuses = new WeakMap<Struct, unknown>();

/** What `status` holds when nobody has written it (`{}`, or zeros where the kind emits them). */
export function emptyStatus(struct: Struct): unknown {
  if (!emptyStatuses.has(struct)) emptyStatuses.set(struct, (normalize(struct, {}) as { status?: unknown }).status);
  return emptyStatuses.get(struct);
}

/** Everything wrong with a new object. */
export function validateNew(row: ResourceRow, object: KubeObject): readonly FieldError[] {
  return validateCreate(row.struct, object);
}

/** Everything wrong with a replacement. */
export function validateNext(row: ResourceRow, object: KubeObject, old: KubeObject, subresource: string): readonly FieldError[] {
  if (subresource === 'status') return validateStatusUpdate(row.struct, object, old);
  // A pod's own subresources exist to change what an ordinary update may not; each checks its change itself.
  if (row.resource === 'pods' && subresource === 'binding') return [];
  if (row.resource === 'pods' && subresource !== '') return validateShape(row.struct, object);
  return validateUpdate(row.struct, object, old);
}
