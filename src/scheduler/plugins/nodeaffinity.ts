import { matchesPodNodeSelection, matchesTerm } from '#api/nodeselector.ts';
import { normalizeByMax, type Plugin, unresolvable } from '../framework.ts';

const name = 'NodeAffinity';
const reason = "node(s) didn't match Pod's node affinity/selector";

/** `nodeSelector` and node affinity: required terms exclude, preferred terms score by their weights. */
export const nodeAffinity: Plugin = {
  name,
  nodeOnly: true,
  preFilter(pod) {
    const { spec } = pod.pod;
    const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    if (terms === undefined && spec.nodeSelector === undefined) return { skip: true };
    // Terms that all name their node leave only those nodes to look at (as DaemonSet pods do).
    const names = terms?.map((term) => {
      const fields = term.matchFields?.filter((field) => field.key === 'metadata.name' && field.operator === 'In');
      return fields?.length ? fields.map((field) => new Set(field.values ?? [])).reduce((a, b) => a.intersection(b)) : undefined;
    });
    if (names === undefined || names.length === 0 || names.includes(undefined)) return {};
    return { nodes: new Set(names.flatMap((set) => [...(set ?? [])])) };
  },
  filter(pod, node) {
    return node.node !== undefined && matchesPodNodeSelection(pod.pod, node.node) ? undefined : unresolvable(name, reason);
  },
  preScore: (pod) => (pod.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution?.length ?? 0) > 0,
  score(pod, node) {
    let sum = 0;
    for (const term of pod.pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [])
      if (node.node !== undefined && term.weight !== 0 && matchesTerm(term.preference, node.node)) sum += term.weight;
    return sum;
  },
  normalize(_, scores) {
    normalizeByMax(scores, false);
  },
  hears: ['Node/add', 'Node/update'],
  helps: (pod, event) => event.resource === 'Node' && event.node?.node !== undefined && matchesPodNodeSelection(pod.pod, event.node.node),
};
