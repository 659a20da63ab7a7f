// Pure: what the API says of a node whose agent has fallen silent.
import { rfc3339 } from '#base/clock.ts';
import type { Node } from '#api/core/v1/node.ts';

type NodeCondition = NonNullable<Node['status']['conditions']>[number];

const watched = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

/** A condition of a node by type. */
export function nodeCondition(node: Node, type: string): NodeCondition | undefined {
  return node.status.conditions?.find((condition) => condition.type === type);
}

/** `True`, `False`, `Unknown`, or undefined when the agent has never said. */
export function readiness(node: Node): string | undefined {
  return nodeCondition(node, 'Ready')?.status;
}

/** The conditions of a node from which nothing is heard any more; undefined when they say so already. */
export function planSilence(node: Node, now: number): readonly NodeCondition[] | undefined {
  const conditions = [...(node.status.conditions ?? [])];
  let changed = false;
  for (const type of watched) {
    const index = conditions.findIndex((condition) => condition.type === type);
    const known = conditions[index];
    if (known === undefined) {
      conditions.push({
        type,
        status: 'Unknown',
        reason: 'NodeStatusNeverUpdated',
        message: 'Kubelet never posted node status.',
        lastHeartbeatTime: node.metadata.creationTimestamp,
        lastTransitionTime: rfc3339(now),
      });
      changed = true;
    } else if (known.status !== 'Unknown') {
      conditions[index] = {
        ...known,
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'Kubelet stopped posting node status.',
        lastTransitionTime: rfc3339(now),
      };
      changed = true;
    }
  }
  return changed ? conditions : undefined;
}
