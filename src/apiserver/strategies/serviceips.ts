// Cluster addresses: each is held by an IPAddress object, so that several servers cannot hand out the same one twice.
import { canonicalIp, ipBits, parseCidr } from '#api/addresses.ts';
import type { FieldError } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import { erase, fromStore, persist } from '../registry/persist.ts';
import type { Registry } from '../registry/registry.ts';
import type { Resource } from '../registry/resource.ts';
import { NumberPool, reservedBand } from './pools.ts';

const parentLabelKeys = { family: 'ipaddress.kubernetes.io/ip-family', managedBy: 'ipaddress.kubernetes.io/managed-by' } as const;
const manager = 'ipallocator.k8s.io';

export interface Owner {
  readonly namespace: string;
  readonly name: string;
}

export class AddressFailure extends Error {
  readonly exhausted: boolean;
  constructor(message: string, exhausted = false) {
    super(message);
    this.exhausted = exhausted;
  }
}

function toText(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join('.');
}

/** The addresses of one IPv4 service range. */
export class AddressPool {
  readonly #registry: Registry;
  readonly #resource: Resource;
  readonly #pool: NumberPool;
  readonly #cidr: string;

  constructor(registry: Registry, cidr: string) {
    this.#registry = registry;
    this.#resource = registry.must('networking.k8s.io', 'v1', 'ipaddresses');
    this.#cidr = cidr;
    const parsed = parseCidr(cidr);
    if (!parsed || parsed.width !== 32) throw new Error(`the service range must be an IPv4 network: ${cidr}`);
    const size = 2 ** (32 - parsed.prefix);
    const base = Number(parsed.network);
    const range = { first: base + 1, last: base + Math.max(size - 2, 1), reserved: reservedBand(size, 16, 256, 16) };
    this.#pool = new NumberPool(range, () => registry.world.random.next());
  }

  /** Marks an address as used, whoever has it. */
  adopt(address: string): void {
    const ip = ipBits(address);
    if (ip?.width === 32 && this.#pool.contains(Number(ip.bits)) && !this.#pool.has(Number(ip.bits))) this.#pool.take(Number(ip.bits));
  }

  /** Takes the wanted address, or any. */
  async take(wanted: string | undefined, owner: Owner, dryRun: boolean): Promise<string> {
    if (wanted !== undefined) {
      const ip = ipBits(wanted);
      if (ip?.width !== 32 || !this.#pool.contains(Number(ip.bits))) {
        throw new AddressFailure(`the provided IP (${wanted}) is not in the valid range. The range of valid IPs is ${this.#cidr}`);
      }
      if (!this.#pool.take(Number(ip.bits))) throw new AddressFailure('provided IP is already allocated');
      if (await this.#hold(wanted, owner, dryRun)) return wanted;
      this.#pool.release(Number(ip.bits));
      throw new AddressFailure('provided IP is already allocated');
    }
    for (;;) {
      const bits = this.#pool.takeAny();
      if (bits === undefined) throw new AddressFailure('range is full', true);
      const address = toText(bits);
      if (await this.#hold(address, owner, dryRun)) return address;
      // Another server has it: it stays marked here.
    }
  }

  async #hold(address: string, owner: Owner, dryRun: boolean): Promise<boolean> {
    const registry = this.#registry;
    const key = this.#resource.key('', address);
    if (dryRun) return !this.#resource.table.get(key);
    const result = await persist(registry, this.#resource, key, ipAddress(registry, address, owner), 0);
    if (result.ok) return true;
    const parent = (result.current?.object as { spec?: { parentRef?: Owner } } | undefined)?.spec?.parentRef;
    // Left behind by an earlier life of the same Service.
    return parent?.name === owner.name && parent.namespace === owner.namespace;
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
    const ip = ipBits(address);
    if (ip?.width !== 32) return;
    if (!dryRun) {
      const key = this.#resource.key('', canonicalIp(address) ?? address);
      const entry = this.#resource.table.get(key) ?? (await fromStore(this.#registry, key));
      if (entry) await erase(this.#registry, key, entry);
    }
    this.#pool.release(Number(ip.bits));
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
      labels: { [parentLabelKeys.family]: 'IPv4', [parentLabelKeys.managedBy]: manager },
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
