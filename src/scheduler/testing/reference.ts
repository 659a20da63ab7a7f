// The scheduler's rules once more, slow and plain: every pod is looked at for every node, nothing is kept. Tests compare
// the indexed scheduler with it.
import type { PodAffinityTerm, TopologySpreadConstraint } from '#api/core/v1/affinity.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { matchesPodNodeSelection, matchesTerm } from '#api/nodeselector.ts';
import { podRequests } from '#api/podrequests.ts';
import { firstUntolerated, isTolerated } from '#api/taints.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import { selectorOf } from '#format/selector.ts';

/** A cluster as the API would list it. */
export interface World {
  readonly nodes: readonly Node[];
  /** Pods with a node. */
  readonly pods: readonly Pod[];
  readonly namespaces: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const hostname = 'kubernetes.io/hostname';
const labelsOf = (object: Node | Pod): Readonly<Record<string, string>> => object.metadata.labels ?? {};
const onNode = (world: World, node: Node): Pod[] => world.pods.filter((pod) => pod.spec.nodeName === node.metadata.name);
const nodeOf = (world: World, pod: Pod): Node | undefined => world.nodes.find((node) => node.metadata.name === pod.spec.nodeName);

function amount(list: Readonly<Record<string, string>> | undefined, name: string): number {
  const value = list?.[name];
  if (value === undefined) return 0;
  return name === 'cpu' ? quantityMilli(value) : quantityValue(value);
}

function resourcesFit(world: World, pod: Pod, node: Node): boolean {
  const there = onNode(world, node);
  if (there.length + 1 > amount(node.status.allocatable, 'pods')) return false;
  for (const [name, wanted] of Object.entries(podRequests(pod.spec))) {
    const used = there.reduce((sum, other) => sum + amount(podRequests(other.spec), name), 0);
    const asked = amount({ [name]: wanted }, name);
    if (asked > 0 && asked > amount(node.status.allocatable, name) - used) return false;
  }
  return true;
}

function portsOf(pod: Pod): { port: number; protocol: string; ip: string }[] {
  return pod.spec.containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort, protocol = 'TCP', hostIP }) =>
      hostPort ? [{ port: hostPort, protocol, ip: hostIP || '0.0.0.0' }] : [],
    ),
  );
}

function portsFree(world: World, pod: Pod, node: Node): boolean {
  const taken = onNode(world, node).flatMap(portsOf);
  return !portsOf(pod).some((port) =>
    taken.some(
      (other) =>
        other.port === port.port &&
        other.protocol === port.protocol &&
        (other.ip === port.ip || other.ip === '0.0.0.0' || port.ip === '0.0.0.0'),
    ),
  );
}

/** Does a term of `owner` select `pod`? */
function selected(world: World, term: PodAffinityTerm, { owner, pod }: { owner: Pod; pod: Pod }): boolean {
  const namespace = pod.metadata.namespace ?? '';
  const named = term.namespaces ?? [];
  const own = named.length === 0 && term.namespaceSelector === undefined;
  const inside = own
    ? namespace === owner.metadata.namespace
    : named.includes(namespace) ||
      (term.namespaceSelector !== undefined && selectorOf(term.namespaceSelector).matches(world.namespaces[namespace] ?? {}));
  return inside && selectorOf(term.labelSelector).matches(labelsOf(pod));
}

function sameDomain(world: World, key: string, { pod, node }: { pod: Pod; node: Node }): boolean {
  const other = nodeOf(world, pod);
  const value = labelsOf(node)[key];
  return other !== undefined && value !== undefined && labelsOf(other)[key] === value;
}

function affinityHolds(world: World, pod: Pod, node: Node): boolean {
  const terms = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  if (terms.length === 0) return true;
  if (terms.some((term) => labelsOf(node)[term.topologyKey] === undefined)) return false;
  const wanted = world.pods.filter((other) => terms.every((term) => selected(world, term, { owner: pod, pod: other })));
  if (terms.every((term) => wanted.some((other) => sameDomain(world, term.topologyKey, { pod: other, node })))) return true;
  const somewhere = wanted.some((other) => {
    const where = nodeOf(world, other);
    return where !== undefined && terms.some((term) => labelsOf(where)[term.topologyKey] !== undefined);
  });
  return !somewhere && terms.every((term) => selected(world, term, { owner: pod, pod }));
}

