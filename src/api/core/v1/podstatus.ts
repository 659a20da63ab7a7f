import { bool, type Infer, int32, int64, list, map, of, oneOf, opt, quantity, req, string, struct, time } from '#api/dsl.ts';
import { ResourceRequirements } from '#api/core/v1/container.ts';

export const ContainerExtendedResourceRequest = struct('core.v1.ContainerExtendedResourceRequest', {
  containerName: req(1, string, { emit: true }),
  requestName: req(3, string, { emit: true }),
  resourceName: req(2, string, { emit: true }),
});
export interface ContainerExtendedResourceRequest extends Infer<typeof ContainerExtendedResourceRequest> {}

export const ContainerStateRunning = struct('core.v1.ContainerStateRunning', {
  startedAt: opt(1, time, { emit: true }),
});
export interface ContainerStateRunning extends Infer<typeof ContainerStateRunning> {}

export const ContainerStateTerminated = struct('core.v1.ContainerStateTerminated', {
  containerID: opt(7, string),
  exitCode: req(1, int32, { emit: true }),
  finishedAt: opt(6, time, { emit: true }),
  message: opt(4, string),
  reason: opt(3, string),
  signal: opt(2, int32),
  startedAt: opt(5, time, { emit: true }),
});
export interface ContainerStateTerminated extends Infer<typeof ContainerStateTerminated> {}

export const ContainerStateWaiting = struct('core.v1.ContainerStateWaiting', {
  message: opt(2, string),
  reason: opt(1, string),
});
export interface ContainerStateWaiting extends Infer<typeof ContainerStateWaiting> {}

export const ContainerState = struct('core.v1.ContainerState', {
  running: opt(
    2,
    of<ContainerStateRunning>(() => ContainerStateRunning),
  ),
  terminated: opt(
    3,
    of<ContainerStateTerminated>(() => ContainerStateTerminated),
  ),
  waiting: opt(
    1,
    of<ContainerStateWaiting>(() => ContainerStateWaiting),
  ),
});
export interface ContainerState extends Infer<typeof ContainerState> {}

export const LinuxContainerUser = struct('core.v1.LinuxContainerUser', {
  gid: req(2, int64, { emit: true }),
  supplementalGroups: opt(3, list(int64, 'atomic')),
  uid: req(1, int64, { emit: true }),
});
export interface LinuxContainerUser extends Infer<typeof LinuxContainerUser> {}

export const ContainerUser = struct('core.v1.ContainerUser', {
  linux: opt(
    1,
    of<LinuxContainerUser>(() => LinuxContainerUser),
  ),
});
export interface ContainerUser extends Infer<typeof ContainerUser> {}

export const ResourceHealth = struct('core.v1.ResourceHealth', {
  health: opt(2, string),
  resourceID: req(1, string, { emit: true }),
});
export interface ResourceHealth extends Infer<typeof ResourceHealth> {}

export const ResourceStatus = struct('core.v1.ResourceStatus', {
  name: req(1, string, { emit: true }),
  resources: opt(
    2,
    list(
      of<ResourceHealth>(() => ResourceHealth),
      'map',
      'resourceID',
    ),
  ),
});
export interface ResourceStatus extends Infer<typeof ResourceStatus> {}

export const VolumeMountStatus = struct('core.v1.VolumeMountStatus', {
  mountPath: req(2, string, { emit: true }),
  name: req(1, string, { emit: true }),
  readOnly: opt(3, bool),
  recursiveReadOnly: opt(4, string, { ptr: true }),
});
export interface VolumeMountStatus extends Infer<typeof VolumeMountStatus> {}

