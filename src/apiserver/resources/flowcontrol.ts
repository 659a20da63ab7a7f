import { FlowSchema } from '#api/flowcontrol/v1/flowschema.ts';
import { PriorityLevelConfiguration } from '#api/flowcontrol/v1/prioritylevelconfiguration.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const flowcontrolRows: readonly ResourceRow[] = [
  row({
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    resource: 'flowschemas',
    kind: 'FlowSchema',
    singular: 'flowschema',
    namespaced: false,
    verbs: all,
    subresources: [{ name: 'status', kind: 'FlowSchema', verbs: readWrite }],
    struct: FlowSchema,
    storageVersionHash: 'GJVAJZSZBIw=',
    fieldSelectors: ['metadata.name'],
    generation: 'spec',
  }),
  row({
    group: 'flowcontrol.apiserver.k8s.io',
    version: 'v1',
    resource: 'prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    singular: 'prioritylevelconfiguration',
    namespaced: false,
    verbs: all,
    subresources: [{ name: 'status', kind: 'PriorityLevelConfiguration', verbs: readWrite }],
    struct: PriorityLevelConfiguration,
    storageVersionHash: 'Kir5PVfvNeI=',
    fieldSelectors: ['metadata.name'],
    generation: 'spec',
  }),
];
