import { type Infer, int32, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { JobSpec } from '#api/batch/v1/common.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const JobCondition = struct('batch.v1.JobCondition', {
  lastProbeTime: opt(3, time, { emit: true }),
  lastTransitionTime: opt(4, time, { emit: true }),
  message: opt(6, string),
  reason: opt(5, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface JobCondition extends Infer<typeof JobCondition> {}

export const UncountedTerminatedPods = struct('batch.v1.UncountedTerminatedPods', {
  failed: opt(2, list(string, 'set')),
  succeeded: opt(1, list(string, 'set')),
});
export interface UncountedTerminatedPods extends Infer<typeof UncountedTerminatedPods> {}

export const JobStatus = struct('batch.v1.JobStatus', {
  active: opt(4, int32),
  completedIndexes: opt(7, string),
  completionTime: opt(3, time),
  conditions: opt(
    1,
    list(
      of<JobCondition>(() => JobCondition),
      'atomic',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  failed: opt(6, int32),
  failedIndexes: opt(10, string, { ptr: true }),
  ready: opt(9, int32, { ptr: true }),
  startTime: opt(2, time),
  succeeded: opt(5, int32),
  terminating: opt(11, int32, { ptr: true }),
  uncountedTerminatedPods: opt(
    8,
    of<UncountedTerminatedPods>(() => UncountedTerminatedPods),
  ),
});
export interface JobStatus extends Infer<typeof JobStatus> {}

export const Job = struct(
  'batch.v1.Job',
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
      of<JobSpec>(() => JobSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<JobStatus>(() => JobStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'batch', version: 'v1', kind: 'Job' }] },
);
export interface Job extends Root<Infer<typeof Job>, 'metadata' | 'spec' | 'status'> {}

export const JobList = struct(
  'batch.v1.JobList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Job>(() => Job)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'batch', version: 'v1', kind: 'JobList' }] },
);
export interface JobList extends Root<Infer<typeof JobList>, 'metadata'> {}
