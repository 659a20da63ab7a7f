// Cluster addresses: each is held by an IPAddress object, so that several servers cannot hand out the same one twice. They
// come from the ranges of all ServiceCIDR objects (KEP-1880).
import { canonicalIp, type Cidr, ipBits, ipFamily, ipText, isInside, parseCidr } from '#api/addresses.ts';
import type { ServiceCIDR } from '#api/networking/v1/servicecidr.ts';
import type { FieldError } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import { erase, fromStore, persist } from '../registry/persist.ts';
import type { Registry } from '../registry/registry.ts';
import type { Resource } from '../registry/resource.ts';
import { reservedBand } from './pools.ts';

const parentLabelKeys = { family: 'ipaddress.kubernetes.io/ip-family', managedBy: 'ipaddress.kubernetes.io/managed-by' } as const;
const manager = 'ipallocator.k8s.io';
/** Of larger ranges (they are IPv6) only so many addresses are handed out. */
const mostAddresses = 2 ** 40;

export type IpFamily = 'IPv4' | 'IPv6';

export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

export class AddressFailure extends Error {}

/** An address that has been taken. One that is not `fresh` was held for the same Service before: it is not to be given back. */
export interface Held {
  readonly address: string;
  readonly fresh: boolean;
}

/** A range as offsets from its network: `first` and `last` may be handed out, below `dynamicFrom` rather by request. */
interface Range {
  readonly cidr: Cidr;
  readonly text: string;
  readonly first: number;
  readonly last: number;
  readonly dynamicFrom: number;
}

function rangeOf(text: string): Range | undefined {
  const cidr = parseCidr(text);
  if (cidr === undefined) return undefined;
  const size = Math.min(2 ** (cidr.width - cidr.prefix), mostAddresses);
  // IPv4 keeps its broadcast address for itself; IPv6 has none.
  const last = cidr.width === 32 ? Math.max(size - 2, 1) : Math.max(size - 1, 1);
  return { cidr, text, first: 1, last, dynamicFrom: Math.min(1 + reservedBand(size, 16, 256, 16), last) };
}

const isReady = ({ metadata, status }: ServiceCIDR): boolean =>
  metadata.deletionTimestamp === undefined && !status?.conditions?.some(({ type, status: state }) => type === 'Ready' && state !== 'True');

