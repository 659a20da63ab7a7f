// PodTopologySpread: pods of a kind evenly over the domains of a topology.
import type { TopologySpreadConstraint } from '#api/core/v1/affinity.ts';
import { matchesPodNodeSelection } from '#api/nodeselector.ts';
import { firstUntolerated } from '#api/taints.ts';
import type { Selector } from '#format/selector.ts';
import type { DomainCount, PodCount } from '../counts/podcount.ts';
import type { Eligibility } from '../counts/topology.ts';
import { type ClusterEvent, type CycleState, type Plugin, unresolvable, unschedulable } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import { selectionIn, withPodValues } from '../selection.ts';
import type { Snapshot } from '../snapshot.ts';

const name = 'PodTopologySpread';
const reason = "node(s) didn't match pod topology spread constraints";
const reasonLabel = `${reason} (missing required label)`;
const hostname = 'kubernetes.io/hostname';

/** One constraint with its counts. */
interface Rule {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  /** The pod itself is one of those that are counted. */
  readonly self: 0 | 1;
  readonly perNode: PodCount;
  readonly counts: DomainCount;
}

/** The selector for a pod without constraints of its own: what its Services and its controller select; undefined for none. */
export type DefaultSelector = (pod: PodInfo) => Selector | undefined;

/** Arguments of the plugin's configuration. */
export interface PodTopologySpreadArgs {
  readonly defaultConstraints?: readonly TopologySpreadConstraint[];
  /** `System`: over zones and nodes, as far as possible. `List`: `defaultConstraints`. Default `System`. */
  readonly defaultingType?: 'System' | 'List';
}

const systemDefaults: readonly TopologySpreadConstraint[] = [
  { topologyKey: hostname, whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 3 },
  { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 5 },
];

const hardTaints = ['NoSchedule', 'NoExecute'];

/** Which nodes count for a constraint (KEP-3094), among those that have every label that constraints of the kind name. */
function eligibility(pod: PodInfo, constraint: TopologySpreadConstraint, keys: readonly string[]): Eligibility {
  const { spec } = pod.pod;
  const affinity = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const byAffinity = constraint.nodeAffinityPolicy !== 'Ignore' && (affinity !== undefined || spec.nodeSelector !== undefined);
  const byTaints = constraint.nodeTaintsPolicy === 'Honor';
  const others = keys.filter((key) => key !== constraint.topologyKey).toSorted();
  const parts = [others, byAffinity ? [spec.nodeSelector, affinity] : [], byTaints ? [spec.tolerations ?? []] : null];
  return {
    key: JSON.stringify(parts),
    includes(node: NodeInfo) {
      if (node.node === undefined || others.some((key) => node.labels[key] === undefined)) return false;
      if (byAffinity && !matchesPodNodeSelection(pod.pod, node.node)) return false;
      return !byTaints || firstUntolerated(node.node.spec.taints, spec.tolerations, hardTaints) === undefined;
    },
  };
}

interface Wanted {
  readonly constraints: readonly TopologySpreadConstraint[];
  /** Selector of default constraints, which have none of their own. */
  readonly selector?: Selector;
}

function rulesFor(
  pod: PodInfo,
  { constraints, selector }: Wanted,
  { snapshot, allKeys }: { snapshot: Snapshot; allKeys: boolean },
): Rule[] {
  const keys = allKeys ? constraints.map((constraint) => constraint.topologyKey) : [];
  const { index } = snapshot;
  return constraints.map((constraint) => {
    const chosen = selector ?? withPodValues(constraint.labelSelector, constraint.matchLabelKeys, pod.labels);
    const perNode = index.count(selectionIn(pod.namespace, chosen, true));
    const eligible = eligibility(pod, constraint, keys);
    const plain = eligible.key === '[[],[],null]';
    return {
      topologyKey: constraint.topologyKey,
      maxSkew: constraint.maxSkew,
      minDomains: constraint.minDomains ?? 1,
      self: chosen.matches(pod.labels) ? 1 : 0,
      perNode,
      counts: perNode.in(plain ? index.topology(constraint.topologyKey) : index.topology(constraint.topologyKey, eligible)),
    };
  });
}

interface Soft {
  readonly rules: readonly Rule[];
  readonly weights: readonly number[];
  /** A node without one of the labels gets nothing. */
  readonly allKeys: boolean;
}

const hasAll = (node: NodeInfo, rules: readonly Rule[]): boolean => {
  for (const rule of rules) if (node.labels[rule.topologyKey] === undefined) return false;
  return true;
};

