import { type Infer, of, opt, string, struct } from '#api/dsl.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';

export const SerializedReference = struct('core.v1.SerializedReference', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  reference: opt(
    1,
    of<ObjectReference>(() => ObjectReference),
    { emit: true },
  ),
});
export interface SerializedReference extends Infer<typeof SerializedReference> {}
