import { PriorityClass } from '#api/scheduling/v1/priorityclass.ts';
import { Workload } from '#api/scheduling/v1alpha1/workload.ts';
import { all, type ResourceRow, row } from './row.ts';

export const schedulingRows: readonly ResourceRow[] = [
  row({
    group: 'scheduling.k8s.io',
    version: 'v1',
    resource: 'priorityclasses',
    kind: 'PriorityClass',
    singular: 'priorityclass',
    namespaced: false,
    shortNames: ['pc'],
    verbs: all,
    struct: PriorityClass,
    storageVersionHash: '1QwjyaZjj3Y=',
    fieldSelectors: ['metadata.name'],
    generation: '1 on create, constant',
  }),
  row({
    group: 'scheduling.k8s.io',
    version: 'v1alpha1',
    resource: 'workloads',
    kind: 'Workload',
    singular: 'workload',
    namespaced: true,
    verbs: all,
    stage: 'alpha',
    struct: Workload,
    storageVersionHash: '7X3nQnlLxCA=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
  }),
];
