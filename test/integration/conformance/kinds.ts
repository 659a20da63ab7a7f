// Every GA kind that lives by the same rules: what it is called, and a status that clients may write into it.
import { minimal } from '../../support/minimal.ts';

export interface Kind {
  /** `group/version/resource`. */
  readonly id: string;
  readonly kind: string;
  readonly cluster?: boolean;
  /** A status that a client may write; undefined: the kind has none. */
  readonly status?: object;
  /** A write of the status leaves the metadata alone. */
  readonly strict?: boolean;
  /** Names, for kinds that say what they may be called. */
  readonly names?: readonly [string, string, string];
  /** What every object needs besides the smallest one. */
  readonly make?: (name: string) => object;
}

const now = '2026-01-01T00:00:00Z';
const conditions = [{ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from a test', lastTransitionTime: now }];
/** Of a class of its own: volumes and claims of these tests do not meet. */
const apart = (id: string) => () => {
  const { spec } = minimal[id] as { spec: object };
  return { spec: { ...spec, storageClassName: id.split('/').at(-1) } };
};
/** Without pods, which would outlive it. */
const idle = (id: string) => () => {
  const { spec } = minimal[id] as { spec: object };
  return { spec: { ...spec, replicas: 0 } };
};
const crd = (name: string) => {
  const plural = name.split('.')[0] as string;
  const base = minimal['apiextensions.k8s.io/v1/customresourcedefinitions'] as { spec: object };
  return { ...base, spec: { ...base.spec, names: { plural, kind: `K${plural}` } } };
};
const service = (name: string) => {
  const base = minimal['apiregistration.k8s.io/v1/apiservices'] as { spec: object };
  return { ...base, spec: { ...base.spec, version: name.split('.')[0] } };
};

export const kinds: readonly Kind[] = [
  { id: '/v1/configmaps', kind: 'ConfigMap' },
  { id: '/v1/secrets', kind: 'Secret' },
  { id: '/v1/endpoints', kind: 'Endpoints' },
  { id: '/v1/events', kind: 'Event' },
  { id: '/v1/podtemplates', kind: 'PodTemplate' },
  { id: '/v1/serviceaccounts', kind: 'ServiceAccount' },
  { id: '/v1/limitranges', kind: 'LimitRange' },
  { id: '/v1/resourcequotas', kind: 'ResourceQuota', status: { hard: { pods: '5' } } },
  {
    id: '/v1/services',
    kind: 'Service',
    make: () => ({ spec: { type: 'LoadBalancer', loadBalancerClass: 'example.com/internal-vip', ports: [{ port: 80 }] } }),
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } },
  },
  { id: '/v1/replicationcontrollers', kind: 'ReplicationController', make: idle('/v1/replicationcontrollers'), status: { conditions } },
  { id: '/v1/nodes', kind: 'Node', cluster: true, status: { phase: 'Running' } },
  {
    id: '/v1/persistentvolumes',
    kind: 'PersistentVolume',
    make: apart('/v1/persistentvolumes'),
    cluster: true,
    status: { phase: 'Available', reason: 'E2E' },
  },
  {
    id: '/v1/persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    make: apart('/v1/persistentvolumeclaims'),
    status: { phase: 'Pending', conditions: [{ type: 'StatusPatched', status: 'True' }] },
  },
  { id: 'apps/v1/controllerrevisions', kind: 'ControllerRevision' },
  {
    id: 'apps/v1/daemonsets',
    kind: 'DaemonSet',
    status: { numberReady: 0, currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, conditions },
  },
  { id: 'apps/v1/deployments', kind: 'Deployment', make: idle('apps/v1/deployments'), status: { conditions } },
  { id: 'apps/v1/replicasets', kind: 'ReplicaSet', make: idle('apps/v1/replicasets'), status: { conditions } },
  { id: 'apps/v1/statefulsets', kind: 'StatefulSet', make: idle('apps/v1/statefulsets'), status: { conditions } },
  { id: 'autoscaling/v2/horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler', status: { desiredReplicas: 2, currentMetrics: null } },
  { id: 'batch/v1/cronjobs', kind: 'CronJob', status: { lastScheduleTime: now } },
  { id: 'batch/v1/jobs', kind: 'Job', status: { startTime: now } },
  { id: 'certificates.k8s.io/v1/certificatesigningrequests', kind: 'CertificateSigningRequest', cluster: true },
  { id: 'coordination.k8s.io/v1/leases', kind: 'Lease' },
  // Conformance: [sig-network] EndpointSlice should support creating EndpointSlice API operations [Conformance]
  { id: 'discovery.k8s.io/v1/endpointslices', kind: 'EndpointSlice' },
  { id: 'events.k8s.io/v1/events', kind: 'Event' },
  {
    // Conformance: [sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]
    // Conformance: [sig-api-machinery] API priority and fairness should support FlowSchema API operations [Conformance]
    id: 'flowcontrol.apiserver.k8s.io/v1/flowschemas',
    kind: 'FlowSchema',
    strict: true,
    cluster: true,
    status: { conditions: [{ type: 'Dangling', status: 'False', reason: 'E2E', lastTransitionTime: now }] },
  },
  {
    id: 'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    strict: true,
    cluster: true,
    status: { conditions: [{ type: 'Concurrent', status: 'False', reason: 'E2E', lastTransitionTime: now }] },
  },
  // Conformance: [sig-network] Ingress API should support creating Ingress API operations [Conformance]
  { id: 'networking.k8s.io/v1/ingresses', kind: 'Ingress', status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } } },
  // Conformance: [sig-network] IngressClass API should support creating IngressClass API operations [Conformance]
  { id: 'networking.k8s.io/v1/ingressclasses', kind: 'IngressClass', cluster: true },
  { id: 'networking.k8s.io/v1/networkpolicies', kind: 'NetworkPolicy' },
  {
    // Conformance: [sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations [Conformance]
    id: 'networking.k8s.io/v1/ipaddresses',
    kind: 'IPAddress',
    cluster: true,
    names: ['192.168.8.1', '192.168.8.2', '192.168.8.3'],
  },
  { id: 'networking.k8s.io/v1/servicecidrs', kind: 'ServiceCIDR', strict: true, cluster: true, status: { conditions } },
  // Conformance: [sig-node] RuntimeClass should support RuntimeClasses API operations [Conformance]
  { id: 'node.k8s.io/v1/runtimeclasses', kind: 'RuntimeClass', cluster: true },
  {
    id: 'policy/v1/poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, conditions },
  },
  { id: 'rbac.authorization.k8s.io/v1/clusterroles', kind: 'ClusterRole', cluster: true },
  { id: 'rbac.authorization.k8s.io/v1/clusterrolebindings', kind: 'ClusterRoleBinding', cluster: true },
  { id: 'rbac.authorization.k8s.io/v1/roles', kind: 'Role' },
  { id: 'rbac.authorization.k8s.io/v1/rolebindings', kind: 'RoleBinding' },
  { id: 'resource.k8s.io/v1/deviceclasses', kind: 'DeviceClass', cluster: true },
  {
    // Conformance: [sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim [Conformance]
    id: 'resource.k8s.io/v1/resourceclaims',
    kind: 'ResourceClaim',
    strict: true,
    status: { allocation: { devices: { results: [{ request: 'r', driver: 'd.example.com', pool: 'p', device: 'dev' }] } } },
  },
  // Conformance: [sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate [Conformance]
  { id: 'resource.k8s.io/v1/resourceclaimtemplates', kind: 'ResourceClaimTemplate' },
  // Conformance: [sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice [Conformance]
  { id: 'resource.k8s.io/v1/resourceslices', kind: 'ResourceSlice', cluster: true },
  { id: 'scheduling.k8s.io/v1/priorityclasses', kind: 'PriorityClass', cluster: true },
  { id: 'storage.k8s.io/v1/csidrivers', kind: 'CSIDriver', cluster: true },
  { id: 'storage.k8s.io/v1/csinodes', kind: 'CSINode', cluster: true },
  // Conformance: [sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations [Conformance]
  { id: 'storage.k8s.io/v1/csistoragecapacities', kind: 'CSIStorageCapacity' },
  { id: 'storage.k8s.io/v1/storageclasses', kind: 'StorageClass', cluster: true },
  { id: 'storage.k8s.io/v1/volumeattachments', kind: 'VolumeAttachment', strict: true, cluster: true, status: { attached: true } },
  { id: 'storage.k8s.io/v1/volumeattributesclasses', kind: 'VolumeAttributesClass', cluster: true },
  {
    // Conformance: [sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations [Conformance]
    // Conformance: [sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations [Conformance]
    id: 'admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    strict: true,
    cluster: true,
    status: { conditions },
  },
  // Conformance: [sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations [Conformance]
  // Conformance: [sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations [Conformance]
  { id: 'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding', cluster: true },
  { id: 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', kind: 'MutatingWebhookConfiguration', cluster: true },
  { id: 'admissionregistration.k8s.io/v1/validatingwebhookconfigurations', kind: 'ValidatingWebhookConfiguration', cluster: true },
  {
    // Conformance: [sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] should include custom resource definition resources in discovery documents [Conformance]
    id: 'apiextensions.k8s.io/v1/customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    cluster: true,
    names: ['as.example.com', 'bs.example.com', 'cs.example.com'],
    make: crd,
    status: { conditions },
  },
  {
    id: 'apiregistration.k8s.io/v1/apiservices',
    kind: 'APIService',
    cluster: true,
    names: ['v11.example.com', 'v12.example.com', 'v13.example.com'],
    make: service,
    status: { conditions },
  },
];
