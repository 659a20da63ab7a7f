import { bool, type Infer, int64, list, of, opt, req, string, struct } from '#api/dsl.ts';

export const Preconditions = struct('meta.v1.Preconditions', {
  resourceVersion: opt(2, string, { ptr: true }),
  uid: opt(1, string, { ptr: true }),
});
export interface Preconditions extends Infer<typeof Preconditions> {}

export const DeleteOptions = struct('meta.v1.DeleteOptions', {
  apiVersion: opt(0, string),
  dryRun: opt(5, list(string, 'atomic')),
  gracePeriodSeconds: opt(1, int64, { ptr: true }),
  ignoreStoreReadErrorWithClusterBreakingPotential: opt(6, bool, { ptr: true }),
  kind: opt(0, string),
  orphanDependents: opt(3, bool, { ptr: true }),
  preconditions: opt(
    2,
    of<Preconditions>(() => Preconditions),
  ),
  propagationPolicy: opt(4, string, { ptr: true }),
});
export interface DeleteOptions extends Infer<typeof DeleteOptions> {}

export const ApplyOptions = struct('meta.v1.ApplyOptions', {
  apiVersion: opt(0, string),
  dryRun: opt(1, list(string, 'atomic')),
  fieldManager: req(3, string, { emit: true }),
  force: req(2, bool, { emit: true }),
  kind: opt(0, string),
});
export interface ApplyOptions extends Infer<typeof ApplyOptions> {}

export const CreateOptions = struct('meta.v1.CreateOptions', {
  apiVersion: opt(0, string),
  dryRun: opt(1, list(string, 'atomic')),
  fieldManager: opt(3, string),
  fieldValidation: opt(4, string),
  kind: opt(0, string),
});
export interface CreateOptions extends Infer<typeof CreateOptions> {}

export const GetOptions = struct('meta.v1.GetOptions', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  resourceVersion: opt(1, string),
});
export interface GetOptions extends Infer<typeof GetOptions> {}

export const ListOptions = struct('meta.v1.ListOptions', {
  allowWatchBookmarks: opt(9, bool),
  apiVersion: opt(0, string),
  continue: opt(8, string),
  fieldSelector: opt(2, string),
  kind: opt(0, string),
  labelSelector: opt(1, string),
  limit: opt(7, int64),
  resourceVersion: opt(4, string),
  resourceVersionMatch: opt(10, string),
  sendInitialEvents: opt(11, bool, { ptr: true }),
  timeoutSeconds: opt(5, int64, { ptr: true }),
  watch: opt(3, bool),
});
export interface ListOptions extends Infer<typeof ListOptions> {}

export const PatchOptions = struct('meta.v1.PatchOptions', {
  apiVersion: opt(0, string),
  dryRun: opt(1, list(string, 'atomic')),
  fieldManager: opt(3, string),
  fieldValidation: opt(4, string),
  force: opt(2, bool, { ptr: true }),
  kind: opt(0, string),
});
export interface PatchOptions extends Infer<typeof PatchOptions> {}

export const TableOptions = struct('meta.v1.TableOptions', {
  apiVersion: opt(0, string),
  includeObject: opt(1, string),
  kind: opt(0, string),
});
export interface TableOptions extends Infer<typeof TableOptions> {}

export const UpdateOptions = struct('meta.v1.UpdateOptions', {
  apiVersion: opt(0, string),
  dryRun: opt(1, list(string, 'atomic')),
  fieldManager: opt(2, string),
  fieldValidation: opt(3, string),
  kind: opt(0, string),
});
export interface UpdateOptions extends Infer<typeof UpdateOptions> {}
