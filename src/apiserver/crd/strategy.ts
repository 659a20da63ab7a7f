// What custom resources add to the generic registry.
import type { KubeObject } from '#api/object.ts';
import { methodNotSupported, StatusError } from '#api/status.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import type { Scaling, Strategy } from '../registry/strategy.ts';

export interface CustomFacts {
  readonly hasStatus: boolean;
  readonly scaling: Scaling | undefined;
  /** The definition is being deleted: nothing new is taken. */
  readonly terminating: boolean;
}

type Loose = KubeObject & { readonly status?: unknown };

/** Everything but metadata, and status where that has an endpoint of its own. */
function content(object: KubeObject, hasStatus: boolean): object {
  const { metadata: _, ...rest } = object as Loose;
  if (!hasStatus) return rest;
  const { status: __, ...others } = rest;
  return others;
}

/** The strategy of one version. */
export function customStrategy({ hasStatus, scaling, terminating }: CustomFacts): Strategy {
  return {
    ...(scaling ? { scaling } : {}),
    prepareCreate(object, { resource }) {
      if (!terminating) return object;
      const { status } = methodNotSupported(resource.groupResource, 'create');
      throw new StatusError({ ...status, message: 'create not allowed while custom resource definition is terminating' });
    },
    // Through /status nothing but the status changes, metadata included.
    prepareStatus(object, old) {
      const { status, metadata } = object as Loose;
      const { status: _, ...rest } = old as Loose;
      const { managedFields, resourceVersion } = metadata;
      const kept = { ...old.metadata, resourceVersion, ...(managedFields ? { managedFields } : {}) };
      return { ...rest, metadata: kept, ...(status === undefined ? {} : { status }) } as KubeObject;
    },
    generationChanged: (object, old) => !semanticEqual(content(object, hasStatus), content(old, hasStatus)),
  };
}
