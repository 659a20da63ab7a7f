// What a StatefulSet does next. Pure: the set, its pods and claims in, actions and status out.
import type { ControllerRevision } from '#api/apps/v1/controllerrevision.ts';
import type { StatefulSet, StatefulSetStatus } from '#api/apps/v1/statefulset.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import type { Draft } from '#api/object.ts';
import { isPodTerminal } from '#api/podutil.ts';
import { scaledIntOrPercent } from '#format/intorstring.ts';
import { nextAvailable } from '../replicas/plan.ts';
import {
  claimNames,
  claimsFor,
  inRange,
  ordinalOf,
  podFor,
  podIndexLabel,
  podNameLabel,
  podNameOf,
  replicasOf,
  revisionOfPod,
  startOf,
} from './identity.ts';
import { correctedOwners, isLeavingWithPod, wantedOwners } from './retention.ts';
import { isHealthy, isRunningAndAvailable, isTerminating, statefulSetStatus } from './status.ts';

export interface Observed {
  readonly set: StatefulSet;
  /** The pods that the set controls. */
  readonly pods: readonly Pod[];
  /** The revision that pods had before the update under way, and the one that they are to have. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly collisionCount: number;
  /** A claim in the set's namespace, if it is there. */
  claim(name: string): PersistentVolumeClaim | undefined;
  readonly now: number;
}

export type Action =
  | {
      readonly type: 'create';
      readonly pod: Draft<Pod> & { readonly metadata: { readonly name: string } };
      /** What the pod needs first. */
      readonly claims: readonly Draft<PersistentVolumeClaim>[];
    }
  | { readonly type: 'delete'; readonly pod: Pod }
  /** A pod that ended is deleted, to be made again under its name. */
  | { readonly type: 'recreate'; readonly pod: Pod }
  | { readonly type: 'label'; readonly pod: Pod; readonly labels: Readonly<Record<string, string>> }
  | { readonly type: 'claim'; readonly claim: Draft<PersistentVolumeClaim>; readonly podName: string }
  | { readonly type: 'own'; readonly claim: PersistentVolumeClaim; readonly ownerReferences: readonly OwnerReference[] };

export interface Plan {
  readonly actions: readonly Action[];
  readonly status: StatefulSetStatus;
  /** Milliseconds until a pod becomes available by time alone. */
  readonly wait?: number;
}

/** The claims of an ordinal that are missing. */
function missingClaims({ set, claim: known }: Observed, ordinal: number): Draft<PersistentVolumeClaim>[] {
  const ownerReferences = wantedOwners(set, undefined, false);
  return claimsFor(set, ordinal)
    .filter(({ metadata }) => known(metadata?.name ?? '') === undefined)
    .map((claim) => ({ ...claim, metadata: { ...claim.metadata, ...(ownerReferences.length > 0 ? { ownerReferences } : {}) } }));
}

/** Brings the owners of an ordinal's claims in line with the retention policy. */
function ownClaims(observed: Observed, pod: Pod, ordinal: number, condemned: boolean): Action[] {
  const { set } = observed;
  const wanted = wantedOwners(set, pod, condemned);
  return claimNames(set, ordinal).flatMap((name): Action[] => {
    const claim = observed.claim(name);
    const ownerReferences = claim && correctedOwners(claim, set, { podName: pod.metadata.name, wanted });
    return claim && ownerReferences ? [{ type: 'own', claim, ownerReferences }] : [];
  });
}

/** A canary keeps the old revision below the partition; so does a pod that is made again while an update is under way. */
function revisionFor({ set, current, update }: Observed, ordinal: number): ControllerRevision {
  const strategy = set.spec.updateStrategy;
  if (strategy?.type !== 'RollingUpdate') return update;
  const old = strategy.rollingUpdate === undefined ? (set.status.currentReplicas ?? 0) : (strategy.rollingUpdate.partition ?? 0);
  return ordinal < startOf(set) + old ? current : update;
}

interface Round {
  readonly actions: Action[];
  /** Nothing more may happen in this round. */
  readonly stop: boolean;
}

