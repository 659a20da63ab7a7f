// What a controller has written and its informer has not seen yet. With it a controller may act again at once, on the
// newest state that it knows of, instead of waiting for its own echo.
import { keyOf, type KubeObject } from '#api/object.ts';
import type { Informer } from './cache.ts';

interface Entry<T> {
  readonly uid: string | undefined;
  /** Absent: deleted. */
  readonly object: T | undefined;
  readonly version: number;
}

const versionOf = (object: KubeObject): number => Number(object.metadata.resourceVersion ?? 0);

/** Own writes on top of an informer's cache. An entry lives until the informer has caught up with it. */
export class Overlay<T extends KubeObject> {
  readonly #informer: Informer<T>;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #stop: () => void;

  /** `foreign` is called for every change that is not the echo of a write of ours. */
  constructor(informer: Informer<T>, foreign?: (object: T) => void) {
    this.#informer = informer;
    const changed = (object: T): void => {
      if (!this.#caughtUp(object)) foreign?.(object);
    };
    this.#stop = informer.onChange({
      added: changed,
      updated: changed,
      deleted: (object) => {
        const key = keyOf(object);
        const entry = this.#entries.get(key);
        if (entry?.uid === object.metadata.uid) this.#entries.delete(key);
        if (entry?.uid !== object.metadata.uid || entry?.object !== undefined) foreign?.(object);
      },
    });
  }

  /** The answer of a create or update. */
  wrote(object: T): void {
    const key = keyOf(object);
    const cached = this.#informer.lister.getByKey(key);
    if (cached !== undefined && versionOf(cached) >= versionOf(object)) return;
    this.#entries.set(key, { uid: object.metadata.uid, object, version: versionOf(object) });
  }

  /** An object that was deleted. */
  removed(object: T): void {
    const key = keyOf(object);
    if (this.#informer.lister.getByKey(key)?.metadata.uid !== object.metadata.uid) this.#entries.delete(key);
    else this.#entries.set(key, { uid: object.metadata.uid, object: undefined, version: versionOf(object) });
  }

  /** The newest known state of an object. */
  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined ? this.#informer.lister.getByKey(key) : entry.object;
  }

  /** Corrects a list from the cache: `belongs` says which of our own writes are part of it. */
  merge(cached: readonly T[], belongs: (object: T) => boolean): readonly T[] {
    if (this.#entries.size === 0) return cached;
    const merged: T[] = [];
    const used = new Set<string>();
    for (const object of cached) {
      const key = keyOf(object);
      const entry = this.#entries.get(key);
      if (entry === undefined) merged.push(object);
      else {
        used.add(key);
        if (entry.object !== undefined && belongs(entry.object)) merged.push(entry.object);
      }
    }
    const seen = Number(this.#informer.resourceVersion);
    for (const [key, entry] of this.#entries) {
      if (used.has(key) || entry.object === undefined || !belongs(entry.object)) continue;
      // The informer is past our write and does not have the object: it was created and deleted in a gap of the watch.
      if (seen >= entry.version && this.#informer.lister.getByKey(key) === undefined) this.#entries.delete(key);
      else merged.push(entry.object);
    }
    return merged;
  }

  stop(): void {
    this.#stop();
    this.#entries.clear();
  }

  /** Drops an entry that the informer has caught up with; true when the change is exactly our own write. */
  #caughtUp(object: T): boolean {
    const key = keyOf(object);
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    if (entry.object === undefined) {
      if (entry.uid !== object.metadata.uid) this.#entries.delete(key);
      return false;
    }
    if (versionOf(object) < entry.version) return true;
    this.#entries.delete(key);
    return versionOf(object) === entry.version;
  }
}
