// What NetworkPolicies mean, said as plainly as possible and without a glance at how they are enforced: the tests compare
// real packets with this.
import type { NetworkPolicySpec } from '#api/networking/v1/networkpolicy.ts';

export interface Endpoint {
  readonly namespace: string;
  readonly name: string;
  readonly ip: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  /** Names of ports by `protocol/number`. */
  readonly portNames: Readonly<Record<string, string>>;
}

export interface Policy {
  readonly namespace: string;
  readonly spec: NetworkPolicySpec;
}

type LabelSelector = NonNullable<NetworkPolicySpec['podSelector']>;
type Rule = {
  readonly peers: NonNullable<NonNullable<NetworkPolicySpec['ingress']>[number]['from']> | undefined;
  readonly ports: NonNullable<NonNullable<NetworkPolicySpec['ingress']>[number]['ports']> | undefined;
};

function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels[key];
    if (operator === 'In' && (value === undefined || !values.includes(value))) return false;
    if (operator === 'NotIn' && value !== undefined && values.includes(value)) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

function inNetwork(ip: string, cidr: string): boolean {
  const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const [base = '', bits = ''] = cidr.split('/');
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(ip) / size) === Math.floor(number(base) / size);
}

/** Does traffic with this other end, to this port of `to`, match the rule? */
function matches(rule: Rule, other: Endpoint, about: { to: Endpoint; protocol: string; port: number; home: string }): boolean {
  const peer =
    !rule.peers?.length ||
    rule.peers.some(({ ipBlock, namespaceSelector, podSelector }) => {
      if (ipBlock) return inNetwork(other.ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((cidr) => inNetwork(other.ip, cidr));
      if (namespaceSelector ? !selects(namespaceSelector, other.namespaceLabels) : other.namespace !== about.home) return false;
      return podSelector === undefined || selects(podSelector, other.labels);
    });
  const port =
    !rule.ports?.length ||
    rule.ports.some(({ protocol = 'TCP', port: wanted, endPort }) => {
      if (protocol !== about.protocol) return false;
      if (wanted === undefined) return true;
      if (typeof wanted === 'string') return about.to.portNames[`${protocol}/${about.port}`] === wanted;
      return about.port >= wanted && about.port <= (endPort ?? wanted);
    });
  return peer && port;
}

/** May `from` open a connection to a port of `to`? */
export function allowed(policies: readonly Policy[], from: Endpoint, to: Endpoint, wire: { protocol: string; port: number }): boolean {
  if (from.ip === to.ip) return true;
  const side = (pod: Endpoint, other: Endpoint, type: 'Ingress' | 'Egress'): boolean => {
    const mine = policies.filter(
      ({ namespace, spec }) =>
        namespace === pod.namespace && spec.policyTypes?.includes(type) && selects(spec.podSelector ?? {}, pod.labels),
    );
    if (mine.length === 0) return true;
    return mine.some(({ namespace, spec }) => {
      const rules: Rule[] =
        type === 'Ingress'
          ? (spec.ingress ?? []).map(({ from: peers, ports }) => ({ peers, ports }))
          : (spec.egress ?? []).map(({ to: peers, ports }) => ({ peers, ports }));
      return rules.some((rule) => matches(rule, other, { to, ...wire, home: namespace }));
    });
  };
  return side(from, to, 'Egress') && side(to, from, 'Ingress');
}
