// One watch on the whole store feeds the tables of all resources, so that they share one notion of "up to date".
import type { Component, World } from '#base/world.ts';
import { messageOf } from '#base/errors.ts';
import { CompactedError, type Store } from '#store/kv.ts';
import { Fanout } from './fanout.ts';
import { Table, type TableOptions } from './table.ts';

const root = '/registry/';

interface Waiter {
  readonly revision: number;
  done(reached: boolean): void;
}

export class Hub implements Component {
  readonly #store: Store;
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #options: Pick<TableOptions, 'freeze' | 'history'>;
  readonly #tables = new Map<string, Table>();
  /** Tables being filled, with the events that arrive meanwhile. */
  readonly #filling = new Map<string, { table: Table; done: Promise<void> }>();
  readonly #waiters = new Set<Waiter>();
  readonly #abort = new AbortController();
  #revision = 0;
  #failure: string | undefined;
  #running: Promise<void> | undefined;
  readonly ready: Promise<void>;
  /** Hands changes of all tables out to those who watch them. */
  readonly fanout: Fanout;
  #started: () => void = () => {};

  constructor(store: Store, world: Pick<World, 'clock' | 'log'>, options: Pick<TableOptions, 'freeze' | 'history'>) {
    this.#store = store;
    this.#world = world;
    this.#options = options;
    this.fanout = new Fanout(world.clock);
    this.ready = new Promise((resolve) => {
      this.#started = resolve;
    });
  }

  /** Every change up to this revision is in the tables. */
  get revision(): number {
    return this.#revision;
  }

  /** The table of a prefix such as `/registry/pods/`; made when first asked for, filled by `start` or `fill`. */
  table(prefix: string, trigger?: TableOptions['trigger']): Table {
    let table = this.#tables.get(prefix);
    if (!table) {
      table = new Table({ prefix, ...this.#options, ...(trigger ? { trigger } : {}) });
      this.#tables.set(prefix, table);
    }
    return table;
  }

  /** Reads the store and follows it from there. */
  async start(): Promise<void> {
    await this.#reload();
    this.#running = this.#follow();
    this.#started();
  }

  /** Fills a table that was made after the start (a CRD's). */
  async fill(table: Table): Promise<void> {
    const filling = this.#filling.get(table.prefix);
    if (filling) return filling.done;
    // The table gets events from now on; the list is at least as new as what was missed before.
    const done = (async () => {
      const { entries, revision } = await this.#store.list(table.prefix);
      await this.waitFor(revision);
      const newer = [...table.range(table.prefix)].filter((entry) => entry.revision > revision);
      table.load(entries, Math.max(revision, ...newer.map((entry) => entry.revision)));
      for (const entry of newer) {
        table.apply({
          type: 'put',
          entry: { key: entry.key, value: entry.stored, modRevision: entry.revision, createRevision: 0, version: 0 },
          previous: undefined,
        });
      }
    })();
    this.#filling.set(table.prefix, { table, done });
    try {
      await done;
    } finally {
      this.#filling.delete(table.prefix);
    }
  }

  forget(prefix: string): void {
    this.#tables.get(prefix)?.interrupt();
    this.#tables.delete(prefix);
  }

  async #reload(): Promise<void> {
    const { entries, revision } = await this.#store.list(root);
    const sorted = new Map<Table, (typeof entries)[number][]>();
    for (const table of this.#tables.values()) sorted.set(table, []);
    for (const entry of entries) {
      const table = this.#route(entry.key);
      if (table) (sorted.get(table) as (typeof entries)[number][]).push(entry);
    }
    for (const [table, list] of sorted) table.load(list, revision);
    this.#advance(revision);
  }

  async #follow(): Promise<void> {
    const signal = this.#abort.signal;
    for (let failures = 0; !signal.aborted; ) {
      try {
        for await (const batch of this.#store.watch({ prefix: root, fromRevision: this.#revision + 1, signal, previous: false })) {
          failures = 0;
          this.#failure = undefined;
          for (const event of batch.events) this.#route(event.type === 'put' ? event.entry.key : event.key)?.apply(event);
          this.#advance(batch.revision);
        }
      } catch (error) {
        if (signal.aborted) return;
        this.#failure = `watch of the store: ${messageOf(error)}`;
        this.#world.log.warn('the watch of the store ended', { error: messageOf(error) });
        if (error instanceof CompactedError) await this.#reload().catch(() => {});
        failures++;
        await this.#world.clock.sleep(Math.min(100 * 2 ** failures, 5000), signal).catch(() => {});
      }
    }
  }

  #route(key: string): Table | undefined {
    const first = key.indexOf('/', root.length);
    const table = this.#tables.get(key.slice(0, first + 1));
    if (table) return table;
    return this.#tables.get(key.slice(0, key.indexOf('/', first + 1) + 1));
  }

  #advance(revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const waiter of this.#waiters) {
      if (waiter.revision <= revision) waiter.done(true);
    }
  }

  /** Resolves with true once the tables are at least as new as `revision`; with false after `timeout` milliseconds. */
  waitFor(revision: number, timeout = 3000): Promise<boolean> {
    if (revision <= this.#revision) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#world.clock.after(timeout, () => waiter.done(false));
      const waiter: Waiter = {
        revision,
        done: (reached) => {
          this.#waiters.delete(waiter);
          timer.cancel();
          resolve(reached);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** True when a read now would see every acknowledged write. Of a store that others write, nobody knows without asking it. */
  get current(): boolean {
    return !this.#store.shared && this.#revision >= this.#store.revision();
  }

  /** Resolves once everything acknowledged until now, here or by another server, is in the tables. */
  async caughtUp(): Promise<boolean> {
    return this.waitFor(await this.#store.newest());
  }

  health(): string | undefined {
    return this.#failure;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    for (const table of this.#tables.values()) table.interrupt();
    for (const waiter of this.#waiters) waiter.done(false);
    await this.#running;
  }
}
