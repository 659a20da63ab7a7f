// Publishes the authority's certificate as a ConfigMap into every namespace, and keeps it as it should be.
import type { Component } from '#base/world.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import { ConfigMaps, Namespaces } from '#api/refs.ts';
import { hasCause, isAlreadyExists, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { planRootCa, rootCaName } from './plan.ts';

/** Starts the controller; `ca` is the PEM text to publish. */
export function startRootCaController(deps: ControllerDeps & { readonly ca: string }): Component {
  const { client, informers, world, ca } = deps;
  const namespaces = informers.of(Namespaces);
  // Only these: the shared cache of all ConfigMaps is not needed for it.
  const published = informers.of(ConfigMaps, { fieldSelector: `metadata.name=${rootCaName}` });

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const namespace = namespaces.lister.getByKey(key);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    const plan = planRootCa(published.lister.get(rootCaName, key), key, ca);
    if (plan === undefined) return;
    try {
      if ('create' in plan) await client.resource(ConfigMaps).create(plan.create, { signal });
      else await client.resource(ConfigMaps).update(plan.update, { signal });
    } catch (error) {
      // The namespace is going away, or the cache is behind and the next event brings us back.
      if (!isAlreadyExists(error) && !isNotFound(error) && !hasCause(error, 'NamespaceTerminating')) throw error;
    }
  }

  const handle = startController({ name: 'root-ca-certificate-publisher', world, synced: allSynced(namespaces, published), reconcile });
  const look = ({ metadata }: ConfigMap): void => handle.enqueue(metadata.namespace ?? '');
  return withCleanup(
    handle,
    namespaces.onChange({ added: ({ metadata }) => handle.enqueue(metadata.name) }),
    published.onChange({ updated: look, deleted: look }),
  );
}
