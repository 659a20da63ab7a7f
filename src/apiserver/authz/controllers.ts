// Roles of the control plane's own components: each controller may do what its work needs, and no more.
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import { allow, allowPaths } from './rules.ts';

const read = 'get list watch';
const events = allow('create patch update', 'core events.k8s.io', 'events');

/** Watches everything for all controllers of the process; writes only what elects a leader. */
const controllerManagerRules: readonly PolicyRule[] = [
  allow(read, '*', '*'),
  events,
  allow('create get update patch', 'coordination.k8s.io', 'leases'),
  allow('create', 'core', 'serviceaccounts/token'),
  allow('create', 'authentication.k8s.io', 'tokenreviews'),
  allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
  allowPaths('get', '*'),
];

const schedulerRules: readonly PolicyRule[] = [
  events,
  allow('create get update list watch', 'coordination.k8s.io', 'leases'),
  allow(read, 'core', 'nodes namespaces pods services replicationcontrollers persistentvolumeclaims persistentvolumes'),
  allow('delete', 'core', 'pods'),
  allow('create', 'core', 'bindings pods/binding'),
  allow('patch update', 'core', 'pods/status'),
  allow('update patch', 'core', 'persistentvolumeclaims persistentvolumes'),
  allow(read, 'apps', 'replicasets statefulsets'),
  allow(read, 'policy', 'poddisruptionbudgets'),
  allow(read, 'storage.k8s.io', 'csinodes csidrivers csistoragecapacities storageclasses volumeattachments'),
  allow(read, 'scheduling.k8s.io', 'priorityclasses'),
  allow('get list watch patch update', 'resource.k8s.io', 'resourceclaims resourceclaims/status'),
  allow(read, 'resource.k8s.io', 'deviceclasses resourceslices'),
  allow('create', 'authentication.k8s.io', 'tokenreviews'),
  allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];

/** The name server of a node registers itself behind the Service that pods know. */
const dnsRules: readonly PolicyRule[] = [
  allow('create get', 'core', 'services'),
  allow('create delete get patch', 'discovery.k8s.io', 'endpointslices'),
  allow('create', 'discovery.k8s.io', 'endpointslices/restricted'),
  allow('get list watch', 'core', 'configmaps', 'coredns-custom'),
];

const managesPods = allow('create delete list patch watch', 'core', 'pods');
const revisions = allow('create delete get list patch update watch', 'apps', 'controllerrevisions');
const signers = [
  'kubernetes.io/kube-apiserver-client',
  'kubernetes.io/kube-apiserver-client-kubelet',
  'kubernetes.io/kubelet-serving',
  'kubernetes.io/legacy-unknown',
] as const;

