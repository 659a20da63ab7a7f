// NamespaceLifecycle: nothing is created in a namespace that is absent or going away, and the system's namespaces stay.
import { forbidden, notFound, StatusError } from '#api/status.ts';
import type { AdmissionAttributes, AdmissionPlugin } from './plugin.ts';

const immortal = new Set(['default', 'kube-system', 'kube-public']);

interface NamespaceLike {
  readonly metadata: { readonly deletionTimestamp?: string };
  readonly status?: { readonly phase?: string };
}

async function lookUp({ registry, namespace }: AdmissionAttributes): Promise<NamespaceLike | undefined> {
  const namespaces = registry.must('', 'v1', 'namespaces');
  const cached = namespaces.table.get(namespaces.key('', namespace));
  if (cached) return cached.object as NamespaceLike;
  // It may just have been created.
  await registry.hub.caughtUp();
  return namespaces.table.get(namespaces.key('', namespace))?.object as NamespaceLike | undefined;
}

export const namespaceLifecycle: AdmissionPlugin = {
  name: 'NamespaceLifecycle',

  handles(row, operation, subresource) {
    if (row.group === '' && row.resource === 'namespaces') return operation === 'DELETE';
    return row.namespaced && operation === 'CREATE' && subresource === '';
  },

  async admit(attributes) {
    const { row, name, namespace } = attributes;
    if (row.resource === 'namespaces') {
      if (immortal.has(name)) throw forbidden({ group: '', resource: 'namespaces' }, name, 'this namespace may not be deleted');
      return undefined;
    }
    const found = await lookUp(attributes);
    if (!found) throw notFound({ group: '', resource: 'namespaces' }, namespace);
    if (found.status?.phase !== 'Terminating' && !found.metadata.deletionTimestamp) return undefined;
    const { status } = forbidden(
      { group: row.group, resource: row.resource },
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
    throw new StatusError({
      ...status,
      details: {
        ...status.details,
        causes: [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }],
      },
    });
  },
};
