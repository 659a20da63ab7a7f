import { PodDisruptionBudget } from '#api/policy/v1/poddisruptionbudget.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const policyRows: readonly ResourceRow[] = [
  row({
    group: 'policy',
    version: 'v1',
    resource: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    singular: 'poddisruptionbudget',
    namespaced: true,
    shortNames: ['pdb'],
    verbs: all,
    subresources: [{ name: 'status', kind: 'PodDisruptionBudget', verbs: readWrite }],
    struct: PodDisruptionBudget,
    storageVersionHash: 'EVWiDmWqyJw=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    unconditionalUpdate: false,
    generation: 'spec',
  }),
];
