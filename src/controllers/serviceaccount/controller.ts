// Every namespace has a service account `default`.
import type { Component } from '#base/world.ts';
import { Namespaces, ServiceAccounts } from '#api/refs.ts';
import { hasCause, isAlreadyExists, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';

const accountName = 'default';

/** Starts the controller. */
export function startServiceAccountController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const namespaces = informers.of(Namespaces);
  const accounts = informers.of(ServiceAccounts);

  async function reconcile(key: string, signal: AbortSignal): Promise<void> {
    const namespace = namespaces.lister.getByKey(key);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return;
    if (accounts.lister.get(accountName, key) !== undefined) return;
    try {
      await client.resource(ServiceAccounts).create({ metadata: { name: accountName, namespace: key } }, { signal });
    } catch (error) {
      // The namespace is going away, or somebody was faster.
      if (!isAlreadyExists(error) && !isNotFound(error) && !hasCause(error, 'NamespaceTerminating')) throw error;
    }
  }

  const handle = startController({ name: 'serviceaccount', world, synced: allSynced(namespaces, accounts), reconcile });
  return withCleanup(
    handle,
    namespaces.onChange({ added: ({ metadata }) => handle.enqueue(metadata.name) }),
    accounts.onChange({
      deleted: ({ metadata }) => {
        if (metadata.name === accountName) handle.enqueue(metadata.namespace ?? '');
      },
    }),
  );
}
