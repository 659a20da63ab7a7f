import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Hint, Hints } from './hints.ts';
import type { NumaLayout } from './layout.ts';
import { maskOf, placesOf } from './mask.ts';
import { mergeHints } from './merge.ts';
import type { TopologyPolicy } from './options.ts';

/** So many nodes; those of one socket (four nodes, or one) are nearer to each other. */
const machine = (count: number, perSocket = 1): NumaLayout =>
  Array.from({ length: count }, (_, id) => ({
    id,
    cpus: new Set<number>(),
    memory: 0,
    hugepages: {},
    distances: Array.from({ length: count }, (__, to) => {
      if (to === id) return 10;
      return Math.floor(to / perSocket) === Math.floor(id / perSocket) ? 12 : 32;
    }),
  }));

/** `'0!'`: node 0, preferred; `'0,1'`: both, not preferred; `'*!'`: any. */
const hint = (text: string): Hint => {
  const places = text.replace('!', '');
  return { nodes: places === '*' ? undefined : maskOf(places.split(',').map(Number)), preferred: text.endsWith('!') };
};
const hints = (...lists: readonly (readonly string[] | undefined)[]): Hints =>
  new Map(lists.map((list, index) => [`r${index}`, list?.map(hint)]));
const none: Hints = new Map();

function merged(policy: TopologyPolicy, layout: NumaLayout, all: readonly Hints[], preferClosest = false): string {
  const { hint: best, admit } = mergeHints({ policy, layout, preferClosest }, all);
  const nodes = best.nodes === undefined ? '*' : placesOf(best.nodes).join();
  return `${nodes}${best.preferred ? '!' : ''}${admit ? '' : ' refused'}`;
}

interface Case {
  readonly name: string;
  readonly nodes?: number;
  readonly hints: readonly Hints[];
  /** best-effort, restricted, single-numa-node. */
  readonly out: readonly [string, string, string];
}

const cases: readonly Case[] = [
  { name: 'nobody cares', hints: [none, none], out: ['0,1!', '0,1!', '*!'] },
  { name: 'a resource does not care', hints: [hints(undefined)], out: ['0,1!', '0,1!', '*!'] },
  { name: 'nowhere', hints: [hints([])], out: ['0,1', '0,1 refused', '* refused'] },
  { name: 'one wish', hints: [hints(['0!', '1!', '0,1']), none], out: ['0!', '0!', '0!'] },
  { name: 'the same node for two', hints: [hints(['0!', '1!', '0,1']), hints(['1!', '0,1'])], out: ['1!', '1!', '1!'] },
  { name: 'two resources of one provider', hints: [hints(['0!', '1!'], ['1!'])], out: ['1!', '1!', '1!'] },
  { name: 'different nodes', hints: [hints(['0!']), hints(['1!'])], out: ['0,1', '0,1 refused', '* refused'] },
  { name: 'one needs both', hints: [hints(['0,1!']), none], out: ['0,1!', '0,1!', '* refused'] },
  { name: 'one needs both, the other one', hints: [hints(['0,1!']), hints(['0!', '1!', '0,1'])], out: ['0,1', '0,1 refused', '* refused'] },
  { name: 'a wish that is not preferred', hints: [hints(['0,1']), hints(['0!', '1!', '0,1'])], out: ['0,1', '0,1 refused', '* refused'] },
  {
    name: 'without agreement as many nodes as the neediest takes',
    nodes: 4,
    hints: [hints(['0,1!', '2,3!', '0,1,2,3']), hints(['0!', '3!', '0,1', '2,3', '0,1,2,3'])],
    out: ['0,1', '0,1 refused', '* refused'],
  },
  {
    name: 'else rather too few than too many',
    nodes: 4,
    hints: [hints(['0,1,2!']), hints(['2,3!', '0,1,2,3'])],
    out: ['0,1,2', '0,1,2 refused', '* refused'],
  },
  {
    name: 'too few: those that come nearest',
    nodes: 4,
    hints: [hints(['0,1,2!']), hints(['2,3!', '1,2,3'])],
    out: ['1,2', '1,2 refused', '* refused'],
  },
];
for (const { name, nodes = 2, hints: all, out } of cases) {
  test(`merge: ${name}`, () => {
    const layout = machine(nodes);
    assert.deepEqual(
      (['best-effort', 'restricted', 'single-numa-node'] as const).map((policy) => merged(policy, layout, all)),
      out,
    );
    // The order of providers decides nothing.
    assert.equal(merged('best-effort', layout, all.toReversed()), out[0]);
  });
}

test('one node: its mask is no wish', () => {
  assert.equal(merged('single-numa-node', machine(1), [hints(['0!'])]), '*!');
  assert.equal(merged('restricted', machine(1), [hints(['0!'])]), '0!');
});

test('prefer-closest-numa-nodes: of as many nodes those that are near each other', () => {
  // Two sockets of four nodes: 0 to 3 and 4 to 7.
  const layout = machine(8, 4);
  const wish = [hints(['3,4!', '5,6!', '0,7!'])];
  assert.equal(merged('restricted', layout, wish), '3,4!');
  assert.equal(merged('restricted', layout, wish, true), '5,6!');
  assert.equal(merged('best-effort', layout, [hints(['3,4', '5,6'])], true), '5,6');
  // Fewer nodes are better than near ones.
  assert.equal(merged('restricted', layout, [hints(['0,7!', '4,5,6!'])], true), '0,7!');
  // Equally near: lower places.
  assert.equal(merged('restricted', layout, [hints(['5,6!', '0,1!'])], true), '0,1!');
});

test('eight nodes and three resources with every hint there is', () => {
  const every = Array.from({ length: 255 }, (_, index): Hint => ({ nodes: index + 1, preferred: index + 1 < 3 }));
  const all = [new Map([['a', every]]), new Map([['b', every]]), new Map([['c', every]])];
  assert.equal(merged('single-numa-node', machine(8), all), '0!');
});
