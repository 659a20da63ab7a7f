// CustomResourceDefinitions themselves: the versions that were ever stored, and the end of the instances before their own.
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { FieldError } from '#api/fielderror.ts';
import type { KubeObject } from '#api/object.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { rfc3339 } from '#base/clock.ts';
import type { Strategy } from '../registry/strategy.ts';
import { withConditions } from './conditions.ts';

/** Holds a definition until its instances are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

function withStoredVersion(crd: CustomResourceDefinition): CustomResourceDefinition {
  const storage = crd.spec.versions.find((version) => version.storage)?.name;
  const stored = crd.status.storedVersions ?? [];
  if (storage === undefined || stored.includes(storage)) return crd;
  return { ...crd, status: { ...crd.status, storedVersions: [...stored, storage] } };
}

async function findings(crd: CustomResourceDefinition): Promise<readonly FieldError[]> {
  const { checkVersions } = await import('#api/structural/definition.ts');
  return checkVersions(crd.spec);
}

export const definitionStrategy: Strategy = {
  deletionFinalizer: cleanupFinalizer,
  prepareCreate: (object) => withStoredVersion(object as CustomResourceDefinition),
  prepareUpdate: (object) => withStoredVersion(object as CustomResourceDefinition),
  validateCreate: (object) => findings(object as CustomResourceDefinition),
  validateUpdate(object, old, { subresource }) {
    const { versions } = (object as CustomResourceDefinition).spec;
    // What passed before may have passed by older rules: only what changes is judged.
    const same = subresource !== '' || deepEqual(versions, (old as CustomResourceDefinition).spec.versions);
    return same ? [] : findings(object as CustomResourceDefinition);
  },
  marked(object, now) {
    const crd = object as CustomResourceDefinition;
    const terminating = {
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    };
    return {
      ...crd,
      status: { ...crd.status, conditions: withConditions(crd.status.conditions ?? [], [terminating], rfc3339(now)) },
    } as KubeObject;
  },
};
