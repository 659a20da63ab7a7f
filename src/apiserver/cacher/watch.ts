// One watch: changes of a table, seen through a selection, in batches that are asked for or handed out.
import type { KubeObject } from '#api/object.ts';
import type { Clock, Timer } from '#base/clock.ts';
import { statusOf } from '#api/status.ts';
import type { EncodableEvent, WatchEvents } from '../chain.ts';
import type { Entry } from './entry.ts';
import { withVersion } from './codec.ts';
import { encodable } from './entry.ts';
import type { Fanout } from './fanout.ts';
import type { Change, Listener, Table } from './table.ts';

/** What a list or watch selects. */
export interface Scope {
  /** Keys start with this. */
  readonly prefix: string;
  /** Or: exactly this key. */
  readonly key?: string;
  readonly trigger?: string;
  /** Further selection by labels and fields; absent: everything. */
  readonly matches?: (entry: Entry) => boolean;
}

export interface WatchSettings {
  readonly scope: Scope;
  readonly clock: Clock;
  /** Who hands out what is not asked for. */
  readonly fanout: Fanout;
  readonly signal: AbortSignal;
  /** Milliseconds until the server ends the watch. */
  readonly timeout: number;
  readonly bookmarks: boolean;
  /** What the client has seen already: it gets nothing from up to this revision, be it one that is yet to come. */
  readonly after: number;
  /** Makes the object of a bookmark. */
  readonly bookmark: (revision: number, initialEnd: boolean) => KubeObject;
  /** Everything up to this revision has been dispatched (for bookmarks). */
  readonly revision: () => number;
  /** Another version of the same object, for resources that are stored in one version and served in two. */
  readonly view?: (entry: Entry) => { readonly object: KubeObject; json(): Uint8Array };
  /** Makes `view` possible where somebody else converts; undefined when it is possible already. */
  readonly prepare?: (entries: readonly Entry[]) => Promise<void> | undefined;
}

/** Events that may wait for a reader before the watch is cut off. */
const maxPending = 20_000;
/** Bytes that wait for a reader that has stopped taking any, before its watch is cut off. */
const maxBehind = 16 * 1024 * 1024;
/** Events of a batch at most: encoding them must not keep others waiting. */
const maxBatch = 100;
/** Objects that are looked at for a batch at most. */
const maxLooked = 1_000;
const bookmarkInterval = 60_000;

export class Watch implements Listener, WatchEvents {
  readonly key: string | undefined;
  readonly trigger: string | undefined;
  readonly #settings: WatchSettings;
  /** What the watch begins with, as far as nobody has looked at it yet. */
  #initial: readonly Entry[] = [];
  #looked = 0;
  /** What ends the beginning. */
  #initialEnd: EncodableEvent | undefined;
  #pending: EncodableEvent[] = [];
  /** Changes that must be converted before they are events. */
  #unprepared: Change[] = [];
  #wake: (() => void) | undefined;
  /** Ends a push at once. */
  #fail: ((error: unknown) => void) | undefined;
  #ended = false;
  /** The sink takes nothing at present. */
  #busy = false;
  /** Bytes of the events that came since then. */
  #behind = 0;
  #unsubscribe: () => void = () => {};
  #lastSent = 0;

  constructor(settings: WatchSettings) {
    this.#settings = settings;
    this.key = settings.scope.key;
    this.trigger = settings.scope.trigger;
  }

  /** Connects to the table: what is selected of the present state first and `end` after it, then what happens from now on. */
  begin(table: Table, present: readonly Entry[], end?: EncodableEvent): void {
    this.#initial = present;
    this.#initialEnd = end;
    this.#unsubscribe = table.subscribe(this);
  }

  /** Connects to the table: `changes` first, then what happens from now on. */
  attach(table: Table, changes: readonly Change[]): void {
    for (const change of changes) this.notify(change);
    this.#unsubscribe = table.subscribe(this);
  }

  /** Tells the client in an event what is wrong, and ends: a watch that was let in has status 200 and fails in its stream. */
  fail(error: unknown): void {
    this.#pending.push({ type: 'ERROR', item: encodable(statusOf(error) as never) });
    this.interrupted();
  }

