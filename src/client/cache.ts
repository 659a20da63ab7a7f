// Informers' contract: a local, indexed, always-current copy of a resource. `createInformers` (informer.ts) makes them.
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Selection } from './client.ts';

/** Read access to an informer's cache. Objects are immutable and shared. */
export interface Lister<T extends KubeObject> {
  get(name: string, namespace?: string): T | undefined;
  /** By `namespace/name` (or `name`). */
  getByKey(key: string): T | undefined;
  list(namespace?: string): readonly T[];
  /** Objects whose index function returned `key`. */
  byIndex(index: string, key: string): readonly T[];
  readonly size: number;
}

export interface Handlers<T> {
  added?(object: T): void;
  updated?(object: T, previous: T): void;
  deleted?(object: T): void;
}

export interface Informer<T extends KubeObject> {
  readonly ref: ResourceRef<T>;
  readonly lister: Lister<T>;
  /** Must be called before `start`. The function returns the keys of an object. */
  addIndex(name: string, keys: (object: T) => readonly string[]): void;
  /** Handlers run synchronously, after the cache has changed; late handlers get `added` for everything present. Returns the remover. */
  onChange(handlers: Handlers<T>): () => void;
  /** True after the first complete list. */
  readonly synced: boolean;
  /** The resourceVersion up to which the cache is complete. */
  readonly resourceVersion: string;
  /** Resolves when `synced` becomes true. */
  readonly whenSynced: Promise<void>;
  /** Lists again, for who suspects that the watch is dead without anybody having been told; resolves when that is done. */
  relist(): Promise<void>;
}

/** One shared informer per (resource, selection); they start at `start()` and stop at disposal. */
export interface Informers extends AsyncDisposable {
  of<T extends KubeObject>(ref: ResourceRef<T>, selection?: Selection): Informer<T>;
  start(): void;
  /** Resolves when every informer asked for so far has synced. */
  synced(): Promise<void>;
  /** Stops and forgets an informer (its resource is no longer served). Its lister stays readable. */
  drop(ref: ResourceRef, selection?: Selection): Promise<void>;
}
