// What actions are made of: what they act on, and what they create.
import type { Draft, KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Random } from '#base/random.ts';
import { pick } from '#base/seeded.ts';
import type { Client } from '#client/client.ts';
import type { Cluster } from '../cluster.ts';

/** Does something, or nothing when there is nothing to do it to. */
export type Action = (cluster: Cluster, client: Client) => Promise<unknown> | undefined;

/** Where users work. */
export const namespaces = ['default', 'team'];
/** One of the objects of these kinds that nobody deletes; undefined when there is none. */
export function one<T extends KubeObject>(
  cluster: Cluster,
  refs: readonly ResourceRef<T>[],
): { ref: ResourceRef<T>; object: T } | undefined {
  const found = refs.flatMap((ref) => cluster.truth.list(ref).map((object) => ({ ref, object })));
  const living = found.filter(({ object }) => object.metadata.deletionTimestamp === undefined && object.metadata.name !== 'kubernetes');
  return living.length === 0 ? undefined : pick(cluster.random, living);
}

/** Sends a merge patch to an object. */
export function patch<T extends KubeObject>(client: Client, target: { ref: ResourceRef<T>; object: T } | undefined, body: object) {
  if (target === undefined) return undefined;
  const { name, namespace } = target.object.metadata;
  return client.resource(target.ref).patch(name, body, { type: 'merge', namespace });
}

/** A name that was not used before. */
export function fresh(cluster: Cluster, prefix: string): string {
  return `${prefix}-${cluster.nextSerial()}`;
}

/** Creates a workload in one of the namespaces. */
export function creates<T extends KubeObject>(
  ref: ResourceRef<T>,
  prefix: string,
  make: (random: Random, name: string, namespace: string) => Draft<T>,
): Action {
  return (cluster, client) => {
    const namespace = pick(cluster.random, namespaces);
    return client.resource(ref).create(make(cluster.random, fresh(cluster, prefix), namespace), { namespace });
  };
}
