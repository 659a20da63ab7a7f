import { bool, type Infer, int32, list, map, of, oneOf, opt, quantity, req, string, struct } from '#api/dsl.ts';
import { Lifecycle, Probe } from '#api/core/v1/probe.ts';
import {
  ConfigMapKeySelector,
  FileKeySelector,
  ObjectFieldSelector,
  ResourceFieldSelector,
  SecretKeySelector,
} from '#api/core/v1/reference.ts';
import { SecurityContext } from '#api/core/v1/security.ts';

export const ConfigMapEnvSource = struct('core.v1.ConfigMapEnvSource', {
  name: opt(1, string, { via: [1] }),
  optional: opt(2, bool, { ptr: true }),
});
export interface ConfigMapEnvSource extends Infer<typeof ConfigMapEnvSource> {}

export const ContainerPort = struct('core.v1.ContainerPort', {
  containerPort: req(3, int32, { emit: true }),
  hostIP: opt(5, string),
  hostPort: opt(2, int32),
  name: opt(1, string),
  protocol: opt(4, oneOf('SCTP', 'TCP', 'UDP'), { default: 'TCP' }),
});
export interface ContainerPort extends Infer<typeof ContainerPort> {}

export const ContainerResizePolicy = struct('core.v1.ContainerResizePolicy', {
  resourceName: req(1, string, { emit: true }),
  restartPolicy: req(2, string, { emit: true }),
});
export interface ContainerResizePolicy extends Infer<typeof ContainerResizePolicy> {}

export const ContainerRestartRuleOnExitCodes = struct('core.v1.ContainerRestartRuleOnExitCodes', {
  operator: req(1, string),
  values: opt(2, list(int32, 'set')),
});
export interface ContainerRestartRuleOnExitCodes extends Infer<typeof ContainerRestartRuleOnExitCodes> {}

export const ContainerRestartRule = struct('core.v1.ContainerRestartRule', {
  action: req(1, string),
  exitCodes: opt(
    2,
    of<ContainerRestartRuleOnExitCodes>(() => ContainerRestartRuleOnExitCodes),
  ),
});
export interface ContainerRestartRule extends Infer<typeof ContainerRestartRule> {}

export const SecretEnvSource = struct('core.v1.SecretEnvSource', {
  name: opt(1, string, { via: [1] }),
  optional: opt(2, bool, { ptr: true }),
});
export interface SecretEnvSource extends Infer<typeof SecretEnvSource> {}

export const EnvFromSource = struct('core.v1.EnvFromSource', {
  configMapRef: opt(
    2,
    of<ConfigMapEnvSource>(() => ConfigMapEnvSource),
  ),
  prefix: opt(1, string),
  secretRef: opt(
    3,
    of<SecretEnvSource>(() => SecretEnvSource),
  ),
});
export interface EnvFromSource extends Infer<typeof EnvFromSource> {}

export const EnvVarSource = struct('core.v1.EnvVarSource', {
  configMapKeyRef: opt(
    3,
    of<ConfigMapKeySelector>(() => ConfigMapKeySelector),
  ),
  fieldRef: opt(
    1,
    of<ObjectFieldSelector>(() => ObjectFieldSelector),
  ),
  fileKeyRef: opt(
    5,
    of<FileKeySelector>(() => FileKeySelector),
  ),
  resourceFieldRef: opt(
    2,
    of<ResourceFieldSelector>(() => ResourceFieldSelector),
  ),
  secretKeyRef: opt(
    4,
    of<SecretKeySelector>(() => SecretKeySelector),
  ),
});
export interface EnvVarSource extends Infer<typeof EnvVarSource> {}

export const EnvVar = struct('core.v1.EnvVar', {
  name: req(1, string, { emit: true }),
  value: opt(2, string),
  valueFrom: opt(
    3,
    of<EnvVarSource>(() => EnvVarSource),
  ),
});
export interface EnvVar extends Infer<typeof EnvVar> {}

export const ResourceClaim = struct('core.v1.ResourceClaim', {
  name: req(1, string, { emit: true }),
  request: opt(2, string),
});
export interface ResourceClaim extends Infer<typeof ResourceClaim> {}

export const ResourceRequirements = struct('core.v1.ResourceRequirements', {
  claims: opt(
    3,
    list(
      of<ResourceClaim>(() => ResourceClaim),
      'map',
      'name',
    ),
  ),
  limits: opt(1, map(quantity)),
  requests: opt(2, map(quantity)),
});
export interface ResourceRequirements extends Infer<typeof ResourceRequirements> {}

export const VolumeDevice = struct('core.v1.VolumeDevice', {
  devicePath: req(2, string, { emit: true }),
  name: req(1, string, { emit: true }),
});
export interface VolumeDevice extends Infer<typeof VolumeDevice> {}

export const VolumeMount = struct('core.v1.VolumeMount', {
  mountPath: req(3, string, { emit: true }),
  mountPropagation: opt(5, oneOf('Bidirectional', 'HostToContainer', 'None'), { ptr: true }),
  name: req(1, string, { emit: true }),
  readOnly: opt(2, bool),
  recursiveReadOnly: opt(7, string, { ptr: true }),
  subPath: opt(4, string),
  subPathExpr: opt(6, string),
});
export interface VolumeMount extends Infer<typeof VolumeMount> {}

