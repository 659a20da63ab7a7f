import { APIService } from '#api/apiregistration/v1/apiservice.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const apiregistrationRows: readonly ResourceRow[] = [
  row({
    group: 'apiregistration.k8s.io',
    version: 'v1',
    resource: 'apiservices',
    kind: 'APIService',
    singular: 'apiservice',
    namespaced: false,
    categories: ['api-extensions'],
    verbs: all,
    subresources: [{ name: 'status', kind: 'APIService', verbs: readWrite }],
    struct: APIService,
    storageVersionHash: 'InPBPD7+PqM=',
    fieldSelectors: ['metadata.name'],
    unconditionalUpdate: false,
  }),
];
