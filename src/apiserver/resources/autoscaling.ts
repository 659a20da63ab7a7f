import { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from '#api/autoscaling/v1/horizontalpodautoscaler.ts';
import { HorizontalPodAutoscaler as HorizontalPodAutoscalerV2 } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const autoscalingRows: readonly ResourceRow[] = [
  row({
    group: 'autoscaling',
    version: 'v2',
    resource: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    singular: 'horizontalpodautoscaler',
    namespaced: true,
    shortNames: ['hpa'],
    categories: ['all'],
    verbs: all,
    subresources: [{ name: 'status', kind: 'HorizontalPodAutoscaler', verbs: readWrite }],
    struct: HorizontalPodAutoscalerV2,
    storageVersionHash: 'qwQve8ut294=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
  }),
  row({
    group: 'autoscaling',
    version: 'v1',
    resource: 'horizontalpodautoscalers',
    kind: 'HorizontalPodAutoscaler',
    singular: 'horizontalpodautoscaler',
    namespaced: true,
    shortNames: ['hpa'],
    categories: ['all'],
    verbs: all,
    subresources: [{ name: 'status', kind: 'HorizontalPodAutoscaler', verbs: readWrite }],
    struct: HorizontalPodAutoscalerV1,
    storageVersionHash: 'qwQve8ut294=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
  }),
];
