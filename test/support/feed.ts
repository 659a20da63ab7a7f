// Informers without a server: what a component sees is what the test says.
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Handlers, Informer, Informers } from '#client/cache.ts';
import { ObjectCache } from '#client/objectcache.ts';

export class Feed<T extends KubeObject> implements Informer<T> {
  readonly ref: ResourceRef<T>;
  readonly lister = new ObjectCache<T>();
  readonly synced = true;
  readonly whenSynced = Promise.resolve();
  readonly #handlers = new Set<Handlers<T>>();
  resourceVersion = '0';
  constructor(ref: ResourceRef<T>) {
    this.ref = ref;
  }
  addIndex(name: string, keys: (object: T) => readonly string[]): void {
    this.lister.addIndex(name, keys);
  }
  onChange(handlers: Handlers<T>): () => void {
    this.#handlers.add(handlers);
    for (const object of this.lister.list()) handlers.added?.(object);
    return () => this.#handlers.delete(handlers);
  }
  relist(): Promise<void> {
    return Promise.resolve();
  }
  put(object: T): void {
    const previous = this.lister.put(object);
    this.resourceVersion = object.metadata.resourceVersion ?? '0';
    for (const handlers of this.#handlers)
      if (previous === undefined) handlers.added?.(object);
      else handlers.updated?.(object, previous);
  }
}

export interface Feeds extends Informers {
  feed<T extends KubeObject>(ref: ResourceRef<T>): Feed<T>;
}

/** One feed for each resource. */
export function createFeeds(): Feeds {
  const feeds = new Map<string, Feed<KubeObject>>();
  const feed = <T extends KubeObject>(ref: ResourceRef<T>): Feed<T> => {
    let found = feeds.get(ref.resource);
    if (found === undefined) feeds.set(ref.resource, (found = new Feed(ref as unknown as ResourceRef<KubeObject>)));
    return found as unknown as Feed<T>;
  };
  return {
    of: feed,
    feed,
    start: () => undefined,
    synced: () => Promise.resolve(),
    drop: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
