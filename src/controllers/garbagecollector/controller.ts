// The garbage collector: objects whose owners are gone go too, in the background, in the foreground, or not at all (orphans).
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import { APIServices, CustomResourceDefinitions, type ResourceRef } from '#api/refs.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { type ControllerDeps, grouped, withCleanup } from '../wiring.ts';
import { judgeObject, judgeUnseenOwner, orphanDependents } from './collect.ts';
import { type Effects, OwnerGraph } from './graph.ts';
import { ServedKinds } from './resources.ts';

const refreshKey = 'resources';

/** Starts the collector. */
export function startGarbageCollector(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const kinds = new ServedKinds(client, world.log);
  const graph = new OwnerGraph({ namespaced: (apiVersion, kind) => kinds.find(apiVersion, kind)?.namespaced });
  const recorder = createRecorder(client, world, { component: 'garbage-collector-controller' });
  const monitors = new Map<ResourceRef, () => void>();
  const parts = { client, graph, kinds };

  function apply(effects: Effects): void {
    for (const uid of effects.judge) judging.enqueue(uid);
    for (const uid of effects.orphan) orphaning.enqueue(uid);
    for (const { dependent, reference } of effects.invalid) {
      const owner = `[${reference.apiVersion}/${reference.kind}, namespace: ${dependent.namespace}, name: ${reference.name}, uid: ${reference.uid}]`;
      const message = `ownerRef ${owner} does not exist in namespace ${JSON.stringify(dependent.namespace)}`;
      recorder.event({ ...dependent }, 'Warning', 'OwnerRefInvalidNamespace', message);
    }
  }

  function monitor(ref: ResourceRef<KubeObject>): Promise<void> {
    const type = { apiVersion: apiVersionOf(ref), kind: ref.kind };
    const observe = (object: KubeObject): void => apply(graph.observe(object, type));
    const informer = informers.of(ref);
    const stop = informer.onChange({
      added: observe,
      updated: observe,
      deleted: (object) => apply(graph.remove(object.metadata.uid ?? '')),
    });
    monitors.set(ref, stop);
    return informer.whenSynced;
  }

  async function refresh(): Promise<readonly Promise<void>[]> {
    const { added, removed } = await kinds.refresh();
    for (const ref of removed) {
      for (const [known, stop] of monitors) {
        if (known.group !== ref.group || known.resource !== ref.resource || known.version !== ref.version) continue;
        stop();
        monitors.delete(known);
        await informers.drop(known);
      }
    }
    return added.map(monitor);
  }

  async function start(): Promise<void> {
    // Work on a half-known graph would be slow, not wrong: every verdict is on live objects.
    for (let failures = 0; ; failures++) {
      try {
        await Promise.all(await refresh());
        return;
      } catch (error) {
        world.log.debug('garbage collector: discovery failed', { error: messageOf(error) });
        await world.clock.sleep(Math.min(30_000, 200 * 2 ** failures), stopping.signal);
      }
    }
  }

  const stopping = new AbortController();
  const synced = start();
  // A collector that is stopped before it was ready.
  synced.catch(() => undefined);

  const judging = startController({
    name: 'garbage-collector',
    world,
    workers: 20,
    synced,
    queue: { qps: 1000, burst: 1000 },
    async reconcile(uid, signal) {
      const node = graph.get(uid);
      if (node === undefined) return;
      const outcome = node.virtual ? await judgeUnseenOwner(parts, node, signal) : await judgeObject(parts, node, signal);
      if (outcome.gone) apply(graph.remove(uid));
      for (const next of outcome.judge ?? []) judging.enqueue(next);
    },
  });
  const orphaning = startController({
    name: 'garbage-collector-orphans',
    world,
    workers: 5,
    synced,
    async reconcile(uid, signal) {
      const node = graph.get(uid);
      if (node !== undefined) await orphanDependents(parts, node, signal);
    },
  });
  const refreshing = startController({
    name: 'garbage-collector-resources',
    world,
    workers: 1,
    synced,
    async reconcile() {
      await refresh();
    },
  });
  const changed = (): void => refreshing.enqueueAfter(refreshKey, 100);
  const definitions = informers.of(CustomResourceDefinitions);
  const services = informers.of(APIServices);
  const stopDefinitions = definitions.onChange({ added: changed, updated: changed, deleted: changed });
  const stopServices = services.onChange({ added: changed, updated: changed, deleted: changed });
  const all = grouped([judging, orphaning, refreshing]);
  return withCleanup(
    {
      ...judging,
      ready: all.ready,
      health: () => all.health(),
      async [Symbol.asyncDispose]() {
        stopping.abort(new Error('garbage collector stops'));
        await all[Symbol.asyncDispose]();
      },
    },
    stopDefinitions,
    stopServices,
    () => {
      for (const stop of monitors.values()) stop();
    },
    () => recorder[Symbol.asyncDispose](),
  );
}
