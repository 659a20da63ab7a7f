import { type Infer, list, of, opt, raw, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta } from '#api/meta/v1/objectmeta.ts';

export const List = struct('meta.v1.List', {
  apiVersion: opt(0, string),
  items: req(2, list(raw), { emit: true }),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ListMeta>(() => ListMeta),
    { emit: true },
  ),
});
export interface List extends Root<Infer<typeof List>, 'metadata'> {}
