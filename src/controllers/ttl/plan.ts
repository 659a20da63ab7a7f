// Pure: for how long agents may keep Secrets and ConfigMaps cached, by the size of the cluster.

export const ttlAnnotation = 'node.alpha.kubernetes.io/ttl';

/** Bounds overlap, so that a cluster on the edge does not flap. */
const steps = [
  { min: 0, max: 100, ttl: 0 },
  { min: 90, max: 500, ttl: 15 },
  { min: 450, max: 1000, ttl: 30 },
  { min: 900, max: 2000, ttl: 60 },
  { min: 1800, max: Number.POSITIVE_INFINITY, ttl: 300 },
] as const;

/** The step for a number of nodes, given the step that holds now. */
export function planStep(nodes: number, current: number): number {
  let step = current;
  while (nodes > (steps[step]?.max ?? 0) && step < steps.length - 1) step++;
  while (nodes < (steps[step]?.min ?? 0) && step > 0) step--;
  return step;
}

/** Seconds of a step. */
export function ttlOf(step: number): number {
  return steps[step]?.ttl ?? 0;
}
