// Changes that the watch cache no longer has: the store keeps them until it is compacted.
import { CompactedError } from '#store/kv.ts';
import { Entry } from '../cacher/entry.ts';
import { Change, type Table } from '../cacher/table.ts';
import type { Scope, Watch } from '../cacher/watch.ts';
import { tooOld } from './freshness.ts';
import type { Registry } from './registry.ts';

/** Most changes that one watch catches up with; one further behind lists again. */
const maxReplay = 10_000;

/** Attaches a watch so that it sees every change after `revision`. Throws a 410 when the store has forgotten some of them. */
export async function attachSince(registry: Registry, table: Table, watcher: Watch, scope: Scope, revision: number): Promise<void> {
  const older: Change[] = [];
  let reached = revision;
  for (;;) {
    // The recent changes and those that come from now on must meet: nothing awaits between `since` and `attach`.
    const recent = table.since(reached);
    if (recent) return watcher.attach(table, older.length > 0 ? [...older, ...recent] : recent);
    // oxlint-disable-next-line no-await-in-loop -- the cache may have moved on meanwhile
    reached = await replay(registry, table, scope, reached, older);
  }
}

/** Appends the changes after `from` up to where the cache begins; gives the revision that was reached. */
async function replay(registry: Registry, table: Table, scope: Scope, from: number, changes: Change[]): Promise<number> {
  const target = table.completeSince;
  const { store, config } = registry;
  const abort = new AbortController();
  const entryOf = (kv: { key: string; modRevision: number; value: Uint8Array }): Entry =>
    Entry.of(kv.key, kv.modRevision, kv.value, config.freeze);
  try {
    const prefix = scope.key ?? scope.prefix;
    for await (const batch of store.watch({ prefix, fromRevision: from + 1, signal: abort.signal })) {
      for (const event of batch.events) {
        const previous = event.previous && entryOf(event.previous);
        if (event.type === 'put') {
          changes.push(new Change(previous ? 'MODIFIED' : 'ADDED', entryOf(event.entry), previous));
        } else if (previous) changes.push(new Change('DELETED', previous.at(event.revision), previous));
      }
      if (changes.length > maxReplay) throw tooOld(from, target);
      if (batch.revision >= target) return batch.revision;
    }
  } catch (error) {
    if (error instanceof CompactedError) throw tooOld(from, error.compactRevision);
    throw error;
  } finally {
    abort.abort();
  }
  throw tooOld(from, target); // the store has ended the watch: it closes
}
