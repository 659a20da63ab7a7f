// Namespaces: `kubernetes` in spec.finalizers holds a namespace until its content is gone.
import type { Namespace } from '#api/core/v1/namespace.ts';
import type { KubeObject } from '#api/object.ts';
import type { Strategy } from '../registry/strategy.ts';

const finalizer = 'kubernetes';
const nameLabel = 'kubernetes.io/metadata.name';

/** Selectors can always find a namespace by its name. */
function labelled(object: KubeObject): KubeObject {
  const { name, labels } = object.metadata;
  if (labels?.[nameLabel] === name) return object;
  return { ...object, metadata: { ...object.metadata, labels: { ...labels, [nameLabel]: name } } };
}

export const namespaceStrategy: Strategy = {
  prepareCreate(object) {
    const namespace = labelled(object) as Namespace;
    const finalizers = namespace.spec?.finalizers ?? [];
    return {
      ...namespace,
      spec: { ...namespace.spec, finalizers: finalizers.includes(finalizer) ? finalizers : [...finalizers, finalizer] },
      status: { phase: 'Active' },
    } as KubeObject;
  },

  prepareUpdate: (object, old) =>
    ({ ...labelled(object), spec: { ...(object as Namespace).spec, finalizers: (old as Namespace).spec?.finalizers } }) as KubeObject,

  held: (object) => ((object as Namespace).spec?.finalizers?.length ?? 0) > 0,

  marked: (object) => ({ ...object, status: { ...(object as Namespace).status, phase: 'Terminating' } }) as KubeObject,

  parts: {
    finalize: {
      merge: (object, old) => {
        const { finalizers } = (object as Namespace).spec ?? {};
        const { finalizers: _, ...spec } = (old as Namespace).spec ?? {};
        return {
          ...old,
          metadata: object.metadata,
          spec: { ...spec, ...(finalizers?.length ? { finalizers } : {}) },
        } as KubeObject;
      },
    },
  },
};
