import { type Infer, int32, list, of, opt, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta } from '#api/meta/v1/objectmeta.ts';

export const StatusCause = struct('meta.v1.StatusCause', {
  field: opt(3, string),
  message: opt(2, string),
  reason: opt(1, string),
});
export interface StatusCause extends Infer<typeof StatusCause> {}

export const StatusDetails = struct('meta.v1.StatusDetails', {
  causes: opt(
    4,
    list(
      of<StatusCause>(() => StatusCause),
      'atomic',
    ),
  ),
  group: opt(2, string),
  kind: opt(3, string),
  name: opt(1, string),
  retryAfterSeconds: opt(5, int32),
  uid: opt(6, string),
});
export interface StatusDetails extends Infer<typeof StatusDetails> {}

export const Status = struct(
  'meta.v1.Status',
  {
    apiVersion: opt(0, string),
    code: opt(6, int32),
    details: opt(
      5,
      of<StatusDetails>(() => StatusDetails),
    ),
    kind: opt(0, string),
    message: opt(3, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
    reason: opt(4, string),
    status: opt(2, string),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Status' }] },
);
export interface Status extends Root<Infer<typeof Status>, 'metadata'> {}
