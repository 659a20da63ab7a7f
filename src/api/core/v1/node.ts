import { bool, type Infer, int32, int64, list, map, of, oneOf, opt, quantity, req, type Root, string, struct, time } from '#api/dsl.ts';
import { Taint } from '#api/core/v1/affinity.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const AttachedVolume = struct('core.v1.AttachedVolume', {
  devicePath: req(2, string, { emit: true }),
  name: req(1, string, { emit: true }),
});
export interface AttachedVolume extends Infer<typeof AttachedVolume> {}

export const ConfigMapNodeConfigSource = struct('core.v1.ConfigMapNodeConfigSource', {
  kubeletConfigKey: req(5, string, { emit: true }),
  name: req(2, string, { emit: true }),
  namespace: req(1, string, { emit: true }),
  resourceVersion: opt(4, string),
  uid: opt(3, string),
});
export interface ConfigMapNodeConfigSource extends Infer<typeof ConfigMapNodeConfigSource> {}

export const ContainerImage = struct('core.v1.ContainerImage', {
  names: opt(1, list(string, 'atomic'), { emit: true }),
  sizeBytes: opt(2, int64),
});
export interface ContainerImage extends Infer<typeof ContainerImage> {}

export const DaemonEndpoint = struct('core.v1.DaemonEndpoint', {
  Port: req(1, int32, { emit: true }),
});
export interface DaemonEndpoint extends Infer<typeof DaemonEndpoint> {}

export const NodeConfigSource = struct('core.v1.NodeConfigSource', {
  configMap: opt(
    2,
    of<ConfigMapNodeConfigSource>(() => ConfigMapNodeConfigSource),
  ),
});
export interface NodeConfigSource extends Infer<typeof NodeConfigSource> {}

export const NodeSpec = struct('core.v1.NodeSpec', {
  configSource: opt(
    6,
    of<NodeConfigSource>(() => NodeConfigSource),
  ),
  externalID: opt(2, string),
  podCIDR: opt(1, string),
  podCIDRs: opt(7, list(string, 'set'), { patchStrategy: 'merge' }),
  providerID: opt(3, string),
  taints: opt(
    5,
    list(
      of<Taint>(() => Taint),
      'atomic',
    ),
  ),
  unschedulable: opt(4, bool),
});
export interface NodeSpec extends Infer<typeof NodeSpec> {}

