// How many pods the controller of a pod wants.
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import { controllerOf, type KubeObject } from '#api/object.ts';
import { Deployments, ReplicaSets, ReplicationControllers, type ResourceRef, StatefulSets } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { ServedKinds } from '../garbagecollector/resources.ts';
import type { ControllerDeps } from '../wiring.ts';

interface Scaled extends KubeObject {
  readonly spec: { readonly replicas?: number };
}

export interface Wanted {
  /** The uid of what was asked in the end: a ReplicaSet's Deployment speaks for it. */
  readonly uid: string;
  readonly replicas: number;
}

/** Finds the scale of controllers of any kind: of the common ones in the caches, of others by their `scale` subresource. */
export function createScaleFinder({ client, informers, world }: ControllerDeps): {
  readonly synced: Promise<unknown>;
  /** Undefined: the controller is gone. Throws when its kind has no scale. */
  wanted(reference: OwnerReference, namespace: string): Promise<Wanted | undefined>;
} {
  const deployments = informers.of(Deployments);
  const replicaSets = informers.of(ReplicaSets);
  const caches = [replicaSets, deployments, informers.of(StatefulSets), informers.of(ReplicationControllers)];
  const kinds = new ServedKinds(client, world.log);

  function cached({ kind, apiVersion, name, uid }: OwnerReference, namespace: string): Scaled | undefined | 'unknown kind' {
    const cache = caches.find(({ ref }) => ref.kind === kind && apiVersion.split('/').length === (ref.group === '' ? 1 : 2));
    if (cache === undefined || (cache.ref.group !== '' && !apiVersion.startsWith(`${cache.ref.group}/`))) return 'unknown kind';
    const found: KubeObject | undefined = cache.lister.get(name, namespace);
    return found?.metadata.uid === uid ? (found as Scaled) : undefined;
  }

  async function asked({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): Promise<Scaled | undefined> {
    const ref = await kinds.require(apiVersion, kind);
    try {
      const scale = await client.resource(ref as ResourceRef<Scaled>).get(name, { namespace, subresource: 'scale' });
      return scale.metadata.uid === uid ? scale : undefined;
    } catch (error) {
      if (!isNotFound(error)) throw error;
      const there = await client
        .resource(ref)
        .get(name, { namespace })
        .catch(() => undefined);
      if (there !== undefined) throw new Error(`${ref.resource}.${ref.group} does not implement the scale subresource`, { cause: error });
      return undefined;
    }
  }

  return {
    synced: Promise.all(caches.map((cache) => cache.whenSynced)),
    async wanted(reference, namespace) {
      const found = cached(reference, namespace);
      if (found === 'unknown kind') {
        const scaled = await asked(reference, namespace);
        return scaled && { uid: reference.uid, replicas: scaled.spec.replicas ?? 0 };
      }
      if (found === undefined) return undefined;
      const parent = reference.kind === 'ReplicaSet' ? controllerOf(found) : undefined;
      const speaker = parent?.kind === 'Deployment' ? cached(parent, namespace) : found;
      if (speaker === undefined || speaker === 'unknown kind') return undefined;
      return { uid: speaker.metadata.uid ?? '', replicas: speaker.spec.replicas ?? 1 };
    },
  };
}
