import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fs } from '#base/fs.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { createPodCgroups } from './pods.ts';

/** Control files in memory: this is what can be tried of cgroup v2 on a machine without it. */
function memoryFs(): { files: Map<string, string>; world: Pick<World, 'fs' | 'exec' | 'clock'> } {
  const files = new Map<string, string>();
  const fs: Partial<Fs> = {
    mkdir: () => Promise.resolve(),
    readText: (path) => Promise.resolve(files.get(path) ?? ''),
    write: (path, data) => Promise.resolve(void files.set(path, String(data))),
    lstat: () => Promise.resolve(undefined),
    list: () => Promise.resolve([]),
  };
  return { files, world: { fs } as unknown as Pick<World, 'fs' | 'exec' | 'clock'> };
}

const pod = (uid: string, requests: object, limits: object = {}): Pod =>
  ({ metadata: { name: uid, uid }, spec: { containers: [{ name: 'c', resources: { requests, limits } }] }, status: {} }) as unknown as Pod;

const layout = { version: 2, roots: ['/cg'], controllers: new Map(['cpu', 'memory', 'pids'].map((name) => [name, '/cg'])) } as const;
const mi = 1024 * 1024;

test('what pods ask for is protected in their groups and in those above, until they go', async () => {
  const { files, world } = memoryFs();
  const groups = createPodCgroups(world, { layout, root: '/node', allowance: { cpuMilli: 2000 }, memoryQos: true });
  await groups.ensure(pod('a', { memory: '100Mi' }));
  await groups.ensure(pod('b', { memory: '50Mi', cpu: '1' }, { memory: '50Mi', cpu: '1' }));
  const min = (group: string): number => Number(files.get(`/cg/node/kubepods${group}/memory.min`));
  assert.equal(min('/burstable/poda'), 100 * mi);
  assert.equal(min('/podb'), 50 * mi);
  assert.equal(min('/burstable'), 100 * mi);
  assert.equal(min(''), 150 * mi);
  await groups.remove('a');
  assert.equal(min('/burstable'), 0);
  assert.equal(min(''), 50 * mi);
});

test('without the feature, and on version 1, nothing is', async () => {
  for (const options of [
    { layout, memoryQos: false },
    { layout: { ...layout, version: 1 as const }, memoryQos: true },
  ]) {
    const { files, world } = memoryFs();
    await createPodCgroups(world, { root: '/node', allowance: { cpuMilli: 2000 }, ...options }).ensure(pod('a', { memory: '100Mi' }));
    assert.ok(files.size > 0);
    assert.deepEqual(
      [...files.keys()].filter((path) => path.endsWith('memory.min')),
      [],
    );
  }
});

test('all pods together have what is not reserved; no pod has a quota where quotas are off', async () => {
  const limited = pod('a', { cpu: '1', memory: '100Mi' }, { cpu: '1', memory: '100Mi' });
  const { files, world } = memoryFs();
  const allowance = { cpuMilli: 1500, memory: 3 * 1024 * mi, pids: 5000 };
  await createPodCgroups(world, { layout, root: '/node', allowance, cpuQuota: false }).ensure(limited);
  assert.equal(files.get('/cg/node/kubepods/memory.max'), String(3 * 1024 * mi));
  assert.equal(files.get('/cg/node/kubepods/pids.max'), '5000');
  assert.equal(files.get('/cg/node/kubepods/poda/cpu.max'), 'max 100000');
  assert.equal(files.get('/cg/node/kubepods/poda/memory.max'), String(100 * mi));
  await createPodCgroups(world, { layout, root: '/node', allowance: { cpuMilli: 2000 } }).ensure(limited);
  assert.equal(files.get('/cg/node/kubepods/memory.max'), 'max', 'a limit that went away is lifted');
  assert.equal(files.get('/cg/node/kubepods/poda/cpu.max'), '100000 100000');
});