  #inScope(key: string): boolean {
    const { scope } = this.#settings;
    return scope.key !== undefined ? key === scope.key : key.startsWith(scope.prefix);
  }

  notify(change: Change): void {
    if (this.#ended || change.revision <= this.#settings.after || !this.#inScope(change.entry.key)) return;
    if (this.#pending.length + this.#unprepared.length >= maxPending || this.#behind > maxBehind) return this.#cutOff();
    if (this.#settings.prepare) this.#unprepared.push(change);
    else {
      const event = this.#translate(change);
      if (!event) return;
      this.#pending.push(event);
      if (this.#busy) this.#behind += event.item.json().length;
    }
    this.#wake?.();
  }

  #cutOff(): void {
    this.#fail?.(new Error('the watcher is too slow'));
    this.interrupted();
  }

  // A change that moves an object into or out of the selection is an addition or a deletion to this watcher.
  #translate(change: Change): EncodableEvent | undefined {
    const { scope, view } = this.#settings;
    const { matches } = scope;
    if (!matches && !view) return change.event;
    const item = (entry: Entry) => (view ? view(entry) : entry);
    if (!matches) return { type: change.type, item: item(change.entry) };
    const before = change.previous !== undefined && matches(change.previous);
    const now = change.type !== 'DELETED' && matches(change.entry);
    if (now) return { type: before ? 'MODIFIED' : 'ADDED', item: item(change.entry) };
    if (!before) return undefined;
    if (change.type === 'DELETED') return { type: 'DELETED', item: item(change.entry) };
    // Gone from the selection only: the last state that matched, at the revision of the change.
    const previous = change.previous as Entry;
    if (!view) return { type: 'DELETED', item: previous.at(change.entry.revision) };
    const { object } = view(previous);
    return { type: 'DELETED', item: encodable(withVersion(object, change.entry.revision)) };
  }

  interrupted(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #bookmark(): void {
    const { bookmark, revision, after } = this.#settings;
    const now = revision();
    if (this.#waiting + this.#unprepared.length > 0 || now <= this.#lastSent || now < after) return;
    this.#lastSent = now;
    this.#pending.push({ type: 'BOOKMARK', item: encodable(bookmark(now, false)) });
    this.#wake?.();
  }

  async #prepare(): Promise<void> {
    const changes = this.#unprepared;
    this.#unprepared = [];
    try {
      await this.#settings.prepare?.(changes.flatMap(({ entry, previous }) => (previous ? [previous, entry] : [entry])));
      for (const change of changes) {
        const event = this.#translate(change);
        if (event) this.#pending.push(event);
      }
    } catch (error) {
      // What cannot be converted cannot be left out either: the client is told, and starts again.
      this.fail(error);
    }
  }

  /** Starts timers and the look at the signal; gives what ends them. */
  #begin(): () => void {
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
    return () => {
      this.#ended = true;
      this.#wake = undefined;
      this.#unsubscribe();
      for (const timer of timers) timer.cancel();
      signal.removeEventListener('abort', end);
    };
  }

  /** More than zero while there may be something to take. */
  get #waiting(): number {
    return this.#initial.length - this.#looked + (this.#initialEnd ? 1 : 0) + this.#pending.length;
  }

  /** The next events; none where nothing of a part of the beginning is selected. */
  #take(): readonly EncodableEvent[] {
    if (this.#looked < this.#initial.length || this.#initialEnd) return this.#takeInitial();
    const batch = this.#pending;
    this.#pending = batch.length > maxBatch ? batch.splice(maxBatch) : [];
    return batch;
  }

  #takeInitial(): readonly EncodableEvent[] {
    const { scope, view } = this.#settings;
    const batch: EncodableEvent[] = [];
    const end = Math.min(this.#looked + maxLooked, this.#initial.length);
    while (this.#looked < end && batch.length < maxBatch) {
      const entry = this.#initial[this.#looked++] as Entry;
      if (!scope.matches || scope.matches(entry)) batch.push({ type: 'ADDED', item: view ? view(entry) : entry });
    }
    if (this.#looked === this.#initial.length) {
      if (this.#initialEnd) batch.push(this.#initialEnd);
      this.#initial = [];
      this.#looked = 0;
      this.#initialEnd = undefined;
    }
    return batch;
  }

  push(sink: (batch: readonly EncodableEvent[]) => Promise<void> | undefined): Promise<void> {
    const finish = this.#begin();
    const { fanout } = this.#settings;
    return new Promise<void>((resolve, reject) => {
      let done = false;
      // While the sink or a conversion takes its time, nothing is handed out.
      const again = (): void => {
        if (!this.#busy && !done) fanout.add(turn);
      };
      const after = (work: Promise<void>): void => {
        this.#busy = true;
        work.then(() => {
          this.#busy = false;
          this.#behind = 0;
          again();
        }, fail);
      };
      const end = (): void => {
        done = true;
        this.#fail = undefined;
        finish();
      };
      const fail = (error: unknown): void => {
        end();
        reject(error);
      };
      const turn = (): void => {
        if (done) return;
        try {
          if (this.#waiting > 0) {
            const batch = this.#take();
            const slow = batch.length > 0 ? sink(batch) : undefined;
            if (slow) after(slow);
            else if (this.#waiting > 0 || this.#unprepared.length > 0 || this.#ended) again();
          } else if (this.#ended) {
            end();
            resolve();
          } else if (this.#unprepared.length > 0) {
            after(this.#prepare());
          }
        } catch (error) {
          fail(error);
        }
      };
      this.#wake = again;
      this.#fail = fail;
      again();
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly EncodableEvent[]> {
    const finish = this.#begin();
    try {
      for (;;) {
        if (this.#waiting > 0) {
          const batch = this.#take();
          if (batch.length > 0) yield batch;
          else if (this.#waiting > 0) await this.#settings.clock.sleep(0);
        } else if (this.#ended) {
          return;
        } else if (this.#unprepared.length > 0) {
          await this.#prepare();
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
          this.#wake = undefined;
        }
      }
    } finally {
      finish();
    }
  }
}
