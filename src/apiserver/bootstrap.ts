// What every cluster starts with: the system's namespaces.
import { createClient } from '#client/create.ts';
import { isAlreadyExists } from '#api/status.ts';
import { Namespaces } from '#api/refs.ts';
import type { Transport } from '#client/transport.ts';
import type { Registry } from './registry/registry.ts';

/** Creates what is missing. */
export async function bootstrap(_registry: Registry, transport: Transport): Promise<void> {
  const client = createClient(transport);
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease']) {
    try {
      await client.resource(Namespaces).create({ metadata: { name } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }
}

/** Points the `kubernetes` Service to the server. */
export async function advertise(_transport: Transport, _target: { readonly address: string; readonly port: number }): Promise<void> {}
