import { CronJob } from '#api/batch/v1/cronjob.ts';
import { Job } from '#api/batch/v1/job.ts';
import { all, readWrite, type ResourceRow, row } from './row.ts';

export const batchRows: readonly ResourceRow[] = [
  row({
    group: 'batch',
    version: 'v1',
    resource: 'cronjobs',
    kind: 'CronJob',
    singular: 'cronjob',
    namespaced: true,
    shortNames: ['cj'],
    categories: ['all'],
    verbs: all,
    subresources: [{ name: 'status', kind: 'CronJob', verbs: readWrite }],
    struct: CronJob,
    storageVersionHash: 'sd5LIXh4Fjs=',
    fieldSelectors: ['metadata.name', 'metadata.namespace'],
    generation: 'spec',
  }),
  row({
    group: 'batch',
    version: 'v1',
    resource: 'jobs',
    kind: 'Job',
    singular: 'job',
    namespaced: true,
    categories: ['all'],
    verbs: all,
    subresources: [{ name: 'status', kind: 'Job', verbs: readWrite }],
    struct: Job,
    storageVersionHash: 'mudhfqk/qZY=',
    fieldSelectors: ['metadata.name', 'metadata.namespace', 'status.successful'],
    generation: 'spec',
    defaultPropagation: 'Orphan',
  }),
];
