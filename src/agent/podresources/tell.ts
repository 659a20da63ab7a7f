// What pods have of the node for themselves, and what of it could be given at all. Pure but for asking those who gave it.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { CpuManager } from '../cpus/manager.ts';
import type { DeviceManager, PlacedDevice } from '../devices/manager.ts';
import type { PreparedClaim } from '../dra/claims.ts';
import type { DynamicResources } from '../dra/manager.ts';
import type { MemoryManager } from '../memory/manager.ts';
import type { Block } from '../memory/state.ts';
import { parseCpuset } from '../settings/cpuset.ts';
import { initContainers, isSidecar, uidOf } from '../sync/spec.ts';
import type { Allocatable, ClaimEntry, ContainerEntry, DeviceEntry, MemoryEntry, PodEntry } from './messages.ts';

/** Those who give something to containers. */
export interface Givers {
  readonly devices: Pick<DeviceManager, 'of' | 'working'>;
  readonly cpus: Pick<CpuManager, 'of' | 'givable'>;
  readonly memory: Pick<MemoryManager, 'blocks' | 'givable'>;
  readonly claims: Pick<DynamicResources, 'of'>;
}

/** One entry for each NUMA node that a device is near to, as kubelet has it; one without any where its plugin does not say. */
const deviceEntries = ({ resource, id, nodes }: PlacedDevice): readonly DeviceEntry[] => {
  const entry = { resourceName: resource, deviceIds: [id] };
  return nodes.length === 0 ? [entry] : nodes.map((node) => ({ ...entry, topology: { nodes: [{ id: node }] } }));
};

const memoryEntry = ({ type, size, numaAffinity }: Block): MemoryEntry => ({
  memoryType: type,
  size,
  topology: { nodes: numaAffinity.map((id) => ({ id })) },
});

const claimEntry = ({ claim, devices }: PreparedClaim): ClaimEntry => ({
  claimName: claim.name,
  claimNamespace: claim.namespace,
  claimResources: Object.entries(devices).flatMap(([driverName, prepared]) =>
    prepared.map(({ poolName, deviceName, cdiDeviceIds, shareId }) => ({
      cdiDevices: cdiDeviceIds.map((name) => ({ name })),
      driverName,
      poolName,
      deviceName,
      ...(shareId ? { shareId } : {}),
    })),
  ),
});

const sorted = (cpus: ReadonlySet<number>): number[] => [...cpus].sort((a, b) => a - b);

function tellContainer(pod: Pod, container: Container, { devices, cpus, memory, claims }: Givers): ContainerEntry {
  const own = cpus.of(pod, container.name);
  return {
    name: container.name,
    devices: devices.of(uidOf(pod), container.name).flatMap(deviceEntries),
    cpuIds: own?.exclusive ? sorted(parseCpuset(own.cpus)) : [],
    memory: memory.blocks(pod, container.name).map(memoryEntry),
    dynamicResources: claims.of(pod, container).map(claimEntry),
  };
}

/** What each container of a pod has; init containers that end before the others start are left out. */
export function tellPod(pod: Pod, givers: Givers): PodEntry {
  const containers = [...initContainers(pod).filter(isSidecar), ...pod.spec.containers];
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? '',
    containers: containers.map((container) => tellContainer(pod, container, givers)),
  };
}

/** What the node has to give, whoever has it now. */
export const tellAllocatable = ({ devices, cpus, memory }: Omit<Givers, 'claims'>): Allocatable => ({
  devices: devices.working().flatMap(deviceEntries),
  cpuIds: sorted(cpus.givable),
  memory: memory.givable.map(memoryEntry),
});