/** One wanted ordinal. In order, a later one waits until this one is available. */
function settle(observed: Observed, ordinal: number, pod: Pod | undefined): Round {
  const { set, now } = observed;
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  if (pod === undefined) {
    const podName = podNameOf(set, ordinal);
    const leaving = claimNames(set, ordinal).some((name) => {
      const claim = observed.claim(name);
      return claim !== undefined && (claim.metadata.deletionTimestamp !== undefined || isLeavingWithPod(claim, podName, undefined));
    });
    if (leaving) return { actions: [], stop: ordered };
    const fresh = podFor(set, revisionFor(observed, ordinal), ordinal);
    return { actions: [{ type: 'create', pod: fresh, claims: missingClaims(observed, ordinal) }], stop: ordered };
  }
  if (isPodTerminal(pod)) return { actions: isTerminating(pod) ? [] : [{ type: 'recreate', pod }], stop: ordered };
  const missing = pod.status.phase === 'Pending' ? missingClaims(observed, ordinal) : [];
  const actions: Action[] = missing.map((claim) => ({ type: 'claim', claim, podName: pod.metadata.name }));
  if (ordered && (isTerminating(pod) || !isRunningAndAvailable(set, pod, now))) return { actions, stop: true };
  const labels = { [podNameLabel]: pod.metadata.name, [podIndexLabel]: String(ordinal) };
  if (Object.entries(labels).some(([key, value]) => pod.metadata.labels?.[key] !== value)) actions.push({ type: 'label', pod, labels });
  actions.push(...ownClaims(observed, pod, ordinal, false));
  return { actions, stop: false };
}

/** Pods beyond the wanted number, the highest ordinal first; in order, each waits for the one before and for health. */
function shrink(observed: Observed, condemned: readonly Pod[], firstUnhealthy: Pod | undefined): Round {
  const { set, now } = observed;
  const ordered = set.spec.podManagementPolicy !== 'Parallel';
  const actions: Action[] = [];
  for (const pod of condemned) {
    if (isTerminating(pod)) {
      if (ordered) return { actions, stop: true };
      continue;
    }
    if (ordered && !isRunningAndAvailable(set, pod, now) && pod !== firstUnhealthy) return { actions, stop: true };
    actions.push({ type: 'delete', pod });
    if (ordered) return { actions, stop: true };
  }
  return { actions, stop: false };
}

function maxUnavailable(set: StatefulSet): number {
  return Math.max(1, scaledIntOrPercent(set.spec.updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, replicasOf(set), 'down'));
}

/** Replaces pods of other revisions, the highest ordinal first, no more unavailable at a time than allowed (KEP-961). */
function roll(observed: Observed, replicas: readonly (Pod | undefined)[]): Action[] {
  const { set, update, now } = observed;
  if (set.spec.updateStrategy?.type === 'OnDelete') return [];
  const most = maxUnavailable(set);
  const actions: Action[] = [];
  const usable = (pod: Pod | undefined): boolean => pod !== undefined && isHealthy(pod) && isRunningAndAvailable(set, pod, now);
  let unavailable = most === 1 ? 0 : replicas.filter((pod) => !usable(pod)).length;
  for (let index = replicas.length - 1; index >= (set.spec.updateStrategy?.rollingUpdate?.partition ?? 0); index--) {
    const pod = replicas[index];
    const outdated = pod !== undefined && revisionOfPod(pod) !== update.metadata.name && !isTerminating(pod);
    if (outdated && (!usable(pod) || unavailable < most)) {
      actions.push({ type: 'delete', pod });
      // A pod that served nobody costs nothing.
      if (most === 1) return actions;
      if (usable(pod)) unavailable++;
    }
    // One at a time: what was replaced must serve before the next goes.
    if (most === 1 && !usable(pod)) return actions;
  }
  return actions;
}

/** Plans one round. */
export function planStatefulSet(observed: Observed): Plan {
  const { set, pods, now } = observed;
  const status = statefulSetStatus(observed);
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  const wait = minReadySeconds > 0 ? nextAvailable({ pods, minReadySeconds, now }) : undefined;
  const result = (actions: readonly Action[]): Plan => ({ actions, status, ...(wait === undefined ? {} : { wait }) });

  const replicas: (Pod | undefined)[] = Array.from({ length: replicasOf(set) }, () => undefined);
  const beyond: { readonly ordinal: number; readonly pod: Pod }[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    if (inRange(set, ordinal)) replicas[ordinal - startOf(set)] = pod;
    else beyond.push({ ordinal, pod });
  }
  const condemned = beyond.toSorted((a, b) => b.ordinal - a.ordinal);
  const inOrder = [...replicas, ...condemned.map(({ pod }) => pod).toReversed()];
  const firstUnhealthy = inOrder.find((pod) => pod === undefined || !isHealthy(pod));

  const actions: Action[] = [];
  for (const [index, pod] of replicas.entries()) {
    const round = settle(observed, index + startOf(set), pod);
    actions.push(...round.actions);
    if (round.stop) return result(actions);
  }
  for (const { ordinal, pod } of condemned) actions.push(...ownClaims(observed, pod, ordinal, true));
  const shrinking = shrink(
    observed,
    condemned.map(({ pod }) => pod),
    firstUnhealthy,
  );
  actions.push(...shrinking.actions);
  if (shrinking.stop) return result(actions);
  // New and corrected pods come first; the update goes on when they are there.
  if (replicas.every((pod) => pod !== undefined)) actions.push(...roll(observed, replicas));
  return result(actions);
}
