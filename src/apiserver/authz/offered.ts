// Roles that no part of Tutti needs itself: published manifests bind them to their own accounts.
import { nodeRules } from './node.ts';
import type { RoleSpec } from './policy.ts';
import { allow } from './rules.ts';

const read = 'get list watch';
const change = 'get list patch update watch';
const events = allow('create patch update', 'core events.k8s.io', 'events');

const approver = (name: string, signer: string): RoleSpec => ({
  name: `system:certificates.k8s.io:${name}`,
  rules: [allow('approve', 'certificates.k8s.io', 'signers', `kubernetes.io/${signer}`)],
});

/** ClusterRoles that nothing is bound to in a new cluster. */
export const offeredRoles: readonly RoleSpec[] = [
  approver('kube-apiserver-client-approver', 'kube-apiserver-client'),
  approver('kube-apiserver-client-kubelet-approver', 'kube-apiserver-client-kubelet'),
  approver('kubelet-serving-approver', 'kubelet-serving'),
  approver('legacy-unknown-approver', 'legacy-unknown'),
  { name: 'system:kube-aggregator', rules: [allow(read, 'core', 'endpoints services')] },
  { name: 'system:kube-dns', rules: [allow('list watch', 'core', 'endpoints services')] },
  // Agents have these rules through the Node authorizer, which also looks at what they ask for.
  { name: 'system:node', rules: nodeRules },
  {
    name: 'system:node-problem-detector',
    rules: [allow('get', 'core', 'nodes'), allow('patch', 'core', 'nodes/status'), events],
  },
  {
    name: 'system:persistent-volume-provisioner',
    rules: [
      allow('create delete get list watch', 'core', 'persistentvolumes'),
      allow('get list update watch', 'core', 'persistentvolumeclaims'),
      allow(read, 'storage.k8s.io', 'storageclasses'),
      allow('watch', 'core', 'events'),
      events,
    ],
  },
  {
    name: 'system:volume-scheduler',
    rules: [
      allow(change, 'core', 'persistentvolumes'),
      allow(read, 'storage.k8s.io', 'storageclasses'),
      allow(change, 'core', 'persistentvolumeclaims'),
    ],
  },
];
