// What node agents may do: their rules are fixed, and secrets and configuration only of pods that run on them.
import type { Pod } from '#api/core/v1/pod.ts';
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import { PersistentVolumes, Pods } from '#api/refs.ts';
import { nodesGroup } from '../authn/groups.ts';
import type { Authorizer, AuthzAttributes, Backend, Decision } from '../chain.ts';
import { allow, ruleAllows } from './rules.ts';

const userPrefix = 'system:node:';

/** Rules of every node agent. */
export const nodeRules: readonly PolicyRule[] = [
  allow('create', 'authentication.k8s.io', 'tokenreviews'),
  allow('create', 'authorization.k8s.io', 'subjectaccessreviews localsubjectaccessreviews'),
  allow('get list watch', 'core', 'services'),
  allow('create', 'core', 'nodes'),
  allow('update patch', 'core', 'nodes nodes/status'),
  allow('create update patch', 'core events.k8s.io', 'events'),
  allow('create delete', 'core', 'pods'),
  allow('update patch', 'core', 'pods/status'),
  allow('create', 'core', 'pods/eviction'),
  allow('get', 'core', 'persistentvolumeclaims persistentvolumes'),
  allow('get update patch', 'core', 'persistentvolumeclaims/status'),
  allow('get', 'core', 'endpoints'),
  allow('create get list watch', 'certificates.k8s.io', 'certificatesigningrequests'),
  allow('get create update patch delete', 'coordination.k8s.io', 'leases'),
  allow('get', 'storage.k8s.io', 'volumeattachments'),
  allow('get list watch', 'storage.k8s.io', 'csidrivers'),
  allow('get create update patch delete', 'storage.k8s.io', 'csinodes'),
  allow('get list watch', 'node.k8s.io', 'runtimeclasses'),
  allow('get', 'resource.k8s.io', 'resourceclaims'),
  allow('list watch deletecollection', 'resource.k8s.io', 'resourceslices'),
  allow('get create update patch delete', 'resource.k8s.io', 'resourceslices'),
  allow('get list watch', 'discovery.k8s.io', 'endpointslices'),
];

/** Name of the node whose agent the user is. */
export function nodeOf(user: { readonly name: string; readonly groups: readonly string[] }): string | undefined {
  if (!user.groups.includes(nodesGroup) || !user.name.startsWith(userPrefix)) return undefined;
  return user.name.slice(userPrefix.length) || undefined;
}

interface Named {
  readonly name?: string;
}

/** Names of the Secrets that a pod may read through its node. */
function secretsOf(pod: Pod): Set<string | undefined> {
  const volumes = pod.spec?.volumes ?? [];
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []), ...(pod.spec?.ephemeralContainers ?? [])];
  const refs: (Named | undefined)[] = [
    ...(pod.spec?.imagePullSecrets ?? []),
    ...volumes.map((volume) => (volume.secret ? { name: volume.secret.secretName } : undefined)),
    ...volumes.map((volume) => volume.csi?.nodePublishSecretRef),
    ...volumes.flatMap((volume) => (volume.projected?.sources ?? []).map((source) => source.secret)),
    ...containers.flatMap((container) => (container.env ?? []).map((env) => env.valueFrom?.secretKeyRef)),
    ...containers.flatMap((container) => (container.envFrom ?? []).map((from) => from.secretRef)),
  ];
  return new Set(refs.map((ref) => ref?.name));
}

function configMapsOf(pod: Pod): Set<string | undefined> {
  const volumes = pod.spec?.volumes ?? [];
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []), ...(pod.spec?.ephemeralContainers ?? [])];
  const refs: (Named | undefined)[] = [
    ...volumes.map((volume) => volume.configMap),
    ...volumes.flatMap((volume) => (volume.projected?.sources ?? []).map((source) => source.configMap)),
    ...containers.flatMap((container) => (container.env ?? []).map((env) => env.valueFrom?.configMapKeyRef)),
    ...containers.flatMap((container) => (container.envFrom ?? []).map((from) => from.configMapRef)),
  ];
  return new Set(refs.map((ref) => ref?.name));
}

