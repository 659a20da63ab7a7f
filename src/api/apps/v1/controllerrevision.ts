import { type Infer, int64, list, of, opt, raw, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ControllerRevision = struct(
  'apps.v1.ControllerRevision',
  {
    apiVersion: opt(0, string),
    data: opt(2, raw, { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    revision: req(3, int64, { emit: true }),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'ControllerRevision' }] },
);
export interface ControllerRevision extends Root<Infer<typeof ControllerRevision>, 'metadata'> {}

export const ControllerRevisionList = struct(
  'apps.v1.ControllerRevisionList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ControllerRevision>(() => ControllerRevision)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apps', version: 'v1', kind: 'ControllerRevisionList' }] },
);
export interface ControllerRevisionList extends Root<Infer<typeof ControllerRevisionList>, 'metadata'> {}
