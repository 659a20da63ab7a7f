// A StatefulSet in order: a pod is made when those before it serve, and replaced when those after it do.
import type { StatefulSet } from '#api/apps/v1/statefulset.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { Pods, StatefulSets } from '#api/refs.ts';
import type { Cluster } from '../cluster.ts';
import { ageOf, controllerUser, isAvailable, lag, managersCalmFor, onDeletion, podsOf } from './rule.ts';

const revisionOf = ({ metadata }: Pod): string | undefined => metadata.labels?.['controller-revision-hash'];
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
    if (pod === undefined || set === undefined || !isCalm(set) || !lost.some((one) => one.pod === uid)) return;
    const all = podsOf(cluster, set.metadata.uid);
    if (isOrdered(set)) {
      const waiting = all.find((one) => ordinalOf(one) > ordinalOf(pod) && !isAvailable(cluster, one, 0));
      if (waiting !== undefined)
        cluster.violated('StatefulSets roll in order', `${key} was taken away while ${keyOf(waiting)} after it does not serve`);
    }
    // What the controller does before it has observed the newest wishes may still be by the older ones.
    if (set.status?.observedGeneration === set.metadata.generation) rollsFairly(set, pod, all);
  });

  /** A pod of an older revision is replaced when all after it are of the new one and serve, and never below the partition. */
  function rollsFairly(set: StatefulSet, pod: Pod, all: readonly Pod[]): void {
    const { replicas = 1, ordinals, updateStrategy } = set.spec;
    const start = ordinals?.start ?? 0;
    const ordinal = ordinalOf(pod);
    if (set.metadata.deletionTimestamp !== undefined || ordinal >= start + replicas || isPodTerminal(pod)) return;
    const complain = (what: string): void => cluster.violated('StatefulSets roll fairly', `${keyOf(pod)} was taken away ${what}`);
    if (revisionOf(pod) === set.status?.updateRevision) return complain('although it is of the newest revision');
    if (ordinal < start + (updateStrategy?.rollingUpdate?.partition ?? 0)) return complain('although it is below the partition');
    for (let after = ordinal + 1; after < start + replicas; after++) {
      const other = all.find((one) => ordinalOf(one) === after);
      if (other === undefined || revisionOf(other) !== set.status?.updateRevision || !isAvailable(cluster, other, 0))
        return complain(`before number ${after} served in the newest revision`);
    }
  }

  cluster.onStep.add(() => {
    for (const { pod, set } of lost.splice(0)) if (!removed.delete(pod)) disturbed.set(set, cluster.now);
  });
}
