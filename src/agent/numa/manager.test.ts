import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '#base/clock.ts';
import type { Fs } from '#base/fs.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { AdmissionError } from './admission.ts';
import { CheckpointFile, seal, unseal } from './checkpoint.ts';
import { type Hint, type HintProvider, noProvider } from './hints.ts';
import { type NumaLayout, readNumaLayout } from './layout.ts';
import { TopologyManager } from './manager.ts';
import { checkTopology, type TopologyOptions } from './options.ts';

const clock = { monotonic: () => 0 } as Clock;
const layoutOf = (count: number, distances: readonly number[] = []): NumaLayout =>
  Array.from({ length: count }, (_, id) => ({ id, cpus: new Set(), memory: 0, hugepages: {}, distances }));
const config = (more: Partial<TopologyOptions> = {}): TopologyOptions => ({
  policy: 'single-numa-node',
  scope: 'container',
  options: {},
  ...more,
});
const pod = (uid: string, ...containers: readonly string[]): Pod =>
  ({
    metadata: { name: uid, uid },
    spec: { initContainers: [{ name: 'init' }], containers: containers.map((name) => ({ name })) },
  }) as never;

/** Gives one thing to each container, and says where it can be had. */
function provider(where: (about: string) => readonly Hint[] | undefined): HintProvider & { readonly given: string[] } {
  const given: string[] = [];
  const text = (of: Pod, container: Container): string => `${of.metadata.uid}/${container.name}`;
  return {
    given,
    lacks: (of, container) => !given.some((one) => one.startsWith(`${text(of, container)}:`)),
    hints: (_, container) => new Map([['x', where(container.name)]]),
    podHints: () => new Map([['x', where('pod')]]),
    allocate: (of, container, { nodes }) => {
      given.push(`${text(of, container)}:${nodes}`);
      return Promise.resolve();
    },
    pods: () => new Set(given.map((one) => one.replace(/\/.*/, ''))),
    forget: (uid) => Promise.resolve(void given.splice(0, given.length, ...given.filter((one) => !one.startsWith(`${uid}/`)))),
  };
}
const at = (nodes: number): readonly Hint[] => [{ nodes, preferred: true }];

test('scope container: each container has nodes of its own; scope pod: all have the same', async () => {
  const each = provider((name) => at(name === 'a' ? 2 : 1));
  await new TopologyManager({ clock, providers: [each], topology: { config: config(), layout: layoutOf(2) } }).admit(pod('p', 'a', 'b'));
  assert.deepEqual(each.given, ['p/init:1', 'p/a:2', 'p/b:1']);
  const together = provider((name) => (name === 'pod' ? at(2) : at(1)));
  const topology = { config: config({ scope: 'pod' }), layout: layoutOf(2) };
  await new TopologyManager({ clock, providers: [together], topology }).admit(pod('p', 'a'));
  assert.deepEqual(together.given, ['p/init:2', 'p/a:2']);
});

test('no policy: hints are not asked for', async () => {
  const free = provider(() => assert.fail());
  await new TopologyManager({ clock, providers: [free] }).admit(pod('p', 'a'));
  assert.deepEqual(free.given, ['p/init:undefined', 'p/a:undefined']);
});

test('refused: in the words of Kubernetes, and counted; what earlier containers got is given back', async () => {
  const some = provider((name) => (name === 'b' ? [] : at(1)));
  const manager = new TopologyManager({ clock, providers: [some], topology: { config: config(), layout: layoutOf(2) } });
  await assert.rejects(manager.admit(pod('p', 'a', 'b')), (error: AdmissionError) => {
    assert.deepEqual([error.reason, error.message], ['TopologyAffinityError', 'Resources cannot be allocated with Topology locality']);
    return true;
  });
  assert.deepEqual([manager.requests, manager.errors, manager.aligned, manager.unaligned], [1, 1, 2, 1]);
  await manager.forget('p');
  assert.deepEqual(some.given, []);
});

test('what a provider cannot give is unexpected', async () => {
  const broken: HintProvider = { ...noProvider, lacks: () => true, allocate: () => Promise.reject(new Error('none left')) };
  await assert.rejects(new TopologyManager({ clock, providers: [broken] }).admit(pod('p', 'a')), (error: AdmissionError) => {
    assert.deepEqual([error.reason, error.message], ['UnexpectedAdmissionError', 'Allocate failed due to none left, which is unexpected']);
    return true;
  });
});

test('a pod that has everything is not judged again, nor one that was taken; the rest of one that lacks something is', async () => {
  const strict = provider((name) => (name === 'late' ? at(1) : []));
  strict.given.push('p/init:1', 'p/a:3');
  const manager = new TopologyManager({ clock, providers: [strict], topology: { config: config(), layout: layoutOf(2) } });
  await manager.admit(pod('p', 'a'));
  await manager.admit(pod('p', 'a', 'b'));
  assert.equal(manager.requests, 1);
  await manager.retain((uid) => uid !== 'p');
  assert.equal(strict.given.length, 0);
  strict.given.push('q/init:1', 'q/a:3');
  await manager.admit(pod('q', 'a', 'late'));
  assert.deepEqual(strict.given, ['q/init:1', 'q/a:3', 'q/late:1']);
});