function antiAffinityHolds(world: World, pod: Pod, node: Node): boolean {
  const own = pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  for (const term of own)
    for (const other of world.pods)
      if (selected(world, term, { owner: pod, pod: other }) && sameDomain(world, term.topologyKey, { pod: other, node })) return false;
  for (const other of world.pods)
    for (const term of other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
      if (selected(world, term, { owner: other, pod }) && sameDomain(world, term.topologyKey, { pod: other, node })) return false;
  return true;
}

function counts(
  world: World,
  constraints: readonly TopologySpreadConstraint[],
  { pod, index }: { pod: Pod; index: number },
): Map<string, number> {
  const constraint = constraints[index] as TopologySpreadConstraint;
  const result = new Map<string, number>();
  for (const node of world.nodes) {
    if (constraints.some(({ topologyKey }) => labelsOf(node)[topologyKey] === undefined)) continue;
    if (constraint.nodeAffinityPolicy !== 'Ignore' && !matchesPodNodeSelection(pod, node)) continue;
    if (constraint.nodeTaintsPolicy === 'Honor' && firstUntolerated(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']))
      continue;
    const domain = labelsOf(node)[constraint.topologyKey] as string;
    result.set(domain, (result.get(domain) ?? 0) + matching(world, constraint, { pod, node }));
  }
  return result;
}

function matching(world: World, constraint: TopologySpreadConstraint, { pod, node }: { pod: Pod; node: Node }): number {
  const selector = selectorOf(constraint.labelSelector);
  return onNode(world, node).filter(
    (other) =>
      other.metadata.namespace === pod.metadata.namespace &&
      other.metadata.deletionTimestamp === undefined &&
      selector.matches(labelsOf(other)),
  ).length;
}

function spreadHolds(world: World, pod: Pod, node: Node): boolean {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter((item) => item.whenUnsatisfiable === 'DoNotSchedule');
  return constraints.every((constraint, index) => {
    const domain = labelsOf(node)[constraint.topologyKey];
    if (domain === undefined) return false;
    const domains = counts(world, constraints, { pod, index });
    const tooFew = domains.size < (constraint.minDomains ?? 1);
    const least = tooFew || domains.size === 0 ? 0 : Math.min(...domains.values());
    const self = selectorOf(constraint.labelSelector).matches(labelsOf(pod)) ? 1 : 0;
    return (domains.get(domain) ?? 0) + self - least <= constraint.maxSkew;
  });
}

/** True when the pod may run on the node. */
export function feasible(world: World, pod: Pod, node: Node): boolean {
  return (
    (node.spec.unschedulable !== true ||
      isTolerated({ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }, pod.spec.tolerations)) &&
    firstUntolerated(node.spec.taints, pod.spec.tolerations, ['NoSchedule', 'NoExecute']) === undefined &&
    matchesPodNodeSelection(pod, node) &&
    portsFree(world, pod, node) &&
    resourcesFit(world, pod, node) &&
    spreadHolds(world, pod, node) &&
    affinityHolds(world, pod, node) &&
    antiAffinityHolds(world, pod, node)
  );
}

const byMax = (raw: number[], reverse: boolean): number[] => {
  const max = Math.max(0, ...raw);
  return raw.map((score) => {
    const scaled = max === 0 ? 0 : Math.floor((score * 100) / max);
    return reverse ? 100 - scaled : scaled;
  });
};

function taintScores(pod: Pod, nodes: readonly Node[]): number[] {
  const soft = (pod.spec.tolerations ?? []).filter((item) => !item.effect || item.effect === 'PreferNoSchedule');
  const raw = nodes.map(
    (node) => (node.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, soft)).length,
  );
  return byMax(raw, true);
}

function nodeAffinityScores(pod: Pod, nodes: readonly Node[]): number[] {
  const terms = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  const raw = nodes.map((node) => terms.filter((term) => matchesTerm(term.preference, node)).reduce((sum, term) => sum + term.weight, 0));
  return byMax(raw, false);
}

const assumed = { cpu: 100, memory: 200 * 1024 * 1024 };

function used(pods: readonly Pod[], { name, assume }: { name: 'cpu' | 'memory'; assume: boolean }): number {
  return pods.reduce((sum, pod) => {
    const asked = amount(podRequests(pod.spec), name);
    return sum + (asked || (assume ? assumed[name] * pod.spec.containers.length : 0));
  }, 0);
}

function fitScores(world: World, pod: Pod, nodes: readonly Node[]): number[] {
  return nodes.map((node) => {
    const shares = (['cpu', 'memory'] as const).flatMap((name) => {
      const capacity = amount(node.status.allocatable, name);
      if (capacity === 0) return [];
      const total = used([...onNode(world, node), pod], { name, assume: true });
      return [total > capacity ? 0 : Math.floor(((capacity - total) * 100) / capacity)];
    });
    return shares.length === 0 ? 0 : Math.floor(shares.reduce((a, b) => a + b, 0) / shares.length);
  });
}

function balanceScores(world: World, pod: Pod, nodes: readonly Node[]): number[] {
  const asks = podRequests(pod.spec);
  if (amount(asks, 'cpu') === 0 && amount(asks, 'memory') === 0) return nodes.map(() => 0);
  return nodes.map((node) => {
    const shares = (['cpu', 'memory'] as const).flatMap((name) => {
      const capacity = amount(node.status.allocatable, name);
      return capacity === 0 ? [] : [Math.min(1, used([...onNode(world, node), pod], { name, assume: false }) / capacity)];
    });
    const [a = 0, b = a] = shares;
    return Math.floor((1 - Math.abs(a - b) / 2) * 100);
  });
}

function spreadScores(world: World, pod: Pod, nodes: readonly Node[]): number[] {
  const constraints = (pod.spec.topologySpreadConstraints ?? []).filter((item) => item.whenUnsatisfiable === 'ScheduleAnyway');
  if (constraints.length === 0) return nodes.map(() => 0);
  const complete = (node: Node): boolean => constraints.every(({ topologyKey }) => labelsOf(node)[topologyKey] !== undefined);
  const counted = nodes.filter(complete);
  const raw = nodes.map((node) => {
    if (!complete(node)) return undefined;
    let sum = 0;
    constraints.forEach((constraint, index) => {
      const { topologyKey } = constraint;
      const domain = labelsOf(node)[topologyKey] as string;
      const perHost = topologyKey === hostname;
      const size = perHost ? counted.length : new Set(counted.map((other) => labelsOf(other)[topologyKey])).size;
      const count = perHost ? matching(world, constraint, { pod, node }) : (counts(world, constraints, { pod, index }).get(domain) ?? 0);
      sum += count * Math.log(size + 2) + (constraint.maxSkew - 1);
    });
    return Math.round(sum);
  });
  const known = raw.filter((score) => score !== undefined);
  const [min, max] = [Math.min(...known), Math.max(0, ...known)];
  return raw.map((score) => (score === undefined ? 0 : max === 0 ? 100 : Math.floor((100 * (max + min - score)) / max)));
}

function affinityScores(world: World, pod: Pod, nodes: readonly Node[]): number[] {
  const raw = nodes.map((node) => {
    let sum = 0;
    for (const other of world.pods) {
      const add = (owner: Pod, about: Pod, { term, weight }: { term: PodAffinityTerm; weight: number }): void => {
        if (selected(world, term, { owner, pod: about }) && sameDomain(world, term.topologyKey, { pod: other, node })) sum += weight;
      };
      for (const [owner, about] of [
        [pod, other],
        [other, pod],
      ] as const) {
        const { podAffinity, podAntiAffinity } = owner.spec.affinity ?? {};
        for (const { podAffinityTerm: term, weight } of podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
          add(owner, about, { term, weight });
        for (const { podAffinityTerm: term, weight } of podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
          add(owner, about, { term, weight: -weight });
      }
      for (const term of other.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [])
        add(other, pod, { term, weight: 1 });
    }
    return sum;
  });
  const [min, max] = [Math.min(...raw), Math.max(...raw)];
  return raw.map((score) => (max > min ? Math.floor((100 * (score - min)) / (max - min)) : 0));
}

/** The weighted sum of all scores for each of the nodes (images left out: no node has any). */
export function totals(world: World, pod: Pod, nodes: readonly Node[]): number[] {
  const parts: readonly [number, number[]][] = [
    [3, taintScores(pod, nodes)],
    [2, nodeAffinityScores(pod, nodes)],
    [1, fitScores(world, pod, nodes)],
    [2, spreadScores(world, pod, nodes)],
    [2, affinityScores(world, pod, nodes)],
    [1, balanceScores(world, pod, nodes)],
  ];
  return nodes.map((_, i) => parts.reduce((sum, [weight, scores]) => sum + weight * (scores[i] as number), 0));
}
