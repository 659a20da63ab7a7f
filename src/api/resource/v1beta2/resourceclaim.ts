import { bool, type Infer, list, map, of, oneOf, opt, quantity, raw, req, type Root, string, struct, time } from '#api/dsl.ts';
import { NodeSelector } from '#api/core/v1/affinity.ts';
import { Condition } from '#api/meta/v1/condition.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { DeviceToleration, OpaqueDeviceConfiguration, ResourceClaimSpec } from '#api/resource/v1beta2/common.ts';

export const NetworkDeviceData = struct('resource.v1beta2.NetworkDeviceData', {
  hardwareAddress: opt(3, string),
  interfaceName: opt(1, string),
  ips: opt(2, list(string, 'atomic')),
});
export interface NetworkDeviceData extends Infer<typeof NetworkDeviceData> {}

export const AllocatedDeviceStatus = struct('resource.v1beta2.AllocatedDeviceStatus', {
  conditions: opt(
    4,
    list(
      of<Condition>(() => Condition),
      'map',
      'type',
    ),
    { emit: true },
  ),
  data: opt(5, raw),
  device: req(3, string, { emit: true }),
  driver: req(1, string, { emit: true }),
  networkData: opt(
    6,
    of<NetworkDeviceData>(() => NetworkDeviceData),
  ),
  pool: req(2, string, { emit: true }),
  shareID: opt(7, string, { ptr: true }),
});
export interface AllocatedDeviceStatus extends Infer<typeof AllocatedDeviceStatus> {}

export const DeviceAllocationConfiguration = struct('resource.v1beta2.DeviceAllocationConfiguration', {
  opaque: opt(
    1,
    of<OpaqueDeviceConfiguration>(() => OpaqueDeviceConfiguration),
    { via: [3] },
  ),
  requests: opt(2, list(string, 'atomic')),
  source: req(1, oneOf('FromClaim', 'FromClass'), { emit: true }),
});
export interface DeviceAllocationConfiguration extends Infer<typeof DeviceAllocationConfiguration> {}

export const DeviceRequestAllocationResult = struct('resource.v1beta2.DeviceRequestAllocationResult', {
  adminAccess: opt(5, bool, { ptr: true }),
  bindingConditions: opt(7, list(string, 'atomic')),
  bindingFailureConditions: opt(8, list(string, 'atomic')),
  consumedCapacity: opt(10, map(quantity)),
  device: req(4, string, { emit: true }),
  driver: req(2, string, { emit: true }),
  pool: req(3, string, { emit: true }),
  request: req(1, string, { emit: true }),
  shareID: opt(9, string, { ptr: true }),
  tolerations: opt(
    6,
    list(
      of<DeviceToleration>(() => DeviceToleration),
      'atomic',
    ),
  ),
});
export interface DeviceRequestAllocationResult extends Infer<typeof DeviceRequestAllocationResult> {}

export const DeviceAllocationResult = struct('resource.v1beta2.DeviceAllocationResult', {
  config: opt(
    2,
    list(
      of<DeviceAllocationConfiguration>(() => DeviceAllocationConfiguration),
      'atomic',
    ),
  ),
  results: opt(
    1,
    list(
      of<DeviceRequestAllocationResult>(() => DeviceRequestAllocationResult),
      'atomic',
    ),
  ),
});
export interface DeviceAllocationResult extends Infer<typeof DeviceAllocationResult> {}

export const AllocationResult = struct('resource.v1beta2.AllocationResult', {
  allocationTimestamp: opt(5, time),
  devices: opt(
    1,
    of<DeviceAllocationResult>(() => DeviceAllocationResult),
    { emit: true },
  ),
  nodeSelector: opt(
    3,
    of<NodeSelector>(() => NodeSelector),
  ),
});
export interface AllocationResult extends Infer<typeof AllocationResult> {}

export const ResourceClaimConsumerReference = struct('resource.v1beta2.ResourceClaimConsumerReference', {
  apiGroup: opt(1, string),
  name: req(4, string, { emit: true }),
  resource: req(3, string, { emit: true }),
  uid: req(5, string, { emit: true }),
});
export interface ResourceClaimConsumerReference extends Infer<typeof ResourceClaimConsumerReference> {}

export const ResourceClaimStatus = struct('resource.v1beta2.ResourceClaimStatus', {
  allocation: opt(
    1,
    of<AllocationResult>(() => AllocationResult),
  ),
  devices: opt(
    4,
    list(
      of<AllocatedDeviceStatus>(() => AllocatedDeviceStatus),
      'map',
      'driver',
      'device',
      'pool',
      'shareID',
    ),
  ),
  reservedFor: opt(
    2,
    list(
      of<ResourceClaimConsumerReference>(() => ResourceClaimConsumerReference),
      'map',
      'uid',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'uid' },
  ),
});
export interface ResourceClaimStatus extends Infer<typeof ResourceClaimStatus> {}

export const ResourceClaim = struct(
  'resource.v1beta2.ResourceClaim',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: req(
      2,
      of<ResourceClaimSpec>(() => ResourceClaimSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<ResourceClaimStatus>(() => ResourceClaimStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1beta2', kind: 'ResourceClaim' }] },
);
export interface ResourceClaim extends Root<Infer<typeof ResourceClaim>, 'metadata' | 'spec' | 'status'> {}

export const ResourceClaimList = struct(
  'resource.v1beta2.ResourceClaimList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ResourceClaim>(() => ResourceClaim)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1beta2', kind: 'ResourceClaimList' }] },
);
export interface ResourceClaimList extends Root<Infer<typeof ResourceClaimList>, 'metadata'> {}
