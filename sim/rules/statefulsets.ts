// A StatefulSet in order: a pod is made when those before it serve, and replaced when those after it do.
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { Pods, StatefulSets } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';
import { ageOf, controllerUser, isAvailable, lag, managersCalmFor, onDeletion, podsOf } from './rule.ts';

const ordinalOf = (pod: Pod): number => Number(/-(\d+)$/.exec(pod.metadata.name)?.[1]);

/** Watches the creations and deletions of pods of ordered sets. */
export function statefulSetRules(cluster: Cluster): void {
  /** When a pod of a set last stopped serving for another reason than its controller. */
  const disturbed = new Map<string, number>();
  const serving = new Map<string, boolean>();
  const removed = new Set<string>();
  const lost: { readonly pod: string; readonly set: string }[] = [];

  const setOf = (pod: Pod | undefined): StatefulSet | undefined => {
    const ref = pod && controllerOf(pod);
    return cluster.truth.list(StatefulSets).find(({ metadata }) => metadata.uid === ref?.uid);
  };
  const isOrdered = ({ spec, metadata }: StatefulSet): boolean =>
    spec.podManagementPolicy !== 'Parallel' && metadata.deletionTimestamp === undefined;
  const isCalm = (set: StatefulSet): boolean =>
    cluster.now - (disturbed.get(set.metadata.uid ?? '') ?? -lag) > lag && managersCalmFor(cluster) > lag && ageOf(cluster, set) > 0;

  cluster.truth.on(Pods, (next, previous) => {
    const pod = next ?? previous;
    const set = setOf(pod);
    if (pod === undefined || set === undefined) return;
    const uid = pod.metadata.uid ?? '';
    const is = next !== undefined && isAvailable(cluster, next, 0);
    if (serving.get(uid) === true && !is) lost.push({ pod: uid, set: set.metadata.uid ?? '' });
    serving.set(uid, is);
    if (previous !== undefined || !isOrdered(set) || !isCalm(set)) return;
    const before = podsOf(cluster, set.metadata.uid).filter((one) => ordinalOf(one) < ordinalOf(pod));
    const wanted = ordinalOf(pod) - (set.spec.ordinals?.start ?? 0);
    const ready = before.filter((one) => isAvailable(cluster, one, 0)).length;
    if (ready < wanted)
      cluster.violated('StatefulSets grow in order', `${keyOf(pod)} was made while ${ready} of ${wanted} before it serve`);
  });

  onDeletion(cluster, 'pods', ({ user, uid, key }) => {
    if (user !== controllerUser('statefulset-controller') || uid === undefined) return;
    removed.add(uid);
    const pod = cluster.truth.lastOf(uid) as Pod | undefined;
    const set = setOf(pod);
    if (pod === undefined || set === undefined || !isOrdered(set) || !isCalm(set) || !lost.some((one) => one.pod === uid)) return;
    const after = podsOf(cluster, set.metadata.uid).filter((one) => ordinalOf(one) > ordinalOf(pod));
    const waiting = after.find((one) => !isAvailable(cluster, one, 0));
    if (waiting !== undefined)
      cluster.violated('StatefulSets roll in order', `${key} was taken away while ${keyOf(waiting)} after it does not serve`);
  });

  cluster.onStep.add(() => {
    for (const { pod, set } of lost.splice(0)) if (!removed.delete(pod)) disturbed.set(set, cluster.now);
  });
}
