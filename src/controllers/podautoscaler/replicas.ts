// From usage to a number of replicas: the rules of the autoscaling documentation, for pods of which some are not ready or
// not measured. Pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { conditionOf } from '#api/podutil.ts';
import { quantityMilli } from '#format/quantity.ts';

/** Usage of one pod: thousandths (CPU: of a core; everything else: of a unit), and since when it is measured. */
export interface PodUsage {
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Milliseconds over which the value is an average. */
  readonly window: number;
}
export type Usages = ReadonlyMap<string, PodUsage>;

export interface Timing {
  /** For so long after its start a pod's CPU use does not count unless the pod was ready all along. Default 5 min. */
  readonly initialization: number;
  /** A pod that became unready so soon after its start was never ready. Default 30 s. */
  readonly initialReadiness: number;
}
export const defaultTiming: Timing = { initialization: 300_000, initialReadiness: 30_000 };

export interface Tolerance {
  readonly up: number;
  readonly down: number;
}

export interface Grouped {
  readonly ready: readonly Pod[];
  readonly unready: readonly Pod[];
  readonly missing: readonly Pod[];
}

function isCpuUnready(pod: Pod, usage: PodUsage, { now, timing }: { now: number; timing: Timing }): boolean {
  const condition = conditionOf(pod.status.conditions, 'Ready');
  if (condition === undefined || pod.status.startTime === undefined) return true;
  const start = Date.parse(pod.status.startTime);
  const changed = Date.parse(condition.lastTransitionTime ?? '') || 0;
  if (start + timing.initialization > now) return condition.status === 'False' || usage.at < changed + usage.window;
  return condition.status === 'False' && start + timing.initialReadiness > changed;
}

/** Sorts pods by what their usage is worth. Pods that end or have failed do not count at all. */
export function groupPods(pods: readonly Pod[], usages: Usages, options: { cpu: boolean; now: number; timing: Timing }): Grouped {
  const ready: Pod[] = [];
  const unready: Pod[] = [];
  const missing: Pod[] = [];
  for (const pod of pods) {
    if (pod.metadata.deletionTimestamp !== undefined || pod.status.phase === 'Failed') continue;
    const usage = usages.get(pod.metadata.name);
    if (pod.status.phase === 'Pending') unready.push(pod);
    else if (usage === undefined) missing.push(pod);
    else if (options.cpu && isCpuUnready(pod, usage, options)) unready.push(pod);
    else ready.push(pod);
  }
  return { ready, unready, missing };
}

/** What each pod asks for, in thousandths; throws when a container does not say. */
export function requestsOf(pods: readonly Pod[], resource: string, container?: string): Map<string, number> {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const containers = [
      ...pod.spec.containers,
      ...(pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always'),
    ];
    const podLevel = pod.spec.resources?.requests?.[resource];
    if (container === undefined && podLevel !== undefined) {
      requests.set(pod.metadata.name, quantityMilli(podLevel));
      continue;
    }
    let sum = 0;
    for (const entry of containers) {
      if (container !== undefined && entry.name !== container) continue;
      const request = entry.resources?.requests?.[resource];
      if (request === undefined) throw new Error(`missing request for ${resource} in container ${entry.name} of Pod ${pod.metadata.name}`);
      sum += quantityMilli(request);
    }
    requests.set(pod.metadata.name, sum);
  }
  return requests;
}

export interface Proposal {
  readonly replicas: number;
  /** Percent of the requests, for utilization targets. */
  readonly utilization?: number;
  /** Average per pod in thousandths. */
  readonly average: number;
}

const within = (ratio: number, tolerance: Tolerance): boolean => ratio >= 1 - tolerance.down && ratio <= 1 + tolerance.up;
const noMetrics = 'did not receive metrics for targeted pods (pods might be unready)';

interface Ratio {
  readonly ratio: number;
  readonly utilization?: number;
  readonly average: number;
}

interface Weighing {
  readonly current: number;
  readonly grouped: Grouped;
  readonly usages: Usages;
  readonly tolerance: Tolerance;
  readonly measure: (values: ReadonlyMap<string, number>) => Ratio;
  /** What an unmeasured pod is taken to use when the others use too little. */
  readonly fullUse: (pod: Pod) => number;
}

