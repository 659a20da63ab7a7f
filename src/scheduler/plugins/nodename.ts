import { type Plugin, unresolvable } from '../framework.ts';

const name = 'NodeName';

/** A pod that names its node fits no other. */
export const nodeName: Plugin = {
  name,
  nodeOnly: true,
  preFilter: (pod) => (pod.pod.spec.nodeName ? {} : { skip: true }),
  filter(pod, node) {
    const wanted = pod.pod.spec.nodeName;
    return !wanted || wanted === node.name ? undefined : unresolvable(name, "node(s) didn't match the requested node name");
  },
  hears: ['Node/add', 'Node/update'],
  helps: (_, event) => event.resource === 'Node' && event.action !== 'delete',
};
