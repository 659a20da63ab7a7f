import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Correlator, type EventFacts } from './correlator.ts';
import { planElection } from './leader.ts';
import { planClaims } from './ownership.ts';

const facts = (message: string, name = 'web'): EventFacts => ({
  involvedObject: { kind: 'Pod', namespace: 'default', name, uid: name },
  type: 'Warning',
  reason: 'BackOff',
  message,
  source: { component: 'kubelet', host: 'n' },
  reportingComponent: 'kubelet',
  reportingInstance: 'n',
});

test('the same event is counted, similar ones are combined, floods are dropped', () => {
  const correlator = new Correlator();
  const first = correlator.correlate(facts('a'), 0);
  assert.equal(first?.count, 1);
  if (first) correlator.written(first, { name: 'web.1', namespace: 'default' });
  const second = correlator.correlate(facts('a'), 1000);
  assert.deepEqual([second?.count, second?.previous?.name, second?.firstTimestamp], [2, 'web.1', 0]);
  let combined = 0;
  let dropped = 0;
  for (let i = 0; i < 40; i++) {
    const result = correlator.correlate(facts(`other ${i}`), 2000);
    if (result === undefined) dropped++;
    else if (result.message.startsWith('(combined from similar events): ')) combined++;
  }
  assert.equal(dropped, 17, '25 at once, of which two were used');
  assert.equal(combined, 15);
  assert.notEqual(correlator.correlate(facts('a', 'another'), 2000), undefined);
  assert.notEqual(correlator.correlate(facts('a'), 2000 + 300_000), undefined, 'one more after five minutes');
});

test('election: free, held, expired, released, renewed', () => {
  const self = { identity: 'me', leaseDuration: 15_000 };
  const lease = (holderIdentity: string, leaseDurationSeconds = 15) => ({
    metadata: { name: 'x' },
    spec: { holderIdentity, leaseDurationSeconds, acquireTime: 'then', leaseTransitions: 3 },
  });
  assert.equal(planElection(undefined, self, { now: 0, monotonic: 0 })?.leaseTransitions, 0);
  assert.equal(planElection({ lease: lease('you'), at: 0 }, self, { now: 0, monotonic: 14_999 }), undefined);
  assert.equal(planElection({ lease: lease('you'), at: 0 }, self, { now: 0, monotonic: 15_001 })?.leaseTransitions, 4);
  assert.equal(planElection({ lease: lease('', 1), at: 0 }, self, { now: 0, monotonic: 0 })?.holderIdentity, 'me');
  const renewed = planElection({ lease: lease('me'), at: 0 }, self, { now: 0, monotonic: 5 });
  assert.deepEqual([renewed?.acquireTime, renewed?.leaseTransitions], ['then', 3]);
});

test('claims: own, adopt, release, leave alone', () => {
  const owner = { metadata: { name: 'o', uid: 'o' } };
  const object = (name: string, labels: Record<string, string>, uid?: string) => ({
    metadata: { name, labels, ...(uid ? { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: uid, uid, controller: true }] } : {}) },
  });
  const selector = { matches: (labels: Readonly<Record<string, string>>) => labels.app === 'web' };
  const objects = [
    object('mine', { app: 'web' }, 'o'),
    object('mine-no-more', { app: 'db' }, 'o'),
    object('orphan', { app: 'web' }),
    object('other', { app: 'web' }, 'p'),
    object('stranger', { app: 'db' }),
  ];
  const names = (list: readonly { metadata: { name: string } }[]): string[] => list.map(({ metadata }) => metadata.name);
  const plan = planClaims(owner, selector, objects);
  assert.deepEqual([names(plan.owned), names(plan.adopt), names(plan.release)], [['mine'], ['orphan'], ['mine-no-more']]);
  const deleting = planClaims({ metadata: { ...owner.metadata, deletionTimestamp: 'now' } }, selector, objects);
  assert.deepEqual([names(deleting.owned), names(deleting.adopt), names(deleting.release)], [['mine'], [], []]);
});
