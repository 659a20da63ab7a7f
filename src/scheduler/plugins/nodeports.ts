import { type Plugin, unschedulable } from '../framework.ts';
import { podInfo } from '../podinfo.ts';

const name = 'NodePorts';

/** Two pods of a node cannot have the same host port. */
export const nodePorts: Plugin = {
  name,
  preFilter: (pod) => (pod.ports.length === 0 ? { skip: true } : {}),
  filter(pod, node) {
    return node.conflicts(pod.ports) ? unschedulable(name, "node(s) didn't have free ports for the requested pod ports") : undefined;
  },
  helps(pod, event) {
    if (event.resource === 'Node') return event.action === 'add';
    if (event.resource !== 'AssignedPod' || event.action === 'add' || event.pod === undefined) return false;
    const freed = podInfo(event.pod).ports;
    return pod.ports.some((port) => freed.some((other) => other.port === port.port && other.protocol === port.protocol));
  },
};
