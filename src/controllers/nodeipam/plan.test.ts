import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Blocks } from './plan.ts';

/** The first `count` blocks that are free while those of `used` are not. */
function free(ranges: string, used: readonly string[], count = 1): (readonly string[] | undefined)[] {
  const blocks = new Blocks(ranges);
  blocks.use(used);
  return Array.from({ length: count }, () => {
    const next = blocks.free();
    if (next !== undefined) blocks.use(next);
    return next;
  });
}

test('each node gets the first free block', () => {
  assert.deepEqual(free('10.244.0.0/16', []), [['10.244.0.0/24']]);
  assert.deepEqual(free('10.244.0.0/16', ['10.244.0.0/24', '10.244.2.0/24', '192.0.2.0/24', 'nonsense'], 2), [
    ['10.244.1.0/24'],
    ['10.244.3.0/24'],
  ]);
});

test('a small range is one block, and a used-up range gives nothing', () => {
  assert.deepEqual(free('10.9.8.0/25', [], 2), [['10.9.8.0/25'], undefined]);
  assert.equal(free('10.244.7.9/22', [], 5).join(), '10.244.4.0/24,10.244.5.0/24,10.244.6.0/24,10.244.7.0/24,');
  assert.deepEqual(free('10.9.8.0/24', ['10.9.8.0/24']), [undefined]);
});

test('what comes back is given out again, the first first', () => {
  const blocks = new Blocks('10.244.0.0/16');
  for (let i = 0; i < 256; i++) blocks.use(blocks.free() ?? []);
  assert.equal(blocks.free(), undefined);
  blocks.release(['10.244.9.0/24']);
  blocks.release(['10.244.5.0/24', '10.245.0.0/24']);
  assert.deepEqual(blocks.free(), ['10.244.5.0/24']);
});

test('a cluster of two families gives a block of each', () => {
  const used = ['10.244.0.0/24', 'fd00:1:2::/64'];
  assert.deepEqual(free('10.244.0.0/16,fd00:1:2::/56', used), [['10.244.1.0/24', 'fd00:1:2:1::/64']]);
  assert.deepEqual(free('10.244.0.0/16,fd00:1:2::/64', used), [undefined]);
});
