import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '#base/testclock.ts';
import { Pace } from './pace.ts';

test('owners of few pods look at once, owners of many wait by their number', async () => {
  const clock = createTestClock();
  const pace = new Pace(clock);
  assert.equal(pace.wait('a'), 0);
  pace.looked('a', 100);
  assert.equal(pace.wait('a'), 0);
  pace.looked('a', 10_000);
  pace.looked('b', 200);
  assert.deepEqual([pace.wait('a'), pace.wait('b')], [500, 10]);
  await clock.advance(400);
  assert.deepEqual([pace.wait('a'), pace.wait('b')], [100, 0]);
  pace.delete('a');
  assert.equal(pace.wait('a'), 0);
});
