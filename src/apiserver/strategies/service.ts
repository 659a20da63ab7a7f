// Services: addresses and node ports are taken before the write and given back if it fails.
import { networksOf } from '#api/addresses.ts';
import { type FieldError, invalid } from '#api/status.ts';
import type { Service, ServicePort } from '#api/core/v1/service.ts';
import type { KubeObject } from '#api/object.ts';
import type { Registry } from '../registry/registry.ts';
import type { Reservation, Strategy, WriteContext } from '../registry/strategy.ts';
import { type NodePorts, nodePorts, nodePortsOf, ownerOf, type PortOwner } from './nodeports.ts';
import { withFamilies } from './servicefamilies.ts';
import { AddressFailure, addressError, type IpFamily, ServiceAddresses } from './serviceips.ts';
import { needsAddress, needsHealthPort, needsNodePorts, prepareService } from './serviceupdate.ts';

interface Pools {
  readonly addresses: ServiceAddresses;
  /** The families of the cluster's service ranges, its own first. */
  readonly families: readonly IpFamily[];
  readonly ports: NodePorts;
  /** The node ports' range as messages tell it. */
  readonly range: string;
}

const poolsOf = new WeakMap<Registry, Pools>();

function pools(registry: Registry): Pools {
  let found = poolsOf.get(registry);
  if (!found) {
    const { from, to } = registry.config.nodePortRange;
    found = {
      addresses: new ServiceAddresses(registry),
      families: networksOf(registry.config.serviceCidr).map((range) => (range.includes(':') ? 'IPv6' : 'IPv4')),
      ports: nodePorts(registry),
      range: `${from}-${to}`,
    };
    poolsOf.set(registry, found);
  }
  return found;
}

const addressesOf = (service: Service | undefined): string[] =>
  service && needsAddress(service.spec) ? (service.spec.clusterIPs ?? []).filter((ip) => ip !== 'None') : [];

/** Fills the pools from what is stored. */
export async function repairServices(registry: Registry): Promise<void> {
  const { addresses, ports } = pools(registry);
  const services = registry.must('', 'v1', 'services');
  const used = new Map<number, PortOwner>();
  for (const entry of services.table.range(services.table.prefix)) {
    const service = entry.object as Service;
    for (const address of addressesOf(service)) addresses.adopt(address);
    for (const port of nodePortsOf(service)) used.set(port, ownerOf(service));
  }
  await ports.adopt(used);
}

/** Brings the IPAddress objects in line with the stored Services. */
export async function repairAddresses(registry: Registry): Promise<void> {
  const services = registry.must('', 'v1', 'services');
  const used = new Map<string, { readonly namespace: string; readonly name: string }>();
  for (const { object } of services.table.range(services.table.prefix)) {
    const { name, namespace = '' } = object.metadata;
    for (const address of addressesOf(object as Service)) used.set(address, { namespace, name });
  }
  await pools(registry).addresses.repair(used);
}

type Fail = (error: FieldError) => never;

class Taken implements Reservation {
  readonly #pools: Pools;
  readonly #owner: PortOwner;
  readonly #dryRun: boolean;
  readonly addresses: string[] = [];
  readonly ports: number[] = [];
  /** Given back once the write is done. */
  readonly oldAddresses: string[] = [];
  readonly oldPorts: number[] = [];

  constructor(all: Pools, owner: PortOwner, dryRun: boolean) {
    this.#pools = all;
    this.#owner = owner;
    this.#dryRun = dryRun;
  }
  commit(): void {
    if (this.#dryRun) return this.rollback();
    this.#give(this.oldAddresses, this.oldPorts);
  }
  rollback(): void {
    this.#give(this.addresses, this.ports);
  }
  #give(addresses: readonly string[], ports: readonly number[]): void {
    for (const address of addresses) this.#pools.addresses.release(address, this.#dryRun).catch(() => {});
    for (const port of ports) this.#pools.ports.release(port, this.#owner, this.#dryRun).catch(() => {});
  }

