import { bool, type Infer, int64, list, map, of, oneOf, opt, quantity, req, type Root, string, struct, time } from '#api/dsl.ts';
import { NodeSelector } from '#api/core/v1/affinity.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const CapacityRequestPolicyRange = struct('resource.v1.CapacityRequestPolicyRange', {
  max: opt(2, quantity),
  min: req(1, quantity),
  step: opt(3, quantity),
});
export interface CapacityRequestPolicyRange extends Infer<typeof CapacityRequestPolicyRange> {}

export const CapacityRequestPolicy = struct('resource.v1.CapacityRequestPolicy', {
  default: opt(1, quantity),
  validRange: opt(
    4,
    of<CapacityRequestPolicyRange>(() => CapacityRequestPolicyRange),
  ),
  validValues: opt(3, list(quantity, 'atomic')),
});
export interface CapacityRequestPolicy extends Infer<typeof CapacityRequestPolicy> {}

export const Counter = struct('resource.v1.Counter', {
  value: req(1, quantity, { emit: true }),
});
export interface Counter extends Infer<typeof Counter> {}

export const CounterSet = struct('resource.v1.CounterSet', {
  counters: req(2, map(of<Counter>(() => Counter))),
  name: req(1, string, { emit: true }),
});
export interface CounterSet extends Infer<typeof CounterSet> {}

export const DeviceAttribute = struct('resource.v1.DeviceAttribute', {
  bool: opt(3, bool, { ptr: true }),
  int: opt(2, int64, { ptr: true }),
  string: opt(4, string, { ptr: true }),
  version: opt(5, string, { ptr: true }),
});
export interface DeviceAttribute extends Infer<typeof DeviceAttribute> {}

export const DeviceCapacity = struct('resource.v1.DeviceCapacity', {
  requestPolicy: opt(
    2,
    of<CapacityRequestPolicy>(() => CapacityRequestPolicy),
  ),
  value: req(1, quantity, { emit: true }),
});
export interface DeviceCapacity extends Infer<typeof DeviceCapacity> {}

export const DeviceCounterConsumption = struct('resource.v1.DeviceCounterConsumption', {
  counterSet: req(1, string, { emit: true }),
  counters: req(2, map(of<Counter>(() => Counter))),
});
export interface DeviceCounterConsumption extends Infer<typeof DeviceCounterConsumption> {}

export const DeviceTaint = struct('resource.v1.DeviceTaint', {
  effect: req(3, oneOf('NoExecute', 'NoSchedule', 'None'), { emit: true }),
  key: req(1, string, { emit: true }),
  timeAdded: opt(4, time),
  value: opt(2, string),
});
export interface DeviceTaint extends Infer<typeof DeviceTaint> {}

export const Device = struct('resource.v1.Device', {
  allNodes: opt(7, bool, { ptr: true }),
  allowMultipleAllocations: opt(12, bool, { ptr: true }),
  attributes: opt(2, map(of<DeviceAttribute>(() => DeviceAttribute))),
  bindingConditions: opt(10, list(string, 'atomic')),
  bindingFailureConditions: opt(11, list(string, 'atomic')),
  bindsToNode: opt(9, bool, { ptr: true }),
  capacity: opt(3, map(of<DeviceCapacity>(() => DeviceCapacity))),
  consumesCounters: opt(
    4,
    list(
      of<DeviceCounterConsumption>(() => DeviceCounterConsumption),
      'atomic',
    ),
  ),
  name: req(1, string, { emit: true }),
  nodeName: opt(5, string, { ptr: true }),
  nodeSelector: opt(
    6,
    of<NodeSelector>(() => NodeSelector),
  ),
  taints: opt(
    8,
    list(
      of<DeviceTaint>(() => DeviceTaint),
      'atomic',
    ),
  ),
});
export interface Device extends Infer<typeof Device> {}

export const ResourcePool = struct('resource.v1.ResourcePool', {
  generation: req(2, int64, { emit: true }),
  name: req(1, string, { emit: true }),
  resourceSliceCount: req(3, int64, { emit: true }),
});
export interface ResourcePool extends Infer<typeof ResourcePool> {}

export const ResourceSliceSpec = struct('resource.v1.ResourceSliceSpec', {
  allNodes: opt(5, bool, { ptr: true }),
  devices: opt(
    6,
    list(
      of<Device>(() => Device),
      'atomic',
    ),
  ),
  driver: req(1, string, { emit: true }),
  nodeName: opt(3, string, { ptr: true }),
  nodeSelector: opt(
    4,
    of<NodeSelector>(() => NodeSelector),
  ),
  perDeviceNodeSelection: opt(7, bool, { ptr: true }),
  pool: req(
    2,
    of<ResourcePool>(() => ResourcePool),
    { emit: true },
  ),
  sharedCounters: opt(
    8,
    list(
      of<CounterSet>(() => CounterSet),
      'atomic',
    ),
  ),
});
export interface ResourceSliceSpec extends Infer<typeof ResourceSliceSpec> {}

export const ResourceSlice = struct(
  'resource.v1.ResourceSlice',
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
      of<ResourceSliceSpec>(() => ResourceSliceSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1', kind: 'ResourceSlice' }] },
);
export interface ResourceSlice extends Root<Infer<typeof ResourceSlice>, 'metadata' | 'spec'> {}

export const ResourceSliceList = struct(
  'resource.v1.ResourceSliceList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<ResourceSlice>(() => ResourceSlice)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1', kind: 'ResourceSliceList' }] },
);
export interface ResourceSliceList extends Root<Infer<typeof ResourceSliceList>, 'metadata'> {}
