import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fs } from '#base/fs.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type Hint, noHint } from '../numa/hints.ts';
import type { NumaLayout } from '../numa/layout.ts';
import { maskOf, placesOf } from '../numa/mask.ts';
import { startMemoryManager } from './manager.ts';
import { keptBack } from '../eviction/kept.ts';
import { systemReserved } from './reserved.ts';
import { parseState } from './state.ts';

const gi = 1024 ** 3;
/** Nodes of 10 GiB, of which one GiB of huge pages; one GiB of node 0 is the system's. Ids are even numbers. */
const layoutOf = (count: number): NumaLayout =>
  Array.from({ length: count }, (_, place) => ({
    id: place * 2,
    cpus: new Set(),
    memory: 10 * gi,
    hugepages: { 'hugepages-1Gi': gi },
    distances: [],
  }));
const reserved = new Map([[0, { memory: gi }]]);

type Amounts = Readonly<Record<string, string>>;
const container = (name: string, memory: string, more: Amounts = {}, about: object = {}) => {
  const amounts = { cpu: '1', memory, ...more };
  return { name, resources: { requests: amounts, limits: amounts }, ...about };
};
const pod = (uid: string, containers: readonly object[], more: object = {}): Pod =>
  ({ metadata: { name: uid, uid }, spec: { containers, ...more }, status: {} }) as unknown as Pod;

function files(): { texts: Map<string, string>; world: Pick<World, 'fs'> } {
  const texts = new Map<string, string>();
  const fs: Partial<Fs> = {
    readText: (path) => (texts.has(path) ? Promise.resolve(texts.get(path) ?? '') : Promise.reject(new Error('ENOENT'))),
    write: (path, data) => Promise.resolve(void texts.set(path, String(data))),
  };
  return { texts, world: { fs: fs as Fs } };
}
const file = '/memory';
const start = (nodes: number, { world } = files()) => startMemoryManager(world, { layout: layoutOf(nodes), reserved, file });

/** Hints as text: `0!` is node 0, preferred. */
const told = (hints: readonly Hint[] | undefined): string | undefined =>
  hints?.map(({ nodes, preferred }) => `${placesOf(nodes ?? 0).join('+')}${preferred ? '!' : ''}`).join(' ');
const at = (...places: readonly number[]): Hint => ({ nodes: maskOf(places), preferred: true });
type Manager = Awaited<ReturnType<typeof start>>;
const hintsFor = (manager: Manager, of: Pod, type = 'memory') => told(manager.hints(of, of.spec.containers[0] as never).get(type));

/** Gives each container of a pod its memory, and tells on which nodes. */
async function give(manager: Manager, of: Pod, hint: Hint = noHint): Promise<(string | undefined)[]> {
  const all = [...(of.spec.initContainers ?? []), ...of.spec.containers];
  for (const one of all) await manager.allocate(of, one, hint);
  return all.map(({ name }) => manager.of(of, name));
}

test('hints: enough free memory, those of fewest nodes are preferred', async () => {
  const manager = await start(2);
  assert.equal(hintsFor(manager, pod('p', [container('c', '2Gi')])), '0! 1! 0+1');
  // Node 0 has 8 GiB to give, node 1 has 9.
  assert.equal(hintsFor(manager, pod('p', [container('c', '9Gi')])), '1! 0+1');
  assert.equal(hintsFor(manager, pod('p', [container('c', '10Gi')])), '0+1!');
  assert.equal(hintsFor(manager, pod('p', [container('c', '18Gi')])), undefined);
  const huge = pod('p', [container('c', '1Gi', { 'hugepages-1Gi': '2Gi' })]);
  assert.equal(hintsFor(manager, huge), '0+1!');
  assert.equal(hintsFor(manager, huge, 'hugepages-1Gi'), '0+1!');
});

test('only Guaranteed pods have memory of their own', async () => {
  const manager = await start(2);
  const burstable = pod('p', [{ name: 'c', resources: { requests: { memory: '1Gi' } } }]);
  assert.equal(manager.lacks(burstable, burstable.spec.containers[0] as never), false);
  assert.equal(hintsFor(manager, burstable), undefined);
  assert.deepEqual(await give(manager, burstable), [undefined]);
  const podLevel = pod('q', [container('c', '1Gi')], { resources: { limits: { cpu: '1', memory: '1Gi' } } });
  assert.deepEqual(await give(manager, podLevel), [undefined]);
});

