// One watch: changes of a table, seen through a selection, as an async sequence of batches.
import type { KubeObject } from '#api/object.ts';
import type { Clock, Timer } from '#base/clock.ts';
import type { EncodableEvent } from '../chain.ts';
import type { Entry } from './entry.ts';
import { encodable } from './entry.ts';
import type { Change, Listener, Table } from './table.ts';

/** What a list or watch selects. */
export interface Scope {
  /** Keys start with this. */
  readonly prefix: string;
  /** Or: exactly this key. */
  readonly key?: string;
  readonly trigger?: string;
  /** Further selection by labels and fields; absent: everything. */
  readonly matches?: (object: KubeObject) => boolean;
}

export interface WatchSettings {
  readonly scope: Scope;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds until the server ends the watch. */
  readonly timeout: number;
  readonly bookmarks: boolean;
  /** Makes the object of a bookmark. */
  readonly bookmark: (revision: number, initialEnd: boolean) => KubeObject;
  /** Everything up to this revision has been dispatched (for bookmarks). */
  readonly revision: () => number;
  /** Another version of the same object, for resources that are stored in one version and served in two. */
  readonly view?: (entry: Entry) => { readonly object: KubeObject; json(): Uint8Array };
}

/** Events that may wait for a reader before the watch is cut off. */
const maxPending = 20_000;
const bookmarkInterval = 60_000;

export class Watch implements Listener, AsyncIterable<readonly EncodableEvent[]> {
  readonly key: string | undefined;
  readonly trigger: string | undefined;
  readonly #settings: WatchSettings;
  #pending: EncodableEvent[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #unsubscribe: () => void = () => {};
  #lastSent = 0;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    this.key = settings.scope.key;
    this.trigger = settings.scope.trigger;
  }

  /** Connects to the table: `initial` events first, then changes after `changes`, then what happens from now on. */
  attach(table: Table, initial: readonly EncodableEvent[], changes: readonly Change[]): void {
    this.#pending.push(...initial);
    for (const change of changes) this.notify(change);
    this.#unsubscribe = table.subscribe(this);
  }

  #inScope(key: string): boolean {
    const { scope } = this.#settings;
    return scope.key !== undefined ? key === scope.key : key.startsWith(scope.prefix);
  }

  notify(change: Change): void {
    if (this.#ended || !this.#inScope(change.entry.key)) return;
    const event = this.#translate(change);
    if (!event) return;
    if (this.#pending.length >= maxPending) return this.interrupted();
    this.#pending.push(event);
    this.#wake?.();
  }

  // A change that moves an object into or out of the selection is an addition or a deletion to this watcher.
  #translate(change: Change): EncodableEvent | undefined {
    const { scope, view } = this.#settings;
    const { matches } = scope;
    const item = (entry: Entry) => (view ? view(entry) : entry);
    if (!matches) return { type: change.type, item: item(change.entry) };
    const before = change.previous !== undefined && matches(change.previous.object);
    const now = change.type !== 'DELETED' && matches(change.entry.object);
    if (now) return { type: before ? 'MODIFIED' : 'ADDED', item: item(change.entry) };
    if (!before) return undefined;
    if (change.type === 'DELETED') return { type: 'DELETED', item: item(change.entry) };
    // Gone from the selection only: the last state that matched, at the revision of the change.
    const last = (change.previous as Entry).at(change.entry.revision);
    return { type: 'DELETED', item: item(last) };
  }

  interrupted(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #bookmark(): void {
    const { bookmark, revision } = this.#settings;
    const now = revision();
    if (this.#pending.length > 0 || now <= this.#lastSent) return;
    this.#lastSent = now;
    this.#pending.push({ type: 'BOOKMARK', item: encodable(bookmark(now, false)) });
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly EncodableEvent[]> {
    const { clock, signal, timeout, bookmarks } = this.#settings;
    const end = () => this.interrupted();
    const timers: Timer[] = [clock.after(timeout, end)];
    if (bookmarks) {
      timers.push(clock.every(bookmarkInterval, () => this.#bookmark()));
      // A last bookmark shortly before the end lets the client resume without replay.
      if (timeout > 3000) timers.push(clock.after(timeout - 2000, () => this.#bookmark()));
    }
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      for (;;) {
        if (this.#pending.length > 0) {
          const batch = this.#pending;
          this.#pending = [];
          yield batch;
        } else if (this.#ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      }
    } finally {
      this.#ended = true;
      this.#unsubscribe();
      for (const timer of timers) timer.cancel();
      signal.removeEventListener('abort', end);
    }
  }
}
