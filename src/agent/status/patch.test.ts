import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodStatus } from '#api/core/v1/podstatus.ts';
import { isMinor, statusPatch } from './patch.ts';

const at = '2026-01-01T00:00:00Z';
const condition = (type: string, status: string, observedGeneration = 1) => ({ type, status, lastTransitionTime: at, observedGeneration });
const api = { phase: 'Pending', observedGeneration: 1, conditions: [condition('Ready', 'False')] } as PodStatus;
const minor = (change: object): boolean => {
  const patch = statusPatch(api, { ...api, ...change });
  assert.ok(patch);
  return isMinor(patch, api);
};

test('a sandbox, its address and a generation can wait; phases, readiness and containers cannot', () => {
  const sandbox = condition('PodReadyToStartContainers', 'True');
  assert.equal(minor({ podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }], conditions: [...(api.conditions ?? []), sandbox] }), true);
  assert.equal(minor({ observedGeneration: 2, conditions: [condition('Ready', 'False', 2)] }), true);
  assert.equal(minor({ conditions: [condition('Ready', 'True')] }), false);
  assert.equal(minor({ phase: 'Running' }), false);
  assert.equal(minor({ podIP: '10.0.0.1', containerStatuses: [] }), false);
});

test('nothing to write when nothing differs', () => assert.equal(statusPatch(api, { ...api }), undefined));

test('a mirror forgets the disruption of an earlier life; any other pod keeps it', () => {
  const target = { type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' } as const;
  const api = { phase: 'Running', conditions: [target] } as const;
  const wanted = { phase: 'Running', conditions: [] } as const;
  assert.equal(statusPatch(api, wanted), undefined);
  assert.deepEqual(statusPatch(api, wanted, { mirror: true }), { conditions: [{ type: 'DisruptionTarget', $patch: 'delete' }] });
});
