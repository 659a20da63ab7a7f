// What rules are given. A rule watches a life and complains; it changes nothing.
import type { KubeObject } from '#api/object.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf } from '#api/object.ts';
import { isPodAvailable } from '#api/podutil.ts';
import { Pods } from '#api/refs.ts';
import { type Cluster, keyOfPath } from '../cluster.ts';
import type { Passed } from '../host/link.ts';

export type Rule = (cluster: Cluster) => void;

/** Milliseconds for which a component may act on what it has seen before, on a fair network. */
export const lag = 15_000;

/** User names of controllers. */
export const controllerUser = (name: string): string => `system:serviceaccount:kube-system:${name}`;

/** Pods that a controller owns. */
export function podsOf(cluster: Cluster, uid: string | undefined): Pod[] {
  return cluster.truth.list(Pods).filter((pod) => controllerOf(pod)?.uid === uid);
}

/** True when a pod serves, for so long: a manager whose clock is wrong compares it with the nodes' and cannot tell how long. */
export function isAvailable(cluster: Cluster, pod: Pod, minReadySeconds: number): boolean {
  const astray = cluster.managers().some((name) => cluster.members.get(name)?.process.clock.offset !== 0);
  return pod.metadata.deletionTimestamp === undefined && isPodAvailable(pod, astray ? 0 : minReadySeconds, cluster.time.now());
}

/** Milliseconds since an object was created. */
export function ageOf(cluster: Cluster, object: KubeObject): number {
  return cluster.time.now() - Date.parse(object.metadata.creationTimestamp ?? '');
}

/** The least time for which any manager has been calm: what is decided is decided on a fresh view. */
export function managersCalmFor(cluster: Cluster): number {
  return Math.min(...cluster.managers().map((name) => cluster.calmFor(name)));
}

export interface Deletion {
  readonly process: string;
  readonly user: string;
  readonly key: string;
  readonly uid: string | undefined;
}

/** Calls back for every object that a request has deleted (or begun to delete) by name, when the truth knows of it. */
export function onDeletion(cluster: Cluster, resource: string, then: (deletion: Deletion) => void): void {
  const waiting: Deletion[] = [];
  cluster.onPassed.add(({ process, user, request, answer }: Passed) => {
    if (request.method !== 'DELETE' || answer === undefined || answer.status >= 300) return;
    const [kind, ...rest] = keyOfPath(request.path).split('/');
    if (kind !== resource) return;
    const body = 'object' in answer.body ? (answer.body.object as Partial<KubeObject> & { details?: { uid?: string } }) : undefined;
    waiting.push({ process, user, key: rest.join('/'), uid: body?.metadata?.uid ?? body?.details?.uid });
  });
  cluster.onStep.add(() => {
    for (const deletion of waiting.splice(0)) then(deletion);
  });
}
