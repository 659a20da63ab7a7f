// InterPodAffinity: pods that want to be, or must not be, in one domain with other pods. Placed pods have a say too.
import type { DomainCount } from '../counts/podcount.ts';
import { type ClusterEvent, type CycleState, type Plugin, unresolvable, unschedulable } from '../framework.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import { type NamespaceLabels, type PodTerms, selects } from '../selection.ts';
import type { Snapshot } from '../snapshot.ts';

const name = 'InterPodAffinity';
const reasonAffinity = "node(s) didn't match pod affinity rules";
const reasonAntiAffinity = "node(s) didn't match pod anti-affinity rules";
const reasonExisting = "node(s) didn't satisfy existing pods anti-affinity rules";

/** Counts in the domains of a topology key, multiplied for scores. */
interface Weighed {
  readonly topologyKey: string;
  readonly counts: DomainCount;
  readonly weight: number;
}

interface Hard {
  readonly affinity: readonly Weighed[];
  readonly antiAffinity: readonly Weighed[];
  readonly existing: readonly Weighed[];
  /** No pod anywhere matches, and the pod would match itself: it may be the first. */
  readonly first: boolean;
}

/** Arguments of the plugin's configuration. */
export interface InterPodAffinityArgs {
  /** What a required affinity term of a placed pod is worth for pods that it likes. Default 1. */
  readonly hardPodAffinityWeight?: number;
  readonly ignorePreferredTermsOfExistingPods?: boolean;
}

/** All required terms together select a placed pod, or none counts: the pods that satisfy every term. */
function affinityCounts(pod: PodInfo, snapshot: Snapshot): Weighed[] {
  const terms = pod.terms.requiredAffinity;
  const [only] = terms;
  if (only === undefined) return [];
  const { index } = snapshot;
  if (terms.length === 1)
    return [{ topologyKey: only.topologyKey, counts: index.count(only.selection).in(index.topology(only.topologyKey)), weight: 1 }];
  const all = index.count(intersection(pod.terms));
  return terms.map((term) => ({ topologyKey: term.topologyKey, counts: all.in(index.topology(term.topologyKey)), weight: 1 }));
}

/** The selection of pods that every required affinity term selects. */
function intersection({ requiredAffinity: terms }: PodTerms) {
  const [head, ...rest] = terms.map((term) => term.selection);
  if (head === undefined) throw new Error('no terms');
  if (rest.every((selection) => selection.key === head.key)) return head;
  const everywhere = terms.every((term) => term.selection.namespaceSelector === undefined);
  const parts = [head, ...rest];
  return {
    key: `and|${parts.map((part) => part.key).join('&')}`,
    namespaces: everywhere ? parts.map((part) => part.namespaces).reduce((a, b) => new Set(a).intersection(b)) : new Set<string>(),
    namespaceSelector: everywhere ? undefined : wide(terms),
    selector: {
      empty: false,
      nothing: parts.some((part) => part.selector.nothing),
      requirements: parts.flatMap((part) => part.selector.requirements),
      matches: (labels: Parameters<typeof head.selector.matches>[0]) => parts.every((part) => part.selector.matches(labels)),
    },
    liveOnly: false,
  };
}

// Several terms with namespace selectors: all of them must take in the namespace.
function wide(terms: PodTerms['requiredAffinity']) {
  return {
    empty: false,
    nothing: false,
    requirements: [],
    matches: (labels: Parameters<NonNullable<(typeof terms)[0]['selection']['namespaceSelector']>['matches']>[0]) =>
      terms.every(({ selection }) => {
        const named = labels?.['kubernetes.io/metadata.name'];
        return (named !== undefined && selection.namespaces.has(named)) || selection.namespaceSelector?.matches(labels) === true;
      }),
  };
}

function hardRules(pod: PodInfo, snapshot: Snapshot, labelsOf: NamespaceLabels): Hard | undefined {
  const { index } = snapshot;
  const { requiredAffinity, requiredAntiAffinity } = pod.terms;
  const existing = index.ownedTerms('requiredAntiAffinity', pod);
  if (requiredAffinity.length === 0 && requiredAntiAffinity.length === 0 && existing.length === 0) return undefined;
  const affinity = affinityCounts(pod, snapshot);
  return {
    affinity,
    antiAffinity: requiredAntiAffinity.map(({ topologyKey, selection }) => ({
      topologyKey,
      counts: index.count(selection).in(index.topology(topologyKey)),
      weight: 1,
    })),
    existing: existing.map(({ term, owners }) => ({
      topologyKey: term.topologyKey,
      counts: owners.in(index.topology(term.topologyKey)),
      weight: 1,
    })),
    first: affinity.length > 0 && requiredAffinity.every((term) => selects(term.selection, pod, labelsOf)),
  };
}

