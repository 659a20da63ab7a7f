// What a Deployment does next. Pure: the state in, actions and status out.
import type { Deployment } from '#api/apps/v1/deployment.ts';
import type { ReplicaSet } from '#api/apps/v1/replicaset.ts';
import type { Draft } from '#api/object.ts';
import { annotation, annotationsAt, byAge, findNewSet, hashLabel, revisionOf, templateHash } from './revision.ts';
import { desiredOf, isActive, isScalingEvent, limits, newSetSize, replicasOf, scaleSizes, shrinkOldSets, type Size } from './scale.ts';
import { isComplete } from './status.ts';

export interface Observed {
  readonly deployment: Deployment;
  /** The sets that the Deployment controls. */
  readonly sets: readonly ReplicaSet[];
  /** True while a pod of an old set has not ended (matters for Recreate). */
  readonly oldPodsRun: boolean;
}

export type Action =
  | {
      readonly type: 'create';
      readonly set: Draft<ReplicaSet> & { readonly metadata: { readonly name: string } };
      readonly replicas: number;
    }
  /** Annotations and size of a set in one write. */
  | {
      readonly type: 'update';
      readonly set: ReplicaSet;
      readonly annotations: Readonly<Record<string, string>>;
      readonly replicas: number;
      readonly minReadySeconds: number;
    }
  | { readonly type: 'delete'; readonly set: ReplicaSet };

export interface Plan {
  readonly newSet: ReplicaSet | undefined;
  readonly actions: readonly Action[];
  /** The Deployment's own revision annotation, when it has to change. */
  readonly revision?: string;
}

function sizeAnnotations(deployment: Deployment): Record<string, string> {
  const desired = desiredOf(deployment);
  return { [annotation.desired]: String(desired), [annotation.max]: String(desired + limits(deployment).surge) };
}

const differ = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>> | undefined): boolean =>
  Object.entries(a).some(([key, value]) => b?.[key] !== value) || Object.keys(b ?? {}).length !== Object.keys(a).length;

