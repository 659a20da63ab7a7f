// The indexed table behind an informer. Objects are shared, never copied.
import { keyOf, type KubeObject } from '#api/object.ts';
import type { Lister } from './cache.ts';

const none: readonly never[] = [];

/** Objects by key, with their array made at most once per change. */
class Bucket<T> {
  readonly objects = new Map<string, T>();
  #array: readonly T[] | undefined = none;

  set(key: string, object: T): void {
    this.objects.set(key, object);
    this.#array = undefined;
  }

  delete(key: string): void {
    this.objects.delete(key);
    this.#array = undefined;
  }

  /** A snapshot: it does not change when the bucket does. */
  get array(): readonly T[] {
    this.#array ??= [...this.objects.values()];
    return this.#array;
  }
}

type IndexFunction<T> = (object: T) => readonly string[];

class Index<T> {
  readonly keys: IndexFunction<T>;
  readonly buckets = new Map<string, Bucket<T>>();

  constructor(keys: IndexFunction<T>) {
    this.keys = keys;
  }

  insert(key: string, object: T): void {
    for (const value of this.keys(object)) {
      let bucket = this.buckets.get(value);
      if (bucket === undefined) {
        bucket = new Bucket();
        this.buckets.set(value, bucket);
      }
      bucket.set(key, object);
    }
  }

  remove(key: string, object: T): void {
    for (const value of this.keys(object)) {
      const bucket = this.buckets.get(value);
      bucket?.delete(key);
      if (bucket?.objects.size === 0) this.buckets.delete(value);
    }
  }
}

/** A lister that can be written to; only its informer does. */
export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #all = new Bucket<T>();
  readonly #namespaces = new Index<T>((object) => (object.metadata.namespace ? [object.metadata.namespace] : none));
  readonly #indexes = new Map<string, Index<T>>();

  get size(): number {
    return this.#all.objects.size;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#all.objects.get(namespace ? `${namespace}/${name}` : name);
  }

  getByKey(key: string): T | undefined {
    return this.#all.objects.get(key);
  }

  list(namespace?: string): readonly T[] {
    return namespace ? (this.#namespaces.buckets.get(namespace)?.array ?? none) : this.#all.array;
  }

  byIndex(index: string, key: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`no index ${index}`);
    return found.buckets.get(key)?.array ?? none;
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name);
  }

  addIndex(name: string, keys: IndexFunction<T>): void {
    const index = new Index(keys);
    for (const [key, object] of this.#all.objects) index.insert(key, object);
    this.#indexes.set(name, index);
  }

  keys(): IterableIterator<string> {
    return this.#all.objects.keys();
  }

  /** Stores an object; returns what was there. */
  put(object: T): T | undefined {
    const key = keyOf(object);
    const previous = this.#all.objects.get(key);
    if (previous !== undefined) this.#unindex(key, previous);
    this.#all.set(key, object);
    this.#namespaces.insert(key, object);
    for (const index of this.#indexes.values()) index.insert(key, object);
    return previous;
  }

  /** Removes an object; returns what was there. */
  remove(key: string): T | undefined {
    const previous = this.#all.objects.get(key);
    if (previous === undefined) return undefined;
    this.#unindex(key, previous);
    this.#all.delete(key);
    return previous;
  }

  #unindex(key: string, object: T): void {
    this.#namespaces.remove(key, object);
    for (const index of this.#indexes.values()) index.remove(key, object);
  }
}
