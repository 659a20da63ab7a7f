import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#base/clock.ts';
import type { Fs } from '#base/fs.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { AdmissionError } from '../numa/admission.ts';
import type { Hint } from '../numa/hints.ts';
import { type NumaLayout, readNumaLayout } from '../numa/layout.ts';
import { TopologyManager } from '../numa/manager.ts';
import { maskOf } from '../numa/mask.ts';
import { formatCpuset } from '../settings/cpuset.ts';
import { distributeProcessors } from './distribute.ts';
import { type CpuManager, startCpuManager } from './manager.ts';
import { exclusiveCpus, formatState, parseState } from './state.ts';
import { takeProcessors } from './take.ts';
import type { Processor } from './topology.ts';

/** Two sockets of two cores of two threads, numbered as Linux does: the second threads come last. */
const topology: readonly Processor[] = Array.from({ length: 8 }, (_, id) => ({
  id,
  socket: String(Math.floor((id % 4) / 2)),
  core: String(id % 4),
  node: 0,
}));
const all = topology.map(({ id }) => id);
const take = (free: readonly number[], wanted: number): string => formatCpuset(takeProcessors(topology, new Set(free), wanted));

test('a whole socket, else whole cores, else threads of cores that are in use already', () => {
  assert.equal(take(all, 4), '0-1,4-5');
  assert.equal(take(all, 2), '0,4');
  assert.equal(take(all, 5), '0-2,4-5');
  // Core 0 is broken open: its other thread goes first.
  assert.equal(take([1, 2, 3, 4, 5, 6, 7], 1), '4');
  assert.equal(take(all, 6), '0-2,4-6');
  assert.throws(() => take([1], 2), /^Error: not enough cpus available to satisfy request: requested=2, available=1$/);
});

type Amounts = Readonly<Record<string, string>>;
const container = (name: string, amounts: Amounts, more: object = {}) => ({
  name,
  resources: { requests: amounts, limits: amounts },
  ...more,
});
const pod = (uid: string, containers: readonly object[], more: object = {}): Pod =>
  ({ metadata: { name: uid, uid }, spec: { containers, ...more }, status: {} }) as unknown as Pod;
const whole = { cpu: '2', memory: '1Mi' };

test('whole processors of Guaranteed pods only', () => {
  const count = (amounts: Amounts, requests: Amounts = amounts): number => {
    const one = { name: 'c', resources: { requests, limits: amounts } };
    return exclusiveCpus(pod('p', [one]), one);
  };
  assert.equal(count(whole), 2);
  assert.equal(count({ cpu: '1500m', memory: '1Mi' }), 0);
  assert.equal(count(whole, { cpu: '1', memory: '1Mi' }), 0);
  assert.equal(count({ cpu: '2' }), 0);
});

const byAdmission = (cpus: CpuManager) => new TopologyManager({ clock: { monotonic: () => 0 } as Clock, providers: [cpus] });
const admit = (cpus: CpuManager, of: Pod): Promise<void> => byAdmission(cpus).admit(of);

/** A machine of the topology above, with files in memory. */
function machine(): { files: Map<string, string>; world: Pick<World, 'fs'> } {
  const files = new Map([['/sys/devices/system/cpu/online', '0-7\n']]);
  for (const { id, socket, core } of topology) {
    files.set(`/sys/devices/system/cpu/cpu${id}/topology/physical_package_id`, `${socket}\n`);
    files.set(`/sys/devices/system/cpu/cpu${id}/topology/core_id`, `${core}\n`);
  }
  const fs: Partial<Fs> = {
    readText: (path) => {
      const text = files.get(path);
      return text === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(text);
    },
    list: () => Promise.resolve([]),
    write: (path, data) => Promise.resolve(void files.set(path, String(data))),
  };
  return { files, world: { fs: fs as Fs } };
}

const file = '/state';
interface StartOptions {
  readonly reserved?: string;
  readonly cpus?: string;
  readonly options?: Amounts;
  readonly changed?: () => void;
  readonly layout?: NumaLayout;
}
const start = async (world: Pick<World, 'fs'>, more: StartOptions = {}) =>
  startCpuManager(world, {
    options: { policy: 'static', reservedCpus: more.cpus ?? '', options: more.options ?? {} },
    layout: more.layout ?? (await readNumaLayout(world)),
    reserved: more.reserved ?? '500m',
    file,
    changed: more.changed ?? (() => undefined),
  });

