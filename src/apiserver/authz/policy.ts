// The roles and bindings that every cluster starts with.
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import { authenticatedGroup, mastersGroup, nodesGroup, unauthenticatedGroup } from '../authn/groups.ts';
import { bootstrapGroup } from '../authn/bootstrap.ts';
import { componentBindings, componentNamespaceBindings, componentNamespaceRoles, componentRoles } from './controllers.ts';
import { offeredRoles } from './offered.ts';
import { allow, allowPaths } from './rules.ts';

export interface RoleSpec {
  readonly name: string;
  /** Of a Role; absent for ClusterRoles. */
  readonly namespace?: string;
  readonly rules: readonly PolicyRule[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Labels of roles whose rules are added by the aggregation controller. */
  readonly aggregate?: readonly string[];
}

export interface BindingSpec {
  readonly name: string;
  /** Of a RoleBinding; absent for ClusterRoleBindings. */
  readonly namespace?: string;
  readonly role: string;
  readonly subjects: readonly { readonly kind: 'User' | 'Group' | 'ServiceAccount'; readonly name: string; readonly namespace?: string }[];
}

const read = 'get list watch';
const write = 'create delete deletecollection patch update';
const aggregateTo = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`;

const viewRules: readonly PolicyRule[] = [
  allow(
    read,
    'core',
    'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
  ),
  allow(
    read,
    'core',
    'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
  ),
  allow(read, 'core', 'namespaces'),
  allow(read, 'discovery.k8s.io', 'endpointslices'),
  allow(
    read,
    'apps',
    'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
  ),
  allow(read, 'autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status'),
  allow(read, 'batch', 'cronjobs cronjobs/status jobs jobs/status'),
  allow(
    read,
    'extensions',
    'daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale',
  ),
  allow(read, 'policy', 'poddisruptionbudgets poddisruptionbudgets/status'),
  allow(read, 'networking.k8s.io', 'ingresses ingresses/status networkpolicies'),
  allow(read, 'resource.k8s.io', 'resourceclaims resourceclaims/status resourceclaimtemplates'),
];

const editRules: readonly PolicyRule[] = [
  allow(read, 'core', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
  allow('impersonate', 'core', 'serviceaccounts'),
  allow(write, 'core', 'pods pods/attach pods/exec pods/portforward pods/proxy'),
  allow('create', 'core', 'pods/eviction'),
  allow(
    write,
    'core',
    'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
  ),
  allow('create', 'core', 'serviceaccounts/token'),
  allow(
    write,
    'apps',
    'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
  ),
  allow(write, 'autoscaling', 'horizontalpodautoscalers'),
  allow(write, 'batch', 'cronjobs jobs'),
  allow(
    write,
    'extensions',
    'daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale',
  ),
  allow(write, 'policy', 'poddisruptionbudgets'),
  allow(write, 'networking.k8s.io', 'ingresses networkpolicies'),
  allow(`${write} ${read}`, 'coordination.k8s.io', 'leases'),
  allow(write, 'resource.k8s.io', 'resourceclaims resourceclaimtemplates'),
];

const adminRules: readonly PolicyRule[] = [
  allow('create', 'authorization.k8s.io', 'localsubjectaccessreviews'),
  allow(`${write} ${read}`, 'rbac.authorization.k8s.io', 'roles rolebindings'),
];

const discoveryPaths = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];

/** ClusterRoles. */
export const clusterRoles: readonly RoleSpec[] = [
  { name: 'cluster-admin', rules: [allow('*', '*', '*'), allowPaths('*', '*')] },
  { name: 'system:discovery', rules: [allowPaths('get', ...discoveryPaths)] },
  {
    name: 'system:monitoring',
    rules: [allowPaths('get', '/metrics', '/metrics/slis', '/livez', '/readyz', '/healthz', '/livez/*', '/readyz/*', '/healthz/*')],
  },
  { name: 'system:public-info-viewer', rules: [allowPaths('get', '/healthz', '/livez', '/readyz', '/version', '/version/')] },
  {
    name: 'system:basic-user',
    rules: [
      allow('create', 'authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      allow('create', 'authentication.k8s.io', 'selfsubjectreviews'),
    ],
  },
  { name: 'admin', rules: [...adminRules, ...editRules, ...viewRules], aggregate: ['admin'] },
  { name: 'edit', rules: [...editRules, ...viewRules], aggregate: ['edit'], labels: { [aggregateTo('admin')]: 'true' } },
  { name: 'view', rules: viewRules, aggregate: ['view'], labels: { [aggregateTo('edit')]: 'true' } },
  { name: 'system:aggregate-to-admin', rules: adminRules, labels: { [aggregateTo('admin')]: 'true' } },
  { name: 'system:aggregate-to-edit', rules: editRules, labels: { [aggregateTo('edit')]: 'true' } },
  { name: 'system:aggregate-to-view', rules: viewRules, labels: { [aggregateTo('view')]: 'true' } },
  {
    name: 'system:node-proxier',
    rules: [
      allow('list watch', 'core', 'services endpoints'),
      allow(read, 'core', 'nodes'),
      allow('list watch', 'discovery.k8s.io', 'endpointslices'),
      allow('create patch update', 'core events.k8s.io', 'events'),
      allow('list watch', 'networking.k8s.io', 'servicecidrs'),
    ],
  },
  {
    name: 'system:kubelet-api-admin',
    rules: [
      allow('get list watch proxy', 'core', 'nodes'),
      allow('*', 'core', 'nodes/proxy nodes/log nodes/stats nodes/metrics nodes/spec nodes/configz nodes/healthz nodes/pods'),
    ],
  },
  { name: 'system:node-bootstrapper', rules: [allow('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests')] },
  {
    name: 'system:auth-delegator',
    rules: [allow('create', 'authentication.k8s.io', 'tokenreviews'), allow('create', 'authorization.k8s.io', 'subjectaccessreviews')],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    rules: [allow('create', 'certificates.k8s.io', 'certificatesigningrequests/nodeclient')],
  },
  {
    name: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    rules: [allow('create', 'certificates.k8s.io', 'certificatesigningrequests/selfnodeclient')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      allowPaths('get', '/.well-known/openid-configuration', '/.well-known/openid-configuration/', '/openid/v1/jwks', '/openid/v1/jwks/'),
    ],
  },
  {
    name: 'system:coredns',
    rules: [allow('list watch', 'core', 'endpoints services pods namespaces'), allow('list watch', 'discovery.k8s.io', 'endpointslices')],
  },
  {
    name: 'system:metrics-server',
    rules: [allow('get', 'core', 'nodes/metrics nodes/proxy nodes/stats'), allow(read, 'core', 'pods nodes namespaces')],
  },
  {
    name: 'system:aggregated-metrics-reader',
    rules: [allow(read, 'metrics.k8s.io', 'pods nodes')],
    labels: { [aggregateTo('view')]: 'true' },
  },
  ...componentRoles,
  ...offeredRoles,
];

const group = (name: string) => ({ kind: 'Group' as const, name });
const user = (name: string) => ({ kind: 'User' as const, name });

/** ClusterRoleBindings. */
export const clusterRoleBindings: readonly BindingSpec[] = [
  { name: 'cluster-admin', role: 'cluster-admin', subjects: [group(mastersGroup)] },
  { name: 'system:monitoring', role: 'system:monitoring', subjects: [group('system:monitoring')] },
  { name: 'system:discovery', role: 'system:discovery', subjects: [group(authenticatedGroup)] },
  { name: 'system:basic-user', role: 'system:basic-user', subjects: [group(authenticatedGroup)] },
  {
    name: 'system:public-info-viewer',
    role: 'system:public-info-viewer',
    subjects: [group(authenticatedGroup), group(unauthenticatedGroup)],
  },
  { name: 'system:node-proxier', role: 'system:node-proxier', subjects: [user('system:kube-proxy')] },
  { name: 'system:kube-controller-manager', role: 'system:kube-controller-manager', subjects: [user('system:kube-controller-manager')] },
  { name: 'system:kube-scheduler', role: 'system:kube-scheduler', subjects: [user('system:kube-scheduler')] },
  {
    name: 'system:service-account-issuer-discovery',
    role: 'system:service-account-issuer-discovery',
    subjects: [group('system:serviceaccounts')],
  },
  { name: 'system:coredns', role: 'system:coredns', subjects: [user('system:coredns')] },
  { name: 'system:metrics-server', role: 'system:metrics-server', subjects: [user('system:metrics-server')] },
  { name: 'system:node-bootstrapper', role: 'system:node-bootstrapper', subjects: [group(bootstrapGroup)] },
  {
    name: 'system:node-autoapprove-bootstrap',
    role: 'system:certificates.k8s.io:certificatesigningrequests:nodeclient',
    subjects: [group(bootstrapGroup)],
  },
  {
    name: 'system:node-autoapprove-certificate-rotation',
    role: 'system:certificates.k8s.io:certificatesigningrequests:selfnodeclient',
    subjects: [group(nodesGroup)],
  },
  ...componentBindings,
];

/** Roles and RoleBindings: what extension API servers read to check delegated identities, and components' own. */
export const systemRoles: readonly RoleSpec[] = [
  {
    name: 'extension-apiserver-authentication-reader',
    namespace: 'kube-system',
    rules: [allow(read, 'core', 'configmaps', 'extension-apiserver-authentication')],
  },
  ...componentNamespaceRoles,
];
export const systemRoleBindings: readonly BindingSpec[] = [
  {
    name: 'system::extension-apiserver-authentication-reader',
    namespace: 'kube-system',
    role: 'extension-apiserver-authentication-reader',
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
  },
  ...componentNamespaceBindings,
];
