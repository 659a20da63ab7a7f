// Which pods a rule talks about: namespaces and labels, with a key by which equal rules share one count.
import type { PodAffinityTerm } from '#api/core/v1/affinity.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type Labels, type LabelSelectorLike, type Selector, selectorOf, selectorOfRequirements, requirement } from '#format/selector.ts';

/** A set of pods by namespace and labels. */
export interface Selection {
  /** Equal for equal selections. */
  readonly key: string;
  /** Named namespaces. */
  readonly namespaces: ReadonlySet<string>;
  /** Namespaces by their labels, beside the named ones. */
  readonly namespaceSelector: Selector | undefined;
  readonly selector: Selector;
  /** Pods that are being deleted do not count (topology spread). */
  readonly liveOnly: boolean;
}

/** What a selection is asked about. */
export interface Selectable {
  readonly namespace: string;
  readonly labels: Labels;
  readonly terminating: boolean;
}

/** Labels of a namespace, by its name. */
export type NamespaceLabels = (namespace: string) => Labels | undefined;

/** A term of inter-pod affinity, ready to be asked. */
export interface AffinityTerm {
  /** Equal for equal terms, the topology key and the weight included. */
  readonly id: string;
  readonly selection: Selection;
  readonly topologyKey: string;
  /** 1…100 for preferred terms; negative for preferred anti-affinity; 0 for required terms. */
  readonly weight: number;
}

/** The terms of a pod's `podAffinity` and `podAntiAffinity`. */
export interface PodTerms {
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  /** Preferred affinity, and preferred anti-affinity with negative weights. */
  readonly preferred: readonly AffinityTerm[];
}

const none: PodTerms = { requiredAffinity: [], requiredAntiAffinity: [], preferred: [] };

/** Does the selection's namespace part take in this namespace? */
function inNamespaces(selection: Selection, namespace: string, labelsOf: NamespaceLabels): boolean {
  if (selection.namespaces.has(namespace)) return true;
  return selection.namespaceSelector !== undefined && selection.namespaceSelector.matches(labelsOf(namespace));
}

/** True when the pod belongs to the selection. */
export function selects(selection: Selection, pod: Selectable, labelsOf: NamespaceLabels): boolean {
  if (selection.liveOnly && pod.terminating) return false;
  return inNamespaces(selection, pod.namespace, labelsOf) && selection.selector.matches(pod.labels);
}

/** A selection within one namespace. */
export function selectionIn(namespace: string, selector: Selector, liveOnly = false): Selection {
  const key = `${liveOnly ? 'live' : 'all'}|${namespace}||${selector.nothing ? '!' : selector.toString()}`;
  return { key, namespaces: new Set([namespace]), namespaceSelector: undefined, selector, liveOnly };
}

function termOf(term: PodAffinityTerm, namespace: string, weight: number): AffinityTerm {
  const named = term.namespaces ?? [];
  const own = named.length === 0 && !term.namespaceSelector;
  const namespaces = own ? [namespace] : named.toSorted();
  const namespaceSelector = term.namespaceSelector ? selectorOf(term.namespaceSelector) : undefined;
  const selector = selectorOf(term.labelSelector);
  const scope = namespaceSelector === undefined ? '' : namespaceSelector.empty ? '*' : namespaceSelector.toString();
  const key = `all|${namespaces.join(',')}|${scope}|${selector.nothing ? '!' : selector.toString()}`;
  return {
    id: `${weight}|${term.topologyKey}|${key}`,
    selection: { key, namespaces: new Set(namespaces), namespaceSelector, selector, liveOnly: false },
    topologyKey: term.topologyKey,
    weight,
  };
}

/** Reads a pod's inter-pod affinity. */
export function podTerms(pod: Pod): PodTerms {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {};
  if (podAffinity === undefined && podAntiAffinity === undefined) return none;
  const namespace = pod.metadata.namespace ?? '';
  const required = (terms: readonly PodAffinityTerm[] | undefined) => (terms ?? []).map((term) => termOf(term, namespace, 0));
  return {
    requiredAffinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: [
      ...(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((item) =>
        termOf(item.podAffinityTerm, namespace, item.weight),
      ),
      ...(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((item) =>
        termOf(item.podAffinityTerm, namespace, -item.weight),
      ),
    ],
  };
}

/** A selector with the pod's own values of some labels added (`matchLabelKeys`); keys that the pod lacks are left out. */
export function withPodValues(labelSelector: LabelSelectorLike | undefined, keys: readonly string[] | undefined, labels: Labels): Selector {
  const selector = selectorOf(labelSelector);
  const own = (keys ?? []).filter((key) => labels[key] !== undefined);
  if (own.length === 0 || selector.nothing) return selector;
  // The API server has merged them at creation; a second time would only make the key longer.
  const missing = own.filter((key) => !selector.requirements.some((item) => item.key === key && item.values[0] === labels[key]));
  if (missing.length === 0) return selector;
  return selectorOfRequirements([...selector.requirements, ...missing.map((key) => requirement(key, 'in', [labels[key] as string]))]);
}
