// Kinds whose status is written without changing what stands in the metadata beside it.
import type { KubeObject } from '#api/object.ts';
import type { ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { withMeta } from '../registry/meta.ts';
import type { Strategy } from '../registry/strategy.ts';

/** A write of the status takes these fields of the metadata from the old object. */
function keeps(...fields: readonly (keyof ObjectMeta)[]): Strategy {
  return {
    prepareStatus: (object, old): KubeObject => withMeta(object, Object.fromEntries(fields.map((field) => [field, old.metadata[field]]))),
  };
}

/** Labels say to which set a Deployment belongs: its status has no say in that. */
export const deploymentStrategy = keeps('labels');
export const volumeAttachmentStrategy = keeps('labels', 'annotations', 'finalizers', 'ownerReferences');
