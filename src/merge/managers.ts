// metadata.managedFields read into memory and written back.
import type { ManagedFieldsEntry } from '#api/meta/v1/objectmeta.ts';
import { emptySet, type FieldSet, fromFieldsV1, setOf, toFieldsV1 } from './fieldset.ts';

/** One manager's entry. */
export interface Manager {
  readonly manager: string;
  readonly operation: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** The entry that this came from, while it still says the same. */
  readonly entry?: ManagedFieldsEntry;
}
/** By identity. */
export type Managers = ReadonlyMap<string, Manager>;

/** Who an entry belongs to: appliers are the same whatever version they use. */
export function managerKey(entry: Pick<Manager, 'manager' | 'operation' | 'apiVersion' | 'subresource'>): string {
  return JSON.stringify([entry.manager, entry.operation, entry.operation === 'Apply' ? '' : entry.apiVersion, entry.subresource]);
}

const known = new WeakMap<object, FieldSet>();

function setOfEntry(entry: ManagedFieldsEntry): FieldSet | undefined {
  if (!entry.fieldsV1) return emptySet;
  let set = known.get(entry.fieldsV1);
  if (!set) {
    set = fromFieldsV1(entry.fieldsV1);
    if (set) known.set(entry.fieldsV1, set);
  }
  return set;
}

/** Reads managedFields; undefined if an entry is malformed. */
export function readManagers(entries: readonly ManagedFieldsEntry[] | undefined): Map<string, Manager> | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries ?? []) {
    if (entry.operation !== 'Apply' && entry.operation !== 'Update') return undefined;
    if (entry.fieldsType !== 'FieldsV1') return undefined;
    const set = setOfEntry(entry);
    if (!set) return undefined;
    const { manager = '', operation, apiVersion = '', subresource = '', time } = entry;
    const read: Manager = { manager, operation, apiVersion, subresource, time, set, entry };
    managers.set(managerKey(read), read);
  }
  return managers;
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const seconds = (time: string | undefined): number => (time === undefined ? 0 : Math.floor(Date.parse(time) / 1000));

function written(manager: Manager): ManagedFieldsEntry {
  if (manager.entry) return manager.entry;
  const fieldsV1 = toFieldsV1(manager.set);
  known.set(fieldsV1, manager.set);
  return {
    manager: manager.manager,
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === undefined ? {} : { time: manager.time }),
    fieldsType: 'FieldsV1',
    fieldsV1,
    ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
  };
}

/** Writes managedFields: appliers first, then by time and name. */
export function writeManagers(managers: Managers): readonly ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()]
    .sort(
      (a, b) =>
        order(a.operation, b.operation) ||
        seconds(a.time) - seconds(b.time) ||
        order(a.manager, b.manager) ||
        order(a.apiVersion, b.apiVersion) ||
        order(a.subresource, b.subresource),
    )
    .map(written);
}

/** The manager with another set. */
export function withSet(manager: Manager, set: FieldSet): Manager {
  if (set === manager.set) return manager;
  const { entry: _, ...rest } = manager;
  return { ...rest, set };
}

/** Forgets who speaks versions that are gone; `except` is left for the caller to deal with. */
export function dropGone(managers: Map<string, Manager>, isGone: ((apiVersion: string) => boolean) | undefined, except?: string): void {
  if (!isGone) return;
  for (const [key, { apiVersion }] of managers) if (key !== except && isGone(apiVersion)) managers.delete(key);
}

const maxUpdaters = 10;

/** Keeps the number of updaters down: the oldest of a version are put together as `ancient-changes`. */
export function capUpdaters(managers: Map<string, Manager>): void {
  const updaters = [...managers].filter(([, manager]) => manager.operation === 'Update');
  let count = updaters.length;
  if (count <= maxUpdaters) return;
  updaters.sort(([aKey, a], [bKey, b]) => seconds(a.time) - seconds(b.time) || order(aKey, bKey));
  const firsts = new Map<string, string>();
  for (const [key, manager] of updaters) {
    if (count <= maxUpdaters) return;
    const first = firsts.get(manager.apiVersion);
    if (first === undefined) {
      firsts.set(manager.apiVersion, key);
      continue;
    }
    const identity = { manager: 'ancient-changes', operation: 'Update', apiVersion: manager.apiVersion, subresource: '' };
    const bucketKey = managerKey(identity);
    const bucket = managers.get(bucketKey) ?? managers.get(first);
    if (!managers.has(bucketKey)) managers.delete(first);
    managers.delete(key);
    managers.set(bucketKey, { ...identity, time: manager.time, set: manager.set.union(bucket?.set ?? emptySet) });
    count--;
  }
}

const meta = (name: string): readonly string[] => ['f:metadata', `f:${name}`];
/** What nobody owns: identity, and what the server keeps. */
export const unowned = setOf(
  ['f:apiVersion'],
  ['f:kind'],
  ['f:metadata'],
  ...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields', 'resourceVersion'].map(
    meta,
  ),
);
