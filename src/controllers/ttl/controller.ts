// Tells agents, by an annotation of their node, how long they may cache what they read.
import type { Component } from '#base/world.ts';
import { Nodes } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { type ControllerDeps, withCleanup } from '../wiring.ts';
import { planStep, ttlAnnotation, ttlOf } from './plan.ts';

/** Starts the controller. */
export function startTtlController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const nodes = informers.of(Nodes);
  let step = 0;

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const node = nodes.lister.getByKey(key);
    const ttl = String(ttlOf(step));
    if (node === undefined || node.metadata.annotations?.[ttlAnnotation] === ttl) return;
    try {
      await client.resource(Nodes).patch(key, { metadata: { annotations: { [ttlAnnotation]: ttl } } }, { type: 'merge', signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  const handle = startController({ name: 'ttl', world, workers: 1, synced: nodes.whenSynced, reconcile });
  const counted = (): void => {
    const next = planStep(nodes.lister.size, step);
    if (next === step) return;
    step = next;
    for (const { metadata } of nodes.lister.list()) handle.enqueue(metadata.name);
  };
  return withCleanup(
    handle,
    nodes.onChange({
      added: ({ metadata }) => {
        counted();
        handle.enqueue(metadata.name);
      },
      updated: ({ metadata }, previous) => {
        if (metadata.annotations?.[ttlAnnotation] !== previous.metadata.annotations?.[ttlAnnotation]) handle.enqueue(metadata.name);
      },
      deleted: counted,
    }),
  );
}
