import { bool, type Infer, int32, int64, list, map, of, oneOf, opt, quantity, req, string, struct } from '#api/dsl.ts';
import { Affinity, Toleration, TopologySpreadConstraint } from '#api/core/v1/affinity.ts';
import { Container, EphemeralContainer, ResourceRequirements } from '#api/core/v1/container.ts';
import { LocalObjectReference } from '#api/core/v1/reference.ts';
import { PodSecurityContext } from '#api/core/v1/security.ts';
import { Volume } from '#api/core/v1/volume.ts';
import { ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const HostAlias = struct('core.v1.HostAlias', {
  hostnames: opt(2, list(string, 'atomic')),
  ip: req(1, string, { emit: true }),
});
export interface HostAlias extends Infer<typeof HostAlias> {}

export const PodDNSConfigOption = struct('core.v1.PodDNSConfigOption', {
  name: opt(1, string),
  value: opt(2, string, { ptr: true }),
});
export interface PodDNSConfigOption extends Infer<typeof PodDNSConfigOption> {}

export const PodDNSConfig = struct('core.v1.PodDNSConfig', {
  nameservers: opt(1, list(string, 'atomic')),
  options: opt(
    3,
    list(
      of<PodDNSConfigOption>(() => PodDNSConfigOption),
      'atomic',
    ),
  ),
  searches: opt(2, list(string, 'atomic')),
});
export interface PodDNSConfig extends Infer<typeof PodDNSConfig> {}

export const PodOS = struct('core.v1.PodOS', {
  name: req(1, string, { emit: true }),
});
export interface PodOS extends Infer<typeof PodOS> {}

export const PodReadinessGate = struct('core.v1.PodReadinessGate', {
  conditionType: req(1, string, { emit: true }),
});
export interface PodReadinessGate extends Infer<typeof PodReadinessGate> {}

export const PodResourceClaim = struct('core.v1.PodResourceClaim', {
  name: req(1, string, { emit: true }),
  resourceClaimName: opt(3, string, { ptr: true }),
  resourceClaimTemplateName: opt(4, string, { ptr: true }),
});
export interface PodResourceClaim extends Infer<typeof PodResourceClaim> {}

export const PodSchedulingGate = struct('core.v1.PodSchedulingGate', {
  name: req(1, string, { emit: true }),
});
export interface PodSchedulingGate extends Infer<typeof PodSchedulingGate> {}

export const WorkloadReference = struct('core.v1.WorkloadReference', {
  name: req(1, string, { emit: true }),
  podGroup: req(2, string, { emit: true }),
  podGroupReplicaKey: opt(3, string),
});
export interface WorkloadReference extends Infer<typeof WorkloadReference> {}

export const PodSpec = struct('core.v1.PodSpec', {
  activeDeadlineSeconds: opt(5, int64, { ptr: true }),
  affinity: opt(
    18,
    of<Affinity>(() => Affinity),
  ),
  automountServiceAccountToken: opt(21, bool, { ptr: true }),
  containers: req(
    2,
    list(
      of<Container>(() => Container),
      'map',
      'name',
    ),
    { emit: true, patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  dnsConfig: opt(
    26,
    of<PodDNSConfig>(() => PodDNSConfig),
  ),
  dnsPolicy: opt(6, oneOf('ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None')),
  enableServiceLinks: opt(30, bool, { ptr: true }),
  ephemeralContainers: opt(
    34,
    list(
      of<EphemeralContainer>(() => EphemeralContainer),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  hostAliases: opt(
    23,
    list(
      of<HostAlias>(() => HostAlias),
      'map',
      'ip',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'ip' },
  ),
  hostIPC: opt(13, bool),
  hostNetwork: opt(11, bool),
  hostPID: opt(12, bool),
  hostUsers: opt(37, bool, { ptr: true }),
  hostname: opt(16, string),
  hostnameOverride: opt(41, string, { ptr: true }),
  imagePullSecrets: opt(
    15,
    list(
      of<LocalObjectReference>(() => LocalObjectReference),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  initContainers: opt(
    20,
    list(
      of<Container>(() => Container),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  nodeName: opt(10, string),
  nodeSelector: opt(7, map(string), { mapType: 'atomic' }),
  os: opt(
    36,
    of<PodOS>(() => PodOS),
  ),
  overhead: opt(32, map(quantity)),
  preemptionPolicy: opt(31, oneOf('Never', 'PreemptLowerPriority'), { ptr: true }),
  priority: opt(25, int32, { ptr: true }),
  priorityClassName: opt(24, string),
  readinessGates: opt(
    28,
    list(
      of<PodReadinessGate>(() => PodReadinessGate),
      'atomic',
    ),
  ),
  resourceClaims: opt(
    39,
    list(
      of<PodResourceClaim>(() => PodResourceClaim),
      'map',
      'name',
    ),
    { patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' },
  ),
  resources: opt(
    40,
    of<ResourceRequirements>(() => ResourceRequirements),
  ),
  restartPolicy: opt(3, oneOf('Always', 'Never', 'OnFailure')),
  runtimeClassName: opt(29, string, { ptr: true }),
  schedulerName: opt(19, string),
  schedulingGates: opt(
    38,
    list(
      of<PodSchedulingGate>(() => PodSchedulingGate),
      'map',
      'name',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'name' },
  ),
  securityContext: opt(
    14,
    of<PodSecurityContext>(() => PodSecurityContext),
  ),
  serviceAccount: opt(9, string),
  serviceAccountName: opt(8, string),
  setHostnameAsFQDN: opt(35, bool, { ptr: true }),
  shareProcessNamespace: opt(27, bool, { ptr: true }),
  subdomain: opt(17, string),
  terminationGracePeriodSeconds: opt(4, int64, { ptr: true }),
  tolerations: opt(
    22,
    list(
      of<Toleration>(() => Toleration),
      'atomic',
    ),
  ),
  topologySpreadConstraints: opt(
    33,
    list(
      of<TopologySpreadConstraint>(() => TopologySpreadConstraint),
      'map',
      'topologyKey',
      'whenUnsatisfiable',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'topologyKey' },
  ),
  volumes: opt(
    1,
    list(
      of<Volume>(() => Volume),
      'map',
      'name',
    ),
    { patchStrategy: 'merge,retainKeys', patchMergeKey: 'name' },
  ),
  workloadRef: opt(
    42,
    of<WorkloadReference>(() => WorkloadReference),
  ),
});
export interface PodSpec extends Infer<typeof PodSpec> {}

export const PodTemplateSpec = struct('core.v1.PodTemplateSpec', {
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  spec: opt(
    2,
    of<PodSpec>(() => PodSpec),
    { emit: true },
  ),
});
export interface PodTemplateSpec extends Infer<typeof PodTemplateSpec> {}
