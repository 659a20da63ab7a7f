import type { NodeAffinity } from '#api/core/v1/affinity.ts';
import { matchesNodeSelector, matchesPodNodeSelection, matchesTerm } from '#api/nodeselector.ts';
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import { normalizeByMax, type Plugin, unresolvable } from '../framework.ts';

const name = 'NodeAffinity';
const reason = "node(s) didn't match Pod's node affinity/selector";
const reasonAdded = "node(s) didn't match scheduler-enforced node affinity";

type Preferred = NonNullable<NodeAffinity['preferredDuringSchedulingIgnoredDuringExecution']>;

/** Terms that all name their node leave only those nodes to look at (as DaemonSet pods do). */
function namedNodes(pod: PodInfo): ReadonlySet<string> | undefined {
  const terms = pod.pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const names = terms?.map((term) => {
    const fields = term.matchFields?.filter((field) => field.key === 'metadata.name' && field.operator === 'In');
    return fields?.length ? fields.map((field) => new Set(field.values ?? [])).reduce((a, b) => a.intersection(b)) : undefined;
  });
  if (names === undefined || names.length === 0 || names.includes(undefined)) return undefined;
  return new Set(names.flatMap((set) => [...(set ?? [])]));
}

/** `nodeSelector` and node affinity: required terms exclude, preferred terms score by their weights. `added`: for all pods of the profile. */
export function nodeAffinityWith(added?: NodeAffinity): Plugin {
  const demanded = added?.requiredDuringSchedulingIgnoredDuringExecution;
  const preferred = (pod: PodInfo): Preferred => [
    ...(added?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(pod.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []),
  ];
  return {
    name,
    nodeOnly: true,
    preFilter(pod) {
      const { spec } = pod.pod;
      const own = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
      if (own === undefined && spec.nodeSelector === undefined && demanded === undefined) return { skip: true };
      const nodes = namedNodes(pod);
      return nodes === undefined ? {} : { nodes };
    },
    filter(pod, { node }: NodeInfo) {
      if (node === undefined) return unresolvable(name, reason);
      if (demanded !== undefined && !matchesNodeSelector(demanded, node)) return unresolvable(name, reasonAdded);
      return matchesPodNodeSelection(pod.pod, node) ? undefined : unresolvable(name, reason);
    },
    preScore: (pod) => preferred(pod).length > 0,
    score(pod, { node }) {
      let sum = 0;
      for (const term of preferred(pod))
        if (node !== undefined && term.weight !== 0 && matchesTerm(term.preference, node)) sum += term.weight;
      return sum;
    },
    normalize(_, scores) {
      normalizeByMax(scores, false);
    },
    hears: ['Node/add', 'Node/update'],
    helps: (pod, event) => event.node?.node !== undefined && matchesPodNodeSelection(pod.pod, event.node.node),
  };
}

export const nodeAffinity: Plugin = nodeAffinityWith();
