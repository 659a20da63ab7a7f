import { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const apiextensionsRows: readonly ResourceRow[] = [
  row({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    resource: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    singular: 'customresourcedefinition',
    namespaced: false,
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    verbs: all,
    subresources: [{ name: 'status', kind: 'CustomResourceDefinition', verbs: readWrite }],
    struct: CustomResourceDefinition,
    storageVersionHash: 'jfWCUB31mvA=',
    fieldSelectors: ['metadata.name'],
    unconditionalUpdate: false,
    generation: 'spec',
  }),
];
