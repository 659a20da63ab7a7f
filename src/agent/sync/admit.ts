// Whether the node itself can take a pod: the last check after the scheduler, with kubelet's reasons. Pure.
import type { NodeSelectorRequirement, NodeSelectorTerm } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isTolerated } from '#api/taints.ts';
import { isCritical } from '../eviction/rank.ts';
import type { WaitingReason } from '../status/input.ts';
import { qosClass } from '../status/qos.ts';
import { type Shortage, shortages, shortageText } from './capacity.ts';
import { initContainers, isSidecar } from './spec.ts';

function matches(requirement: NodeSelectorRequirement, value: string | undefined): boolean {
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'Lt':
      return value !== undefined && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function termMatches(term: NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length === 0 && fields.length === 0) return false;
  return (
    expressions.every((requirement) => matches(requirement, node.metadata.labels?.[requirement.key])) &&
    fields.every((requirement) => matches(requirement, requirement.key === 'metadata.name' ? node.metadata.name : undefined))
  );
}

function affinityMatches(pod: Pod, node: Node): boolean {
  for (const [key, value] of Object.entries(pod.spec.nodeSelector ?? {})) if (node.metadata.labels?.[key] !== value) return false;
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return !required || required.nodeSelectorTerms.some((term) => termMatches(term, node));
}

interface HostPort {
  readonly port: number;
  readonly protocol: string;
  readonly ip: string;
}

function hostPorts(pod: Pod): HostPort[] {
  return [...initContainers(pod).filter(isSidecar), ...pod.spec.containers].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map((port) => ({ port: port.hostPort ?? 0, protocol: port.protocol ?? 'TCP', ip: port.hostIP || '0.0.0.0' })),
  );
}

const anyIp = (ip: string): boolean => ip === '0.0.0.0' || ip === '::';
const collide = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.ip === b.ip || anyIp(a.ip) || anyIp(b.ip));

/** Sysctls that a pod may set: they are namespaced and do no harm to others. */
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** True for a name of the list, or one that begins with an entry which ends in a star. */
function isListed(name: string, list: readonly string[]): boolean {
  return list.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry));
}

function sysctlProblem(pod: Pod, allowed: readonly string[]): WaitingReason | undefined {
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll('/', '.');
    const refuse = (why: string): WaitingReason => ({
      reason: 'SysctlForbidden',
      message: `Pod was rejected: forbidden sysctl: "${name}" ${why}`,
    });
    if (!safeSysctls.has(dotted) && !isListed(dotted, allowed)) return refuse('not allowlisted');
    if (dotted.startsWith('net.') && pod.spec.hostNetwork) return refuse('not allowed with host net enabled');
    if (dotted.startsWith('kernel.') && pod.spec.hostIPC) return refuse('not allowed with host ipc enabled');
  }
  return undefined;
}

const memoryTaint = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const;

/** A node that is short of something takes critical pods only; one short of memory takes those that ask for some, too. */
function pressureProblem(pod: Pod, pressures: ReadonlySet<string>): WaitingReason | undefined {
  if (pressures.size === 0 || isCritical(pod)) return undefined;
  if (pressures.size === 1 && pressures.has('MemoryPressure')) {
    if (qosClass(pod) !== 'BestEffort') return undefined;
    if (isTolerated(memoryTaint, pod.spec.tolerations)) return undefined;
  }
  return { reason: 'Evicted', message: `Pod was rejected: The node had condition: [${[...pressures].join(' ')}]. ` };
}

const predicate = (name: string, why: string): WaitingReason => ({
  reason: name,
  message: `Pod was rejected: Predicate ${name} failed: ${why}`,
});

export interface AdmissionFacts {
  readonly node: Node | undefined;
  readonly nodeName: string;
  readonly allocatable: Readonly<Record<string, string>>;
  readonly userNamespaces: boolean;
  readonly pressures: ReadonlySet<string>;
  /** Sysctls that pods may set besides the safe ones; a star at the end stands for anything. */
  readonly unsafeSysctls?: readonly string[];
  /** The machine is about to go down. */
  readonly shuttingDown?: boolean;
}

/** Why a pod is not taken. With `shortages` it is a critical pod for which others may have to go. */
export interface Refusal extends WaitingReason {
  readonly shortages?: readonly Shortage[];
}

/** What has nothing to do with amounts: the node itself, its ports. */
function predicateProblem(pod: Pod, others: readonly Pod[], about: AdmissionFacts): WaitingReason | undefined {
  if (about.node && !affinityMatches(pod, about.node)) {
    return predicate('NodeAffinity', "node(s) didn't match Pod's node affinity/selector");
  }
  if (pod.spec.nodeName && pod.spec.nodeName !== about.nodeName) {
    return predicate('NodeName', "node(s) didn't match the requested node name");
  }
  const taken = others.flatMap(hostPorts);
  if (hostPorts(pod).some((port) => taken.some((other) => collide(port, other)))) {
    return predicate('NodePorts', "node(s) didn't have free ports for the requested pod ports");
  }
  return undefined;
}

/** What the pod asks for that no pod gets here. */
function featureProblem(pod: Pod, about: AdmissionFacts): WaitingReason | undefined {
  const os = pod.spec.os?.name;
  if (os && os !== 'linux') {
    return { reason: 'PodOSNotSupported', message: "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS" };
  }
  const sysctl = sysctlProblem(pod, about.unsafeSysctls ?? []);
  if (sysctl) return sysctl;
  if (pod.spec.hostUsers === false && !about.userNamespaces) {
    const message = 'Pod was rejected: the container runtime does not support user namespaces, and the pod asks for one (hostUsers: false)';
    return { reason: 'UserNamespacesNotSupported', message };
  }
  return undefined;
}

/** Why the node refuses the pod; undefined when it takes it. `others` are the pods that it already has. */
export function admitPod(pod: Pod, others: readonly Pod[], about: AdmissionFacts): Refusal | undefined {
  const early = pressureProblem(pod, about.pressures);
  if (early) return early;
  const short = shortages(pod, others, about.allocatable);
  const [first] = short;
  const lack = first && { reason: `OutOf${first.resource}`, message: `Pod was rejected: ${shortageText(first)}` };
  // For a critical pod room can be made, if nothing else stands against it.
  if (lack && !isCritical(pod)) return lack;
  const other = predicateProblem(pod, others, about) ?? featureProblem(pod, about);
  if (other) return other;
  if (lack) return { ...lack, shortages: short };
  if (about.shuttingDown) return { reason: 'NodeShutdown', message: 'Pod was rejected as the node is shutting down.' };
  return undefined;
}
