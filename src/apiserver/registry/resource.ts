// A served resource: its row, where its objects are, and what is special about it.
import type { KubeObject } from '#api/object.ts';
import { apiVersionOf } from '#api/object.ts';
import type { GroupKind, GroupResource } from '#api/status.ts';
import { encodable, type Entry } from '../cacher/entry.ts';
import type { Table } from '../cacher/table.ts';
import type { Encodable } from '../chain.ts';
import type { ResourceRow } from '../resources/row.ts';
import type { Strategy } from './strategy.ts';

/** How a served version relates to the stored one, where they differ. */
export interface Conversion {
  /** The stored version's row. */
  readonly storage: ResourceRow;
  toStorage(object: KubeObject): KubeObject | Promise<KubeObject>;
  /** May give back the same object. */
  fromStorage(object: KubeObject): KubeObject;
  /** Somebody else must be asked about this stored object: `convert`, not `fromStorage`. */
  foreign?(object: KubeObject): boolean;
  /** Converts foreign objects, in the same order; rejects with the StatusError that the client gets. */
  convert?(objects: readonly KubeObject[]): Promise<readonly KubeObject[]>;
  /** All versions of the kind by their apiVersion, those too that are not served. */
  readonly siblings?: ReadonlyMap<string, Resource>;
}

export class Resource {
  readonly row: ResourceRow;
  readonly table: Table;
  readonly strategy: Strategy;
  readonly conversion: Conversion | undefined;
  readonly apiVersion: string;
  readonly groupResource: GroupResource;
  readonly groupKind: GroupKind;
  readonly hasStatus: boolean;
  readonly #views = new WeakMap<Entry, Encodable>();

  constructor(row: ResourceRow, table: Table, strategy: Strategy, conversion?: Conversion) {
    this.row = row;
    this.table = table;
    this.strategy = strategy;
    this.conversion = conversion;
    this.apiVersion = apiVersionOf(row);
    this.groupResource = { group: row.group, resource: row.resource };
    this.groupKind = { group: row.group, kind: row.kind };
    this.hasStatus = row.subresources.some((sub) => sub.name === 'status');
  }

  /** The store's key of an object. */
  key(namespace: string, name: string): string {
    return this.row.namespaced ? `${this.table.prefix}${namespace}/${name}` : `${this.table.prefix}${name}`;
  }

  /** Prefix of all keys in a namespace (empty: everywhere). */
  keyPrefix(namespace: string): string {
    return this.row.namespaced && namespace !== '' ? `${this.table.prefix}${namespace}/` : this.table.prefix;
  }

  /** A cached version as this resource serves it. */
  view(entry: Entry): Encodable {
    if (!this.conversion) return entry;
    let view = this.#views.get(entry);
    if (!view) {
      if (this.conversion.foreign?.(entry.object)) throw new Error(`${entry.key} was not converted before it was looked at`);
      view = this.#keep(entry, this.conversion.fromStorage(entry.object));
    }
    return view;
  }

  #keep(entry: Entry, object: KubeObject): Encodable {
    const view = object === entry.object ? entry : encodable(object);
    this.#views.set(entry, view);
    return view;
  }

  /** Makes sure that `view` can answer for these versions; undefined when it can already. */
  prepare(entries: Iterable<Entry>): Promise<void> | undefined {
    const { conversion } = this;
    if (!conversion?.convert) return undefined;
    const waiting: Entry[] = [];
    for (const entry of entries) if (!this.#views.has(entry) && conversion.foreign?.(entry.object)) waiting.push(entry);
    if (waiting.length === 0) return undefined;
    return conversion.convert(waiting.map((entry) => entry.object)).then((objects) => {
      for (const [index, entry] of waiting.entries()) this.#keep(entry, objects[index] as KubeObject);
    });
  }

  /** `view`, after asking whoever must be asked. */
  async load(entry: Entry): Promise<Encodable> {
    await this.prepare([entry]);
    return this.view(entry);
  }

  /** A stored object that is in no cache, as this resource serves it. */
  async fromStored(object: KubeObject): Promise<KubeObject> {
    const { conversion } = this;
    if (!conversion) return object;
    if (!conversion.foreign?.(object)) return conversion.fromStorage(object);
    const [converted] = (await conversion.convert?.([object])) ?? [];
    return converted as KubeObject;
  }

  toStorage(object: KubeObject): KubeObject | Promise<KubeObject> {
    return this.conversion ? this.conversion.toStorage(object) : object;
  }
}
