import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryFiles } from './memoryqos.ts';

const mi = 1024 * 1024;
const about = { throttlingFactor: 0.9, allocatable: 1000 * mi };
const files = (requests: string | undefined, limits?: string) =>
  memoryFiles(
    {
      name: 'c',
      resources: { ...(requests ? { requests: { memory: requests } } : {}), ...(limits ? { limits: { memory: limits } } : {}) },
    },
    about,
  );

test('a container is protected by its request, and throttled between it and its limit', () => {
  assert.deepEqual(files('100Mi', '200Mi'), { 'memory.min': String(100 * mi), 'memory.high': String(190 * mi) });
});
test('who gets all that it asked for is not throttled', () =>
  assert.deepEqual(files('100Mi', '100Mi'), { 'memory.min': String(100 * mi) }));
test('without a limit the node is the limit', () => {
  assert.deepEqual(files('100Mi'), { 'memory.min': String(100 * mi), 'memory.high': String(910 * mi) });
  assert.deepEqual(files(undefined), { 'memory.high': String(900 * mi) });
});
test('whole pages only', () => {
  const high = Number(files('1Mi', '1500000')['memory.high']);
  assert.equal(high % 4096, 0);
  assert.ok(high < 1_500_000);
});
