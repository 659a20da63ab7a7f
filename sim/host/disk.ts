// The disk below the store: what LMDB promises and no more. A batch is on it as a whole or not at all, and only when its
// promise has resolved can one be sure; a crash decides about the batches that were on their way.
import type { Database, RootDatabase } from 'lmdb';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';

type Write = (table: Map<string, Buffer>) => void;

interface Batch {
  readonly writes: (() => void)[];
  commit(): void;
}

const text = (key: Uint8Array): string => Buffer.from(key).toString('latin1');

export interface SimDisk {
  /** Opens it for a process whose clock this is. What a process before has left half done is decided by `random`. */
  open(clock: Clock, random: Random): RootDatabase;
  /** The process is gone: batches that were not synced are lost, or not. Returns how many were lost. */
  crash(random: Random): number;
}

/** An empty disk whose syncs take between half a millisecond and `slowest` milliseconds. */
export function createDisk(slowest: () => number): SimDisk {
  const tables = new Map<string, Map<string, Buffer>>();
  /** In the order in which they go to disk. */
  let underway: Batch[] = [];
  let open: Batch | undefined;

  function tableOf(name: string): Map<string, Buffer> {
    let table = tables.get(name);
    if (table === undefined) tables.set(name, (table = new Map()));
    return table;
  }

  function database(name: string): Database {
    const table = tableOf(name);
    const write = (change: Write): Promise<boolean> => {
      if (open === undefined) throw new Error('the store writes in batches only');
      open.writes.push(() => change(table));
      return Promise.resolve(true);
    };
    const made = {
      getBinary: (key: Uint8Array) => table.get(text(key)),
      *getRange(options: { start?: Uint8Array } = {}) {
        const from = options.start === undefined ? '' : text(options.start);
        // Strings of single bytes are in the order of the bytes.
        const keys = [...table.keys()].filter((key) => key >= from).sort((a, b) => (a < b ? -1 : 1));
        for (const key of keys) yield { key: Buffer.from(key, 'latin1'), value: table.get(key) };
      },
      put: (key: Uint8Array, value: Buffer) => write((rows) => void rows.set(text(key), value)),
      remove: (key: Uint8Array) => write((rows) => void rows.delete(text(key))),
    };
    return made as unknown as Database;
  }

  return {
    open(clock, random) {
      const root = {
        openDB: ({ name }: { name: string }) => database(name),
        batch(fill: () => void): Promise<boolean> {
          const written = Promise.withResolvers<boolean>();
          const batch: Batch = {
            writes: [],
            commit() {
              for (const apply of batch.writes) apply();
            },
          };
          open = batch;
          fill();
          open = undefined;
          underway.push(batch);
          clock.after(0.5 + random.next() * slowest(), () => {
            // One sync takes all that came before it along.
            const index = underway.indexOf(batch);
            for (const earlier of underway.splice(0, index + 1)) earlier.commit();
            written.resolve(true);
          });
          return written.promise;
        },
        close: () => Promise.resolve(),
      };
      return root as unknown as RootDatabase;
    },
    crash(random) {
      const kept = Math.floor(random.next() * (underway.length + 1));
      const lost = underway.length - kept;
      for (const batch of underway.slice(0, kept)) batch.commit();
      underway = [];
      return lost;
    },
  };
}
