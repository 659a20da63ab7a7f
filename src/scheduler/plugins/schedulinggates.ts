import { type Plugin, unresolvable } from '../framework.ts';

const name = 'SchedulingGates';

/** Keeps a pod out of the queue while `spec.schedulingGates` is not empty. */
export const schedulingGates: Plugin = {
  name,
  hears: [],
  preEnqueue(pod) {
    const gates = pod.spec.schedulingGates ?? [];
    if (gates.length === 0) return undefined;
    return unresolvable(name, `waiting for scheduling gates: [${gates.map((gate) => gate.name).join(' ')}]`);
  },
};
