import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceCIDR } from '#api/networking/v1/servicecidr.ts';
import { deletionGrace, isNeeded, nextStep, protection } from './plan.ts';

const began = '2026-01-01T00:00:00Z';
const range = (name: string, cidrs: readonly string[], more: Partial<ServiceCIDR['metadata']> & { ready?: string } = {}): ServiceCIDR => {
  const { ready, ...metadata } = more;
  const conditions = ready === undefined ? [] : [{ type: 'Ready', status: ready, reason: '', message: '', lastTransitionTime: began }];
  return { metadata: { name, ...metadata }, spec: { cidrs }, status: { conditions } } as ServiceCIDR;
};
const at = (ms: number): number => Date.parse(began) + ms;

test('a new range is protected, then ready, then left alone', () => {
  const all = [range('a', ['10.0.0.0/24'])];
  assert.deepEqual(nextStep(all[0] as ServiceCIDR, all, [], at(0)), { do: 'finalizers', finalizers: [protection] });
  const kept = range('a', ['10.0.0.0/24'], { finalizers: [protection] });
  assert.equal(nextStep(kept, [kept], [], at(0)).do, 'condition');
  const ready = range('a', ['10.0.0.0/24'], { finalizers: [protection], ready: 'True' });
  assert.equal(nextStep(ready, [ready], [], at(0)).do, 'nothing');
});

test('a range that is deleted waits for its addresses and for the servers that hand them out', () => {
  const ending = range('a', ['10.0.0.0/24'], { finalizers: ['x', protection], deletionTimestamp: began, ready: 'True' });
  assert.deepEqual(nextStep(ending, [ending], ['10.0.0.7'], at(60_000)), {
    do: 'condition',
    status: 'False',
    reason: 'Terminating',
    message: 'There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR',
  });
  assert.deepEqual(nextStep(ending, [ending], ['10.0.1.7'], at(400)), { do: 'wait', ms: deletionGrace - 400 });
  assert.deepEqual(nextStep(ending, [ending], [], at(deletionGrace)), { do: 'finalizers', finalizers: ['x'] });
});

test('addresses that other ranges hold as well need nobody', () => {
  const ending = range('a', ['10.0.0.0/24', 'fd00::/112']);
  const cases: readonly [string, readonly ServiceCIDR[], readonly string[], boolean][] = [
    ['alone', [], ['10.0.0.7'], true],
    ['the same range of another name', [range('b', ['10.0.0.0/24']), range('c', ['fd00::/112'])], ['10.0.0.7', 'fd00::7'], false],
    ['a larger one for one family only', [range('b', ['10.0.0.0/16'])], ['10.0.0.7', 'fd00::7'], true],
    ['that half', [range('b', ['10.0.0.0/25'])], ['10.0.0.7'], false],
    ['the other half', [range('b', ['10.0.0.0/25'])], ['10.0.0.200'], true],
  ];
  for (const [name, others, addresses, needed] of cases) assert.equal(isNeeded(ending, [ending, ...others], addresses), needed, name);
});
