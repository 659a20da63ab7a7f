import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attention, Hearing } from './hearing.ts';

const grace = 50_000;

/** Lets time pass for a process that runs, with signs of life of some nodes every ten seconds. */
function pass(hearing: Hearing, span: { readonly from: number; readonly to: number }, ...alive: readonly string[]): void {
  for (let now = span.from; now <= span.to; now += attention) {
    hearing.attend(now);
    if ((now - span.from) % 10_000 === 0) for (const name of alive) hearing.heard(name, now);
  }
}

function both(): Hearing {
  const hearing = new Hearing(grace, 0);
  for (const name of ['a', 'b']) hearing.heard(name, 0);
  return hearing;
}

test('a node is silent when the grace period has passed and others were heard', () => {
  const hearing = both();
  pass(hearing, { from: 0, to: 40_000 }, 'a');
  assert.equal(hearing.patience('b', 40_000), 10_000);
  pass(hearing, { from: 40_000, to: 50_000 }, 'a');
  assert.equal(hearing.patience('b', 50_000), 0);
  assert.equal(hearing.patience('a', 50_000), grace);
  assert.equal(hearing.patience('b', 50_000, 60_000), 10_000, 'one that has never reported has longer');
  assert.equal(hearing.patience('c', 50_000), grace, 'one that is not known begins now');
});

test('who was stopped blames nobody: the grace period begins anew', () => {
  const hearing = both();
  pass(hearing, { from: 0, to: 40_000 }, 'a');
  assert.equal(hearing.patience('b', 100_000), grace + 0.2 * grace);
  const other = both();
  pass(other, { from: 0, to: 40_000 }, 'a');
  other.attend(65_000);
  other.heard('a', 65_001);
  assert.equal(other.patience('b', 65_001), grace - 1);
});

test('who is a little late was not stopped', () => {
  const hearing = both();
  pass(hearing, { from: 0, to: 40_000 }, 'a');
  hearing.attend(58_000);
  assert.ok(hearing.patience('b', 58_000) <= 0);
});

test('when nobody is heard, all are waited for a little longer', () => {
  const hearing = both();
  pass(hearing, { from: 0, to: 30_000 });
  assert.ok(!hearing.isDeaf(30_000));
  pass(hearing, { from: 35_000, to: 50_000 });
  assert.ok(hearing.isDeaf(50_000));
  assert.equal(hearing.patience('a', 50_000), 10_000);
  pass(hearing, { from: 55_000, to: 60_000 });
  assert.equal(hearing.patience('a', 60_000), 0, 'then they are silent');
});

test('the first who is heard after long speaks for all', () => {
  const hearing = both();
  pass(hearing, { from: 5_000, to: 55_000 });
  hearing.heard('a', 55_000);
  assert.equal(hearing.patience('b', 55_000), grace);
  pass(hearing, { from: 55_000, to: 105_000 }, 'a');
  assert.equal(hearing.patience('b', 105_000), 0);
});

test('a new beginning is one for all', () => {
  const hearing = both();
  pass(hearing, { from: 0, to: 50_000 }, 'a');
  hearing.startAnew(50_000);
  assert.equal(hearing.patience('b', 50_000), grace);
  hearing.forget('b');
  assert.ok(!hearing.knows('b') && hearing.knows('a'));
});