function softRules(pod: PodInfo, nodes: readonly NodeInfo[], wanted: Wanted & { snapshot: Snapshot }): Soft | undefined {
  const constraints = wanted.constraints.filter((constraint) => constraint.whenUnsatisfiable === 'ScheduleAnyway');
  if (constraints.length === 0) return undefined;
  const allKeys = wanted.selector === undefined;
  const rules = rulesFor(pod, { ...wanted, constraints }, { snapshot: wanted.snapshot, allKeys });
  let counted = 0;
  const domains = rules.map(() => new Set<string>());
  for (const node of nodes) {
    if (allKeys && !hasAll(node, rules)) continue;
    counted++;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i] as Rule;
      const domain = node.labels[rule.topologyKey];
      if (rule.topologyKey !== hostname && domain !== undefined) (domains[i] as Set<string>).add(domain);
    }
  }
  // More domains: each pod in one of them weighs more, so that many small domains count like few large ones.
  const weights = rules.map((rule, i) => Math.log((rule.topologyKey === hostname ? counted : (domains[i] as Set<string>).size) + 2));
  return { rules, weights, allKeys };
}

/** The raw score of a node: the fewer pods in its domains the lower; −1 for a node that does not count. */
function rawScore({ rules, weights, allKeys }: Soft, node: NodeInfo): number {
  if (allKeys && !hasAll(node, rules)) return -1;
  let sum = 0;
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i] as Rule;
    const domain = node.labels[rule.topologyKey];
    if (domain === undefined) continue;
    const count = rule.topologyKey === hostname ? rule.perNode.on(node) : rule.counts.of(domain);
    sum += count * (weights[i] as number) + (rule.maxSkew - 1);
  }
  return Math.round(sum);
}

function normalize(scores: Float64Array): void {
  let [min, max] = [Number.POSITIVE_INFINITY, 0];
  for (const score of scores) {
    if (score < 0) continue;
    if (score < min) min = score;
    if (score > max) max = score;
  }
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    scores[i] = score < 0 ? 0 : max === 0 ? 100 : Math.floor((100 * (max + min - score)) / max);
  }
}

function helps(pod: PodInfo, event: ClusterEvent): boolean {
  if (event.resource === 'Node')
    return event.action !== 'update' || event.changed?.has('labels') === true || event.changed?.has('taints') === true;
  if (event.resource !== 'AssignedPod' || event.info === undefined) return false;
  // A pod that came changes the least domain, one that went its own; only pods of the namespace are counted.
  if (event.info.namespace !== pod.namespace) return false;
  if (event.action === 'update') return event.changed?.has('labels') === true || event.changed?.has('terminating') === true;
  return (pod.pod.spec.topologySpreadConstraints ?? []).some((constraint) =>
    withPodValues(constraint.labelSelector, constraint.matchLabelKeys, pod.labels).matches(event.info?.labels),
  );
}

/** Topology spread constraints of pods, and the default ones for pods without. */
export function podTopologySpread(defaultSelector: DefaultSelector = () => undefined, args: PodTopologySpreadArgs = {}): Plugin {
  const softKey = `${name}/score`;
  const defaults = args.defaultingType === 'List' ? (args.defaultConstraints ?? []) : systemDefaults;
  function wantedBy(pod: PodInfo): Wanted {
    const own = pod.pod.spec.topologySpreadConstraints;
    if (own !== undefined && own.length > 0) return { constraints: own };
    const selector = defaults.length === 0 ? undefined : defaultSelector(pod);
    return selector === undefined || selector.empty ? { constraints: [] } : { constraints: defaults, selector };
  }
  return {
    name,
    preFilter(pod, state, snapshot) {
      const wanted = wantedBy(pod);
      state.set(softKey, { ...wanted, snapshot });
      const constraints = wanted.constraints.filter((constraint) => constraint.whenUnsatisfiable === 'DoNotSchedule');
      if (constraints.length === 0) return { skip: true };
      state.set(name, rulesFor(pod, { ...wanted, constraints }, { snapshot, allKeys: true }));
      return {};
    },
    filter(_, node, state: CycleState) {
      for (const { topologyKey, counts, maxSkew, minDomains, self } of state.get(name) as readonly Rule[]) {
        const domain = node.labels[topologyKey];
        if (domain === undefined) return unresolvable(name, reasonLabel);
        const least = counts.topology.size < minDomains ? 0 : counts.min;
        if (counts.of(domain) + self - least > maxSkew) return unschedulable(name, reason);
      }
      return undefined;
    },
    preScore(pod, nodes, state) {
      const soft = softRules(pod, nodes, state.get(softKey) as Wanted & { snapshot: Snapshot });
      state.set(softKey, soft);
      return soft !== undefined;
    },
    score: (_, node, state) => rawScore(state.get(softKey) as Soft, node),
    normalize: (_, scores) => normalize(scores),
    helps,
  };
}