test('a node gives alone or in one group', async () => {
  const manager = await start(4);
  assert.deepEqual(await give(manager, pod('wide', [container('c', '12Gi')])), ['0,2']);
  // Neither node of the group can be had alone, nor with another one.
  const small = pod('small', [container('c', '1Gi')]);
  assert.equal(hintsFor(manager, small), '0+1 2! 3! 2+3');
  assert.deepEqual(await give(manager, small), ['4']);
  // Node 4 is used alone now: it is in no new group.
  assert.equal(hintsFor(manager, pod('more', [container('c', '4Gi')])), '0+1 2! 3!');
  await assert.rejects(give(manager, pod('cross', [container('c', '1Gi')]), at(2, 3)), /preferred hint violates NUMA node allocation/);
  await manager.forget('wide');
  assert.equal(hintsFor(manager, pod('more', [container('c', '4Gi')])), '0! 1! 0+1 2! 3! 0+3 1+3 0+1+3');
  assert.deepEqual(manager.pinning, { requests: 3, errors: 1 });
});

test('the hint that all agreed on is kept; one too narrow grows', async () => {
  const manager = await start(2);
  assert.deepEqual(await give(manager, pod('a', [container('c', '2Gi')]), at(1)), ['2']);
  const other = await start(2);
  assert.deepEqual(await give(other, pod('b', [container('c', '12Gi')]), { nodes: 1, preferred: false }), ['0,2']);
  const third = await start(2);
  await give(third, pod('c', [container('c', '9Gi')]));
  await assert.rejects(
    give(third, pod('d', [container('c', '3Gi')]), at(1)),
    /failed to find NUMA nodes to extend the current topology hint/,
  );
});

test('no memory: kubelet says which way it failed', async () => {
  const manager = await start(2);
  await assert.rejects(
    give(manager, pod('p', [container('c', '30Gi')])),
    /failed to get the default NUMA affinity, no NUMA nodes with enough/,
  );
  await give(manager, pod('half', [container('c', '5Gi')]), at(0));
  await give(manager, pod('rest', [container('c', '9Gi')]), at(1));
  await assert.rejects(
    give(manager, pod('p', [container('c', '4Gi')]), { nodes: undefined, preferred: true }),
    /failed to get the default NUMA affinity/,
  );
});

test('what init containers had serves those after them', async () => {
  const { texts, world } = files();
  const manager = await start(1, { texts, world });
  const sidecar = container('side', '1Gi', {}, { restartPolicy: 'Always' });
  const one = pod('p', [container('main', '3Gi')], { initContainers: [container('first', '2Gi'), sidecar, container('second', '5Gi')] });
  // The sidecar stays; second and main use again what ended before them.
  assert.equal(told(manager.podHints(one).get('memory')), '0!');
  await give(manager, one);
  const { machineState, entries } = JSON.parse(texts.get(file) ?? '');
  const sizes = Object.fromEntries(Object.entries(entries.p).map(([name, blocks]) => [name, (blocks as { size: number }[])[0]?.size]));
  assert.deepEqual(sizes, { first: 0, side: gi, second: 2 * gi, main: 3 * gi });
  assert.equal(machineState['0'].memoryMap.memory.reserved, 6 * gi);
});

