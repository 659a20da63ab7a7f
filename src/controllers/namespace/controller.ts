// Namespace lifecycle: empties a namespace that is being deleted, then lets it go.
import type { Component } from '#base/world.ts';
import { Namespaces, Pods } from '#api/refs.ts';
import type { Namespace } from '#api/core/v1/namespace.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { deleteContent } from './content.ts';
import { nextLook, planConditions } from './plan.ts';

const finalizer = 'kubernetes';

/** Starts the controller. */
export function startNamespaceController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const namespaces = client.resource(Namespaces);
  const namespaceInformer = informers.of(Namespaces);
  const podInformer = informers.of(Pods);
  const passes = new Map<string, number>();

  async function reconcile(key: string, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    const cached = namespaceInformer.lister.getByKey(key);
    if (cached?.metadata.deletionTimestamp === undefined) {
      passes.delete(key);
      return;
    }
    try {
      let namespace = await namespaces.get(key, { signal });
      if (namespace.metadata.deletionTimestamp === undefined) return;
      if (namespace.status.phase !== 'Terminating') {
        namespace = await namespaces.updateStatus({ ...namespace, status: { ...namespace.status, phase: 'Terminating' } }, { signal });
      }
      if (!namespace.spec.finalizers?.includes(finalizer)) return;
      return await empty(namespace, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      passes.delete(key);
    }
  }

  async function empty(namespace: Namespace, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    const name = namespace.metadata.name;
    const findings = await deleteContent(client, name, signal);
    const left = findings.remaining.size > 0 || findings.deletionErrors.length > 0 || findings.discoveryFailed.size > 0;
    const conditions = planConditions(namespace.status.conditions, findings, world.clock.now());
    let newest = namespace;
    // A namespace that was empty goes at once: nobody would see the conditions.
    if (conditions !== undefined && left) {
      try {
        newest = await namespaces.updateStatus({ ...namespace, status: { ...namespace.status, conditions } }, { signal });
      } catch (error) {
        if (!isConflict(error)) throw error;
      }
    }
    if (left) {
      const count = passes.get(name) ?? 0;
      passes.set(name, count + 1);
      return { requeueAfter: nextLook(count) };
    }
    passes.delete(name);
    const finalizers = newest.spec.finalizers?.filter((entry) => entry !== finalizer) ?? [];
    await namespaces.update({ ...newest, spec: { ...newest.spec, finalizers } }, { subresource: 'finalize', signal });
  }

  const handle = startController({ name: 'namespace', world, workers: 10, synced: allSynced(namespaceInformer, podInformer), reconcile });
  const look = (namespace: Namespace): void => {
    if (namespace.metadata.deletionTimestamp !== undefined) handle.enqueue(namespace.metadata.name);
  };
  return withCleanup(
    handle,
    namespaceInformer.onChange({
      added: look,
      updated: (namespace, previous) => {
        // Our own status writes are no reason to look again.
        if (previous.metadata.deletionTimestamp === undefined) look(namespace);
      },
      deleted: (namespace) => passes.delete(namespace.metadata.name),
    }),
    podInformer.onChange({
      deleted: ({ metadata }) => {
        const namespace = namespaceInformer.lister.get(metadata.namespace ?? '');
        if (namespace?.metadata.deletionTimestamp !== undefined && podInformer.lister.list(metadata.namespace).length === 0)
          look(namespace);
      },
    }),
  );
}