test('who asks gets processors, others keep off them; they come back at the end; a restart knows', async () => {
  const { files, world } = machine();
  let changes = 0;
  const cpus = await start(world, { changed: () => changes++ });
  const mine = pod('mine', [container('a', whole), container('b', { cpu: '500m', memory: '1Mi' })]);
  const other = pod('other', [{ name: 'c' }]);
  assert.deepEqual(cpus.of(other, 'c'), { cpus: '0-7', exclusive: false });
  await admit(cpus, mine);
  await admit(cpus, mine);
  assert.equal(changes, 1);
  // Processor 0 is reserved: for all who have none of their own, and for nobody alone.
  assert.deepEqual(cpus.of(mine, 'a'), { cpus: '1,5', exclusive: true });
  assert.deepEqual(cpus.of(mine, 'b'), { cpus: '0,2-4,6-7', exclusive: false });
  assert.deepEqual(cpus.of(other, 'c'), { cpus: '0,2-4,6-7', exclusive: false });
  assert.deepEqual(JSON.parse(files.get(file) ?? '').entries, { mine: { a: '1,5' } });

  const again = await start(world);
  assert.deepEqual(again.of(mine, 'a'), { cpus: '1,5', exclusive: true });
  assert.deepEqual(again.pods(), ['mine']);
  await assert.rejects(admit(again, pod('greedy', [container('c', { cpu: '6', memory: '1Mi' })])), /requested=6, available=5/);
  await again.forget('mine');
  assert.deepEqual(again.of(other, 'c'), { cpus: '0-7', exclusive: false });
});

test('what an init container had serves the containers after it', async () => {
  const cpus = await start(machine().world);
  const one = pod('p', [container('main', whole)], { initContainers: [container('first', whole)] });
  await admit(cpus, one);
  assert.deepEqual(cpus.of(one, 'main'), cpus.of(one, 'first'));
  const sidecar = pod('q', [container('main', whole)], { initContainers: [container('first', whole, { restartPolicy: 'Always' })] });
  await admit(cpus, sidecar);
  assert.notEqual(cpus.of(sidecar, 'main')?.cpus, cpus.of(sidecar, 'first')?.cpus);
});

test('options: whole cores only, reserved processors for nobody', async () => {
  const { world } = machine();
  const cpus = await start(world, { options: { 'full-pcpus-only': 'true', 'strict-cpu-reservation': 'true' }, cpus: '0,4' });
  await assert.rejects(
    admit(cpus, pod('odd', [container('c', { cpu: '3', memory: '1Mi' })])),
    (error) =>
      error instanceof AdmissionError &&
      error.reason === 'SMTAlignmentError' &&
      error.message === 'SMT Alignment Error: requested 3 cpus not multiple cpus per core = 2',
  );
  assert.deepEqual(cpus.of(pod('other', [{ name: 'c' }]), 'c'), { cpus: '1-3,5-7', exclusive: false });
  // One thread of core 0 is reserved: the other one is not given away, though it is free.
  const half = await start(machine().world, { options: { 'full-pcpus-only': 'true' }, cpus: '0' });
  await admit(half, pod('most', [container('c', { cpu: '4', memory: '1Mi' })]));
  await assert.rejects(admit(half, pod('rest', [container('c', { cpu: '4', memory: '1Mi' })])), {
    reason: 'SMTAlignmentError',
    message: 'SMT Alignment Error: not enough free physical CPUs: available physical CPUs = 2, requested CPUs = 4, CPUs per core = 2',
  });
  for (const [name, value, problem] of [
    ['no-such', 'true', /^Error: unknown CPU Manager Policy option: "no-such"$/],
    ['align-by-socket', 'true', /^Error: CPU Manager Policy Alpha-level Options not enabled, but option "align-by-socket" provided$/],
    ['full-pcpus-only', 'yes', /^Error: bad value for option "full-pcpus-only": strconv.ParseBool: parsing "yes": invalid syntax$/],
  ] as const) {
    await assert.rejects(start(machine().world, { options: { [name]: value } }), problem);
  }
  const both = { 'distribute-cpus-across-numa': 'true', 'prefer-align-cpus-by-uncorecache': 'true' };
  await assert.rejects(start(machine().world, { options: both }), /can not be used at the same time$/);
});

