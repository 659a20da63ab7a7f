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
  toStorage(object: KubeObject): KubeObject;
  fromStorage(object: KubeObject): KubeObject;
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
      view = encodable(this.conversion.fromStorage(entry.object));
      this.#views.set(entry, view);
    }
    return view;
  }

  fromStorage(object: KubeObject): KubeObject {
    return this.conversion ? this.conversion.fromStorage(object) : object;
  }

  toStorage(object: KubeObject): KubeObject {
    return this.conversion ? this.conversion.toStorage(object) : object;
  }
}
