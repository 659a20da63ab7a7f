// What a Deployment says about itself. Pure.
import type { Deployment, DeploymentCondition, DeploymentStatus } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import { rfc3339 } from '#base/clock.ts';
import { desiredOf, limits } from './scale.ts';

export interface StatusInput {
  readonly deployment: Deployment;
  readonly newSet: ReplicaSet | undefined;
  readonly sets: readonly ReplicaSet[];
  /** Set when this round made or found the new set. */
  readonly newSetEvent?: 'created' | 'found';
  readonly now: number;
}

type Conditions = readonly DeploymentCondition[];
const find = (conditions: Conditions | undefined, type: string): DeploymentCondition | undefined =>
  conditions?.find((condition) => condition.type === type);

/** Sets a condition; same status and reason leave it as it is, unless `refresh`. */
export function withCondition(
  conditions: Conditions,
  next: Omit<DeploymentCondition, 'lastTransitionTime' | 'lastUpdateTime'>,
  now: number,
  refresh = false,
): Conditions {
  const old = find(conditions, next.type);
  if (!refresh && old?.status === next.status && old.reason === next.reason) return conditions;
  const time = rfc3339(now);
  const condition: DeploymentCondition = {
    ...next,
    lastUpdateTime: time,
    lastTransitionTime: old?.status === next.status ? (old.lastTransitionTime ?? time) : time,
  };
  return [...conditions.filter(({ type }) => type !== next.type), condition];
}

const sum = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number =>
  sets.reduce((total, set) => total + (count(set) ?? 0), 0);

/** The counts, from what the sets report. */
function counts({ deployment, newSet, sets }: StatusInput) {
  const available = sum(sets, (set) => set.status.availableReplicas);
  const replicas = sum(sets, (set) => set.status.replicas);
  return {
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas,
    updatedReplicas: newSet?.status.replicas ?? 0,
    readyReplicas: sum(sets, (set) => set.status.readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(sets, (set) => set.spec.replicas) - available),
    terminatingReplicas: sum(sets, (set) => set.status.terminatingReplicas),
  };
}

/** True when every pod is new, available, and no old one is left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredOf(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function isProgressing(old: DeploymentStatus, next: DeploymentStatus): boolean {
  const oldOnes = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) > (old.updatedReplicas ?? 0) ||
    oldOnes(next) < oldOnes(old) ||
    (next.readyReplicas ?? 0) > (old.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (old.availableReplicas ?? 0)
  );
}

/** 2^31-1 seconds means: never. */
export const hasDeadline = (deployment: Deployment): boolean =>
  deployment.spec.progressDeadlineSeconds !== undefined && deployment.spec.progressDeadlineSeconds !== 2_147_483_647;

function timedOut(deployment: Deployment, status: DeploymentStatus, now: number): boolean {
  const condition = find(status.conditions, 'Progressing');
  if (condition === undefined || !hasDeadline(deployment)) return false;
  if (condition.reason === 'NewReplicaSetAvailable') return false;
  if (condition.reason === 'ProgressDeadlineExceeded') return true;
  const since = Date.parse(condition.lastUpdateTime ?? '') || 0;
  return since + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 < now;
}

/** Milliseconds until the deadline may pass; undefined when nothing is to be watched. */
export function deadlineIn(deployment: Deployment, status: DeploymentStatus, now: number): number | undefined {
  const condition = find(status.conditions, 'Progressing');
  if (condition === undefined || !hasDeadline(deployment) || isComplete(deployment, status) || deployment.spec.paused) return undefined;
  if (condition.reason === 'NewReplicaSetAvailable' || condition.reason === 'ProgressDeadlineExceeded') return undefined;
  const since = Date.parse(condition.lastUpdateTime ?? '') || now;
  // A second more, because times in conditions have no finer grain.
  return Math.max(1_000, since + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 + 1_000 - now);
}

function availability(input: StatusInput, conditions: Conditions, available: number): Conditions {
  const { deployment, now } = input;
  if (available >= desiredOf(deployment) - limits(deployment).unavailable) {
    return withCondition(
      conditions,
      { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable', message: 'Deployment has minimum availability.' },
      now,
    );
  }
  return withCondition(
    conditions,
    { type: 'Available', status: 'False', reason: 'MinimumReplicasUnavailable', message: 'Deployment does not have minimum availability.' },
    now,
  );
}

function progress(input: StatusInput, old: DeploymentStatus, next: DeploymentStatus): Conditions {
  const { deployment, newSet, now } = input;
  let conditions: Conditions = next.conditions ?? [];
  if (!hasDeadline(deployment)) return conditions;
  const paused = find(conditions, 'Progressing')?.reason;
  const about = newSet === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newSet.metadata.name}"`;
  const set = (status: string, reason: string, message: string, refresh = false): void => {
    conditions = withCondition(conditions, { type: 'Progressing', status, reason, message }, now, refresh);
  };
  if (deployment.spec.paused) {
    if (paused !== 'DeploymentPaused') set('Unknown', 'DeploymentPaused', 'Deployment is paused');
    return conditions;
  }
  if (paused === 'DeploymentPaused') set('Unknown', 'DeploymentResumed', 'Deployment is resumed');
  if (input.newSetEvent === 'created') set('True', 'NewReplicaSetCreated', `Created new replica set "${newSet?.metadata.name}"`);
  else if (input.newSetEvent === 'found' && find(conditions, 'Progressing') === undefined)
    set('True', 'FoundNewReplicaSet', `Found new replica set "${newSet?.metadata.name}"`);
  const current = find(conditions, 'Progressing');
  const done = (next.replicas ?? 0) === (next.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (done) return conditions;
  if (isComplete(deployment, next)) set('True', 'NewReplicaSetAvailable', `${about} has successfully progressed.`);
  else if (isProgressing(old, next)) set('True', 'ReplicaSetUpdated', `${about} is progressing.`, true);
  else if (timedOut(deployment, { ...next, conditions }, now))
    set('False', 'ProgressDeadlineExceeded', `${about} has timed out progressing.`);
  return conditions;
}

/** The failure that a set reports, as the Deployment's own. */
function failure(input: StatusInput, conditions: Conditions): Conditions {
  const failed = [...(input.newSet === undefined ? [] : [input.newSet]), ...input.sets]
    .flatMap((set) => set.status.conditions ?? [])
    .find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
  if (failed === undefined) return conditions.filter(({ type }) => type !== 'ReplicaFailure');
  return withCondition(
    conditions,
    { type: 'ReplicaFailure', status: failed.status, reason: failed.reason ?? '', message: failed.message ?? '' },
    input.now,
  );
}

/** The whole status. */
export function deploymentStatus(input: StatusInput): DeploymentStatus {
  const old = input.deployment.status;
  const numbers = counts(input);
  const collision = old.collisionCount === undefined ? {} : { collisionCount: old.collisionCount };
  const base: DeploymentStatus = {
    ...numbers,
    ...collision,
    conditions: availability(input, old.conditions ?? [], numbers.availableReplicas),
  };
  const conditions = failure(input, progress(input, old, base));
  return { ...base, conditions };
}