/** The new ReplicaSet as it is created. */
function draft(deployment: Deployment, revision: bigint, replicas: number): Extract<Action, { type: 'create' }> {
  const { name, namespace } = deployment.metadata;
  const { template, selector, minReadySeconds } = deployment.spec;
  const hash = templateHash(template, deployment.status.collisionCount);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  return {
    type: 'create',
    replicas,
    set: {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${name}-${hash}`,
        namespace: namespace ?? '',
        labels,
        annotations: { ...annotationsAt(undefined, deployment, revision), ...sizeAnnotations(deployment) },
      },
      spec: {
        replicas,
        ...(minReadySeconds ? { minReadySeconds } : {}),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [hashLabel]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
      },
    } as Draft<ReplicaSet> & { metadata: { name: string } },
  };
}

/** Brings sets to their sizes; a set that stays as it is gets no write. */
function resize(deployment: Deployment, sizes: readonly Size[]): Action[] {
  return sizes.flatMap(({ set, replicas }): Action[] => {
    const annotations = { ...set.metadata.annotations, ...sizeAnnotations(deployment) };
    if (replicas === replicasOf(set) && !differ(annotations, set.metadata.annotations)) return [];
    return [{ type: 'update', set, annotations, replicas, minReadySeconds: set.spec.minReadySeconds ?? 0 }];
  });
}

/** Keeps the new set's annotations and minReadySeconds those of the Deployment. */
function align(deployment: Deployment, set: ReplicaSet, revision: bigint): Action[] {
  const annotations = { ...annotationsAt(set, deployment, revision) };
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  if (!differ(annotations, set.metadata.annotations) && minReadySeconds === (set.spec.minReadySeconds ?? 0)) return [];
  return [{ type: 'update', set, annotations, replicas: replicasOf(set), minReadySeconds }];
}

/** Old sets beyond the history limit that nothing runs in any more. */
function cleanUp(deployment: Deployment, oldSets: readonly ReplicaSet[]): Action[] {
  const limit = deployment.spec.revisionHistoryLimit;
  if (limit === undefined || limit === 2_147_483_647) return [];
  const cleanable = oldSets.filter((set) => set.metadata.deletionTimestamp === undefined);
  const surplus = cleanable.length - limit;
  if (surplus <= 0) return [];
  return cleanable
    .toSorted((a, b) => Number(revisionOf(a) - revisionOf(b)))
    .slice(0, surplus)
    .filter(
      (set) => set.status.replicas === 0 && replicasOf(set) === 0 && (set.metadata.generation ?? 0) <= (set.status.observedGeneration ?? 0),
    )
    .map((set) => ({ type: 'delete', set }));
}

/** Folds several updates of one set into one: the later size and annotations win. */
function merged(actions: readonly Action[]): Action[] {
  const result: Action[] = [];
  for (const action of actions) {
    const at = action.type === 'update' ? result.findIndex((known) => known.type === 'update' && known.set === action.set) : -1;
    const known = result[at];
    if (action.type !== 'update' || known?.type !== 'update') result.push(action);
    else
      result[at] = {
        ...known,
        annotations: { ...known.annotations, ...changesOf(action) },
        replicas: action.replicas === replicasOf(action.set) ? known.replicas : action.replicas,
      };
  }
  return result;
}

function changesOf(action: Extract<Action, { type: 'update' }>): Readonly<Record<string, string>> {
  const old = action.set.metadata.annotations;
  return Object.fromEntries(Object.entries(action.annotations).filter(([key, value]) => old?.[key] !== value));
}

const highest = (numbers: readonly bigint[]): bigint => numbers.reduce((a, b) => (a > b ? a : b));

/** Plans one step. Deleting Deployments only get their status. */
export function planDeployment({ deployment, sets, oldPodsRun }: Observed): Plan {
  const newSet = findNewSet(deployment, sets);
  if (deployment.metadata.deletionTimestamp !== undefined) return { newSet, actions: [] };
  const oldSets = byAge(sets.filter((set) => set !== newSet));
  const revision = highest(oldSets.map((set) => revisionOf(set) + 1n).concat(1n, newSet === undefined ? 0n : revisionOf(newSet)));
  const own = deployment.metadata.annotations?.[annotation.revision];
  const withRevision = (actions: readonly Action[], known = true): Plan => ({
    newSet,
    actions: merged(actions),
    ...(known && own !== String(revision) ? { revision: String(revision) } : {}),
  });
  const aligned = newSet === undefined ? [] : align(deployment, newSet, revision);

  if (deployment.spec.paused) {
    const pausedCleanUp = cleanUp(deployment, oldSets);
    return withRevision(
      [...aligned, ...resize(deployment, scaleSizes(deployment, newSet, oldSets)), ...pausedCleanUp],
      newSet !== undefined,
    );
  }
  if (isScalingEvent(deployment, sets)) {
    return withRevision([...aligned, ...resize(deployment, scaleSizes(deployment, newSet, oldSets))], newSet !== undefined);
  }

  const done = isComplete(deployment, deployment.status) ? cleanUp(deployment, oldSets) : [];
  if (deployment.spec.strategy?.type === 'Recreate') {
    const running = oldSets.filter(isActive);
    if (running.length > 0)
      return withRevision(
        [
          ...aligned,
          ...resize(
            deployment,
            running.map((set) => ({ set, replicas: 0 })),
          ),
        ],
        newSet !== undefined,
      );
    if (oldPodsRun) return withRevision(aligned, newSet !== undefined);
    if (newSet === undefined) return withRevision([draft(deployment, revision, desiredOf(deployment))]);
    return withRevision([...aligned, ...resize(deployment, [{ set: newSet, replicas: desiredOf(deployment) }]), ...done]);
  }

  if (newSet === undefined) {
    return withRevision([draft(deployment, revision, newSetSize(deployment, oldSets, 0))]);
  }
  const current = replicasOf(newSet);
  const desired = desiredOf(deployment);
  const size = current === desired ? current : current > desired ? desired : newSetSize(deployment, sets, current);
  if (size !== current) return withRevision([...aligned, ...resize(deployment, [{ set: newSet, replicas: size }])]);
  const shrunk = shrinkOldSets(deployment, newSet, oldSets);
  return withRevision([...aligned, ...resize(deployment, [{ set: newSet, replicas: size }, ...shrunk]), ...done]);
}
