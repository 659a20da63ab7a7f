import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Informers } from '#client/cache.ts';
import { createWorld } from '#host/world.ts';
import type { AgentContext } from './context.ts';
import { PodManager } from './pods.ts';

const world = createWorld({ logLevel: 'silent' });
const pod = (uid: string, annotations: Record<string, string> = {}): Pod =>
  ({ metadata: { name: uid, namespace: 'ns', uid, annotations }, spec: { nodeName: 'n', containers: [] }, status: {} }) as never;

/** A manager whose first look at the runtime lasts until it is let go; one pod is known to the API, another to the runtime. */
function managerOf(): { manager: PodManager; look: PromiseWithResolvers<void>; handlers: () => number } {
  const look = Promise.withResolvers<void>();
  let handlers = 0;
  const informer = {
    whenSynced: Promise.resolve(),
    lister: { list: () => [pod('api')], get: () => undefined },
    onChange: ({ added }: { added: (pod: Pod) => void }) => {
      handlers++;
      added(pod('api'));
      return () => handlers--;
    },
  };
  const state = { uid: 'runtime', name: 'runtime', namespace: 'ns', sandboxes: [{}], containers: [] };
  const nothing = (): Promise<string[]> => Promise.resolve([]);
  const context = {
    world: { ...world, fs: { ...world.fs, list: nothing } },
    options: { nodeName: 'n', dataDir: '/nowhere' },
    statuses: {},
    cache: { relist: () => look.promise, states: () => [state], get: () => state },
    topology: { retain: () => Promise.resolve() },
    volumes: { present: nothing },
    cgroups: { present: nothing },
    claims: { pods: () => [] },
  } as unknown as AgentContext;
  const informers = { of: () => informer } as unknown as Informers;
  return { manager: new PodManager(context, informers), look, handlers: () => handlers };
}

test('a manager that is disposed while it starts takes up no pods: the next one has them', async () => {
  const { manager, look, handlers } = managerOf();
  const starting = manager.start();
  await manager.dispose();
  look.resolve();
  await starting;
  assert.deepEqual(manager.workers(), []);
  assert.equal(handlers(), 0, 'nobody listens any more');
});

test('what is told to a manager that was disposed starts nothing', async () => {
  const { manager } = managerOf();
  await manager.dispose();
  manager.setStatic([pod('file', { 'kubernetes.io/config.source': 'file' })]);
  manager.runtimeChanged('runtime');
  assert.deepEqual(manager.workers(), []);
});
