import { bool, bytes, type Infer, list, map, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const Secret = struct(
  'core.v1.Secret',
  {
    apiVersion: opt(0, string),
    data: opt(2, map(bytes)),
    immutable: opt(5, bool, { ptr: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    stringData: opt(4, map(string)),
    type: opt(3, string),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Secret' }] },
);
export interface Secret extends Root<Infer<typeof Secret>, 'metadata'> {}

export const SecretList = struct(
  'core.v1.SecretList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Secret>(() => Secret)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'SecretList' }] },
);
export interface SecretList extends Root<Infer<typeof SecretList>, 'metadata'> {}
