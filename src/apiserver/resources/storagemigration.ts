import { StorageVersionMigration } from '#api/storagemigration/v1beta1/storageversionmigration.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const storagemigrationRows: readonly ResourceRow[] = [
  row({
    group: 'storagemigration.k8s.io',
    version: 'v1beta1',
    resource: 'storageversionmigrations',
    kind: 'StorageVersionMigration',
    singular: 'storageversionmigration',
    namespaced: false,
    verbs: all,
    subresources: [{ name: 'status', kind: 'StorageVersionMigration', verbs: readWrite }],
    stage: 'beta',
    struct: StorageVersionMigration,
    storageVersionHash: 'pCjmmKOkLy4=',
    fieldSelectors: ['metadata.name'],
    unconditionalUpdate: false,
  }),
];
