// Group commit: changes wait for the flush that is running, then go to disk together. Changes become visible only in the
// order of their revisions and only when durable, except volatile ones (heartbeats, events): these are visible at once
// when nothing durable is before them, and reach the disk with the next flush or after `lazyInterval`.
import type { Clock, Timer } from '#base/clock.ts';
import type { Change } from './mvcc.ts';
import type { Version } from './versions.ts';

/** What one flush writes. */
export interface Flush {
  readonly changes: readonly Change[];
  /** Versions whose stored values are not needed any more. */
  readonly gone: readonly Version[];
  /** Leases granted or ended. */
  readonly leases: ReadonlyMap<number, { readonly ttl: number; readonly expires: number } | undefined>;
}

export interface CommitsOptions {
  readonly clock: Clock;
  /** Writes and syncs; a rejection breaks the store for good: what is on disk is unknown then. */
  write(flush: Flush): Promise<void>;
  /** Makes a change visible. */
  apply(change: Change): void;
  /** After a flush: the versions in it are on disk. */
  written(flush: Flush): void;
  /** Milliseconds that volatile changes may wait for a flush of others. */
  readonly lazyInterval: number;
}

interface Waiting {
  /** Undefined: only wants to know when everything before it is visible. */
  readonly change: Change | undefined;
  readonly volatile: boolean;
  readonly revision: number;
  resolve(): void;
  reject(error: unknown): void;
}

// So many bytes of volatile changes wait at most.
const lazyLimit = 4 * 1024 * 1024;

export class Commits {
  readonly #options: CommitsOptions;
  /** Not yet visible, in order. */
  #queue: Waiting[] = [];
  /** Visible, not yet on disk. */
  #lazy: Change[] = [];
  #lazyBytes = 0;
  #gone: Version[] = [];
  #leases = new Map<number, { ttl: number; expires: number } | undefined>();
  #running: Promise<void> | undefined;
  #scheduled = false;
  #timer: Timer | undefined;
  #broken: Error | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Why the store does not work any more. */
  get broken(): Error | undefined {
    return this.#broken;
  }

  /** Resolves when the change is visible: durable, or volatile with everything before it durable. */
  add(change: Change, volatile: boolean): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    if (volatile && this.#queue.length === 0) {
      this.#makeVisible(change, true);
      return Promise.resolve();
    }
    return this.#enqueue(change, volatile, change.revision);
  }

  /** Resolves when everything up to the revision is visible. */
  settled(revision: number): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const last = this.#queue.at(-1);
    if (last === undefined || (this.#queue[0]?.revision ?? 0) > revision) return Promise.resolve();
    return this.#enqueue(undefined, true, last.revision);
  }

  /** Values to remove with the next flush. */
  forget(versions: readonly Version[]): void {
    for (const version of versions) this.#gone.push(version);
    this.#arm();
  }

  putLease(id: number, lease: { ttl: number; expires: number } | undefined): void {
    this.#leases.set(id, lease);
    this.#arm();
  }

  /** Writes all that waits, also when it is nothing but the state itself. */
  async flush(): Promise<void> {
    await this.#running?.catch(() => {});
    await this.#flush();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    await this.#running?.catch(() => {});
    while (this.#broken === undefined && this.#queue.length > 0) await this.#flush();
  }

  #enqueue(change: Change | undefined, volatile: boolean, revision: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ change, volatile, revision, resolve, reject });
      this.#schedule();
    });
  }

  #makeVisible(change: Change, lazy: boolean): void {
    this.#options.apply(change);
    if (!lazy) return;
    this.#lazy.push(change);
    for (const version of change.versions) this.#lazyBytes += version.value?.length ?? 0;
    if (this.#lazyBytes > lazyLimit) this.#schedule();
    else this.#arm();
  }

  #arm(): void {
    if (this.#timer !== undefined || this.#broken !== undefined) return;
    this.#timer = this.#options.clock.after(this.#options.lazyInterval, () => {
      this.#timer = undefined;
      this.#schedule();
    });
  }

  /** Starts a flush at the end of this turn, so that changes of the same turn share it. */
  #schedule(): void {
    if (this.#scheduled || this.#running !== undefined || this.#broken !== undefined) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.#running === undefined) void this.#flush().catch(() => {});
    });
  }

  async #flush(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    while (this.#running !== undefined) await this.#running.catch(() => {});
    const items = this.#queue.slice();
    const flush: Flush = {
      changes: [...this.#lazy, ...items.flatMap((item) => item.change ?? [])],
      gone: this.#gone,
      leases: this.#leases,
    };
    this.#lazy = [];
    this.#lazyBytes = 0;
    this.#gone = [];
    this.#leases = new Map();
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#running = this.#options.write(flush);
    try {
      await this.#running;
    } catch (error) {
      this.#break(error);
      throw this.#broken;
    } finally {
      this.#running = undefined;
    }
    this.#queue = this.#queue.slice(items.length);
    for (const item of items) {
      if (item.change !== undefined) this.#makeVisible(item.change, false);
      item.resolve();
    }
    this.#options.written(flush);
    this.#advance();
    if (this.#queue.length > 0) this.#schedule();
  }

  /** Volatile changes that came during the flush need not wait for another one. */
  #advance(): void {
    let count = 0;
    for (const item of this.#queue) {
      if (!item.volatile) break;
      if (item.change !== undefined) this.#makeVisible(item.change, true);
      item.resolve();
      count++;
    }
    if (count > 0) this.#queue = this.#queue.slice(count);
  }

  #break(error: unknown): void {
    this.#broken = new Error(`the store cannot write: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    const waiting = this.#queue;
    this.#queue = [];
    for (const item of waiting) item.reject(this.#broken);
  }
}