  /** Takes one port; throws what `fail` throws. */
  async takePort(port: number, field: string, fail: Fail): Promise<void> {
    const { ports, range } = this.#pools;
    const refuse = (detail: string) => fail({ type: 'Invalid value', field, value: port, detail });
    if (!ports.contains(port)) refuse(`provided port is not in the valid range. The range of valid ports is ${range}`);
    if (!(await ports.take(port, this.#owner, this.#dryRun))) refuse('provided port is already allocated');
    this.ports.push(port);
  }

  async anyPort(field: string, fail: Fail): Promise<number> {
    const port = await this.#pools.ports.takeAny(this.#owner, this.#dryRun);
    if (port === undefined)
      return fail({ type: 'Internal error', field, value: '', detail: 'failed to allocate a nodePort: range is full' });
    this.ports.push(port);
    return port;
  }
}

async function reserve(object: KubeObject, old: KubeObject | undefined, write: WriteContext) {
  const service = object as Service;
  const before = old as Service | undefined;
  const all = pools(write.registry);
  const taken = new Taken(all, ownerOf(service), write.dryRun);
  const refusal = (...errors: readonly FieldError[]) => invalid({ group: '', kind: 'Service' }, service.metadata.name, errors);
  const fail = (error: FieldError): never => {
    throw refusal(error);
  };
  try {
    const families = withFamilies(service.spec, before?.spec, all.families);
    if (families.errors.length > 0) throw refusal(...families.errors);
    const spec = { ...families.spec };
    const had = new Set(addressesOf(before));
    if (needsAddress(spec)) {
      const wanted = spec.clusterIPs ?? [];
      const owner = { namespace: service.metadata.namespace ?? '', name: service.metadata.name };
      const addresses: string[] = [];
      for (const [index, family] of ((spec.ipFamilies ?? []) as readonly IpFamily[]).entries()) {
        const ip = wanted[index] || undefined;
        if (ip === undefined || !had.has(ip)) {
          const taking = all.addresses.take(family, ip, owner, write.dryRun).catch((error: unknown) => {
            throw error instanceof AddressFailure ? refusal(addressError(error, ip, wanted)) : error;
          });
          const { address, fresh } = await taking;
          if (fresh) taken.addresses.push(address);
          addresses.push(address);
        } else addresses.push(ip);
      }
      spec.clusterIP = addresses[0];
      spec.clusterIPs = addresses;
    }
    const keeps = new Set(needsAddress(spec) ? spec.clusterIPs : []);
    for (const ip of had) if (!keeps.has(ip)) taken.oldAddresses.push(ip);

    const hadPorts = nodePortsOf(before);
    if (spec.ports) spec.ports = await reservePorts(spec.ports, hadPorts, taken, needsNodePorts(spec), fail);
    if (needsHealthPort(spec)) {
      const port = spec.healthCheckNodePort;
      if (!port) spec.healthCheckNodePort = await taken.anyPort('spec.healthCheckNodePort', fail);
      else if (!hadPorts.has(port)) await taken.takePort(port, 'spec.healthCheckNodePort', fail);
    }
    const result: Service = { ...service, spec };
    const now = nodePortsOf(result);
    for (const port of hadPorts) if (!now.has(port)) taken.oldPorts.push(port);
    return { object: result, reservation: taken };
  } catch (error) {
    taken.rollback();
    throw error;
  }
}

async function reservePorts(
  ports: readonly ServicePort[],
  had: ReadonlySet<number>,
  taken: Taken,
  automatic: boolean,
  fail: Fail,
): Promise<ServicePort[]> {
  // Ports of different protocols may share a number; the same number is taken once.
  const mine = new Map<number, Set<string>>();
  const use = (number: number, protocol: string) => mine.set(number, (mine.get(number) ?? new Set()).add(protocol));
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort) continue;
    if (!had.has(port.nodePort) && !mine.has(port.nodePort)) await taken.takePort(port.nodePort, `spec.ports[${index}].nodePort`, fail);
    use(port.nodePort, port.protocol ?? 'TCP');
  }
  if (!automatic) return [...ports];
  const result = [...ports];
  for (const [index, port] of ports.entries()) {
    if (port.nodePort) continue;
    const protocol = port.protocol ?? 'TCP';
    // The same port over another protocol gets the same number, be it asked for or just given.
    const shared = result.find((other) => other !== port && other.port === port.port && other.nodePort)?.nodePort;
    const nodePort =
      shared !== undefined && !mine.get(shared)?.has(protocol) ? shared : await taken.anyPort(`spec.ports[${index}].nodePort`, fail);
    use(nodePort, protocol);
    result[index] = { ...port, nodePort };
  }
  return result;
}

export const serviceStrategy: Strategy = {
  prepareCreate: (object) => prepareService(object as Service, undefined),
  prepareUpdate: (object, old) => prepareService(object as Service, old as Service),
  reserve,
  released(object, registry) {
    const { addresses, ports } = pools(registry);
    const service = object as Service;
    for (const address of addressesOf(service)) addresses.release(address, false).catch(() => {});
    for (const port of nodePortsOf(service)) ports.release(port, ownerOf(service), false).catch(() => {});
  },
  returnsDeleted: true,
};