/** The addresses of all service ranges, of both families. */
export class ServiceAddresses {
  readonly #registry: Registry;
  readonly #resource: Resource;
  readonly #cidrs: Resource;
  readonly #ranges = new Map<string, Range | undefined>();
  /** Addresses taken here, of which the watch cache may not know yet; and those given back, which it may still show. */
  readonly #taken = new Set<string>();
  readonly #given = new Set<string>();

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#resource = registry.must('networking.k8s.io', 'v1', 'ipaddresses');
    this.#cidrs = registry.must('networking.k8s.io', 'v1', 'servicecidrs');
  }

  /** Marks an address as used, whoever has it. */
  adopt(address: string): void {
    this.#taken.add(canonicalIp(address) ?? address);
  }

  /**
   * True when somebody has the address, as far as is known here. Other servers take and give back as well: whoever holds the
   * address's object has it, and this only says where asking is worth while.
   */
  #isUsed(address: string): boolean {
    if (this.#resource.table.get(this.#resource.key('', address)) === undefined) {
      this.#given.delete(address);
      return this.#taken.has(address);
    }
    this.#taken.delete(address);
    return !this.#given.has(address);
  }

  #take(address: string, owner: Owner, dryRun: boolean): Promise<Held | undefined> {
    this.#taken.add(address);
    this.#given.delete(address);
    return this.#hold(address, owner, dryRun);
  }

  /** Takes the wanted address, or any of the family. Throws `AddressFailure`. */
  async take(family: IpFamily, wanted: string | undefined, owner: Owner, dryRun: boolean): Promise<Held> {
    if (wanted !== undefined) return this.#takeWanted(canonicalIp(wanted) ?? wanted, owner, dryRun);
    const ranges = this.#ready().filter(({ cidr }) => (cidr.width === 32) === (family === 'IPv4'));
    for (const range of ranges) {
      for (const address of this.#free(range)) {
        const held = await this.#take(address, owner, dryRun);
        if (held) return held;
        // Another server has it, and its object is on the way here.
      }
    }
    throw new AddressFailure('range is full');
  }

  async #takeWanted(address: string, owner: Owner, dryRun: boolean): Promise<Held> {
    const range = this.#ready().find(({ cidr }) => isInside(address, cidr));
    if (range === undefined) throw new AddressFailure('the provided network does not match the current range');
    const offset = Number((ipBits(address)?.bits ?? 0n) - range.cidr.network);
    if (offset < range.first || (range.cidr.width === 32 && offset > range.last))
      throw new AddressFailure(`the provided IP (${address}) is not in the valid range. The range of valid IPs is ${range.text}`);
    const held = this.#isUsed(address) ? undefined : await this.#take(address, owner, dryRun);
    if (held) return held;
    throw new AddressFailure('provided IP is already allocated');
  }

  #ready(): Range[] {
    const ready = new Set<string>();
    for (const { object } of this.#cidrs.table.range(this.#cidrs.table.prefix))
      if (isReady(object as ServiceCIDR)) for (const text of (object as ServiceCIDR).spec.cidrs ?? []) ready.add(text);
    return [...ready].flatMap((text) => {
      if (!this.#ranges.has(text)) this.#ranges.set(text, rangeOf(text));
      return this.#ranges.get(text) ?? [];
    });
  }

  /** The free addresses of a range from a random place on; those that are rather kept for requests come last. */
  *#free({ cidr, first, last, dynamicFrom }: Range): Generator<string> {
    for (const [from, to] of [
      [dynamicFrom, last],
      [first, dynamicFrom - 1],
    ] as const) {
      const size = to - from + 1;
      if (size <= 0) continue;
      const start = Math.floor(this.#registry.world.random.next() * size);
      for (let i = 0; i < size; i++) {
        const address = ipText(cidr.network + BigInt(from + ((start + i) % size)), cidr.width);
        if (!this.#isUsed(address)) yield address;
      }
    }
  }

  async #hold(address: string, owner: Owner, dryRun: boolean): Promise<Held | undefined> {
    const registry = this.#registry;
    const key = this.#resource.key('', address);
    if (dryRun) return this.#resource.table.get(key) ? undefined : { address, fresh: true };
    const result = await persist(registry, this.#resource, key, ipAddress(registry, address, owner), 0);
    if (result.ok) return { address, fresh: true };
    const parent = (result.current?.object as { spec?: { parentRef?: Owner } } | undefined)?.spec?.parentRef;
    // Left behind by an earlier life of the same Service, or held by another server that creates it at this moment.
    return parent?.name === owner.name && parent.namespace === owner.namespace ? { address, fresh: false } : undefined;
  }

  /**
   * Brings the IPAddress objects in line with the Services: a crash between the two writes of a creation leaves an
   * address without its Service. Young ones may belong to a creation that is under way on another server.
   */
  async repair(used: ReadonlyMap<string, Owner>): Promise<void> {
    const { table } = this.#resource;
    const registry = this.#registry;
    const old = registry.world.clock.now() - 60_000;
    for (const entry of Array.from(table.range(table.prefix))) {
      const { name, labels, creationTimestamp = '' } = entry.object.metadata;
      if (labels?.[parentLabelKeys.managedBy] !== manager || used.has(name) || Date.parse(creationTimestamp) > old) continue;
      await this.release(name, false);
    }
    for (const [address, owner] of used) if (!table.get(this.#resource.key('', address))) await this.#hold(address, owner, false);
  }

  /** Gives an address back. */
  async release(address: string, dryRun: boolean): Promise<void> {
    const canonical = canonicalIp(address);
    if (canonical === undefined) return;
    if (!dryRun) {
      const key = this.#resource.key('', canonical);
      const entry = this.#resource.table.get(key) ?? (await fromStore(this.#registry, key));
      this.#given.add(canonical);
      if (entry) await erase(this.#registry, key, entry);
    }
    this.#taken.delete(canonical);
  }
}

function ipAddress(registry: Registry, name: string, owner: Owner): KubeObject {
  return {
    kind: 'IPAddress',
    apiVersion: 'networking.k8s.io/v1',
    metadata: {
      name,
      uid: registry.world.random.uuid(),
      creationTimestamp: registry.now(),
      labels: { [parentLabelKeys.family]: ipFamily(name) ?? 'IPv4', [parentLabelKeys.managedBy]: manager },
    },
    spec: { parentRef: { resource: 'services', namespace: owner.namespace, name: owner.name } },
  } as KubeObject;
}

/** The field error for an address that could not be had. */
export function addressError(failure: AddressFailure, wanted: string | undefined, all: readonly string[]): FieldError {
  if (wanted === undefined) {
    return { type: 'Internal error', field: 'spec.clusterIPs', value: '', detail: `failed to allocate a serviceIP: ${failure.message}` };
  }
  return { type: 'Invalid value', field: 'spec.clusterIPs', value: all, detail: `failed to allocate IP ${wanted}: ${failure.message}` };
}
