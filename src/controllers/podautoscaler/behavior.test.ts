import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HorizontalPodAutoscalerBehavior, HPAScalingRules } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import { behave, blank, type Memory, toleranceOf } from './behavior.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const ago = (seconds: number, replicas: number) => ({ at: now - seconds * 1000, replicas });
const up = (rules: object): HorizontalPodAutoscalerBehavior => ({ scaleUp: rules as HPAScalingRules });
/** Rules for shrinking at once. */
const down = (rules: object): HorizontalPodAutoscalerBehavior => ({
  scaleDown: { stabilizationWindowSeconds: 0, ...rules } as HPAScalingRules,
});
const policies = (...list: (readonly ['Pods' | 'Percent', number, number])[]) => ({
  policies: list.map(([type, value, periodSeconds]) => ({ type, value, periodSeconds })),
});

interface Case {
  readonly behavior?: HorizontalPodAutoscalerBehavior;
  readonly memory?: Partial<Memory>;
  readonly min?: number;
  readonly max?: number;
}
// What it is, current and proposed size, rules; then, worked out by hand: the new size and why it is limited or smoothed.
const cases: readonly (readonly [string, number, number, Case, number, string?, string?])[] = [
  ['nothing to do', 5, 5, {}, 5],
  ['by default four more', 1, 9, {}, 5, 'ScaleUpLimit'],
  ['within four more', 1, 3, {}, 3],
  ['or twice as many', 20, 90, {}, 40, 'ScaleUpLimit'],
  ['both the same', 4, 9, {}, 8, 'ScaleUpLimit'],
  ['half more', 10, 30, { behavior: up(policies(['Percent', 50, 60])) }, 15, 'ScaleUpLimit'],
  ['half more, rounded up', 3, 30, { behavior: up(policies(['Percent', 50, 60])) }, 5, 'ScaleUpLimit'],
  ['two more', 10, 30, { behavior: up(policies(['Pods', 2, 60])) }, 12, 'ScaleUpLimit'],
  ['the larger of two policies', 10, 30, { behavior: up(policies(['Pods', 2, 60], ['Percent', 100, 60])) }, 20, 'ScaleUpLimit'],
  [
    'the smaller of two policies',
    10,
    30,
    { behavior: up({ ...policies(['Pods', 2, 60], ['Percent', 100, 60]), selectPolicy: 'Min' }) },
    12,
    'ScaleUpLimit',
  ],
  ['growing is disabled', 5, 10, { behavior: up({ selectPolicy: 'Disabled' }) }, 5, 'ScaleUpLimit'],
  ['what was added lately counts', 8, 20, { behavior: up(policies(['Pods', 4, 60])), memory: { ups: [ago(20, 3)] } }, 9, 'ScaleUpLimit'],
  ['what was added before does not', 8, 20, { behavior: up(policies(['Pods', 4, 60])), memory: { ups: [ago(61, 3)] } }, 12, 'ScaleUpLimit'],
  [
    'what was taken away gives room',
    8,
    20,
    { behavior: up(policies(['Pods', 4, 60])), memory: { ups: [ago(9, 4)], downs: [ago(5, 1)] } },
    9,
    'ScaleUpLimit',
  ],
  [
    'nothing more while the period lasts',
    8,
    20,
    { behavior: up(policies(['Pods', 4, 60])), memory: { ups: [ago(9, 4)] } },
    8,
    'ScaleUpLimit',
  ],
  [
    'growing waits for its window',
    5,
    9,
    { behavior: up({ stabilizationWindowSeconds: 60 }), memory: { proposals: [ago(30, 6)] } },
    6,
    undefined,
    'ScaleUpStabilized',
  ],
  ['a window that is over', 5, 9, { behavior: up({ stabilizationWindowSeconds: 60 }), memory: { proposals: [ago(61, 6)] } }, 9],
  [
    'the lowest of the window',
    5,
    9,
    { behavior: up({ stabilizationWindowSeconds: 60 }), memory: { proposals: [ago(30, 7), ago(40, 5)] } },
    5,
    undefined,
    'ScaleUpStabilized',
  ],
  ['the most there may be', 9, 20, { max: 10 }, 10, 'TooManyReplicas'],
  ['at the most already', 10, 20, { max: 10 }, 10, 'TooManyReplicas'],
  ['the most is nearer than the rate', 8, 20, { max: 12 }, 12, 'TooManyReplicas'],
  ['shrinking waits five minutes', 10, 2, { memory: { proposals: [ago(290, 9)] } }, 9, undefined, 'ScaleDownStabilized'],
  ['the highest of five minutes', 10, 2, { memory: { proposals: [ago(200, 4), ago(100, 12)] } }, 10, undefined, 'ScaleDownStabilized'],
  ['after five minutes all at once', 10, 2, { memory: { proposals: [ago(301, 9)] } }, 2],
  ['shrinking at once', 10, 2, { behavior: down({}) }, 2],
  ['three fewer', 10, 2, { behavior: down(policies(['Pods', 3, 60])) }, 7, 'ScaleDownLimit'],
  ['a tenth fewer', 10, 2, { behavior: down(policies(['Percent', 10, 60])) }, 9, 'ScaleDownLimit'],
  ['a tenth fewer, rounded down', 15, 2, { behavior: down(policies(['Percent', 10, 60])) }, 13, 'ScaleDownLimit'],
  ['the larger step', 20, 2, { behavior: down(policies(['Pods', 4, 60], ['Percent', 10, 60])) }, 16, 'ScaleDownLimit'],
  [
    'the smaller step',
    20,
    2,
    { behavior: down({ ...policies(['Pods', 4, 60], ['Percent', 10, 60]), selectPolicy: 'Min' }) },
    18,
    'ScaleDownLimit',
  ],
  ['shrinking is disabled', 10, 2, { behavior: down({ selectPolicy: 'Disabled' }) }, 10, 'ScaleDownLimit'],
  [
    'what was taken away lately counts',
    8,
    2,
    { behavior: down(policies(['Pods', 3, 60])), memory: { downs: [ago(30, 2)] } },
    7,
    'ScaleDownLimit',
  ],
  [
    'what was taken away before does not',
    8,
    2,
    { behavior: down(policies(['Pods', 3, 60])), memory: { downs: [ago(90, 2)] } },
    5,
    'ScaleDownLimit',
  ],
  ['the fewest there may be', 10, 1, { behavior: down({}), min: 4 }, 4, 'TooFewReplicas'],
  ['at the fewest already', 4, 1, { behavior: down({}), min: 4 }, 4, 'TooFewReplicas'],
  ['to nothing, where that is allowed', 3, 0, { behavior: down({}), min: 0 }, 0],
  ['from nothing', 0, 3, { min: 0 }, 3],
];
for (const [
  name,
  current,
  desired,
  { behavior, memory, min = 1, max = 100 },
  want,
  limited = 'DesiredWithinRange',
  able = 'ReadyForNewScale',
] of cases) {
  test(`behavior: ${name}`, () => {
    const result = behave({ behavior, current, desired, min, max, memory: { ...blank, ...memory }, now });
    assert.deepEqual([result.replicas, result.limited.reason, result.able.reason], [want, limited, able]);
    assert.equal(result.limited.status, limited === 'DesiredWithinRange' ? 'False' : 'True');
    assert.deepEqual(result.memory.proposals.at(-1), { at: now, replicas: desired }, 'the proposal is remembered');
  });
}

const tolerances: readonly (readonly [string, HorizontalPodAutoscalerBehavior | undefined, { up: number; down: number }])[] = [
  ['the default', undefined, { up: 0.1, down: 0.1 }],
  ['growing at once', up({ tolerance: '0' }), { up: 0, down: 0.1 }],
  ['as the server writes it', up({ tolerance: '50m' }), { up: 0.05, down: 0.1 }],
  ['shrinking late', down({ tolerance: '0.3' }), { up: 0.1, down: 0.3 }],
  ['very fine', down({ tolerance: '500u' }), { up: 0.1, down: 0.0005 }],
];
for (const [name, behavior, want] of tolerances) test(`tolerance: ${name}`, () => assert.deepEqual(toleranceOf(behavior, 0.1), want));
