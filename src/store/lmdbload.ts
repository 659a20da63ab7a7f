// Reads the state of an LMDB store into memory when it is opened.
import type { Database } from 'lmdb';
import type { World } from '#base/world.ts';
import type { Leases } from './leases.ts';
import type { Mvcc } from './mvcc.ts';
import { type CurrentRecord, decodeCurrent, decodeHistory, historyKey, parseHistoryKey, type StoredState } from './records.ts';
import type { KeyRecord, Version } from './versions.ts';

export interface LmdbTables {
  readonly history: Database;
  readonly current: Database;
  readonly leases: Database;
}

export const stateKey = Buffer.from([0]);
const fresh: StoredState = { format: 1, revision: 1, compactRevision: 0, swept: 0, reserved: 1, clean: true };
// A lease that a key names but nobody knows (its record was lost in a crash) gets this many seconds.
const lostLeaseTtl = 3_600;

function readState(current: Database): StoredState {
  const bytes = current.getBinary(stateKey);
  if (bytes === undefined) return fresh;
  const state = JSON.parse(bytes.toString('utf8')) as StoredState & { format: number };
  if (state.format !== 1) throw new Error(`its format ${state.format} is of a newer version`);
  return state;
}

function addVersion(record: KeyRecord, at: CurrentRecord, deleted: boolean): Version {
  return {
    record,
    mod: at.mod,
    sub: at.sub,
    create: at.create,
    version: at.version,
    lease: at.lease,
    deleted,
    value: undefined,
    previous: undefined,
  };
}

function setHead(record: KeyRecord, version: Version): void {
  record.head = version;
  record.newest = version;
}

/** Every key that exists, without its value. */
function loadCurrent(current: Database, mvcc: Mvcc): void {
  for (const { key, value } of current.getRange({ start: Buffer.from([1]) })) {
    const record = mvcc.index.obtain((key as Buffer).toString('utf8'));
    setHead(record, addVersion(record, decodeCurrent(value as Buffer), false));
    if (record.chunk !== undefined) record.chunk.live++;
  }
}

/** The versions since the last cleaned-up compaction, chained by key, in the order of the log. */
function loadHistory(history: Database, mvcc: Mvcc, from: number): void {
  const seen = new Map<KeyRecord, Version>();
  for (const { key, value } of history.getRange({ start: historyKey(from, 0) })) {
    const { mod, sub } = parseHistoryKey(key as Buffer);
    const stored = decodeHistory(value as Buffer);
    const record = mvcc.index.obtain(stored.key);
    const version = record.head?.mod === mod ? record.head : addVersion(record, { mod, sub, ...stored }, stored.deleted);
    version.previous = seen.get(record) ?? olderVersion(history, record, stored.previousMod, stored.previousSub);
    seen.set(record, version);
    mvcc.log.push(version);
  }
  // Keys that do not exist now: their newest tombstone is the head.
  for (const [record, version] of seen) if (record.head === undefined) setHead(record, version);
}

/** The version before the loaded history, when it is still there. */
function olderVersion(history: Database, record: KeyRecord, mod: number, sub: number): Version | undefined {
  if (mod === 0) return undefined;
  const bytes = history.getBinary(historyKey(mod, sub));
  if (bytes === undefined) return undefined;
  const stored = decodeHistory(bytes);
  return stored.key === record.key ? addVersion(record, { mod, sub, ...stored }, stored.deleted) : undefined;
}

function loadLeases(table: Database, mvcc: Mvcc, leases: Leases, now: number): void {
  for (const { key, value } of table.getRange()) {
    const { ttl, expires } = JSON.parse((value as Buffer).toString('utf8')) as { ttl: number; expires: number };
    leases.restore(parseHistoryKey(key as Buffer).mod, ttl, expires);
  }
  mvcc.index.visit('', '', (record) => {
    const lease = record.head?.lease ?? 0;
    if (lease !== 0) {
      if (leases.get(lease) === undefined) leases.restore(lease, lostLeaseTtl, now + lostLeaseTtl * 1000);
      leases.attach(lease, record.key);
    }
    return true;
  });
}

/** Fills the index, the log and the leases; returns the stored state. */
export async function load(tables: LmdbTables, mvcc: Mvcc, leases: Leases, world: Pick<World, 'clock'>): Promise<StoredState> {
  const state = readState(tables.current);
  loadCurrent(tables.current, mvcc);
  loadHistory(tables.history, mvcc, state.swept);
  loadLeases(tables.leases, mvcc, leases, world.clock.now());
  return state;
}
