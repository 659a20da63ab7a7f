// Roles of the control plane's own components.
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import { allow, allowPaths } from './rules.ts';

/** Controllers write what they watch over; they run with one identity. */
const controllerManagerRules: readonly PolicyRule[] = [
  allow('get list watch', '*', '*'),
  allow('create patch update', 'core events.k8s.io', 'events'),
  allow('create get update patch', 'coordination.k8s.io', 'leases'),
  allow('create update patch delete deletecollection', '*', '*'),
  allow('create', 'core', 'serviceaccounts/token'),
  allowPaths('get', '*'),
];

const schedulerRules: readonly PolicyRule[] = [
  allow('create patch update', 'core events.k8s.io', 'events'),
  allow('create get update list watch', 'coordination.k8s.io', 'leases'),
  allow('get list watch', 'core', 'nodes namespaces pods services replicationcontrollers persistentvolumeclaims persistentvolumes'),
  allow('delete', 'core', 'pods'),
  allow('create', 'core', 'bindings pods/binding'),
  allow('patch update', 'core', 'pods/status'),
  allow('update patch', 'core', 'persistentvolumeclaims persistentvolumes'),
  allow('get list watch', 'apps', 'replicasets statefulsets'),
  allow('get list watch', 'policy', 'poddisruptionbudgets'),
  allow('get list watch', 'storage.k8s.io', 'csinodes csidrivers csistoragecapacities storageclasses volumeattachments'),
  allow('get list watch', 'scheduling.k8s.io', 'priorityclasses'),
  allow('get list watch patch update', 'resource.k8s.io', 'resourceclaims resourceclaims/status'),
  allow('get list watch', 'resource.k8s.io', 'deviceclasses resourceslices'),
  allow('create', 'authentication.k8s.io', 'tokenreviews'),
  allow('create', 'authorization.k8s.io', 'subjectaccessreviews'),
];

/** ClusterRoles of components. */
export const controllerRoles: readonly { readonly name: string; readonly rules: readonly PolicyRule[] }[] = [
  { name: 'system:kube-controller-manager', rules: controllerManagerRules },
  { name: 'system:kube-scheduler', rules: schedulerRules },
];