test('a state that does not fit is refused', async () => {
  await assert.rejects(start(machine().world, { reserved: '0' }), /unable to determine reserved CPU resources for static policy/);
  const state = { shared: new Set([0, 1, 2]), assigned: new Map() };
  const { files, world } = machine();
  files.set(file, formatState(state));
  await assert.rejects(start(world), /current set of available CPUs "0-7" doesn't match with CPUs in state "0-2"/);
  assert.deepEqual(parseState(formatState(state)), state);
  assert.throws(() => parseState(formatState(state).replace('0-2', '0-3')), /checkpoint is corrupted/);
  assert.throws(
    () => parseState('{"policyName":"none","defaultCpuSet":"","checksum":1,"entries":{}}'),
    /differs from state checkpoint policy "none"/,
  );
});

/** Two nodes, as the sockets are, or four: each of one core of the topology above. */
const layoutOf = (...cpus: readonly (readonly number[])[]): NumaLayout =>
  cpus.map((ids, id) => ({ id, cpus: new Set(ids), memory: 0, hugepages: {}, distances: [] }));
const two = layoutOf([0, 1, 4, 5], [2, 3, 6, 7]);
const four = layoutOf([0, 4], [1, 5], [2, 6], [3, 7]);

test('hints: enough free processors, those of fewest nodes are preferred', async () => {
  const hint = (places: readonly number[], preferred: boolean): Hint => ({ nodes: maskOf(places), preferred });
  const cpus = await start(machine().world, { layout: two });
  const hints = (of: Pod) => cpus.hints(of, of.spec.containers[0] as never).get('cpu');
  const asks = (cpu: string) => pod('p', [container('c', { cpu, memory: '1Mi' })]);
  assert.deepEqual(hints(asks('2')), [hint([0], true), hint([1], true), hint([0, 1], false)]);
  // Processor 0 is reserved: node 0 would be wide enough, but has three to give.
  assert.deepEqual(hints(asks('4')), [hint([1], true), hint([0, 1], false)]);
  assert.deepEqual(hints(asks('5')), [hint([0, 1], true)]);
  assert.deepEqual(hints(asks('8')), []);
  assert.equal(hints(asks('1500m')), undefined);
  // What it has stays where it is.
  const owner = asks('2');
  await cpus.allocate(owner, owner.spec.containers[0] as never, hint([1], true));
  assert.deepEqual(cpus.of(owner, 'c'), { cpus: '2,6', exclusive: true });
  assert.deepEqual(hints(owner), [hint([1], true), hint([0, 1], false)]);
  assert.deepEqual(cpus.podHints(owner).get('cpu'), [hint([1], true), hint([0, 1], false)]);
});

test('hints of a pod: all its containers together; a container after an init container: where that was', async () => {
  const cpus = await start(machine().world, { layout: two });
  const one = pod('p', [container('main', whole), container('side', whole)], { initContainers: [container('first', whole)] });
  assert.deepEqual(
    cpus
      .podHints(one)
      .get('cpu')
      ?.map(({ nodes, preferred }) => [nodes, preferred]),
    [
      [2, true],
      [3, false],
    ],
  );
  await cpus.allocate(one, one.spec.initContainers?.[0] as never, { nodes: 2, preferred: true });
  assert.deepEqual(
    cpus
      .hints(one, one.spec.containers[0] as never)
      .get('cpu')
      ?.map(({ nodes }) => nodes),
    [2, 3],
  );
});

test('processors of the hint come first, the rest from anywhere', async () => {
  const cpus = await start(machine().world, { layout: four });
  const big = pod('big', [container('c', { cpu: '3', memory: '1Mi' })]);
  await cpus.allocate(big, big.spec.containers[0] as never, { nodes: maskOf([3]), preferred: false });
  // The third is of the same socket, of which least is free.
  assert.equal(cpus.of(big, 'c')?.cpus, '2-3,7');
  assert.deepEqual(cpus.pinning, { requests: 1, errors: 0 });
});

test('without a hint: whole nodes, then cores where least is free', () => {
  const nodes = topology.map((processor) => ({ ...processor, socket: '0', node: processor.id % 4 < 2 ? 0 : 1 }));
  const pick = (free: readonly number[], wanted: number): string => formatCpuset(takeProcessors(nodes, new Set(free), wanted));
  assert.equal(pick(all, 4), '0-1,4-5');
  assert.equal(pick([0, 2, 3, 4, 6, 7], 2), '0,4');
  assert.equal(pick([0, 1, 4, 5, 3, 7], 2), '3,7');
  assert.equal(pick([0, 1, 4, 5, 3, 7], 1), '3');
});

/** Four nodes of eight processors, two threads a core: `n` and `n + 16`. */
const wide: readonly Processor[] = Array.from({ length: 32 }, (_, id) => {
  const core = id % 16;
  return { id, core: String(core), node: core >> 2, socket: String(core >> 3) };
});
const everyId = wide.map(({ id }) => id);
const without = (...ids: readonly number[]): number[] => everyId.filter((id) => !ids.includes(id));

const distributions: readonly {
  readonly name: string;
  readonly free: readonly number[];
  readonly wanted: number;
  readonly group?: number;
  /** Processors of each node. */
  readonly out: readonly number[];
}[] = [
  { name: 'one node is enough', free: everyId, wanted: 8, out: [8, 0, 0, 0] },
  { name: 'two nodes in equal parts', free: everyId, wanted: 10, out: [5, 5, 0, 0] },
  { name: 'whole cores only', free: everyId, wanted: 10, group: 2, out: [6, 4, 0, 0] },
  { name: 'three nodes', free: everyId, wanted: 18, group: 2, out: [6, 6, 6, 0] },
  { name: 'those after which all are used alike', free: without(0, 16, 1, 17), wanted: 12, out: [0, 6, 6, 0] },
  { name: 'more nodes, where fewer have too little', free: without(0, 1, 2, 16, 4, 5, 8, 9, 12, 13), wanted: 8, out: [0, 4, 4, 0] },
  { name: 'what does not divide goes where most is left', free: without(0, 8, 12), wanted: 13, out: [6, 7, 0, 0] },
  { name: 'no multiple of the group: as full as can be', free: everyId, wanted: 9, group: 2, out: [8, 1, 0, 0] },
];
for (const { name, free, wanted, group = 1, out } of distributions) {
  test(`distributed over nodes: ${name}`, () => {
    const taken = distributeProcessors(wide, new Set(free), wanted, { nodes: 4, group });
    assert.ok([...taken].every((id) => free.includes(id)));
    assert.deepEqual(
      [0, 1, 2, 3].map((node) => wide.filter((processor) => processor.node === node && taken.has(processor.id)).length),
      out,
    );
    if (group === 2 && wanted % 2 === 0) assert.ok([...taken].every((id) => taken.has((id + 16) % 32)));
  });
}

test('the option distributes what the hint leaves open', async () => {
  const cpus = await start(machine().world, { layout: two, options: { 'distribute-cpus-across-numa': 'true' } });
  const one = pod('p', [container('c', { cpu: '6', memory: '1Mi' })]);
  await admit(cpus, one);
  assert.equal(cpus.of(one, 'c')?.cpus, '1-6');
  await assert.rejects(admit(cpus, pod('q', [container('c', { cpu: '2', memory: '1Mi' })])), /requested=2, available=1/);
});

/** One node of eight cores of two threads, `n` and `n + 8`; four cores share a cache. */
const cached: readonly Processor[] = Array.from({ length: 16 }, (_, id) => {
  const core = id % 8;
  return { id, core: String(core), node: 0, socket: '0', cache: String(core >> 2) };
});
const cachedIds = cached.map(({ id }) => id);
const caches: readonly (readonly [string, readonly number[], number, string])[] = [
  ['one cache', cachedIds, 8, '0-3,8-11'],
  ['a part of one', cachedIds, 4, '0-1,8-9'],
  ['one that has enough left', cachedIds.filter((id) => id % 8 > 1), 6, '4-6,12-14'],
  ['a whole one and a part', cachedIds, 10, '0-4,8-12'],
  ['a whole one first, wherever it is', cachedIds.filter((id) => id % 8 !== 0), 10, '1,4-7,9,12-15'],
  ['an odd thread in the same cache', cachedIds, 3, '0-1,8'],
  ['none has enough: any cores', [0, 8, 1, 9, 4, 12, 5, 13], 6, '0-1,4,8-9,12'],
];
for (const [name, free, wanted, out] of caches) {
  test(`aligned by caches: ${name}`, () =>
    assert.equal(formatCpuset(takeProcessors(cached, new Set(free), wanted, { caches: true })), out));
}
test('without the option caches do not matter', () =>
  assert.equal(formatCpuset(takeProcessors(cached, new Set(cachedIds.filter((id) => id % 8 > 1)), 6)), '2-4,10-12'));