export const Container = struct('core.v1.Container', {
  args: opt(4, list(string, 'atomic')),
  command: opt(3, list(string, 'atomic')),
  env: opt(
    7,
    list(
      of<EnvVar>(() => EnvVar),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  envFrom: opt(
    19,
    list(
      of<EnvFromSource>(() => EnvFromSource),
      'atomic',
    ),
  ),
  image: opt(2, string),
  imagePullPolicy: opt(14, oneOf('Always', 'IfNotPresent', 'Never')),
  lifecycle: opt(
    12,
    of<Lifecycle>(() => Lifecycle),
  ),
  livenessProbe: opt(
    10,
    of<Probe>(() => Probe),
  ),
  name: req(1, string, { emit: true }),
  ports: opt(
    6,
    list(
      of<ContainerPort>(() => ContainerPort),
      'map',
      'containerPort',
      'protocol',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'containerPort' },
  ),
  readinessProbe: opt(
    11,
    of<Probe>(() => Probe),
  ),
  resizePolicy: opt(
    23,
    list(
      of<ContainerResizePolicy>(() => ContainerResizePolicy),
      'atomic',
    ),
  ),
  resources: opt(
    8,
    of<ResourceRequirements>(() => ResourceRequirements),
    { emit: true },
  ),
  restartPolicy: opt(24, string, { ptr: true }),
  restartPolicyRules: opt(
    25,
    list(
      of<ContainerRestartRule>(() => ContainerRestartRule),
      'atomic',
    ),
  ),
  securityContext: opt(
    15,
    of<SecurityContext>(() => SecurityContext),
  ),
  startupProbe: opt(
    22,
    of<Probe>(() => Probe),
  ),
  stdin: opt(16, bool),
  stdinOnce: opt(17, bool),
  terminationMessagePath: opt(13, string),
  terminationMessagePolicy: opt(20, oneOf('FallbackToLogsOnError', 'File')),
  tty: opt(18, bool),
  volumeDevices: opt(
    21,
    list(
      of<VolumeDevice>(() => VolumeDevice),
      'map',
      'devicePath',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'devicePath' },
  ),
  volumeMounts: opt(
    9,
    list(
      of<VolumeMount>(() => VolumeMount),
      'map',
      'mountPath',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'mountPath' },
  ),
  workingDir: opt(5, string),
});
export interface Container extends Infer<typeof Container> {}

export const EphemeralContainer = struct('core.v1.EphemeralContainer', {
  args: opt(4, list(string, 'atomic'), { via: [1] }),
  command: opt(3, list(string, 'atomic'), { via: [1] }),
  env: opt(
    7,
    list(
      of<EnvVar>(() => EnvVar),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name', via: [1] },
  ),
  envFrom: opt(
    19,
    list(
      of<EnvFromSource>(() => EnvFromSource),
      'atomic',
    ),
    { via: [1] },
  ),
  image: opt(2, string, { via: [1] }),
  imagePullPolicy: opt(14, oneOf('Always', 'IfNotPresent', 'Never'), { via: [1] }),
  lifecycle: opt(
    12,
    of<Lifecycle>(() => Lifecycle),
    { via: [1] },
  ),
  livenessProbe: opt(
    10,
    of<Probe>(() => Probe),
    { via: [1] },
  ),
  name: req(1, string, { emit: true, via: [1] }),
  ports: opt(
    6,
    list(
      of<ContainerPort>(() => ContainerPort),
      'map',
      'containerPort',
      'protocol',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'containerPort', via: [1] },
  ),
  readinessProbe: opt(
    11,
    of<Probe>(() => Probe),
    { via: [1] },
  ),
  resizePolicy: opt(
    23,
    list(
      of<ContainerResizePolicy>(() => ContainerResizePolicy),
      'atomic',
    ),
    { via: [1] },
  ),
  resources: opt(
    8,
    of<ResourceRequirements>(() => ResourceRequirements),
    { emit: true, via: [1] },
  ),
  restartPolicy: opt(24, string, { ptr: true, via: [1] }),
  restartPolicyRules: opt(
    25,
    list(
      of<ContainerRestartRule>(() => ContainerRestartRule),
      'atomic',
    ),
    { via: [1] },
  ),
  securityContext: opt(
    15,
    of<SecurityContext>(() => SecurityContext),
    { via: [1] },
  ),
  startupProbe: opt(
    22,
    of<Probe>(() => Probe),
    { via: [1] },
  ),
  stdin: opt(16, bool, { via: [1] }),
  stdinOnce: opt(17, bool, { via: [1] }),
  targetContainerName: opt(2, string),
  terminationMessagePath: opt(13, string, { via: [1] }),
  terminationMessagePolicy: opt(20, oneOf('FallbackToLogsOnError', 'File'), { via: [1] }),
  tty: opt(18, bool, { via: [1] }),
  volumeDevices: opt(
    21,
    list(
      of<VolumeDevice>(() => VolumeDevice),
      'map',
      'devicePath',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'devicePath', via: [1] },
  ),
  volumeMounts: opt(
    9,
    list(
      of<VolumeMount>(() => VolumeMount),
      'map',
      'mountPath',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'mountPath', via: [1] },
  ),
  workingDir: opt(5, string, { via: [1] }),
});
export interface EphemeralContainer extends Infer<typeof EphemeralContainer> {}
