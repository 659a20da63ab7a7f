// The registry: every served resource, with what the verbs need to work on them.
import { nameSuffix } from '#base/random.ts';
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Store } from '#store/kv.ts';
import type { KubeObject } from '#api/object.ts';
import type { Admission } from '../admission/plugin.ts';
import type { Hub } from '../cacher/hub.ts';
import type { Backend } from '../chain.ts';
import { openGates } from '#api/gated.ts';
import type { ServerConfig } from '../config.ts';
import type { ResourceRow } from '../resources/row.ts';
import { CreateMemo } from './creatememo.ts';
import { type Conversion, Resource } from './resource.ts';
import { Siblings } from './siblings.ts';
import type { Strategy } from './strategy.ts';

export interface RegistryOptions {
  readonly world: World;
  readonly store: Store;
  readonly hub: Hub;
  readonly config: ServerConfig;
  readonly admission: Admission;
}

export class Registry {
  readonly world: World;
  readonly store: Store;
  readonly hub: Hub;
  readonly config: ServerConfig;
  /** Feature gates that are on, of those that fields stand behind. */
  readonly gates: ReadonlySet<string>;
  readonly admission: Admission;
  readonly createMemo = new CreateMemo();
  readonly siblings = new Siblings();
  readonly #resources = new Map<string, Resource>();
  #rows: readonly ResourceRow[] = [];
  #generation = 0;
  #lease: { id: Promise<number>; until: number } | undefined;
  /** Set by the server once composed: what admission plug-ins and strategies may use. */
  backend!: Backend;

  constructor(options: RegistryOptions) {
    this.world = options.world;
    this.store = options.store;
    this.hub = options.hub;
    this.config = options.config;
    this.gates = openGates(options.config.featureGates, options.config.runtimeConfig);
    this.admission = options.admission;
  }

  /** Adds a resource; the table is shared by all versions with the same storage prefix. */
  add(row: ResourceRow, strategy: Strategy, conversion?: Conversion): Resource {
    const storage = conversion?.storage ?? row;
    const trigger = row.storagePrefix === 'pods' ? podNode : undefined;
    const resource = new Resource(row, this.hub.table(`/registry/${storage.storagePrefix}/`, trigger), strategy, conversion);
    this.#resources.set(`${row.group}/${row.version}/${row.resource}`, resource);
    this.#rows = [...this.#rows.filter((other) => other !== row), row];
    this.#generation++;
    return resource;
  }

  /** Replaces rows by resources in one step: nobody sees a state between. */
  replace(rows: readonly ResourceRow[], resources: readonly Resource[]): void {
    for (const row of rows) this.#resources.delete(`${row.group}/${row.version}/${row.resource}`);
    for (const resource of resources) {
      const { row } = resource;
      this.#resources.set(`${row.group}/${row.version}/${row.resource}`, resource);
    }
    const gone = new Set(rows);
    this.#rows = [...this.#rows.filter((row) => !gone.has(row)), ...resources.map(({ row }) => row)];
    // Who owns which field depends on the schema.
    this.createMemo.clear();
    this.#generation++;
  }

  /** Adds a row that stores nothing (reviews): it shows in discovery, a plug-in serves it. */
  addVirtual(row: ResourceRow): void {
    this.#rows = [...this.#rows, row];
    this.#generation++;
  }

  remove(row: ResourceRow): void {
    this.#resources.delete(`${row.group}/${row.version}/${row.resource}`);
    this.#rows = this.#rows.filter((other) => other !== row);
    this.#generation++;
  }

  find(group: string, version: string, resource: string): Resource | undefined {
    return this.#resources.get(`${group}/${version}/${resource}`);
  }

  /** A built-in resource, which must be there. */
  must(group: string, version: string, resource: string): Resource {
    const found = this.find(group, version, resource);
    if (!found) throw new Error(`resource ${group}/${version}/${resource} is not served`);
    return found;
  }

  get rows(): readonly ResourceRow[] {
    return this.#rows;
  }
  get generation(): number {
    return this.#generation;
  }

  now(): string {
    return rfc3339(this.world.clock.now());
  }

  /** A name made of a base and five random characters; the base is cut to leave room. */
  generateName(base: string): string {
    return base.slice(0, 63 - 5) + nameSuffix(this.world.random);
  }

  /** A store lease for keys that live `ttl` seconds; shared by the keys of one minute. */
  lease(ttl: number): Promise<number> {
    const now = this.world.clock.monotonic();
    if (!this.#lease || this.#lease.until < now) {
      const id = this.store.grantLease(ttl + 60);
      this.#lease = { id, until: now + 60_000 };
      id.catch(() => {
        this.#lease = undefined;
      });
    }
    return this.#lease.id;
  }

  /** The cached state of an object, as the resource serves it. */
  peek(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    const entry = resource.table.get(resource.key(namespace, name));
    return entry && resource.view(entry).object;
  }
}

function podNode(object: KubeObject): string {
  return (object as { spec?: { nodeName?: string } }).spec?.nodeName ?? '';
}