test('the file: what is promised, and of what; a restart knows', async () => {
  const { texts, world } = files();
  const manager = await start(2, { texts, world });
  const fresh = JSON.parse(texts.get(file) ?? '');
  assert.equal(fresh.policyName, 'Static');
  assert.equal(fresh.entries, undefined);
  const two = pod('p', [container('c', '2Gi', { 'hugepages-1Gi': '1Gi' })]);
  await give(manager, two, at(1));
  const { machineState, entries } = JSON.parse(texts.get(file) ?? '');
  assert.deepEqual(entries, {
    p: {
      c: [
        { numaAffinity: [2], type: 'memory', size: 2 * gi },
        { numaAffinity: [2], type: 'hugepages-1Gi', size: gi },
      ],
    },
  });
  assert.deepEqual(machineState['2'], {
    numberOfAssignments: 2,
    memoryMap: {
      'hugepages-1Gi': { total: gi, systemReserved: 0, allocatable: gi, reserved: gi, free: 0 },
      memory: { total: 10 * gi, systemReserved: 0, allocatable: 9 * gi, reserved: 2 * gi, free: 7 * gi },
    },
    cells: [2],
  });
  assert.deepEqual(machineState['0'].memoryMap.memory, {
    total: 10 * gi,
    systemReserved: gi,
    allocatable: 8 * gi,
    reserved: 0,
    free: 8 * gi,
  });

  const again = await start(2, { texts, world });
  assert.deepEqual([...again.pods()], ['p']);
  assert.equal(again.of(two, 'c'), '2');
  assert.equal(again.lacks(two, two.spec.containers[0] as never), false);
  assert.equal(hintsFor(again, two), '1!');
  assert.equal(told(again.podHints(two).get('memory')), '1!');
  await again.forget('p');
  assert.equal(JSON.parse(texts.get(file) ?? '').entries, undefined);
});

test('a file that does not fit is refused', async () => {
  const { texts, world } = files();
  const manager = await start(2, { texts, world });
  await give(manager, pod('p', [container('c', '12Gi')]));
  const good = texts.get(file) ?? '';
  const advice = /please drain this node and delete the memory manager checkpoint file "\/memory"/;
  for (const [nodes, keep, problem] of [
    [1, reserved, /the memory assignment uses the NUMA that does not exist/],
    [3, reserved, /the expected machine state is different from the real one/],
    [2, new Map([[2, { memory: gi }]]), /the expected machine state is different from the real one/],
  ] as const) {
    const started = startMemoryManager(world, { layout: layoutOf(nodes), reserved: keep, file });
    await assert.rejects(started, (error: Error) => problem.test(error.message) && advice.test(error.message));
  }
  texts.set(file, good.replace('"size":', '"size":1'));
  await assert.rejects(start(2, { texts, world }), /checkpoint is corrupted/);
  assert.throws(() => parseState('{"policyName":"None"}'), /configured policy "Static" differs from state checkpoint policy "None"/);
});

const kept = { memory: '1Gi' };
const refusals: readonly (readonly [string, Parameters<typeof systemReserved>[1], Amounts, RegExp])[] = [
  [
    'nothing is reserved by node',
    [],
    kept,
    /^Error: the total amount "0" of type "memory" is not equal to the value "1Gi" determined by Node Allocatable feature$/,
  ],
  ['a node that is not there', [{ numaNode: 1, limits: kept }], kept, /references a NUMA node 1 that does not exist on this machine/],
  ['too much', [{ numaNode: 0, limits: { memory: '2Gi' } }], kept, /amount "2Gi" of type "memory" is not equal to the value "1Gi"/],
  [
    'huge pages',
    [{ numaNode: 0, limits: { ...kept, 'hugepages-1Gi': '1Gi' } }],
    kept,
    /amount "1Gi" of type "hugepages-1Gi" is not equal to the value "0"/,
  ],
  ['nothing at all', [], {}, /\[memorymanager\] you should specify the system reserved memory/],
];
for (const [name, given, whole, problem] of refusals) {
  test(`reservations: ${name}`, () => assert.throws(() => systemReserved(layoutOf(2), given, whole), problem));
}

test('reservations add up over nodes, to what is reserved and what must stay free', () => {
  const given = [
    { numaNode: 0, limits: { memory: '1Gi' } },
    { numaNode: 2, limits: { memory: '100Mi' } },
  ];
  const ten = { memory: '10Gi' };
  const whole = keptBack({ memory: '1Gi', cpu: '1' }, { 'memory.available': '100Mi' }, ten);
  assert.deepEqual(whole, { memory: '1124Mi', cpu: '1' });
  assert.deepEqual(
    [...systemReserved(layoutOf(2), given, whole)],
    [
      [0, { memory: gi }],
      [2, { memory: 100 * 1024 ** 2 }],
    ],
  );
  assert.deepEqual(keptBack({}, { 'memory.available': '10%' }, ten), { memory: String(gi) });
  assert.deepEqual(keptBack({ memory: '1Gi' }, {}, ten), { memory: '1Gi' });
});
