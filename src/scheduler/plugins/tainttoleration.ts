import { firstUntolerated, isTolerated } from '#api/taints.ts';
import { normalizeByMax, type Plugin, unresolvable } from '../framework.ts';

const name = 'TaintToleration';
const hard = ['NoSchedule', 'NoExecute'];

/** Untolerated taints: NoSchedule and NoExecute exclude a node, PreferNoSchedule makes it less liked. */
export const taintToleration: Plugin = {
  name,
  nodeOnly: true,
  preFilter(_, state, snapshot) {
    state.set(name, snapshot.softTaints > 0);
    return {};
  },
  filter(pod, node) {
    const taint = firstUntolerated(node.node?.spec.taints, pod.pod.spec.tolerations, hard);
    if (taint === undefined) return undefined;
    const text = taint.value ? `${taint.key}: ${taint.value}` : `${taint.key}: `;
    return unresolvable(name, `node(s) had untolerated taint {${text}}`);
  },
  // Without soft taints all nodes are alike.
  preScore: (_, __, state) => state.get(name) === true,
  score(pod, node) {
    const soft = (pod.pod.spec.tolerations ?? []).filter((toleration) => !toleration.effect || toleration.effect === 'PreferNoSchedule');
    return (node.node?.spec.taints ?? []).filter((taint) => taint.effect === 'PreferNoSchedule' && !isTolerated(taint, soft)).length;
  },
  normalize(_, scores) {
    normalizeByMax(scores, true);
  },
  hears: ['Node/add', 'Node/update'],
  helps: (pod, event) =>
    event.resource === 'Node' && firstUntolerated(event.node?.node?.spec.taints, pod.pod.spec.tolerations, hard) === undefined,
};
