import { StorageVersion } from '#api/apiserverinternal/v1alpha1/storageversion.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const internalRows: readonly ResourceRow[] = [
  row({
    group: 'internal.apiserver.k8s.io',
    version: 'v1alpha1',
    resource: 'storageversions',
    kind: 'StorageVersion',
    singular: 'storageversion',
    namespaced: false,
    verbs: all,
    subresources: [{ name: 'status', kind: 'StorageVersion', verbs: readWrite }],
    stage: 'alpha',
    struct: StorageVersion,
    storageVersionHash: 'c8YZt5U0nPk=',
    fieldSelectors: ['metadata.name'],
    unconditionalUpdate: false,
  }),
];