/** True when a driver's Secret belongs to a persistent volume that a pod of the node uses. */
function volumeNeeds(reads: Pick<Backend, 'list'>, node: string, secret: AuthzAttributes): boolean {
  return reads.list(PersistentVolumes).some(({ spec }) => {
    const { csi, claimRef } = spec ?? {};
    const refs = [csi?.nodeStageSecretRef, csi?.nodePublishSecretRef, csi?.nodeExpandSecretRef];
    if (!claimRef || !refs.some((ref) => ref?.name === secret.name && ref?.namespace === secret.namespace)) return false;
    const pods = reads.list(Pods, claimRef.namespace ?? '').filter((pod) => pod.spec?.nodeName === node);
    return pods.some((pod) => claimsOf(pod).includes(claimRef.name));
  });
}

const claimsOf = (pod: Pod): (string | undefined)[] =>
  (pod.spec?.volumes ?? []).map((volume) =>
    volume.ephemeral ? `${pod.metadata.name}-${volume.name}` : volume.persistentVolumeClaim?.claimName,
  );

/** True when a pod is the reason for which its node may touch an object of its namespace. */
function podNeeds(pod: Pod, attributes: AuthzAttributes): boolean {
  switch (attributes.resource) {
    case 'secrets':
      return secretsOf(pod).has(attributes.name);
    case 'configmaps':
      return configMapsOf(pod).has(attributes.name);
    default:
      return (pod.spec?.serviceAccountName || 'default') === attributes.name;
  }
}

const allowed: Decision = { decision: 'allow' };
const no = (reason: string): Decision => ({ decision: 'no-opinion', reason });

/** Agents see their own node and its pods, and say so in their selectors (KEP-4601). */
function readsOwn(attributes: AuthzAttributes, node: string, reads: Pick<Backend, 'peek'>): Decision | undefined {
  const { resource, subresource, verb, group, name, namespace, fieldSelector = '' } = attributes;
  if (!attributes.isResource || group !== '' || subresource !== '' || !['get', 'list', 'watch'].includes(verb)) return undefined;
  const terms = fieldSelector.split(',').map((term) => term.trim().replace('==', '='));
  if (resource === 'nodes') {
    if (name === node) return allowed;
    return no(`node '${node}' cannot read ${name === '' ? 'all nodes' : `'${name}'`}, only its own Node object`);
  }
  if (resource !== 'pods') return undefined;
  if (verb !== 'get') {
    return terms.includes(`spec.nodeName=${node}`) ? allowed : no('can only list/watch pods with spec.nodeName field selector');
  }
  const found = reads.peek(Pods, name, namespace);
  return found?.spec?.nodeName === node ? allowed : no(`no relationship found between node '${node}' and this object`);
}

/** Authorizes node agents. */
export function createNodeAuthorizer(reads: Pick<Backend, 'list' | 'peek'>): Authorizer {
  return {
    authorize(attributes) {
      const node = nodeOf(attributes.user);
      if (node === undefined) return { decision: 'no-opinion' };
      if (nodeRules.some((rule) => ruleAllows(rule, attributes))) return { decision: 'allow' };
      const ownReads = readsOwn(attributes, node, reads);
      if (ownReads) return ownReads;
      const { resource, subresource, verb, group, name, namespace } = attributes;
      const readsConfig =
        (resource === 'secrets' || resource === 'configmaps') && ['get', 'list', 'watch'].includes(verb) && subresource === '';
      const needsToken =
        resource === 'serviceaccounts' && ((verb === 'create' && subresource === 'token') || (verb === 'get' && subresource === ''));
      if (!attributes.isResource || group !== '' || name === '' || !(readsConfig || needsToken)) return { decision: 'no-opinion' };
      const pods = reads.list(Pods, namespace).filter((pod) => pod.spec?.nodeName === node);
      if (pods.some((pod) => podNeeds(pod, attributes))) return { decision: 'allow' };
      if (resource === 'secrets' && verb === 'get' && volumeNeeds(reads, node, attributes)) return { decision: 'allow' };
      return { decision: 'no-opinion', reason: `no relationship found between node '${node}' and this object` };
    },
  };
}
