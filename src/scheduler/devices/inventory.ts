// The devices that drivers offer (ResourceSlices), and which of them are free (KEP-4381). Pure.
import type { NodeSelector } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import { matchesNodeSelector } from '#api/nodeselector.ts';
import type { ResourceClaim } from '#api/resource/v1/resourceclaim.ts';
import type { CounterSet, Device, ResourceSlice } from '#api/resource/v1/resourceslice.ts';
import { addQuantity, compareQuantity } from '#format/quantity.ts';

/** A device with where it comes from and who reaches it. */
export interface OfferedDevice {
  /** `driver/pool/name`. */
  readonly id: string;
  readonly driver: string;
  readonly pool: string;
  readonly device: Device;
  /** Only this node; undefined: see `nodeSelector`. */
  readonly nodeName: string | undefined;
  /** Undefined with no node name: all nodes. */
  readonly nodeSelector: NodeSelector | undefined;
  /** Of its pool: what devices share. */
  readonly counters: readonly CounterSet[];
}

/** Drivers replace a pool slice by slice: only the newest generation counts, and only when all of it is there. */
export function offeredDevices(slices: readonly ResourceSlice[]): OfferedDevice[] {
  const pools = new Map<string, ResourceSlice[]>();
  for (const slice of slices) {
    const key = `${slice.spec.driver}/${slice.spec.pool.name}`;
    const known = pools.get(key);
    const newest = known?.[0]?.spec.pool.generation ?? -1;
    if (known === undefined || slice.spec.pool.generation > newest) pools.set(key, [slice]);
    else if (slice.spec.pool.generation === newest) known.push(slice);
  }
  const offered: OfferedDevice[] = [];
  for (const [key, members] of pools) {
    if (members.length < (members[0]?.spec.pool.resourceSliceCount ?? 0)) continue;
    const counters = members.flatMap(({ spec }) => spec.sharedCounters ?? []);
    for (const { spec } of members) {
      for (const device of spec.devices ?? []) {
        const where = spec.perDeviceNodeSelection === true ? device : spec;
        offered.push({
          id: `${key}/${device.name}`,
          driver: spec.driver,
          pool: spec.pool.name,
          device,
          nodeName: where.nodeName,
          nodeSelector: where.nodeSelector,
          counters,
        });
      }
    }
  }
  return offered;
}

/** The node may use the device. */
export function reaches(node: Node, { nodeName, nodeSelector }: OfferedDevice): boolean {
  if (nodeName !== undefined) return nodeName === node.metadata.name;
  return nodeSelector === undefined || matchesNodeSelector(nodeSelector, node);
}

/** Ids of the devices that claims hold; a look for administration holds none. */
export function devicesInUse(claims: Iterable<ResourceClaim>): Set<string> {
  const used = new Set<string>();
  for (const { status } of claims)
    for (const result of status.allocation?.devices?.results ?? [])
      if (result.adminAccess !== true) used.add(`${result.driver}/${result.pool}/${result.device}`);
  return used;
}

/** True when what the devices take together of their pools' counters is there. */
export function countersSuffice(devices: readonly OfferedDevice[]): boolean {
  const taken = new Map<string, string>();
  for (const { driver, pool, device, counters } of devices) {
    for (const { counterSet, counters: wanted } of device.consumesCounters ?? []) {
      const set = counters.find((item) => item.name === counterSet);
      for (const [name, { value }] of Object.entries(wanted)) {
        const key = `${driver}/${pool}/${counterSet}/${name}`;
        const sum = taken.has(key) ? addQuantity(taken.get(key) as string, value) : value;
        taken.set(key, sum);
        if (compareQuantity(sum, set?.counters[name]?.value ?? '0') > 0) return false;
      }
    }
  }
  return true;
}
