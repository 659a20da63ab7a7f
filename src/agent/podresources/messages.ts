// The pod resources API v1 (k8s.io/kubelet/pkg/apis/podresources), as `wire.ts` reads messages.
import { defineMessages } from '#format/protomessages.ts';

export const messages = defineMessages({
  ListPodResourcesResponse: 'podResources=1:[PodResources]',
  GetPodResourcesRequest: 'podName=1 podNamespace=2',
  GetPodResourcesResponse: 'podResources=1:PodResources',
  AllocatableResourcesResponse: 'devices=1:[ContainerDevices] cpuIds=2:[int64] memory=3:[ContainerMemory]',
  PodResources: 'name=1 namespace=2 containers=3:[ContainerResources]',
  ContainerResources:
    'name=1 devices=2:[ContainerDevices] cpuIds=3:[int64] memory=4:[ContainerMemory] dynamicResources=5:[DynamicResource]',
  ContainerDevices: 'resourceName=1 deviceIds=2:[string] topology=3:TopologyInfo',
  ContainerMemory: 'memoryType=1 size=2:uint64 topology=3:TopologyInfo',
  TopologyInfo: 'nodes=1:[NUMANode]',
  NUMANode: 'id=1:int64',
  DynamicResource: 'claimName=2 claimNamespace=3 claimResources=4:[ClaimResource]',
  ClaimResource: 'cdiDevices=1:[CDIDevice] driverName=2 poolName=3 deviceName=4 shareId=5',
  CDIDevice: 'name=1',
});

interface Topology {
  readonly nodes: readonly { readonly id: number }[];
}

export interface DeviceEntry {
  readonly resourceName: string;
  readonly deviceIds: readonly string[];
  readonly topology?: Topology;
}

export interface MemoryEntry {
  readonly memoryType: string;
  /** Bytes. */
  readonly size: number;
  readonly topology: Topology;
}

export interface ClaimEntry {
  readonly claimName: string;
  readonly claimNamespace: string;
  readonly claimResources: readonly {
    readonly cdiDevices: readonly { readonly name: string }[];
    readonly driverName: string;
    readonly poolName: string;
    readonly deviceName: string;
    readonly shareId?: string;
  }[];
}

export interface ContainerEntry {
  readonly name: string;
  readonly devices: readonly DeviceEntry[];
  /** Only those that nobody else may run on. */
  readonly cpuIds: readonly number[];
  readonly memory: readonly MemoryEntry[];
  readonly dynamicResources: readonly ClaimEntry[];
}

export interface PodEntry {
  readonly name: string;
  readonly namespace: string;
  readonly containers: readonly ContainerEntry[];
}

export interface Allocatable {
  readonly devices: readonly DeviceEntry[];
  readonly cpuIds: readonly number[];
  readonly memory: readonly MemoryEntry[];
}
