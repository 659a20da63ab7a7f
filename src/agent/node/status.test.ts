import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeFacts, NodePressure } from './facts.ts';
import { meminfoBytes } from './facts.ts';
import { agentOptions } from '../options.ts';
import { evictionDefaults } from '../eviction/thresholds.ts';
import { nodeAllocatable, nodeCapacity, nodeConditions, nodeImages, nodeStatus, runtimeHandlers } from './status.ts';

const facts = { cpus: 2, memoryBytes: 2048 * 1024, hugepages: { '2Mi': 0 } } as unknown as NodeFacts;
const fine: NodePressure = {
  memoryAvailable: 1e9,
  memoryTotal: 2e9,
  diskAvailable: 50,
  diskCapacity: 100,
  inodesFree: 50,
  inodes: 100,
  pidsUsed: 1,
  pidsMax: 100,
};
const condition = (type: string, status = true) => ({ type, status, reason: 'R', message: 'M' });
const runtime = (network: boolean) => ({
  conditions: [condition('RuntimeReady'), condition('NetworkReady', network)],
  handlers: [],
  supplementalGroupsPolicy: false,
});
const about = { problems: [], known: [], now: 0, under: new Set<string>() };

test('capacity and allocatable', () => {
  const capacity = nodeCapacity(facts, { ...fine, diskCapacity: 4096 }, { maxPods: 110 });
  assert.deepEqual(capacity, { cpu: '2', 'ephemeral-storage': '4Ki', 'hugepages-2Mi': '0', memory: '2Mi', pods: '110' });
  assert.equal(nodeCapacity(facts, fine, { maxPods: 110, podsPerCore: 10 })['pods'], '20');
  assert.equal(nodeCapacity(facts, fine, { maxPods: 15, podsPerCore: 10 })['pods'], '15');
  const hard = { 'memory.available': '1Mi', 'nodefs.available': '25%', 'imagefs.available': '50%' };
  const eviction = { ...evictionDefaults, hard };
  const reserved = { cpu: '500m', memory: '512Ki' };
  const left = { cpu: '1500m', 'ephemeral-storage': '3Ki', 'hugepages-2Mi': '0', memory: '512Ki', pods: '110' };
  assert.deepEqual(nodeAllocatable(capacity, { reserved, eviction }), left);
  assert.deepEqual(nodeAllocatable(capacity, { reserved: {}, eviction: { ...evictionDefaults, hard: {} } }), capacity);
  assert.equal(nodeAllocatable(capacity, { reserved: { memory: '1Gi' }, eviction })['memory'], '0');
});

test('conditions', () => {
  const of = (under: string[], status: ReturnType<typeof runtime> | null = runtime(true), problems: string[] = []) =>
    nodeConditions({ ...about, under: new Set(under), runtime: status ?? undefined, problems }).map(
      (entry) => `${entry.type}=${entry.status} ${entry.reason}: ${entry.message}`,
    );
  assert.deepEqual(of([]), [
    'MemoryPressure=False KubeletHasSufficientMemory: kubelet has sufficient memory available',
    'DiskPressure=False KubeletHasNoDiskPressure: kubelet has no disk pressure',
    'PIDPressure=False KubeletHasSufficientPID: kubelet has sufficient PID available',
    'Ready=True KubeletReady: kubelet is posting ready status',
  ]);
  assert.match(of(['MemoryPressure'])[0] ?? '', /^MemoryPressure=True KubeletHasInsufficientMemory/);
  assert.match(of(['DiskPressure'])[1] ?? '', /^DiskPressure=True KubeletHasDiskPressure/);
  assert.equal(
    of([], runtime(false))[3],
    'Ready=False KubeletNotReady: container runtime network not ready: NetworkReady=false reason:R message:M',
  );
  assert.equal(of([], null, ['x'])[3], 'Ready=False KubeletNotReady: [container runtime is down, x]');
});

test('a transition time moves only with the status', () => {
  const first = nodeConditions({ ...about, runtime: runtime(true) });
  const second = nodeConditions({ ...about, runtime: runtime(true), known: first, now: 60_000 });
  assert.equal(second[0]?.lastTransitionTime, '1970-01-01T00:00:00Z');
  assert.equal(second[0]?.lastHeartbeatTime, '1970-01-01T00:01:00Z');
});

test('images, the largest first', () => {
  const image = (id: string, size: number, repoTags: string[]) => ({ id, size, repoTags, repoDigests: [], username: '', pinned: false });
  const images = [image('a', 1, ['a:1']), image('b', 2, ['b:1']), image('c', 3, [])];
  const told = [
    { names: ['b:1'], sizeBytes: 2 },
    { names: ['a:1'], sizeBytes: 1 },
  ];
  assert.deepEqual(nodeImages(images), told);
  assert.deepEqual(nodeImages(images, 1), told.slice(0, 1));
  assert.deepEqual(nodeImages(images, 0), []);
});

test('meminfo', () => assert.equal(meminfoBytes('MemTotal:       12 kB\nMemFree: 1 kB\n', 'MemTotal'), 12_288));

test('handlers of the runtime, where it names them', () => {
  const features = { recursiveReadOnlyMounts: true, userNamespaces: false };
  assert.deepEqual(runtimeHandlers({ handlers: [{ name: 'runc', features }, { name: '' }] }), {
    runtimeHandlers: [{ name: '' }, { name: 'runc', features }],
  });
  assert.deepEqual(runtimeHandlers({ handlers: [] }), {});
});

test('a node without images does not say so: an empty list is not kept, and would be news each time', () => {
  const status = (images: Parameters<typeof nodeImages>[0], old = {}) =>
    nodeStatus({
      ...about,
      options: agentOptions({
        nodeName: 'n',
        nodeIps: [],
        dataDir: '/d',
        server: { host: '', port: 0, tls: { cert: '', key: '', clientCa: '' }, allowedUsers: [] },
      }),
      facts,
      pressure: fine,
      runtime: runtime(true),
      version: undefined,
      images,
      port: 1,
      devices: { capacity: {}, allocatable: {} },
      old,
    });
  const image = { id: 'a', size: 1, repoTags: ['a:1'], repoDigests: [], username: '', pinned: false };
  assert.equal('images' in status([]), false);
  const before = status([image]);
  assert.equal(before.images?.length, 1);
  assert.deepEqual(status([], before).images, [], 'the last one went');
});
