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
