import { bool, type Infer, int32, int64, list, of, oneOf, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { JobSpec } from '#api/batch/v1/common.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const JobTemplateSpec = struct('batch.v1.JobTemplateSpec', {
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  spec: opt(
    2,
    of<JobSpec>(() => JobSpec),
    { emit: true },
  ),
});
export interface JobTemplateSpec extends Infer<typeof JobTemplateSpec> {}

export const CronJobSpec = struct('batch.v1.CronJobSpec', {
  concurrencyPolicy: opt(3, oneOf('Allow', 'Forbid', 'Replace')),
  failedJobsHistoryLimit: opt(7, int32, { ptr: true }),
  jobTemplate: req(
    5,
    of<JobTemplateSpec>(() => JobTemplateSpec),
    { emit: true },
  ),
  schedule: req(1, string, { emit: true }),
  startingDeadlineSeconds: opt(2, int64, { ptr: true }),
  successfulJobsHistoryLimit: opt(6, int32, { ptr: true }),
  suspend: opt(4, bool, { ptr: true }),
  timeZone: opt(8, string, { ptr: true }),
});
export interface CronJobSpec extends Infer<typeof CronJobSpec> {}

export const CronJobStatus = struct('batch.v1.CronJobStatus', {
  active: opt(
    1,
    list(
      of<ObjectReference>(() => ObjectReference),
      'atomic',
    ),
  ),
  lastScheduleTime: opt(4, time),
  lastSuccessfulTime: opt(5, time),
});
export interface CronJobStatus extends Infer<typeof CronJobStatus> {}

export const CronJob = struct(
  'batch.v1.CronJob',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: opt(
      2,
      of<CronJobSpec>(() => CronJobSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<CronJobStatus>(() => CronJobStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'batch', version: 'v1', kind: 'CronJob' }] },
);
export interface CronJob extends Root<Infer<typeof CronJob>, 'metadata' | 'spec' | 'status'> {}

export const CronJobList = struct(
  'batch.v1.CronJobList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<CronJob>(() => CronJob)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'batch', version: 'v1', kind: 'CronJobList' }] },
);
export interface CronJobList extends Root<Infer<typeof CronJobList>, 'metadata'> {}
