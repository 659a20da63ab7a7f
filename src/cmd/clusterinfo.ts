// What joining nodes find: `cluster-info`, and the rights that their network parts need beyond those of every node.
import type { Draft, KubeObject } from '#api/object.ts';
import { ClusterRoleBindings, ClusterRoles, ConfigMaps, type ResourceRef, RoleBindings, Roles } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import { clusterInfoName, clusterInfoNamespace, type ClusterFacts, factsKey, kubeconfigKey } from '#client/clusterinfo.ts';
import type { Client } from '#client/client.ts';
import { kubeconfigText } from '#client/kubeconfig.ts';

const rbac = 'rbac.authorization.k8s.io';
const network = 'tutti:node-network';
const read = ['get', 'list', 'watch'];

async function ensure<T extends KubeObject>(client: Client, ref: ResourceRef<T>, object: Draft<T>): Promise<void> {
  const { name = '', namespace } = (object as Draft<KubeObject>).metadata ?? {};
  const found = await client
    .resource(ref)
    .get(name, namespace ? { namespace } : {})
    .catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });
  if (found !== undefined) return;
  await client
    .resource(ref)
    .create(object)
    .catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
}

/** Rules of Services, policies and names are made on every node: each node reads what they are made from. */
async function ensureRights(client: Client): Promise<void> {
  const nodes = [{ kind: 'Group', apiGroup: rbac, name: 'system:nodes' }];
  const everybody = [{ kind: 'User', apiGroup: rbac, name: 'system:anonymous' }];
  const inSystem = { name: network, namespace: 'kube-system' };
  const info = { name: 'tutti:cluster-info', namespace: clusterInfoNamespace };
  await Promise.all([
    ensure(client, ClusterRoles, {
      metadata: { name: network },
      rules: [
        { apiGroups: [''], resources: ['namespaces', 'nodes', 'pods', 'services'], verbs: read },
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
        { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: read },
        { nonResourceURLs: ['/tutti/endpoints/*'], verbs: ['get'] },
      ],
    }),
    ensure(client, ClusterRoleBindings, {
      metadata: { name: network },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: network },
      subjects: nodes,
    }),
    // The name server of each node says where it is.
    ensure(client, Roles, {
      metadata: inSystem,
      rules: [
        { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: [...read, 'create', 'update', 'patch', 'delete'] },
        { apiGroups: [''], resources: ['configmaps'], verbs: read, resourceNames: ['kube-dns'] },
      ],
    }),
    ensure(client, RoleBindings, { metadata: inSystem, roleRef: { apiGroup: rbac, kind: 'Role', name: network }, subjects: nodes }),
    ensure(client, Roles, {
      metadata: info,
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: [clusterInfoName] }],
    }),
    ensure(client, RoleBindings, {
      metadata: info,
      roleRef: { apiGroup: rbac, kind: 'Role', name: info.name },
      subjects: [...everybody, ...nodes],
    }),
  ]);
}

export interface ClusterInfo {
  /** `https://address:port`, reachable from other machines. */
  readonly server: string;
  readonly ca: string;
  readonly facts: ClusterFacts;
}

/** Writes it, or brings it up to date; the signatures follow by themselves. */
export async function publishClusterInfo(client: Client, info: ClusterInfo): Promise<void> {
  await ensureRights(client);
  const data = { [kubeconfigKey]: anonymousKubeconfig(info), [factsKey]: JSON.stringify(info.facts) };
  const at = { namespace: clusterInfoNamespace };
  await ensure(client, ConfigMaps, { metadata: { name: clusterInfoName, ...at }, data });
  const present = await client.resource(ConfigMaps).get(clusterInfoName, at);
  if (Object.entries(data).some(([key, value]) => present.data?.[key] !== value))
    await client.resource(ConfigMaps).patch(clusterInfoName, { data }, { ...at, type: 'merge' });
}

/** A kubeconfig that says where the server is and by what it is known, and nothing about a user. */
const anonymousKubeconfig = ({ server, ca }: ClusterInfo): string => kubeconfigText({ server, ca, cluster: '', user: '' });
