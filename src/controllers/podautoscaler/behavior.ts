// How fast and how steadily the number of replicas may move: `spec.behavior`. Pure.
import type { HorizontalPodAutoscalerBehavior, HPAScalingPolicy, HPAScalingRules } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { quantityFloat } from '#format/quantity.ts';

/** A past proposal, or a past change of so many replicas (positive). */
export interface Moment {
  readonly at: number;
  readonly replicas: number;
}

/** What is remembered about one autoscaler. Values, never changed in place. */
export interface Memory {
  readonly proposals: readonly Moment[];
  readonly ups: readonly Moment[];
  readonly downs: readonly Moment[];
}
export const blank: Memory = { proposals: [], ups: [], downs: [] };

interface Rules {
  readonly window: number;
  readonly select: string;
  readonly policies: readonly HPAScalingPolicy[];
  readonly tolerance: number | undefined;
}

const defaultUp: Rules = {
  window: 0,
  select: 'Max',
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
  tolerance: undefined,
};
const defaultDown: Rules = {
  window: 300,
  select: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
  tolerance: undefined,
};

function rulesOf(rules: HPAScalingRules | undefined, defaults: Rules): Rules {
  return {
    window: rules?.stabilizationWindowSeconds ?? defaults.window,
    select: rules?.selectPolicy ?? defaults.select,
    policies: rules?.policies?.length ? rules.policies : defaults.policies,
    tolerance: rules?.tolerance === undefined ? undefined : quantityFloat(rules.tolerance),
  };
}

export interface BehaviorInput {
  readonly behavior: HorizontalPodAutoscalerBehavior | undefined;
  readonly current: number;
  /** What the metrics ask for. */
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly memory: Memory;
  readonly now: number;
}

export interface Behaved {
  readonly replicas: number;
  readonly memory: Memory;
  /** Reason and message of the condition AbleToScale. */
  readonly able: { readonly reason: string; readonly message: string };
  /** Reason and message of the condition ScalingLimited, and whether it holds. */
  readonly limited: { readonly status: 'True' | 'False'; readonly reason: string; readonly message: string };
}

const changeWithin = (moments: readonly Moment[], seconds: number, now: number): number =>
  moments.filter((moment) => moment.at > now - seconds * 1000).reduce((sum, moment) => sum + moment.replicas, 0);

/** The most replicas that the up policies allow now. */
function upLimit(rules: Rules, current: number, { ups, downs }: Memory, now: number): number {
  if (rules.select === 'Disabled') return current;
  const limits = rules.policies.map((policy) => {
    const start = current - changeWithin(ups, policy.periodSeconds, now) + changeWithin(downs, policy.periodSeconds, now);
    return policy.type === 'Pods' ? start + policy.value : Math.ceil(start * (1 + policy.value / 100));
  });
  return rules.select === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

/** The fewest replicas that the down policies allow now. */
function downLimit(rules: Rules, current: number, { ups, downs }: Memory, now: number): number {
  if (rules.select === 'Disabled') return current;
  const limits = rules.policies.map((policy) => {
    const start = current + changeWithin(downs, policy.periodSeconds, now) - changeWithin(ups, policy.periodSeconds, now);
    return policy.type === 'Pods' ? start - policy.value : Math.floor(start * (1 - policy.value / 100));
  });
  return rules.select === 'Min' ? Math.max(...limits) : Math.min(...limits);
}

/** Smooths over the windows: growing takes the lowest recent proposal, shrinking the highest. */
function stabilize({ desired, current, now }: BehaviorInput, proposals: readonly Moment[], up: Rules, down: Rules): number {
  const recent = (window: number): number[] => [
    desired,
    ...proposals.filter((moment) => moment.at > now - window * 1000).map((moment) => moment.replicas),
  ];
  const lowest = Math.min(...recent(up.window));
  const highest = Math.max(...recent(down.window));
  let replicas = current;
  if (replicas < lowest) replicas = lowest;
  if (replicas > highest) replicas = highest;
  return replicas;
}

/** Applies windows, policies and bounds to what the metrics ask for. */
export function behave(input: BehaviorInput): Behaved {
  const { current, desired, min, max, memory, now } = input;
  const up = rulesOf(input.behavior?.scaleUp, defaultUp);
  const down = rulesOf(input.behavior?.scaleDown, defaultDown);
  const stable = stabilize(input, memory.proposals, up, down);
  let able = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
  if (stable < desired)
    able = {
      reason: 'ScaleUpStabilized',
      message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
    };
  else if (stable > desired)
    able = {
      reason: 'ScaleDownStabilized',
      message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
    };

  let limited: Behaved['limited'] = {
    status: 'False',
    reason: 'DesiredWithinRange',
    message: 'the desired count is within the acceptable range',
  };
  let replicas = stable;
  if (stable > current) {
    const limit = Math.max(current, upLimit(up, current, memory, now));
    if (stable > Math.min(limit, max)) {
      replicas = Math.min(limit, max);
      limited =
        max <= limit
          ? { status: 'True', reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' }
          : {
              status: 'True',
              reason: 'ScaleUpLimit',
              message: 'the desired replica count is increasing faster than the maximum scale rate',
            };
    }
  } else if (stable < current) {
    const limit = Math.min(current, downLimit(down, current, memory, now));
    if (stable < Math.max(limit, min)) {
      replicas = Math.max(limit, min);
      limited =
        min >= limit
          ? { status: 'True', reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' }
          : {
              status: 'True',
              reason: 'ScaleDownLimit',
              message: 'the desired replica count is decreasing faster than the maximum scale rate',
            };
    }
  } else if (desired > max)
    limited = { status: 'True', reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' };
  else if (desired < min)
    limited = { status: 'True', reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' };

  const keep = Math.max(up.window, down.window) * 1000;
  const proposals = [...memory.proposals.filter((moment) => moment.at > now - keep), { at: now, replicas: desired }];
  return { replicas, able, limited, memory: { ...memory, proposals } };
}

/** Remembers a change that was made; what is older than the longest policy period is forgotten. */
export function remember(memory: Memory, from: number, to: number, now: number): Memory {
  const keep = (moments: readonly Moment[]): Moment[] => moments.filter((moment) => moment.at > now - 1_800_000);
  if (to > from) return { ...memory, ups: [...keep(memory.ups), { at: now, replicas: to - from }], downs: keep(memory.downs) };
  if (to < from) return { ...memory, downs: [...keep(memory.downs), { at: now, replicas: from - to }], ups: keep(memory.ups) };
  return memory;
}

/** The tolerances in force: the rules' own where set, else `fallback` (0.1 in Kubernetes). */
export function toleranceOf(behavior: HorizontalPodAutoscalerBehavior | undefined, fallback: number): { up: number; down: number } {
  return {
    up: rulesOf(behavior?.scaleUp, defaultUp).tolerance ?? fallback,
    down: rulesOf(behavior?.scaleDown, defaultDown).tolerance ?? fallback,
  };
}
