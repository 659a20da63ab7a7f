// Writing one object: guard, encode once, and give back the version that was written.
import type { KubeObject } from '#api/object.ts';
import type { KeyValue } from '#store/kv.ts';
import { encodeStored } from '../cacher/codec.ts';
import { Entry } from '../cacher/entry.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';

export type Persisted = { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly current: Entry | undefined };

function entryOf(registry: Registry, kv: KeyValue | undefined): Entry | undefined {
  return kv && Entry.of(kv.key, kv.modRevision, kv.value, registry.config.freeze);
}

/** Puts an object if the key still has `expected` as its revision (0: does not exist). The object is the served version. */
export async function persist(
  registry: Registry,
  resource: Resource,
  key: string,
  object: KubeObject,
  expected: number,
): Promise<Persisted> {
  const value = encodeStored(await resource.toStorage(object));
  const ttl = resource.strategy.ttl?.(registry);
  const lease = ttl === undefined ? undefined : await registry.lease(ttl);
  const result = await registry.store.txn(
    [{ key, modRevision: expected }],
    [lease === undefined ? { type: 'put', key, value } : { type: 'put', key, value, lease }],
  );
  if (!result.ok) return { ok: false, current: entryOf(registry, result.current[0]) };
  return { ok: true, entry: Entry.of(key, result.revision, value, registry.config.freeze) };
}

/** Removes the key if it still has this revision; the entry is the last state at the revision of the deletion. */
export async function erase(registry: Registry, key: string, last: Entry): Promise<Persisted> {
  const result = await registry.store.txn([{ key, modRevision: last.revision }], [{ type: 'delete', key }]);
  if (!result.ok) return { ok: false, current: entryOf(registry, result.current[0]) };
  return { ok: true, entry: last.at(result.revision) };
}

/** The newest acknowledged version of a key. */
export async function newest(registry: Registry, resource: Resource, key: string): Promise<Entry | undefined> {
  const { hub, store } = registry;
  if (store.shared) {
    // Asking for the object costs no more than asking how far the cache has to be.
    const kv = await store.get(key);
    const cached = resource.table.get(key);
    return cached && cached.revision === kv?.modRevision ? cached : entryOf(registry, kv);
  }
  if (hub.current || (await hub.caughtUp())) return resource.table.get(key);
  return fromStore(registry, key);
}

/** Past the cache. */
export async function fromStore(registry: Registry, key: string): Promise<Entry | undefined> {
  return entryOf(registry, await registry.store.get(key));
}
