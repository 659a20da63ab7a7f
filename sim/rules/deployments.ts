// A Deployment that rolls never has more pods than maxSurge allows, and takes away none that maxUnavailable needs.
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { Deployments, Pods, ReplicaSets } from '#api/refs.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { scaledIntOrPercent } from '#format/intorstring.ts';
import type { Cluster } from '../cluster.ts';
import { controllerUser, isAvailable, lag, managersCalmFor, onDeletion, podsOf } from './rule.ts';

interface Limits {
  readonly most: number;
  readonly least: number;
}

function limitsOf({ spec }: Deployment): Limits {
  const replicas = spec.replicas ?? 1;
  if (spec.strategy?.type === 'Recreate') return { most: replicas, least: 0 };
  const rolling = spec.strategy?.rollingUpdate;
  const surge = scaledIntOrPercent(rolling?.maxSurge ?? '25%', replicas, 'up');
  let unavailable = scaledIntOrPercent(rolling?.maxUnavailable ?? '25%', replicas, 'down');
  if (surge === 0 && unavailable === 0) unavailable = 1;
  return { most: replicas + surge, least: Math.max(0, replicas - unavailable) };
}

/** Limits of the specs that the controller may be acting on: those since the one that it has observed. */
class Wishes {
  readonly #limits = new Map<string, Map<number, Limits>>();

  seen(deployment: Deployment): void {
    const uid = deployment.metadata.uid ?? '';
    const known = this.#limits.get(uid) ?? new Map<number, Limits>();
    this.#limits.set(uid, known);
    known.set(deployment.metadata.generation ?? 0, limitsOf(deployment));
    for (const generation of known.keys()) if (generation < (deployment.status.observedGeneration ?? 0)) known.delete(generation);
  }

  of(deployment: Deployment): readonly Limits[] {
    return [...(this.#limits.get(deployment.metadata.uid ?? '')?.values() ?? [limitsOf(deployment)])];
  }
}

function ownerOf(cluster: Cluster, set: ReplicaSet): Deployment | undefined {
  const ref = controllerOf(set);
  return cluster.truth.list(Deployments).find(({ metadata }) => metadata.uid === ref?.uid);
}

function setsOf(cluster: Cluster, deployment: Deployment): ReplicaSet[] {
  return cluster.truth.list(ReplicaSets).filter((set) => controllerOf(set)?.uid === deployment.metadata.uid);
}

/** Watches the sizes of ReplicaSets and the deletions of their pods. */
export function deploymentRules(cluster: Cluster): void {
  const wishes = new Wishes();
  /** When something else than the controller last took a pod of a Deployment away, or it was scaled down while it rolled. */
  const disturbed = new Map<string, number>();
  /** Pods that are available, since when. */
  const available = new Map<string, number>();
  cluster.truth.on(Deployments, (next, previous) => {
    if (next === undefined) return;
    wishes.seen(next);
    // Proportional scaling takes from each of the sets of a rollout, whichever of their pods are available.
    const shrinks = (next.spec.replicas ?? 1) < (previous?.spec.replicas ?? 0);
    if (shrinks && setsOf(cluster, next).filter(({ spec }) => (spec.replicas ?? 1) > 0).length > 1)
      disturbed.set(next.metadata.uid ?? '', cluster.now);
  });

  cluster.truth.on(ReplicaSets, (next, previous) => {
    if (next === undefined || (next.spec.replicas ?? 1) <= (previous?.spec.replicas ?? 0)) return;
    const deployment = ownerOf(cluster, next);
    if (deployment === undefined || (previous?.metadata.ownerReferences === undefined) !== (previous === undefined)) return;
    const sets = setsOf(cluster, deployment);
    const total = sets.reduce((sum, set) => sum + (set.spec.replicas ?? 1), 0);
    const most = Math.max(...wishes.of(deployment).map((limits) => limits.most));
    if (total > most) cluster.violated('maxSurge', `${keyOf(deployment)} wants ${total} pods where ${most} are allowed`);
    if (deployment.spec.strategy?.type !== 'Recreate' || (previous?.spec.replicas ?? 0) !== 0) return;
    const old = sets.filter((set) => set !== next).flatMap((set) => podsOf(cluster, set.metadata.uid));
    const running = old.find((pod) => !isPodTerminal(pod));
    if (running !== undefined && wishes.of(deployment).length === 1)
      cluster.violated('Recreate', `${keyOf(next)} grows while ${keyOf(running)} of an older set is there`);
  });

  cluster.truth.on(Pods, (next, previous) => {
    const pod = next ?? previous;
    if (pod === undefined || controllerOf(pod)?.kind !== 'ReplicaSet') return;
    const uid = pod.metadata.uid ?? '';
    const is = next !== undefined && isAvailable(cluster, next, 0);
    if (is) {
      if (!available.has(uid)) available.set(uid, cluster.now);
    } else if (available.delete(uid)) lost.push({ uid, set: controllerOf(pod)?.uid });
  });
  const lost: { uid: string; set: string | undefined }[] = [];
  const lostSince = new Map<string, number>();

  const byController = new Set<string>();
  onDeletion(cluster, 'pods', ({ user, uid, key }) => {
    if (user !== controllerUser('replicaset-controller') || uid === undefined) return;
    byController.add(uid);
    const before = lostSince.get(uid);
    const pod = cluster.truth.lastOf(uid);
    const set = cluster.truth.list(ReplicaSets).find(({ metadata }) => metadata.uid === (pod && controllerOf(pod)?.uid));
    const deployment = set && ownerOf(cluster, set);
    if (before === undefined || deployment === undefined || deployment.metadata.deletionTimestamp !== undefined) return;
    const { minReadySeconds = 0 } = deployment.spec;
    if (before + minReadySeconds * 1000 > cluster.now - lag) return; // it had become available only just now
    if (cluster.now - (disturbed.get(deployment.metadata.uid ?? '') ?? -lag) < 4 * lag || managersCalmFor(cluster) < 4 * lag) return;
    // Which of its ready pods a ReplicaSet gives up does not depend on how long they have been ready: in the place of one that is
    // not available yet, and was to go, an older one may be taken.
    const left = setsOf(cluster, deployment)
      .flatMap((one) => podsOf(cluster, one.metadata.uid))
      .filter((one) => isAvailable(cluster, one, 0)).length;
    const least = Math.min(...wishes.of(deployment).map((limits) => limits.least));
    if (left < least) cluster.violated('maxUnavailable', `${key} was taken away: ${left} pods are left, ${least} are needed`);
  });

  // Pods that go without the controller's doing excuse it for a while: it finds out later.
  cluster.onStep.add(() => {
    for (const { uid, set } of lost.splice(0)) {
      lostSince.delete(uid);
      if (byController.delete(uid)) continue;
      const owner = cluster.truth.list(ReplicaSets).find(({ metadata }) => metadata.uid === set);
      const deployment = owner && ownerOf(cluster, owner);
      if (deployment !== undefined) disturbed.set(deployment.metadata.uid ?? '', cluster.now);
    }
    for (const [uid, since] of available) lostSince.set(uid, since);
  });
}
