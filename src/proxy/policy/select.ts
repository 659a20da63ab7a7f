// What a NetworkPolicy says, read once: whom it isolates, which peers and ports it lets through. Pure.
import type { Pod } from '#api/core/v1/pod.ts';
import type {
  NetworkPolicy,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '#api/networking/v1/networkpolicy.ts';
import { keyOf } from '#api/object.ts';
import { type Labels, type Selector, selectorOf } from '#format/selector.ts';
import type { Protocol } from '../front.ts';

/** A pod as policies see it. */
export interface PodView {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Labels;
  readonly ips: readonly string[];
  readonly ports: readonly { readonly name: string; readonly protocol: Protocol; readonly port: number }[];
}

/** Pods of certain namespaces with certain labels. Equal selectors have equal ids. */
export interface PeerSelector {
  readonly id: string;
  matches(pod: PodView, namespaceLabels: Labels): boolean;
}

export type Peer =
  | { readonly kind: 'pods'; readonly selector: PeerSelector }
  | { readonly kind: 'block'; readonly cidr: string; readonly except: readonly string[] };

/** Numbers from `first` to `last` (without them: every port), or the port that a pod calls `name`. */
export type PortMatch =
  | { readonly protocol: Protocol; readonly first?: number; readonly last?: number }
  | { readonly protocol: Protocol; readonly name: string };

/** Lets through what matches one of the peers and one of the ports; undefined stands for all. */
export interface Rule {
  readonly peers: readonly Peer[] | undefined;
  readonly ports: readonly PortMatch[] | undefined;
}

export interface CompiledPolicy {
  readonly key: string;
  readonly namespace: string;
  readonly selector: Selector;
  /** Undefined: the policy does not isolate in this direction. */
  readonly ingress: readonly Rule[] | undefined;
  readonly egress: readonly Rule[] | undefined;
  /** Equal for policies that say the same. */
  readonly text: string;
}

function portOf({ port, endPort, protocol = 'TCP' }: NetworkPolicyPort): PortMatch {
  const lower = protocol.toLowerCase() as Protocol;
  if (port === undefined) return { protocol: lower };
  if (typeof port === 'string') return { protocol: lower, name: port };
  return { protocol: lower, first: port, last: endPort ?? port };
}

/** Without a namespace selector: pods of the policy's own namespace. */
function podsOf(peer: NetworkPolicyPeer, namespace: string): PeerSelector {
  const pods = peer.podSelector === undefined ? undefined : selectorOf(peer.podSelector);
  if (peer.namespaceSelector === undefined) {
    const matches = (pod: PodView): boolean => pod.namespace === namespace && (pods?.matches(pod.labels) ?? true);
    return { id: `${namespace}/${pods ?? ''}`, matches };
  }
  const namespaces = selectorOf(peer.namespaceSelector);
  return {
    id: `{${namespaces}}/${pods ?? ''}`,
    matches: (pod, labels) => namespaces.matches(labels) && (pods?.matches(pod.labels) ?? true),
  };
}

function peerOf(peer: NetworkPolicyPeer, namespace: string): Peer {
  if (peer.ipBlock === undefined) return { kind: 'pods', selector: podsOf(peer, namespace) };
  return { kind: 'block', cidr: peer.ipBlock.cidr, except: peer.ipBlock.except ?? [] };
}

const ruleOf = (
  peers: readonly NetworkPolicyPeer[] | undefined,
  ports: readonly NetworkPolicyPort[] | undefined,
  namespace: string,
): Rule => ({
  peers: peers === undefined || peers.length === 0 ? undefined : peers.map((peer) => peerOf(peer, namespace)),
  ports: ports === undefined || ports.length === 0 ? undefined : ports.map(portOf),
});

/** Reads a policy. */
export function compilePolicy(policy: NetworkPolicy): CompiledPolicy {
  const { spec } = policy;
  const namespace = policy.metadata.namespace ?? '';
  const types = spec.policyTypes ?? ['Ingress', ...(spec.egress ? ['Egress'] : [])];
  return {
    key: keyOf(policy),
    namespace,
    selector: selectorOf(spec.podSelector ?? {}),
    ingress: types.includes('Ingress')
      ? (spec.ingress ?? []).map((rule: NetworkPolicyIngressRule) => ruleOf(rule.from, rule.ports, namespace))
      : undefined,
    egress: types.includes('Egress')
      ? (spec.egress ?? []).map((rule: NetworkPolicyEgressRule) => ruleOf(rule.to, rule.ports, namespace))
      : undefined,
    text: JSON.stringify(spec),
  };
}

/** True when the policy isolates the pod in one of its directions. */
export function selectsPod(policy: CompiledPolicy, pod: PodView): boolean {
  return policy.namespace === pod.namespace && policy.selector.matches(pod.labels);
}

/** A pod as policies see it, with the addresses given or else those of its status; undefined for pods that they cannot concern. */
export function viewOf(pod: Pod, ips?: readonly string[]): PodView | undefined {
  const { phase, podIPs = [] } = pod.status ?? {};
  if (pod.spec.hostNetwork || phase === 'Succeeded' || phase === 'Failed') return undefined;
  const addresses = ips ?? podIPs.map(({ ip }) => ip);
  if (addresses.length === 0) return undefined;
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
  return {
    key: keyOf(pod),
    namespace: pod.metadata.namespace ?? '',
    labels: pod.metadata.labels ?? {},
    ips: addresses,
    ports: containers
      .flatMap(({ ports }) => ports ?? [])
      .flatMap(({ name, protocol = 'TCP', containerPort }) =>
        name ? [{ name, protocol: protocol.toLowerCase() as Protocol, port: containerPort }] : [],
      ),
  };
}
