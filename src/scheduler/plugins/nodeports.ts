import { type Plugin, unschedulable } from '../framework.ts';

const name = 'NodePorts';

/** Two pods of a node cannot have the same host port. */
export const nodePorts: Plugin = {
  name,
  preFilter: (pod) => (pod.ports.length === 0 ? { skip: true } : {}),
  filter(pod, node) {
    return node.conflicts(pod.ports) ? unschedulable(name, "node(s) didn't have free ports for the requested pod ports") : undefined;
  },
  hears: ['Node/add', 'AssignedPod/delete'],
  helps(pod, event) {
    if (event.resource === 'Node') return event.action === 'add';
    if (event.resource !== 'AssignedPod' || event.action !== 'delete' || event.info === undefined) return false;
    const freed = event.info.ports;
    return pod.ports.some((port) => freed.some((other) => other.port === port.port && other.protocol === port.protocol));
  },
};
