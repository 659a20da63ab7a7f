// What users do with volumes that are made on demand.
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Draft } from '#api/object.ts';
import { Deployments, PersistentVolumeClaims, StatefulSets } from '#api/refs.ts';
import { pick } from '#base/seeded.ts';
import { type Action, creates, fresh, namespaces, one } from './action.ts';
import * as workloads from './workloads.ts';

/** A StatefulSet whose pods get a volume each, where they are placed. */
export const volumeSet: Action = creates(StatefulSets, 'db', workloads.volumeSet);

/** A claim, and a Deployment all of whose pods use it. */
export const claimed: Action = async (cluster, client) => {
  const namespace = pick(cluster.random, namespaces);
  const name = fresh(cluster, 'web');
  const made = workloads.claimedDeployment(cluster.random, name, namespace);
  const claim = { metadata: { name, namespace }, spec: workloads.claim(workloads.onDemand) } as Draft<PersistentVolumeClaim>;
  const orders = [() => client.resource(PersistentVolumeClaims).create(claim), () => client.resource(Deployments).create(made)] as const;
  // Users do it in either order.
  const [first, second] = cluster.random.next() < 0.7 ? orders : [orders[1], orders[0]];
  await first();
  return second();
};

/** A claim is deleted, whether somebody uses it or not. */
export const unclaim: Action = (cluster, client) => {
  const claim = one(cluster, [PersistentVolumeClaims])?.object;
  return claim && client.resource(PersistentVolumeClaims).delete(claim.metadata.name, { namespace: claim.metadata.namespace });
};