function satisfiesAffinity(rules: Hard, node: NodeInfo): boolean {
  let missing = false;
  for (const { topologyKey, counts } of rules.affinity) {
    const domain = node.labels[topologyKey];
    if (domain === undefined) return false;
    if (counts.of(domain) === 0) missing = true;
  }
  if (!missing) return true;
  // Otherwise the first of a group of pods that want each other could never start.
  return rules.first && rules.affinity.every(({ counts }) => counts.occupied === 0);
}

function touches(rules: readonly Weighed[], node: NodeInfo): boolean {
  for (const { topologyKey, counts } of rules) {
    const domain = node.labels[topologyKey];
    if (domain !== undefined && counts.of(domain) > 0) return true;
  }
  return false;
}

function softRules(pod: PodInfo, snapshot: Snapshot, args: InterPodAffinityArgs): Weighed[] {
  const { index } = snapshot;
  const rules: Weighed[] = pod.terms.preferred.map(({ topologyKey, selection, weight }) => ({
    topologyKey,
    counts: index.count(selection).in(index.topology(topologyKey)),
    weight,
  }));
  const hardWeight = args.hardPodAffinityWeight ?? 1;
  if (hardWeight > 0) {
    for (const { term, owners } of index.ownedTerms('requiredAffinity', pod))
      rules.push({ topologyKey: term.topologyKey, counts: owners.in(index.topology(term.topologyKey)), weight: hardWeight });
  }
  if (args.ignorePreferredTermsOfExistingPods === true && pod.terms.preferred.length === 0) return rules;
  for (const { term, owners } of index.ownedTerms('preferred', pod))
    rules.push({ topologyKey: term.topologyKey, counts: owners.in(index.topology(term.topologyKey)), weight: term.weight });
  return rules;
}

/** Could the event let a pod that was rejected fit? */
function helps(pod: PodInfo, event: ClusterEvent, labelsOf: NamespaceLabels): boolean {
  if (event.resource === 'Node') return event.action === 'add' || event.changed?.has('labels') === true;
  if (event.resource !== 'AssignedPod' || event.info === undefined) return false;
  const other = event.info;
  const wanted = pod.terms.requiredAffinity.some((term) => selects(term.selection, other, labelsOf));
  if (wanted && event.action !== 'delete') return true;
  if (event.action === 'add') return false;
  // A pod that is gone, or has other labels, may have been what kept this one away.
  if (event.action === 'update') return event.changed?.has('labels') === true;
  return (
    pod.terms.requiredAntiAffinity.some((term) => selects(term.selection, other, labelsOf)) ||
    other.terms.requiredAntiAffinity.some((term) => selects(term.selection, pod, labelsOf))
  );
}

/** Required and preferred inter-pod affinity and anti-affinity, in both directions. */
export function interPodAffinity(labelsOf: NamespaceLabels, args: InterPodAffinityArgs = {}): Plugin {
  const softKey = `${name}/score`;
  return {
    name,
    preFilter(pod, state, snapshot) {
      state.set(softKey, snapshot);
      const rules = hardRules(pod, snapshot, labelsOf);
      if (rules === undefined) return { skip: true };
      state.set(name, rules);
      return {};
    },
    filter(_, node, state: CycleState) {
      const rules = state.get(name) as Hard;
      if (!satisfiesAffinity(rules, node)) return unresolvable(name, reasonAffinity);
      if (touches(rules.antiAffinity, node)) return unschedulable(name, reasonAntiAffinity);
      return touches(rules.existing, node) ? unschedulable(name, reasonExisting) : undefined;
    },
    preScore(pod, _, state) {
      const rules = softRules(pod, state.get(softKey) as Snapshot, args);
      state.set(softKey, rules);
      return rules.length > 0;
    },
    score(_, node, state) {
      let sum = 0;
      for (const { topologyKey, counts, weight } of state.get(softKey) as Weighed[]) {
        const domain = node.labels[topologyKey];
        if (domain !== undefined) sum += weight * counts.of(domain);
      }
      return sum;
    },
    normalize(_, scores) {
      let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const score of scores) {
        if (score < min) min = score;
        if (score > max) max = score;
      }
      for (let i = 0; i < scores.length; i++) scores[i] = max > min ? Math.floor((100 * ((scores[i] as number) - min)) / (max - min)) : 0;
    },
    helps: (pod, event) => helps(pod, event, labelsOf),
  };
}