export const ContainerStatus = struct('core.v1.ContainerStatus', {
  allocatedResources: opt(10, map(quantity)),
  allocatedResourcesStatus: opt(
    14,
    list(
      of<ResourceStatus>(() => ResourceStatus),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  containerID: opt(8, string),
  image: req(6, string, { emit: true }),
  imageID: req(7, string, { emit: true }),
  lastState: opt(
    3,
    of<ContainerState>(() => ContainerState),
    { emit: true },
  ),
  name: req(1, string, { emit: true }),
  ready: req(4, bool, { emit: true }),
  resources: opt(
    11,
    of<ResourceRequirements>(() => ResourceRequirements),
  ),
  restartCount: req(5, int32, { emit: true }),
  started: opt(9, bool, { ptr: true }),
  state: opt(
    2,
    of<ContainerState>(() => ContainerState),
    { emit: true },
  ),
  stopSignal: opt(
    15,
    oneOf(
      'SIGABRT',
      'SIGALRM',
      'SIGBUS',
      'SIGCHLD',
      'SIGCLD',
      'SIGCONT',
      'SIGFPE',
      'SIGHUP',
      'SIGILL',
      'SIGINT',
      'SIGIO',
      'SIGIOT',
      'SIGKILL',
      'SIGPIPE',
      'SIGPOLL',
      'SIGPROF',
      'SIGPWR',
      'SIGQUIT',
      'SIGRTMAX',
      'SIGRTMAX-1',
      'SIGRTMAX-10',
      'SIGRTMAX-11',
      'SIGRTMAX-12',
      'SIGRTMAX-13',
      'SIGRTMAX-14',
      'SIGRTMAX-2',
      'SIGRTMAX-3',
      'SIGRTMAX-4',
      'SIGRTMAX-5',
      'SIGRTMAX-6',
      'SIGRTMAX-7',
      'SIGRTMAX-8',
      'SIGRTMAX-9',
      'SIGRTMIN',
      'SIGRTMIN+1',
      'SIGRTMIN+10',
      'SIGRTMIN+11',
      'SIGRTMIN+12',
      'SIGRTMIN+13',
      'SIGRTMIN+14',
      'SIGRTMIN+15',
      'SIGRTMIN+2',
      'SIGRTMIN+3',
      'SIGRTMIN+4',
      'SIGRTMIN+5',
      'SIGRTMIN+6',
      'SIGRTMIN+7',
      'SIGRTMIN+8',
      'SIGRTMIN+9',
      'SIGSEGV',
      'SIGSTKFLT',
      'SIGSTOP',
      'SIGSYS',
      'SIGTERM',
      'SIGTRAP',
      'SIGTSTP',
      'SIGTTIN',
      'SIGTTOU',
      'SIGURG',
      'SIGUSR1',
      'SIGUSR2',
      'SIGVTALRM',
      'SIGWINCH',
      'SIGXCPU',
      'SIGXFSZ',
    ),
    { ptr: true },
  ),
  user: opt(
    13,
    of<ContainerUser>(() => ContainerUser),
  ),
  volumeMounts: opt(
    12,
    list(
      of<VolumeMountStatus>(() => VolumeMountStatus),
      'map',
      'mountPath',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'mountPath' },
  ),
});
export interface ContainerStatus extends Infer<typeof ContainerStatus> {}

export const HostIP = struct('core.v1.HostIP', {
  ip: req(1, string, { emit: true }),
});
export interface HostIP extends Infer<typeof HostIP> {}

export const PodCondition = struct('core.v1.PodCondition', {
  lastProbeTime: opt(3, time, { emit: true }),
  lastTransitionTime: opt(4, time, { emit: true }),
  message: opt(6, string),
  observedGeneration: opt(7, int64),
  reason: opt(5, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface PodCondition extends Infer<typeof PodCondition> {}

export const PodExtendedResourceClaimStatus = struct('core.v1.PodExtendedResourceClaimStatus', {
  requestMappings: req(
    1,
    list(
      of<ContainerExtendedResourceRequest>(() => ContainerExtendedResourceRequest),
      'atomic',
    ),
    { emit: true },
  ),
  resourceClaimName: req(2, string, { emit: true }),
});
export interface PodExtendedResourceClaimStatus extends Infer<typeof PodExtendedResourceClaimStatus> {}

export const PodIP = struct('core.v1.PodIP', {
  ip: req(1, string, { emit: true }),
});
export interface PodIP extends Infer<typeof PodIP> {}

export const PodResourceClaimStatus = struct('core.v1.PodResourceClaimStatus', {
  name: req(1, string, { emit: true }),
  resourceClaimName: opt(2, string, { ptr: true }),
});
export interface PodResourceClaimStatus extends Infer<typeof PodResourceClaimStatus> {}

export const PodStatus = struct('core.v1.PodStatus', {
  allocatedResources: opt(19, map(quantity)),
  conditions: opt(
    2,
    list(
      of<PodCondition>(() => PodCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
  containerStatuses: opt(
    8,
    list(
      of<ContainerStatus>(() => ContainerStatus),
      'atomic',
    ),
  ),
  ephemeralContainerStatuses: opt(
    13,
    list(
      of<ContainerStatus>(() => ContainerStatus),
      'atomic',
    ),
  ),
  extendedResourceClaimStatus: opt(
    18,
    of<PodExtendedResourceClaimStatus>(() => PodExtendedResourceClaimStatus),
  ),
  hostIP: opt(5, string),
  hostIPs: opt(
    16,
    list(
      of<HostIP>(() => HostIP),
      'atomic',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'ip' },
  ),
  initContainerStatuses: opt(
    10,
    list(
      of<ContainerStatus>(() => ContainerStatus),
      'atomic',
    ),
  ),
  message: opt(3, string),
  nominatedNodeName: opt(11, string),
  observedGeneration: opt(17, int64),
  phase: opt(1, oneOf('Failed', 'Pending', 'Running', 'Succeeded', 'Unknown')),
  podIP: opt(6, string),
  podIPs: opt(
    12,
    list(
      of<PodIP>(() => PodIP),
      'map',
      'ip',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'ip' },
  ),
  qosClass: opt(9, oneOf('BestEffort', 'Burstable', 'Guaranteed')),
  reason: opt(4, string),
  resize: opt(14, string),
  resourceClaimStatuses: opt(
    15,
    list(
      of<PodResourceClaimStatus>(() => PodResourceClaimStatus),
      'map',
      'name',
    ),
    { patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' },
  ),
  resources: opt(
    20,
    of<ResourceRequirements>(() => ResourceRequirements),
  ),
  startTime: opt(7, time),
});
export interface PodStatus extends Infer<typeof PodStatus> {}
