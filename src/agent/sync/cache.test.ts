import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createWorld } from '#host/world.ts';
import type { Runtime, RuntimeEvent } from '../runtime.ts';
import { RuntimeCache } from './cache.ts';
import { label } from './labels.ts';

const world = createWorld({ logLevel: 'error' });
const pod = { uid: 'u', name: 'p', namespace: 'ns' };
const status = (state: string): never =>
  ({
    id: 'c1',
    state,
    labels: { [label.containerName]: 'c' },
    annotations: {},
    metadata: { name: 'c', attempt: 0 },
    image: { image: 'i' },
    mounts: [],
  }) as never;

/** A runtime that answers a container's status from a list, its last entry for ever, and tells the events it is given. */
function runtimeOf(states: string[]): { runtime: Runtime; tell: (event: RuntimeEvent) => void } {
  const waiting: ((event: RuntimeEvent) => void)[] = [];
  const runtime = {
    sandboxStatus: async () => ({ id: 's1', state: 'SANDBOX_READY', metadata: { attempt: 0 }, labels: {}, annotations: {} }),
    containerStatus: async () => status((states.length > 1 ? states.shift() : states[0]) ?? ''),
    async *events() {
      for (;;) yield await new Promise<RuntimeEvent>((resolve) => waiting.push(resolve));
    },
  } as unknown as Runtime;
  return { runtime, tell: (event) => waiting.shift()?.(event) };
}

test('an exit that is told before its container is known, and before the runtime has noted it, is not missed', async () => {
  const { runtime, tell } = runtimeOf(['CONTAINER_RUNNING', 'CONTAINER_RUNNING', 'CONTAINER_RUNNING', 'CONTAINER_EXITED']);
  const seen = Promise.withResolvers<void>();
  const cache = new RuntimeCache(runtime, world, () => seen.resolve());
  await cache.addSandbox(pod, 's1');
  cache.start();
  await world.clock.sleep(5);
  tell({ type: 'stopped', id: 'c1', at: 1, exitCode: 0 });
  await world.clock.sleep(5);
  const started = await cache.refreshContainer('u', 'c1', 's1');
  assert.equal(started?.containers[0]?.state, 'running');
  await seen.promise;
  assert.equal(cache.get('u')?.containers[0]?.state, 'exited');
  cache.dispose();
});

test('what has exited does not run again because of a read that took longer', async () => {
  const { runtime } = runtimeOf(['CONTAINER_EXITED', 'CONTAINER_RUNNING']);
  const cache = new RuntimeCache(runtime, world, () => {});
  await cache.addSandbox(pod, 's1');
  await cache.refreshContainer('u', 'c1', 's1');
  const next = await cache.refreshContainer('u', 'c1', 's1');
  assert.equal(next?.containers[0]?.state, 'exited');
});

/** A runtime with a sandbox `s1` and these containers, whose lists are taken at once and answered when `answer` is called. */
function slowLists(ids: string[]): { runtime: Runtime; answer: () => void; asked: Promise<void> } {
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const labels = { [label.podUid]: 'u', [label.podName]: 'p', [label.podNamespace]: 'ns' };
  const sandbox = { id: 's1', state: 'SANDBOX_READY', metadata: { attempt: 0 }, labels, annotations: {} };
  const runtime = {
    sandboxStatus: async () => sandbox,
    containerStatus: async (id: string) => ({ ...(status('CONTAINER_RUNNING') as object), id }),
    listSandboxes: async () => [sandbox],
    listContainers: async () => {
      const listed = ids.map((id) => ({ id, podSandboxId: 's1', state: 'CONTAINER_RUNNING', labels }));
      asked.resolve();
      await answered.promise;
      return listed;
    },
  } as unknown as Runtime;
  return { runtime, answer: answered.resolve, asked: asked.promise };
}

test('a list that was taken before a container started does not make it unknown', async () => {
  const ids = ['c1'];
  const { runtime, answer, asked } = slowLists(ids);
  const cache = new RuntimeCache(runtime, world, () => {});
  await cache.addSandbox(pod, 's1');
  await cache.refreshContainer('u', 'c1', 's1');
  const relisted = cache.relist();
  await asked;
  ids.push('c2');
  await cache.refreshContainer('u', 'c2', 's1');
  answer();
  await relisted;
  assert.deepEqual(
    cache
      .get('u')
      ?.containers.map(({ id }) => id)
      .toSorted(),
    ['c1', 'c2'],
  );
});

test('a pod that is read anew is read once more when it has changed meanwhile', async () => {
  const ids: string[] = [];
  const { runtime, answer, asked } = slowLists(ids);
  const cache = new RuntimeCache(runtime, world, () => {});
  await cache.addSandbox(pod, 's1');
  const refreshed = cache.refresh(pod);
  await asked;
  ids.push('c1');
  await cache.refreshContainer('u', 'c1', 's1');
  answer();
  assert.deepEqual(
    (await refreshed).containers.map(({ id }) => id),
    ['c1'],
  );
});

test('a pod that is gone does not come back by a list that was taken before', async () => {
  const { runtime, answer, asked } = slowLists(['c1']);
  const cache = new RuntimeCache(runtime, world, () => {});
  await cache.addSandbox(pod, 's1');
  const relisted = cache.relist();
  await asked;
  cache.drop('u');
  answer();
  await relisted;
  assert.equal(cache.get('u'), undefined);
});
