// Pure: what objects use up of a ResourceQuota. The quota controller counts with it, and so may admission.
import type { PersistentVolumeClaim } from './core/v1/persistentvolumeclaim.ts';
import type { Pod } from './core/v1/pod.ts';
import type { ResourceQuota } from './core/v1/resourcequota.ts';
import type { Service } from './core/v1/service.ts';
import { podLimits, podRequests, type ResourceList } from './podrequests.ts';
import { isPodTerminal } from './podutil.ts';
import { qosClass } from './qos.ts';

type Usage = Record<string, string>;

const plain = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** Does a pod still count against quotas? Those that have ended, or should have by now, do not. */
export function podCounts(pod: Pod, now: number): boolean {
  if (isPodTerminal(pod)) return false;
  const { deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds === undefined) return true;
  return now <= Date.parse(deletionTimestamp) + Number(deletionGracePeriodSeconds) * 1000;
}

/** What one pod uses. */
export function podUsage(pod: Pod, now: number): ResourceList {
  const usage: Usage = { 'count/pods': '1' };
  if (!podCounts(pod, now)) return usage;
  usage.pods = '1';
  for (const [name, amount] of Object.entries(podRequests(pod.spec))) {
    if (plain.has(name)) usage[name] = amount;
    if (plain.has(name) || name.includes('/') || name.startsWith('hugepages-')) usage[`requests.${name}`] = amount;
    if (name.startsWith('hugepages-')) usage[name] = amount;
  }
  for (const [name, amount] of Object.entries(podLimits(pod.spec))) if (plain.has(name)) usage[`limits.${name}`] = amount;
  return usage;
}

/** What one Service uses. */
export function serviceUsage(service: Service): ResourceList {
  const { type, ports = [], allocateLoadBalancerNodePorts } = service.spec;
  const balanced = type === 'LoadBalancer';
  let nodePorts = 0;
  if (type === 'NodePort') nodePorts = ports.length;
  else if (balanced) nodePorts = allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort).length : ports.length;
  return {
    'count/services': '1',
    services: '1',
    'services.nodeports': String(nodePorts),
    'services.loadbalancers': balanced ? '1' : '0',
  };
}

/** What one claim uses. */
export function claimUsage(claim: PersistentVolumeClaim): ResourceList {
  const usage: Usage = { 'count/persistentvolumeclaims': '1', persistentvolumeclaims: '1' };
  const storage = claim.spec.resources?.requests?.storage;
  const storageClass = claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec.storageClassName;
  if (storage !== undefined) usage['requests.storage'] = storage;
  if (storageClass) {
    usage[`${storageClass}.storageclass.storage.k8s.io/persistentvolumeclaims`] = '1';
    if (storage !== undefined) usage[`${storageClass}.storageclass.storage.k8s.io/requests.storage`] = storage;
  }
  return usage;
}

interface ScopeRequirement {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

function crossesNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(({ namespaces, namespaceSelector }) => (namespaces?.length ?? 0) > 0 || namespaceSelector !== undefined);
}

function inScope(pod: Pod, { scopeName, operator, values = [] }: ScopeRequirement): boolean {
  switch (scopeName) {
    case 'Terminating':
      return pod.spec.activeDeadlineSeconds !== undefined;
    case 'NotTerminating':
      return pod.spec.activeDeadlineSeconds === undefined;
    case 'BestEffort':
      return qosClass(pod.spec) === 'BestEffort';
    case 'NotBestEffort':
      return qosClass(pod.spec) !== 'BestEffort';
    case 'CrossNamespacePodAffinity':
      return crossesNamespaces(pod);
    case 'PriorityClass': {
      const name = pod.spec.priorityClassName ?? '';
      if (operator === 'Exists') return name !== '';
      if (operator === 'DoesNotExist') return name === '';
      return operator === 'In' ? values.includes(name) : !values.includes(name);
    }
    default:
      return false;
  }
}

/** Has the quota scopes? Then it counts pods only. */
export function isScoped(quota: ResourceQuota): boolean {
  return (quota.spec.scopes?.length ?? 0) > 0 || (quota.spec.scopeSelector?.matchExpressions?.length ?? 0) > 0;
}

/** Is the pod within all scopes of the quota? */
export function quotaMatches(quota: ResourceQuota, pod: Pod): boolean {
  const scopes = (quota.spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  return [...scopes, ...(quota.spec.scopeSelector?.matchExpressions ?? [])].every((requirement) => inScope(pod, requirement));
}
