// Signs `cluster-info` with every bootstrap token that may sign, so that whoever holds such a token can trust it.
import type { Component } from '#base/world.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import { ConfigMaps, Secrets } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { clusterInfoName, clusterInfoNamespace, kubeconfigKey, signaturePrefix, signClusterInfo } from '#client/clusterinfo.ts';
import { startController } from '#client/controller.ts';
import { lifeLeft } from '../tokencleaner/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';

const valueOf = (secret: Secret, key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');

/** Starts the controller. */
export function startBootstrapSigner(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const tokens = informers.of(Secrets, { namespace: 'kube-system', fieldSelector: 'type=bootstrap.kubernetes.io/token' });
  const infos = informers.of(ConfigMaps, { namespace: clusterInfoNamespace, fieldSelector: `metadata.name=${clusterInfoName}` });

  async function reconcile(_: string, signal: AbortSignal): Promise<void> {
    const info = infos.lister.get(clusterInfoName, clusterInfoNamespace);
    const text = info?.data?.[kubeconfigKey];
    if (info === undefined || text === undefined) return;
    const signing = tokens.lister.list().filter((secret) => {
      const left = lifeLeft(secret, world.clock.now());
      return valueOf(secret, 'usage-bootstrap-signing') === 'true' && (left === undefined || left > 0);
    });
    const wanted = new Map<string, string>(
      signing.map((secret) => {
        const token = { id: valueOf(secret, 'token-id'), secret: valueOf(secret, 'token-secret') };
        return [`${signaturePrefix}${token.id}`, signClusterInfo(world.digest, text, token)] as const;
      }),
    );
    const kept = Object.entries(info.data ?? {}).filter(([key]) => !key.startsWith(signaturePrefix));
    const present = Object.entries(info.data ?? {}).filter(([key]) => key.startsWith(signaturePrefix));
    if (present.length === wanted.size && present.every(([key, value]) => wanted.get(key) === value)) return;
    try {
      await client
        .resource(ConfigMaps)
        .update({ ...info, data: { ...Object.fromEntries(kept), ...Object.fromEntries(wanted) } }, { signal });
    } catch (error) {
      // A newer version is on its way here.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  const handle = startController({ name: 'bootstrap-signer', world, workers: 1, synced: allSynced(tokens, infos), reconcile });
  const look = (): void => handle.enqueue(clusterInfoName);
  const handlers = { added: look, updated: look, deleted: look };
  return withCleanup(handle, tokens.onChange(handlers), infos.onChange(handlers));
}
