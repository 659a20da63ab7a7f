import { RuntimeClass } from '#api/node/v1/runtimeclass.ts';
import { all, type ResourceRow, row } from './row.ts';

export const nodeRows: readonly ResourceRow[] = [
  row({
    group: 'node.k8s.io',
    version: 'v1',
    resource: 'runtimeclasses',
    kind: 'RuntimeClass',
    singular: 'runtimeclass',
    namespaced: false,
    verbs: all,
    struct: RuntimeClass,
    storageVersionHash: 'WQTu1GL3T2Q=',
    fieldSelectors: ['metadata.name'],
    createOnUpdate: true,
    unconditionalUpdate: false,
  }),
];
