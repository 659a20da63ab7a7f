// Node ports, of which every Service has its own. One server alone remembers which are taken; where several share a store, each
// port is a key that only one of them can create.
import type { Service } from '#api/core/v1/service.ts';
import type { Registry } from '../registry/registry.ts';
import type { Resource } from '../registry/resource.ts';
import { fromStore } from '../registry/persist.ts';
import { NumberPool, reservedBand } from './pools.ts';

/** Who has a port: the Service's UID tells it from an earlier one of the same name. */
export interface PortOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export interface NodePorts {
  contains(port: number): boolean;
  /** Takes a port; false when somebody has it. */
  take(port: number, owner: PortOwner, dryRun: boolean): Promise<boolean>;
  /** Takes any port; undefined when there is none. */
  takeAny(owner: PortOwner, dryRun: boolean): Promise<number | undefined>;
  release(port: number, owner: PortOwner, dryRun: boolean): Promise<void>;
  /** Marks the ports of the Services that are stored. */
  adopt(used: ReadonlyMap<number, PortOwner>): Promise<void>;
}

/** Node ports of a Service, each once. */
export function nodePortsOf(service: Service | undefined): Set<number> {
  const ports = new Set<number>();
  for (const port of service?.spec.ports ?? []) if (port.nodePort) ports.add(port.nodePort);
  if (service?.spec.healthCheckNodePort) ports.add(service.spec.healthCheckNodePort);
  return ports;
}

export const ownerOf = ({ metadata }: Service): PortOwner => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  uid: metadata.uid ?? '',
});

export function nodePorts(registry: Registry): NodePorts {
  const { from, to } = registry.config.nodePortRange;
  const range = { first: from, last: to, reserved: reservedBand(to - from + 1, 16, 128, 32) };
  return registry.store.shared ? new SharedPorts(registry, range) : new OwnPorts(registry, range);
}

interface Range {
  readonly first: number;
  readonly last: number;
  /** So many of the lowest are rather kept for those who ask for them. */
  readonly reserved: number;
}

class OwnPorts implements NodePorts {
  readonly #pool: NumberPool;

  constructor({ world }: Registry, range: Range) {
    this.#pool = new NumberPool(range, () => world.random.next());
  }

  contains(port: number): boolean {
    return this.#pool.contains(port);
  }

  async take(port: number): Promise<boolean> {
    return this.#pool.take(port);
  }

  async takeAny(): Promise<number | undefined> {
    return this.#pool.takeAny();
  }

  async release(port: number): Promise<void> {
    this.#pool.release(port);
  }

  async adopt(used: ReadonlyMap<number, PortOwner>): Promise<void> {
    for (const port of used.keys()) this.#pool.take(port);
  }
}

const prefix = '/registry/ranges/nodeports/';
/** Milliseconds after which nobody who has claimed a port can still be about to write its Service. */
const longestWrite = 120_000;

interface Claim extends PortOwner {
  /** Wall time in milliseconds. */
  readonly since: number;
}

const bytesOf = (claim: Claim): Uint8Array => new TextEncoder().encode(JSON.stringify(claim));
const claimOf = (bytes: Uint8Array): Claim => JSON.parse(new TextDecoder().decode(bytes)) as Claim;

class SharedPorts implements NodePorts {
  readonly #registry: Registry;
  readonly #services: Resource;
  readonly #range: Range;

  constructor(registry: Registry, range: Range) {
    this.#registry = registry;
    this.#services = registry.must('', 'v1', 'services');
    this.#range = range;
  }

  contains(port: number): boolean {
    return port >= this.#range.first && port <= this.#range.last;
  }

  async take(port: number, owner: PortOwner, dryRun: boolean): Promise<boolean> {
    const { store, world } = this.#registry;
    const key = `${prefix}${port}`;
    if (dryRun) return (await store.get(key)) === undefined;
    const value = bytesOf({ namespace: owner.namespace, name: owner.name, uid: owner.uid, since: world.clock.now() });
    let modRevision = 0;
    // A second time when the claim is one that a server has left behind.
    for (let attempt = 0; attempt < 2; attempt++) {
      const result = await store.txn([{ key, modRevision }], [{ type: 'put', key, value }]);
      if (result.ok) return true;
      const [present] = result.current;
      if (present !== undefined && !(await this.#isLeft(port, claimOf(present.value)))) return false;
      modRevision = present?.modRevision ?? 0;
    }
    return false;
  }

  async takeAny(owner: PortOwner, dryRun: boolean): Promise<number | undefined> {
    const used = new Set<number>();
    const { table } = this.#services;
    for (const { object } of table.range(table.prefix)) for (const port of nodePortsOf(object as Service)) used.add(port);
    const { first, last, reserved } = this.#range;
    const dynamic = Math.min(first + reserved, last);
    for (const [from, to] of [
      [dynamic, last],
      [first, dynamic - 1],
    ] as const) {
      const size = to - from + 1;
      const start = Math.floor(this.#registry.world.random.next() * size);
      for (let i = 0; i < size; i++) {
        const port = from + ((start + i) % size);
        // What the cache does not know to be taken yet is refused by the store.
        if (!used.has(port) && (await this.take(port, owner, dryRun))) return port;
      }
    }
    return undefined;
  }

  async release(port: number, owner: PortOwner, dryRun: boolean): Promise<void> {
    if (dryRun) return;
    const { store } = this.#registry;
    const key = `${prefix}${port}`;
    const present = await store.get(key);
    if (present === undefined || claimOf(present.value).uid !== owner.uid) return;
    await store.txn([{ key, modRevision: present.modRevision }], [{ type: 'delete', key }]);
  }

  async adopt(used: ReadonlyMap<number, PortOwner>): Promise<void> {
    const { store, world } = this.#registry;
    const { entries } = await store.list(prefix, { keysOnly: true });
    const claimed = new Set(entries.map(({ key }) => Number(key.slice(prefix.length))));
    for (const [port, { namespace, name, uid }] of used) {
      const key = `${prefix}${port}`;
      const value = bytesOf({ namespace, name, uid, since: world.clock.now() });
      if (!claimed.has(port)) await store.txn([{ key, modRevision: 0 }], [{ type: 'put', key, value }]);
    }
  }

  /** True for a claim whose Service is not there, or does not have the port, and cannot be about to. */
  async #isLeft(port: number, claim: Claim): Promise<boolean> {
    if (this.#registry.world.clock.now() - claim.since < longestWrite) return false;
    const entry = await fromStore(this.#registry, this.#services.key(claim.namespace, claim.name));
    const service = entry?.object as Service | undefined;
    return service?.metadata.uid !== claim.uid || !nodePortsOf(service).has(port);
  }
}
