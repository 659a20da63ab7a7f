// Which pods go so that a critical one finds room on this very node: pure. Few rather than many, and those with the weakest
// promise first: BestEffort, then Burstable, then Guaranteed.
import type { Pod } from '#api/core/v1/pod.ts';
import { isCritical } from '../eviction/rank.ts';
import { qosClass } from '../status/qos.ts';
import { podRequests, type Shortage } from './capacity.ts';

/** What must still be freed, by resource. */
type Needs = ReadonlyMap<string, number>;

/** What the node tells a pod that it ends for a critical one. */
export const preempted = { reason: 'Preempting', message: 'Preempted in order to admit critical pod' } as const;

/** What a pod holds of a resource; each pod is one of `pods`. */
const held = (pod: Pod, resource: string): number => (resource === 'pods' ? 1 : (podRequests(pod).get(resource) ?? 0));

function without(needs: Needs, pods: readonly Pod[]): Needs {
  const left = new Map<string, number>();
  for (const [resource, needed] of needs) {
    const rest = pods.reduce((sum, pod) => sum - held(pod, resource), needed);
    if (rest > 0) left.set(resource, rest);
  }
  return left;
}

/** How far a pod is from freeing all that is needed: 0 is enough, each resource counts alike. */
function distance(needs: Needs, pod: Pod): number {
  let sum = 0;
  for (const [resource, needed] of needs) sum += (Math.max(0, needed - held(pod, resource)) / needed) ** 2;
  return sum;
}

const noneText = (needs: Needs): string => {
  const parts = [...needs].map(([resource, needed]) => `(res: ${resource}, q: ${needed}), `);
  return `no set of running pods found to reclaim resources: [${parts.join('')}]`;
};

const smaller = (a: Pod, b: Pod): number => held(a, 'memory') - held(b, 'memory') || held(a, 'cpu') - held(b, 'cpu');

/** Takes pods until nothing more is needed, each time the one that comes nearest; of two alike, the smaller. */
function take(candidates: readonly Pod[], needs: Needs): Pod[] {
  const chosen: Pod[] = [];
  let left = needs;
  while (left.size > 0) {
    const now = left;
    const rest = candidates.filter((pod) => !chosen.includes(pod));
    const [best] = rest.toSorted((a, b) => distance(now, a) - distance(now, b) || smaller(a, b));
    if (!best) throw new Error(noneText(left));
    chosen.push(best);
    left = without(left, [best]);
  }
  return chosen;
}

/** True when `pod` may take the place of `other`. */
function outranks(pod: Pod, other: Pod): boolean {
  if (isCritical(pod) && !isCritical(other)) return true;
  return pod.spec.priority !== undefined && other.spec.priority !== undefined && pod.spec.priority > other.spec.priority;
}

/** The pods that must go; throws when all of them together would not be enough. */
export function podsToPreempt(pod: Pod, others: readonly Pod[], short: readonly Shortage[]): Pod[] {
  const needs: Needs = new Map(short.map(({ resource, requested, used, capacity }) => [resource, requested + used - capacity]));
  const candidates = others.filter((other) => outranks(pod, other));
  const impossible = without(needs, candidates);
  if (impossible.size > 0) throw new Error(`preemption: error finding a set of pods to preempt: ${noneText(impossible)}`);
  const of = (qos: string): Pod[] => candidates.filter((other) => qosClass(other) === qos);
  const weak = { bestEffort: of('BestEffort'), burstable: of('Burstable') };
  const guaranteed = take(of('Guaranteed'), without(needs, [...weak.bestEffort, ...weak.burstable]));
  const burstable = take(weak.burstable, without(needs, [...weak.bestEffort, ...guaranteed]));
  return [...take(weak.bestEffort, without(needs, [...burstable, ...guaranteed])), ...burstable, ...guaranteed];
}
