import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Node } from '#api/core/v1/node.ts';
import { parseRoutes, routesTo } from './routes.ts';

const node = (name: string, ranges: readonly string[], addresses: readonly string[]): Node => ({
  metadata: { name },
  spec: { podCIDRs: ranges },
  status: { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) },
});

test('each range of another node lies behind its address of the same family', () => {
  const nodes = [
    node('a', ['10.244.0.0/24'], ['192.0.2.1']),
    node('b', ['10.244.1.0/24', 'fd00:1::/64'], ['192.0.2.2', 'fd90::2']),
    node('c', ['10.244.2.0/24', 'fd00:2::/64'], ['192.0.2.3']),
    node('d', [], ['192.0.2.4']),
  ];
  assert.deepEqual(
    [...routesTo(nodes, 'a')],
    [
      ['10.244.1.0/24', '192.0.2.2'],
      ['fd00:1::/64', 'fd90::2'],
      ['10.244.2.0/24', '192.0.2.3'],
    ],
  );
});

test('what ip prints is read back', () => {
  assert.deepEqual(
    [...parseRoutes('10.244.1.0/24 via 192.0.2.2 dev eth0 \n10.244.2.0/24 via 192.0.2.3 dev eth0 \n')],
    [
      ['10.244.1.0/24', '192.0.2.2'],
      ['10.244.2.0/24', '192.0.2.3'],
    ],
  );
});