/** The number of replicas at which the usage would be on target. */
function weigh({ current, grouped, usages, tolerance, measure, fullUse }: Weighing): Proposal {
  const values = new Map(grouped.ready.map((pod) => [pod.metadata.name, usages.get(pod.metadata.name)?.value ?? 0]));
  if (values.size === 0) throw new Error(noMetrics);
  const first = measure(values);
  const shown = { ...(first.utilization === undefined ? {} : { utilization: first.utilization }), average: first.average };
  const withUnready = grouped.unready.length > 0 && first.ratio > 1;
  if (!withUnready && grouped.missing.length === 0) {
    return { replicas: within(first.ratio, tolerance) ? current : Math.ceil(first.ratio * values.size), ...shown };
  }
  // Whoever is not known is assumed to argue against the change: fully busy when shrinking, idle when growing.
  for (const pod of grouped.missing) {
    if (first.ratio < 1) values.set(pod.metadata.name, fullUse(pod));
    else if (first.ratio > 1) values.set(pod.metadata.name, 0);
  }
  if (withUnready) for (const pod of grouped.unready) values.set(pod.metadata.name, 0);
  const second = measure(values);
  const flipped = (first.ratio < 1 && second.ratio > 1) || (first.ratio > 1 && second.ratio < 1);
  if (within(second.ratio, tolerance) || flipped) return { replicas: current, ...shown };
  const replicas = Math.ceil(second.ratio * values.size);
  const backwards = (second.ratio < 1 && replicas > current) || (second.ratio > 1 && replicas < current);
  return { replicas: backwards ? current : replicas, ...shown };
}

export interface CalculationInput {
  readonly current: number;
  readonly pods: readonly Pod[];
  readonly usages: Usages;
  readonly tolerance: Tolerance;
  readonly now: number;
  readonly timing?: Timing;
}

const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** A Resource or ContainerResource metric with a target in percent of the requests. */
export function byUtilization(input: CalculationInput & { resource: string; container?: string; target: number }): Proposal {
  const { pods, usages, target, resource } = input;
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const grouped = groupPods(pods, usages, { cpu: resource === 'cpu', now: input.now, timing: input.timing ?? defaultTiming });
  const requests = requestsOf(pods, resource, input.container);
  const measure = (values: ReadonlyMap<string, number>): Ratio => {
    const asked = sum([...values.keys()].map((name) => requests.get(name) ?? 0));
    if (asked === 0) throw new Error('no metrics returned matched known pods');
    const used = sum(values.values());
    const utilization = Math.floor((used * 100) / asked);
    return { ratio: utilization / target, utilization, average: Math.floor(used / values.size) };
  };
  const fullUse = (pod: Pod): number => ((requests.get(pod.metadata.name) ?? 0) * Math.max(100, target)) / 100;
  return weigh({ ...input, grouped, measure, fullUse });
}

/** A Resource, ContainerResource or Pods metric with an average per pod as its target (thousandths). */
export function byAverage(input: CalculationInput & { resource?: string; target: number }): Proposal {
  const { pods, usages, target } = input;
  if (pods.length === 0) throw new Error('no pods returned by selector while calculating replica count');
  const grouped = groupPods(pods, usages, { cpu: input.resource === 'cpu', now: input.now, timing: input.timing ?? defaultTiming });
  const measure = (values: ReadonlyMap<string, number>): Ratio => {
    const average = Math.floor(sum(values.values()) / values.size);
    return { ratio: average / target, average };
  };
  return weigh({ ...input, grouped, measure, fullUse: () => target });
}

/** An Object or External metric with a target for the whole (`Value`): the ready pods share it. */
export function byValue(input: { current: number; readyPods: number; usage: number; target: number; tolerance: Tolerance }): Proposal {
  const { current, usage, target, tolerance } = input;
  const ratio = usage / target;
  // Scaled to zero there are no pods to take a proportion of.
  if (current === 0) return { replicas: Math.ceil(ratio), average: usage };
  return { replicas: within(ratio, tolerance) ? current : Math.ceil(ratio * input.readyPods), average: usage };
}

/** An Object or External metric with a target per pod (`AverageValue`). */
export function byValuePerPod(input: { current: number; usage: number; target: number; tolerance: Tolerance }): Proposal {
  const { current, usage, target, tolerance } = input;
  const ratio = usage / (target * current);
  const replicas = current > 0 && within(ratio, tolerance) ? current : Math.ceil(usage / target);
  return { replicas, average: current === 0 ? 0 : Math.ceil(usage / current) };
}
