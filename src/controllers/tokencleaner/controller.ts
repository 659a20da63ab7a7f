// Deletes bootstrap tokens whose time is over.
import type { Component } from '#base/world.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import { keyOf } from '#api/object.ts';
import { Secrets } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { type ControllerDeps, withCleanup } from '../wiring.ts';

const tokenType = 'bootstrap.kubernetes.io/token';
const namespace = 'kube-system';

/** Milliseconds of life that a token has left; undefined: it does not expire. What cannot be read has expired. */
export function lifeLeft(secret: Secret, now: number): number | undefined {
  const expiration = secret.data?.expiration;
  if (expiration === undefined) return undefined;
  const at = Date.parse(Buffer.from(expiration, 'base64').toString('utf8'));
  return Number.isNaN(at) ? 0 : at - now;
}

/** Starts the controller. */
export function startTokenCleaner(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const tokens = informers.of(Secrets, { namespace, fieldSelector: `type=${tokenType}` });

  async function reconcile(key: string, signal: AbortSignal): Promise<void | { requeueAfter: number }> {
    const secret = tokens.lister.getByKey(key);
    const left = secret && lifeLeft(secret, world.clock.now());
    if (secret === undefined || left === undefined) return;
    if (left > 0) return { requeueAfter: left };
    const { name, uid } = secret.metadata;
    try {
      await client.resource(Secrets).delete(name, { namespace, signal, options: { preconditions: { uid } } });
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  const handle = startController({ name: 'token-cleaner', world, workers: 1, synced: tokens.whenSynced, reconcile });
  const look = (secret: Secret): void => handle.enqueue(keyOf(secret));
  return withCleanup(handle, tokens.onChange({ added: look, updated: look }));
}
