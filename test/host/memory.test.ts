// When memory is given back, and that it is.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepMemorySmall, worthCollecting } from '#host/memory.ts';

const mib = 1024 * 1024;

test('collects in quiet moments when there is something to gain', () => {
  const quiet = { share: 0.01, resident: 300 * mib, heap: 100 * mib, settled: 200 * mib };
  assert.equal(worthCollecting(quiet), true);
  assert.equal(worthCollecting({ ...quiet, share: 0.5 }), false, 'busy');
  assert.equal(worthCollecting({ ...quiet, resident: 210 * mib }), false, 'nothing to gain');
  assert.equal(worthCollecting({ ...quiet, heap: 900 * mib }), false, 'it would take too long');
  assert.equal(worthCollecting({ ...quiet, settled: 0 }), true, 'the first time');
});

test('gives garbage back', () => {
  let look: () => void = () => assert.fail('no timer was set');
  let now = 0;
  const timer = keepMemorySmall({
    monotonic: () => (now += 1e9),
    every: (_, fn) => {
      look = fn;
      return { cancel: () => undefined };
    },
  });
  let garbage: unknown[] | undefined = Array.from({ length: 300_000 }, (_, i) => ({ i, text: `garbage ${i}` }));
  assert.equal(garbage.length, 300_000);
  garbage = undefined;
  const before = process.memoryUsage().heapUsed;
  look();
  assert.ok(process.memoryUsage().heapUsed < before - 10 * mib);
  timer.cancel();
});
