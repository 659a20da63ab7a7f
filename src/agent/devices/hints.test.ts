import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NumaLayout } from '../numa/layout.ts';
import { deviceHints, nearDevices, placed } from './hints.ts';
import type { PluginDevice } from './plugin.ts';

const layout: NumaLayout = [0, 4].map((id) => ({ id, cpus: new Set(), memory: 0, hugepages: {}, distances: [] }));
const device = (id: string, ...nodes: readonly number[]): PluginDevice => ({ id, healthy: true, nodes });
/** Two near node 0, one near node 4, one near both, one nobody knows of. */
const devices = [device('a', 0), device('b', 0), device('c', 4), device('d', 0, 4), device('e')];
const ids = devices.map(({ id }) => id);
const hints = (wanted: number, free: readonly string[], own: readonly string[] = []): readonly (readonly [number | undefined, boolean])[] =>
  deviceHints(wanted, { layout, devices, free, own }).map(({ nodes, preferred }) => [nodes, preferred]);

const cases: readonly (readonly [string, ReturnType<typeof hints>, ReturnType<typeof hints>])[] = [
  [
    'one: any node, one is enough',
    hints(1, ids),
    [
      [1, true],
      [2, true],
      [3, false],
    ],
  ],
  [
    'three: node 0 has them',
    hints(3, ids),
    [
      [1, true],
      [3, false],
    ],
  ],
  ['three, of which one is taken: node 0 could have had them', hints(3, ['b', 'c', 'd']), [[3, false]]],
  ['four: both nodes are needed', hints(4, ids), [[3, true]]],
  ['five: one is nowhere', hints(5, ids), []],
  ['more than there are', hints(6, ids), []],
  [
    'one that init containers had is used again: its node must be there',
    hints(2, ['a', 'd'], ['c']),
    [
      [2, true],
      [3, false],
    ],
  ],
  [
    'one of nowhere that they had does not matter',
    hints(1, ['a'], ['e']),
    [
      [1, true],
      [3, false],
    ],
  ],
];
for (const [name, got, wanted] of cases) test(`device hints: ${name}`, () => assert.deepEqual(got, wanted));

test('a plugin that says of no device where it is', () => {
  assert.equal(placed([device('a'), device('b')]), false);
  assert.equal(placed(devices), true);
});

test('devices near the nodes of a mask', () => {
  assert.deepEqual([...nearDevices(layout, 2, devices)], ['c', 'd']);
  assert.deepEqual([...nearDevices(layout, 1, [device('x', 63)])], []);
});
