import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import { blocks, freeBlocks } from './plan.ts';

const node = (name: string, podCIDR?: string): Node => ({
  metadata: { name },
  spec: podCIDR === undefined ? {} : { podCIDR, podCIDRs: [podCIDR] },
  status: {},
});

test('each node gets the first free block', () => {
  assert.deepEqual(freeBlocks('10.244.0.0/16', []), ['10.244.0.0/24']);
  assert.deepEqual(freeBlocks('10.244.0.0/16', [node('a', '10.244.0.0/24'), node('b'), node('c', '10.244.2.0/24')]), ['10.244.1.0/24']);
});

test('a small range is one block, and a used-up range gives nothing', () => {
  assert.deepEqual([...blocks('10.9.8.0/25')], ['10.9.8.0/25']);
  assert.equal([...blocks('10.244.7.9/22')].join(), '10.244.4.0/24,10.244.5.0/24,10.244.6.0/24,10.244.7.0/24');
  assert.equal(freeBlocks('10.9.8.0/24', [node('a', '10.9.8.0/24')]), undefined);
});

test('a cluster of two families gives a block of each', () => {
  const used: Node = {
    metadata: { name: 'a' },
    spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24', 'fd00:1:2::/64'] },
    status: {},
  };
  assert.deepEqual(freeBlocks('10.244.0.0/16,fd00:1:2::/56', [used]), ['10.244.1.0/24', 'fd00:1:2:1::/64']);
  assert.equal(freeBlocks('10.244.0.0/16,fd00:1:2::/64', [used]), undefined);
});
