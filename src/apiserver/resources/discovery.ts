import { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { all, type ResourceRow, row } from './row.ts';

export const discoveryRows: readonly ResourceRow[] = [
  row({
    group: 'discovery.k8s.io',
    version: 'v1',
    resource: 'endpointslices',
    kind: 'EndpointSlice',
    singular: 'endpointslice',
    namespaced: true,
    verbs: all,
    struct: EndpointSlice,
    storageVersionHash: 'qgS0xkrxYAI=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    generation: 'anything outside metadata, or labels',
  }),
];