/** Rules of controllers by the name of their ServiceAccount in kube-system. */
export const controllerRules: Readonly<Record<string, readonly PolicyRule[]>> = {
  'attachdetach-controller': [
    allow('list watch', 'core', 'persistentvolumes persistentvolumeclaims pods'),
    allow(read, 'core', 'nodes'),
    allow('patch update', 'core', 'nodes/status'),
    allow('create delete get list watch', 'storage.k8s.io', 'volumeattachments'),
    allow(read, 'storage.k8s.io', 'csidrivers csinodes'),
    events,
  ],
  'certificate-controller': [
    allow('delete get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
    allow('update', 'certificates.k8s.io', 'certificatesigningrequests/approval certificatesigningrequests/status'),
    // Ours approves serving certificates too, where a node asks for its own addresses only.
    allow('approve', 'certificates.k8s.io', 'signers', 'kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving'),
    allow('sign', 'certificates.k8s.io', 'signers', ...signers),
    allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
    events,
  ],
  'clusterrole-aggregation-controller': [allow('escalate get list patch update watch', 'rbac.authorization.k8s.io', 'clusterroles')],
  'cronjob-controller': [
    allow('get list update watch', 'batch', 'cronjobs'),
    allow('create delete get list patch update watch', 'batch', 'jobs'),
    allow('update', 'batch', 'cronjobs/finalizers cronjobs/status'),
    allow('delete list', 'core', 'pods'),
    events,
  ],
  'daemon-set-controller': [
    allow(read, 'apps', 'daemonsets'),
    allow('update', 'apps', 'daemonsets/finalizers daemonsets/status'),
    allow('list watch', 'core', 'nodes'),
    managesPods,
    allow('create', 'core', 'pods/binding'),
    revisions,
    events,
  ],
  'deployment-controller': [
    allow('get list update watch', 'apps', 'deployments'),
    allow('update', 'apps', 'deployments/finalizers deployments/status'),
    allow('create delete get list patch update watch', 'apps', 'replicasets'),
    allow('get list update watch', 'core', 'pods'),
    events,
  ],
  'disruption-controller': [
    allow(read, 'apps', 'deployments replicasets statefulsets'),
    allow(read, 'core', 'replicationcontrollers'),
    allow(read, 'policy', 'poddisruptionbudgets'),
    allow('update', 'policy', 'poddisruptionbudgets/status'),
    allow('patch update', 'core', 'pods/status'),
    allow('get', '*', '*/scale'),
    events,
  ],
  'ephemeral-volume-controller': [
    allow(read, 'core', 'pods'),
    allow('update', 'core', 'pods/finalizers'),
    allow('create get list watch', 'core', 'persistentvolumeclaims'),
    events,
  ],
  'endpoint-controller': [
    allow(read, 'core', 'pods services'),
    allow('create delete get list update', 'core', 'endpoints'),
    allow('create', 'core', 'endpoints/restricted'),
    events,
  ],
  'endpointslice-controller': [
    allow(read, 'core', 'nodes pods services'),
    allow('update', 'core', 'services/finalizers'),
    allow('create delete get list update', 'discovery.k8s.io', 'endpointslices'),
    allow('create', 'discovery.k8s.io', 'endpointslices/restricted'),
    events,
  ],
  'endpointslicemirroring-controller': [
    allow(read, 'core', 'endpoints services'),
    allow('update', 'core', 'endpoints/finalizers services/finalizers'),
    allow('create delete get list update', 'discovery.k8s.io', 'endpointslices'),
    allow('create', 'discovery.k8s.io', 'endpointslices/restricted'),
    events,
  ],
  'expand-controller': [
    allow('get list patch update watch', 'core', 'persistentvolumes'),
    allow('patch update', 'core', 'persistentvolumeclaims/status'),
    allow(read, 'core', 'persistentvolumeclaims'),
    events,
  ],
  'generic-garbage-collector': [allow('delete get list patch update watch', '*', '*'), events],
  'horizontal-pod-autoscaler': [
    allow(read, 'autoscaling', 'horizontalpodautoscalers'),
    allow('update', 'autoscaling', 'horizontalpodautoscalers/status'),
    allow('get update', '*', '*/scale'),
    allow('list', 'core', 'pods'),
    allow('list watch', 'metrics.k8s.io', 'pods'),
    allow('get list', 'custom.metrics.k8s.io', '*'),
    allow('get list', 'external.metrics.k8s.io', '*'),
    events,
  ],
  'job-controller': [
    allow('get list patch update watch', 'batch', 'jobs'),
    allow('patch update', 'batch', 'jobs/status'),
    allow('update', 'batch', 'jobs/finalizers'),
    managesPods,
    events,
  ],
  'local-path-provisioner': [
    allow('create delete get list patch watch', 'core', 'persistentvolumes'),
    allow('get list patch watch', 'core', 'persistentvolumeclaims'),
    allow('patch', 'core', 'persistentvolumeclaims/status'),
    allow(read, 'storage.k8s.io', 'storageclasses'),
    allow(read, 'core', 'nodes'),
    allow('delete get update', 'core', 'nodes/proxy'),
    events,
  ],
  'namespace-controller': [
    allow('delete get list watch', 'core', 'namespaces'),
    allow('update', 'core', 'namespaces/finalize namespaces/status'),
    allow('delete deletecollection get list', '*', '*'),
  ],
  'node-controller': [
    allow('delete get list patch update watch', 'core', 'nodes'),
    allow('patch update', 'core', 'nodes/status pods/status'),
    allow('delete get list watch', 'core', 'pods'),
    events,
  ],
  'persistent-volume-binder': [
    allow('create delete get list patch update watch', 'core', 'persistentvolumes'),
    allow('patch update', 'core', 'persistentvolumeclaims/status persistentvolumes/status'),
    allow('get list patch update watch', 'core', 'persistentvolumeclaims'),
    allow('create delete get list watch', 'core', 'pods'),
    allow(read, 'storage.k8s.io', 'csidrivers csinodes storageclasses'),
    allow(read, 'core', 'nodes'),
    events,
  ],
  'pod-garbage-collector': [
    allow('delete list watch', 'core', 'pods'),
    allow('get list', 'core', 'nodes'),
    allow('patch', 'core', 'pods/status'),
  ],
  'pv-protection-controller': [allow('get list update watch', 'core', 'persistentvolumes'), events],
  'pvc-protection-controller': [allow('get list update watch', 'core', 'persistentvolumeclaims'), allow(read, 'core', 'pods'), events],
  'resource-claim-controller': [
    allow(read, 'core', 'pods'),
    allow('update', 'core', 'pods/finalizers'),
    allow('patch update', 'core', 'pods/status'),
    allow(read, 'resource.k8s.io', 'resourceclaimtemplates'),
    allow('create delete get list patch update watch', 'resource.k8s.io', 'resourceclaims'),
    allow('patch update', 'resource.k8s.io', 'resourceclaims/binding resourceclaims/status'),
    events,
  ],
  'replicaset-controller': [
    allow('get list update watch', 'apps', 'replicasets'),
    allow('update', 'apps', 'replicasets/finalizers replicasets/status'),
    managesPods,
    events,
  ],
  'replication-controller': [
    allow('get list update watch', 'core', 'replicationcontrollers'),
    allow('update', 'core', 'replicationcontrollers/finalizers replicationcontrollers/status'),
    managesPods,
    events,
  ],
  'resourcequota-controller': [allow('list watch', '*', '*'), allow('update', 'core', 'resourcequotas/status'), events],
  'root-ca-cert-publisher': [allow('create update', 'core', 'configmaps'), events],
  'service-account-controller': [allow('create', 'core', 'serviceaccounts'), events],
  'service-cidrs-controller': [
    allow('get list watch patch update', 'networking.k8s.io', 'servicecidrs'),
    allow('patch update', 'networking.k8s.io', 'servicecidrs/finalizers servicecidrs/status'),
    allow(read, 'networking.k8s.io', 'ipaddresses'),
    events,
  ],
  'service-controller': [
    allow(read, 'core', 'services'),
    allow('patch update', 'core', 'services/status'),
    allow('list watch', 'core', 'nodes'),
    events,
  ],
  'statefulset-controller': [
    allow('list watch', 'core', 'pods'),
    allow(read, 'apps', 'statefulsets'),
    allow('update', 'apps', 'statefulsets/finalizers statefulsets/status'),
    allow('create delete get patch update', 'core', 'pods'),
    revisions,
    allow('create delete get list patch update watch', 'core', 'persistentvolumeclaims'),
    events,
  ],
  'ttl-after-finished-controller': [allow('delete get list watch', 'batch', 'jobs'), events],
  'ttl-controller': [allow('list patch update watch', 'core', 'nodes'), events],
  'validatingadmissionpolicy-status-controller': [
    allow(read, 'admissionregistration.k8s.io', 'validatingadmissionpolicies'),
    allow('get patch update', 'admissionregistration.k8s.io', 'validatingadmissionpolicies/status'),
    events,
  ],
  'volumeattributesclass-protection-controller': [
    allow(read, 'core', 'persistentvolumeclaims persistentvolumes'),
    allow('get list update watch', 'storage.k8s.io', 'volumeattributesclasses'),
    events,
  ],
};

/** Controllers that touch one namespace only: their Roles, by namespace. */
export const namespacedControllerRules: readonly {
  readonly name: string;
  readonly namespace: string;
  readonly rules: readonly PolicyRule[];
}[] = [
  { name: 'bootstrap-signer', namespace: 'kube-system', rules: [allow(read, 'core', 'secrets')] },
  {
    name: 'bootstrap-signer',
    namespace: 'kube-public',
    rules: [allow(read, 'core', 'configmaps'), allow('update', 'core', 'configmaps', 'cluster-info'), events],
  },
  { name: 'token-cleaner', namespace: 'kube-system', rules: [allow('delete get list watch', 'core', 'secrets'), events] },
];

const prefix = 'system:controller:';

/** ClusterRoles of components. */
export const componentRoles: readonly { readonly name: string; readonly rules: readonly PolicyRule[] }[] = [
  { name: 'system:kube-controller-manager', rules: controllerManagerRules },
  { name: 'system:kube-scheduler', rules: schedulerRules },
  ...Object.entries(controllerRules).map(([name, rules]) => ({ name: prefix + name, rules })),
];

const account = (name: string) => [{ kind: 'ServiceAccount' as const, name, namespace: 'kube-system' }];

/** Who has them: each controller its own. */
export const componentBindings = Object.keys(controllerRules).map((name) => ({
  name: prefix + name,
  role: prefix + name,
  subjects: account(name),
}));

/** Roles within namespaces, and who has them. */
export const componentNamespaceRoles = [
  ...namespacedControllerRules.map(({ name, namespace, rules }) => ({ name: prefix + name, namespace, rules })),
  { name: 'system:kube-dns', namespace: 'kube-system', rules: dnsRules },
];
export const componentNamespaceBindings = [
  ...namespacedControllerRules.map(({ name, namespace }) => ({
    name: prefix + name,
    role: prefix + name,
    namespace,
    subjects: account(name),
  })),
  {
    name: 'system:kube-dns',
    role: 'system:kube-dns',
    namespace: 'kube-system',
    subjects: [{ kind: 'User' as const, name: 'system:kube-dns' }],
  },
];
