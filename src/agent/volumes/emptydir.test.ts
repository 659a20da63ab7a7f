import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { hugePageSize, memorySize } from './emptydir.ts';

const podOf = (...limits: Readonly<Record<string, string>>[]): Pod =>
  ({ metadata: { name: 'p' }, spec: { containers: limits.map((one) => ({ name: 'c', resources: { limits: one } })) } }) as never;

test('a volume in memory is as large as its limit, and at most as the pod may use', () => {
  assert.equal(memorySize(podOf({}), {}), undefined);
  assert.equal(memorySize(podOf({}), { sizeLimit: '1Mi' }), 2 ** 20);
  assert.equal(memorySize(podOf({ memory: '1Mi' }), {}), 2 ** 20);
  assert.equal(memorySize(podOf({ memory: '1Mi' }), { sizeLimit: '2Mi' }), 2 ** 20);
});

test('the size of huge pages: named, or the only one that is requested', () => {
  assert.equal(hugePageSize(podOf({}), 'HugePages-1Gi'), 2 ** 30);
  assert.equal(hugePageSize(podOf({ 'hugepages-2Mi': '4Mi' }, { 'hugepages-2Mi': '2Mi' }), 'HugePages'), 2 ** 21);
  assert.throws(() => hugePageSize(podOf({}), 'HugePages'), /no container requests huge pages/);
  assert.throws(() => hugePageSize(podOf({ 'hugepages-2Mi': '4Mi', 'hugepages-1Gi': '1Gi' }), 'HugePages'), /several sizes/);
});
