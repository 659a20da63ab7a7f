// Fields that Kubernetes 1.35 has behind feature gates which are off by default, by `type.field`; a field of several gates
// needs all of them. The API server clears such fields. Gates that 1.35.0 has on are not here.

const bindingConditions = ['DRADeviceBindingConditions', 'DRAResourceClaimDeviceStatus'];
const capacity = ['DRAConsumableCapacity'];
const partitions = ['DRAPartitionableDevices'];
const taints = ['DRADeviceTaints'];

/** Gates that are named here for they come in pairs with others, and are on. */
const onByDefault: ReadonlySet<string> = new Set(['DRAResourceClaimDeviceStatus']);

type Gated = Readonly<Record<string, readonly string[]>>;

/** The fields of devices, in each of the versions that have them. */
function devices(version: string, device: string, request: string): Gated {
  const of = (type: string, gates: readonly string[], ...fields: string[]): Gated =>
    Object.fromEntries(fields.map((field) => [`resource.${version}.${type}.${field}`, gates]));
  return {
    ...of('AllocatedDeviceStatus', capacity, 'shareID'),
    ...of('AllocationResult', bindingConditions, 'allocationTimestamp'),
    ...of(device, partitions, 'allNodes', 'consumesCounters', 'nodeName', ...(device === 'Device' ? ['nodeSelector'] : [])),
    ...of(device, capacity, 'allowMultipleAllocations'),
    ...of(device, bindingConditions, 'bindingConditions', 'bindingFailureConditions', 'bindsToNode'),
    ...of(device, taints, 'taints'),
    ...of('DeviceCapacity', capacity, 'requestPolicy'),
    ...of('DeviceClassSpec', ['DRAExtendedResource'], 'extendedResourceName'),
    ...of('DeviceConstraint', capacity, 'distinctAttribute'),
    ...of('DeviceRequestAllocationResult', bindingConditions, 'bindingConditions', 'bindingFailureConditions'),
    ...of('DeviceRequestAllocationResult', capacity, 'consumedCapacity', 'shareID'),
    ...of('DeviceRequestAllocationResult', taints, 'tolerations'),
    ...of('DeviceSubRequest', capacity, 'capacity'),
    ...of('DeviceSubRequest', taints, 'tolerations'),
    ...of(request, capacity, 'capacity'),
    ...of(request, taints, 'tolerations'),
    ...of('ResourceSliceSpec', partitions, 'perDeviceNodeSelection', 'sharedCounters'),
  };
}

/** Gates by field, such as `core.v1.PodSpec.workloadRef`. */
export const gatedFields: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'apiextensions.v1.CustomResourceDefinitionCondition.observedGeneration': ['CRDObservedGenerationTracking'],
    'apiextensions.v1.CustomResourceDefinitionStatus.observedGeneration': ['CRDObservedGenerationTracking'],
    'coordination.v1.LeaseSpec.preferredHolder': ['CoordinatedLeaderElection'],
    'coordination.v1.LeaseSpec.strategy': ['CoordinatedLeaderElection'],
    'core.v1.ContainerStatus.allocatedResources': ['InPlacePodVerticalScalingAllocatedStatus'],
    'core.v1.ContainerStatus.allocatedResourcesStatus': ['ResourceHealthStatus'],
    'core.v1.ContainerStatus.stopSignal': ['ContainerStopSignals'],
    'core.v1.Lifecycle.stopSignal': ['ContainerStopSignals'],
    'core.v1.NodeStatus.declaredFeatures': ['NodeDeclaredFeatures'],
    'core.v1.PodSpec.workloadRef': ['GenericWorkload'],
    'core.v1.PodStatus.allocatedResources': ['InPlacePodLevelResourcesVerticalScaling'],
    'core.v1.PodStatus.extendedResourceClaimStatus': ['DRAExtendedResource'],
    'core.v1.PodStatus.resources': ['InPlacePodLevelResourcesVerticalScaling'],
    'core.v1.TypedObjectReference.namespace': ['CrossNamespaceVolumeDataSource'],
    'core.v1.VolumeProjection.clusterTrustBundle': ['ClusterTrustBundleProjection'],
    'core.v1.VolumeProjection.podCertificate': ['PodCertificateRequest'],
    ...devices('v1', 'Device', 'ExactDeviceRequest'),
    ...devices('v1beta2', 'Device', 'ExactDeviceRequest'),
    ...devices('v1beta1', 'BasicDevice', 'DeviceRequest'),
  }),
);

/** Every gate that the table knows, by name. */
export const gateNames: ReadonlySet<string> = new Set([...gatedFields.values()].flat());

/** Gates that a group version brings along when it is served. */
const broughtBy: Readonly<Record<string, string>> = { 'scheduling.k8s.io/v1alpha1': 'GenericWorkload' };

/** Which gates are on: by default, by what is served, by what was asked for. */
export function openGates(asked: Readonly<Record<string, boolean>>, runtimeConfig: readonly string[]): ReadonlySet<string> {
  const open = new Set(onByDefault);
  for (const version of runtimeConfig) {
    const gate = broughtBy[version];
    if (gate !== undefined) open.add(gate);
  }
  for (const [name, on] of Object.entries(asked)) {
    if (on) open.add(name);
    else open.delete(name);
  }
  return open;
}