export const NodeAddress = struct('core.v1.NodeAddress', {
  address: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface NodeAddress extends Infer<typeof NodeAddress> {}

export const NodeCondition = struct('core.v1.NodeCondition', {
  lastHeartbeatTime: opt(3, time, { emit: true }),
  lastTransitionTime: opt(4, time, { emit: true }),
  message: opt(6, string),
  reason: opt(5, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface NodeCondition extends Infer<typeof NodeCondition> {}

export const NodeConfigStatus = struct('core.v1.NodeConfigStatus', {
  active: opt(
    2,
    of<NodeConfigSource>(() => NodeConfigSource),
  ),
  assigned: opt(
    1,
    of<NodeConfigSource>(() => NodeConfigSource),
  ),
  error: opt(4, string),
  lastKnownGood: opt(
    3,
    of<NodeConfigSource>(() => NodeConfigSource),
  ),
});
export interface NodeConfigStatus extends Infer<typeof NodeConfigStatus> {}

export const NodeDaemonEndpoints = struct('core.v1.NodeDaemonEndpoints', {
  kubeletEndpoint: opt(
    1,
    of<DaemonEndpoint>(() => DaemonEndpoint),
    { emit: true },
  ),
});
export interface NodeDaemonEndpoints extends Infer<typeof NodeDaemonEndpoints> {}

export const NodeFeatures = struct('core.v1.NodeFeatures', {
  supplementalGroupsPolicy: opt(1, bool, { ptr: true }),
});
export interface NodeFeatures extends Infer<typeof NodeFeatures> {}

export const NodeRuntimeHandlerFeatures = struct('core.v1.NodeRuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: opt(1, bool, { ptr: true }),
  userNamespaces: opt(2, bool, { ptr: true }),
});
export interface NodeRuntimeHandlerFeatures extends Infer<typeof NodeRuntimeHandlerFeatures> {}

export const NodeRuntimeHandler = struct('core.v1.NodeRuntimeHandler', {
  features: opt(
    2,
    of<NodeRuntimeHandlerFeatures>(() => NodeRuntimeHandlerFeatures),
  ),
  name: opt(1, string, { emit: true }),
});
export interface NodeRuntimeHandler extends Infer<typeof NodeRuntimeHandler> {}

export const NodeSwapStatus = struct('core.v1.NodeSwapStatus', {
  capacity: opt(1, int64, { ptr: true }),
});
export interface NodeSwapStatus extends Infer<typeof NodeSwapStatus> {}

export const NodeSystemInfo = struct('core.v1.NodeSystemInfo', {
  architecture: req(10, string, { emit: true }),
  bootID: req(3, string, { emit: true }),
  containerRuntimeVersion: req(6, string, { emit: true }),
  kernelVersion: req(4, string, { emit: true }),
  kubeProxyVersion: req(8, string, { emit: true }),
  kubeletVersion: req(7, string, { emit: true }),
  machineID: req(1, string, { emit: true }),
  operatingSystem: req(9, string, { emit: true }),
  osImage: req(5, string, { emit: true }),
  swap: opt(
    11,
    of<NodeSwapStatus>(() => NodeSwapStatus),
  ),
  systemUUID: req(2, string, { emit: true }),
});
export interface NodeSystemInfo extends Infer<typeof NodeSystemInfo> {}

export const NodeStatus = struct('core.v1.NodeStatus', {
  addresses: opt(
    5,
    list(
      of<NodeAddress>(() => NodeAddress),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  allocatable: opt(2, map(quantity)),
  capacity: opt(1, map(quantity)),
  conditions: opt(
    4,
    list(
      of<NodeCondition>(() => NodeCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  config: opt(
    11,
    of<NodeConfigStatus>(() => NodeConfigStatus),
  ),
  daemonEndpoints: opt(
    6,
    of<NodeDaemonEndpoints>(() => NodeDaemonEndpoints),
    { emit: true },
  ),
  declaredFeatures: opt(14, list(string, 'atomic')),
  features: opt(
    13,
    of<NodeFeatures>(() => NodeFeatures),
  ),
  images: opt(
    8,
    list(
      of<ContainerImage>(() => ContainerImage),
      'atomic',
    ),
  ),
  nodeInfo: opt(
    7,
    of<NodeSystemInfo>(() => NodeSystemInfo),
    { emit: true },
  ),
  phase: opt(3, oneOf('Pending', 'Running', 'Terminated')),
  runtimeHandlers: opt(
    12,
    list(
      of<NodeRuntimeHandler>(() => NodeRuntimeHandler),
      'atomic',
    ),
  ),
  volumesAttached: opt(
    10,
    list(
      of<AttachedVolume>(() => AttachedVolume),
      'atomic',
    ),
  ),
  volumesInUse: opt(9, list(string, 'atomic')),
});
export interface NodeStatus extends Infer<typeof NodeStatus> {}

export const Node = struct(
  'core.v1.Node',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: opt(
      2,
      of<NodeSpec>(() => NodeSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<NodeStatus>(() => NodeStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Node' }] },
);
export interface Node extends Root<Infer<typeof Node>, 'metadata' | 'spec' | 'status'> {}

export const NodeList = struct(
  'core.v1.NodeList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Node>(() => Node)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'NodeList' }] },
);
export interface NodeList extends Root<Infer<typeof NodeList>, 'metadata'> {}

export const NodeProxyOptions = struct('core.v1.NodeProxyOptions', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  path: opt(1, string),
});
export interface NodeProxyOptions extends Infer<typeof NodeProxyOptions> {}
