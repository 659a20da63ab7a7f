import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type MachineFacts, nodeNeeds, planMachine } from './machine.ts';

const everything = new Set(nodeNeeds.map((need) => need.name));
const facts = (over: Partial<MachineFacts>): MachineFacts => ({
  root: true,
  distributions: ['debian'],
  aptGet: true,
  present: everything,
  ...over,
});

test('a complete machine needs nothing', () => {
  assert.deepEqual(planMachine(facts({})), { action: 'none' });
});

test('on Debian as root only the missing packages are installed', () => {
  const plan = planMachine(facts({ present: new Set([...everything].filter((name) => name !== 'nft' && name !== 'ip')) }));
  assert.equal(plan.action, 'install');
  assert.deepEqual(plan.action === 'install' && plan.packages, ['nftables', 'iproute2']);
});

test('without root it says what to install and stops', () => {
  const plan = planMachine(facts({ root: false, present: new Set() }));
  assert.equal(plan.action, 'stop');
  assert.match(plan.action === 'stop' ? plan.message : '', /needs root[\s\S]*containerd[\s\S]*apt-get install containerd runc/);
});

test('off Debian it names the needs, not only the packages', () => {
  const plan = planMachine(facts({ distributions: ['fedora'], aptGet: false, present: new Set() }));
  assert.equal(plan.action, 'stop');
  assert.match(plan.action === 'stop' ? plan.message : '', /package manager/);
});
