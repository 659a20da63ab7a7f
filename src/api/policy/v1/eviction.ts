import { type Infer, of, opt, type Root, string, struct } from '#api/dsl.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { DeleteOptions } from '#api/meta/v1/options.ts';

export const Eviction = struct(
  'policy.v1.Eviction',
  {
    apiVersion: opt(0, string),
    deleteOptions: opt(
      2,
      of<DeleteOptions>(() => DeleteOptions),
    ),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'policy', version: 'v1', kind: 'Eviction' }] },
);
export interface Eviction extends Root<Infer<typeof Eviction>, 'metadata'> {}
