import { isTolerated } from '#api/taints.ts';
import { type Plugin, unresolvable } from '../framework.ts';

const name = 'NodeUnschedulable';
const taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' } as const;

/** Cordoned nodes take only pods that tolerate it. */
export const nodeUnschedulable: Plugin = {
  name,
  nodeOnly: true,
  filter(pod, node) {
    if (node.node?.spec.unschedulable !== true || isTolerated(taint, pod.pod.spec.tolerations)) return undefined;
    return unresolvable(name, 'node(s) were unschedulable');
  },
  hears: ['Node/add', 'Node/update'],
  helps: (_, event) => event.resource === 'Node' && event.node?.node?.spec.unschedulable !== true,
};