test('two pods take turns', async () => {
  let inside = 0;
  const slow: HintProvider = {
    ...noProvider,
    lacks: () => true,
    allocate: async () => {
      assert.equal(inside++, 0);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    },
  };
  const manager = new TopologyManager({ clock, providers: [slow] });
  await Promise.all(['p', 'q'].map((uid) => manager.admit(pod(uid, 'a'))));
});

const options: readonly (readonly [TopologyOptions['options'], number, RegExp | undefined])[] = [
  [{}, 8, undefined],
  [{}, 9, /^Error: unsupported on machines with more than 8 NUMA Nodes$/],
  [{ 'max-allowable-numa-nodes': '9' }, 9, undefined],
  [{ 'max-allowable-numa-nodes': '7' }, 1, /^Error: the minimum value of "max-allowable-numa-nodes" should not be less than 8$/],
  [{ 'max-allowable-numa-nodes': 'x' }, 1, /^Error: unable to convert policy option to integer "max-allowable-numa-nodes": /],
  [{ 'prefer-closest-numa-nodes': 'T' }, 1, undefined],
  [{ 'prefer-closest-numa-nodes': 'yes' }, 1, /^Error: bad value for option "prefer-closest-numa-nodes": strconv.ParseBool: parsing "yes"/],
  [{ 'prefer-closest-numa-nodes': 'true' }, 2, /^Error: cannot discover NUMA topology: /],
  [{ 'no-such': 'true' }, 1, /^Error: unknown Topology Manager Policy option: "no-such"$/],
];
for (const [given, nodes, problem] of options) {
  test(`options ${JSON.stringify(given)} on ${nodes} nodes`, () => {
    const check = (): unknown => checkTopology(config({ options: given }), layoutOf(nodes, [10]));
    if (problem) assert.throws(check, problem);
    else check();
  });
}

function files(contents: Readonly<Record<string, string>>): { fs: Fs } {
  const fs: Partial<Fs> = {
    readText: (path) => (contents[path] === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(contents[path])),
    list: (dir) => {
      const inside = Object.keys(contents).filter((path) => path.startsWith(`${dir}/`));
      return Promise.resolve([...new Set(inside.map((path) => path.slice(dir.length + 1).replace(/\/.*/, '')))].sort());
    },
  };
  return { fs: fs as Fs };
}

test('the layout as the kernel tells it', async () => {
  const node = '/sys/devices/system/node';
  const layout = await readNumaLayout(
    files({
      [`${node}/node10/cpulist`]: '\n',
      [`${node}/node10/meminfo`]: 'Node 10 MemTotal:       2048 kB\nNode 10 MemFree:       1024 kB\n',
      [`${node}/node10/distance`]: '21 10\n',
      [`${node}/node2/cpulist`]: '0-1,4\n',
      [`${node}/node2/meminfo`]: 'Node 2 MemTotal:       1024 kB\n',
      [`${node}/node2/distance`]: '10 21\n',
      [`${node}/node2/hugepages/hugepages-2048kB/nr_hugepages`]: '3\n',
      [`${node}/possible`]: '0-10\n',
    }),
  );
  assert.deepEqual(layout, [
    { id: 2, cpus: new Set([0, 1, 4]), memory: 1024 ** 2, hugepages: { 'hugepages-2Mi': 6 * 1024 ** 2 }, distances: [10, 21] },
    { id: 10, cpus: new Set(), memory: 2 * 1024 ** 2, hugepages: {}, distances: [21, 10] },
  ]);
});

test('a kernel without NUMA has one node', async () => {
  const layout = await readNumaLayout(files({ '/sys/devices/system/cpu/online': '0-3\n', '/proc/meminfo': 'MemTotal:  4 kB\n' }));
  assert.deepEqual(layout, [{ id: 0, cpus: new Set([0, 1, 2, 3]), memory: 4096, hugepages: {}, distances: [10] }]);
});

test('a checkpoint knows when it was damaged; writes come one after the other', async () => {
  const text = seal({ policyName: 'static', entries: {} });
  assert.deepEqual(unseal(text, 'static'), { policyName: 'static', entries: {} });
  assert.throws(() => unseal(text.slice(1), 'static'), /checkpoint is corrupted/);
  assert.throws(() => unseal(text.replace('{}', '{"a":1}'), 'static'), /checkpoint is corrupted/);
  assert.throws(() => unseal(text, 'other'), /configured policy "other" differs from state checkpoint policy "static"/);
  const written: string[] = [];
  let fail = true;
  const fs: Partial<Fs> = {
    write: async (_, data) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (fail) throw new Error('disk full');
      written.push(String(data));
    },
  };
  const file = new CheckpointFile({ fs: fs as Fs }, '/f');
  await assert.rejects(
    file.save(() => 'a'),
    /disk full/,
  );
  fail = false;
  await Promise.all([file.save(() => 'b'), file.save(() => 'c')]);
  assert.deepEqual(written, ['b', 'c']);
});
