// Keeps the pods of a ReplicaSet or ReplicationController at the wished number. One controller for both kinds: they differ
// in how the selector is written and in what they are called.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { controllerOf, type KubeObject, keyOf } from '#api/object.ts';
import { availableIn } from '#api/podutil.ts';
import { Pods, type ResourceRef } from '#api/refs.ts';
import { hasCause, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Expectations } from '#client/expectations.ts';
import { claimObjects, controllerRef, type LabelMatcher } from '#client/ownership.ts';
import { isSameWish, Pace } from '../pace.ts';
import { allSynced, type ControllerDeps, controllerKey, withCleanup } from '../wiring.ts';
import { slowStart } from './batch.ts';
import {
  countReplicas,
  failureConditions,
  nextAvailable,
  planScale,
  podFromTemplate,
  type ReplicaCondition,
  type ReplicaCounts,
} from './plan.ts';

export interface ReplicaOwner extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly minReadySeconds?: number; readonly template?: PodTemplateSpec };
  readonly status: { readonly replicas: number; readonly observedGeneration?: number; readonly conditions?: readonly ReplicaCondition[] };
}

export interface ReplicaKind<T extends ReplicaOwner> {
  readonly ref: ResourceRef<T>;
  /** Component name in events and logs. */
  readonly component: string;
  selector(owner: T): LabelMatcher & { readonly empty: boolean };
  /** The counts that the kind's status has. */
  counts(counts: ReplicaCounts): Partial<ReplicaCounts>;
}

/** Index of pods by the uid of their controller; pods without one are under `orphans:<namespace>`. */
export const byController = 'controller';
export function controllerKeys(object: KubeObject): string[] {
  return [controllerOf(object)?.uid ?? `orphans:${object.metadata.namespace}`];
}

/** Starts the controller for one kind. */
export function startReplicas<T extends ReplicaOwner>(kind: ReplicaKind<T>, deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const owners = informers.of(kind.ref);
  const pods = informers.of(Pods);
  pods.addIndex(byController, controllerKeys);
  const expectations = new Expectations(world.clock, (key) => handle.enqueue(key));
  const pace = new Pace(world.clock);
  const recorder = createRecorder(client, world, { component: kind.component });
  const podClient = client.resource(Pods);
  const ownerClient = client.resource(kind.ref);

  async function create(owner: T, count: number): Promise<unknown> {
    const key = keyOf(owner);
    const { namespace = '', name } = owner.metadata;
    const body = podFromTemplate(owner.spec.template, name, namespace);
    const pod = { ...body, metadata: { ...body.metadata, ownerReferences: [controllerRef(owner, kind.ref)] } };
    expectations.expectCreations(key, count);
    const { done, error } = await slowStart(count, async () => {
      try {
        const made = await podClient.create(pod, { namespace });
        recorder.event(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
      } catch (failure) {
        // A namespace that is going away takes the owner with it: nothing to report.
        if (!hasCause(failure, 'NamespaceTerminating'))
          recorder.event(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(failure)}`);
        throw failure;
      }
    });
    for (let skipped = done; skipped < count; skipped++) expectations.creationObserved(key);
    return hasCause(error, 'NamespaceTerminating') ? undefined : error;
  }

  async function remove(owner: T, victims: readonly Pod[]): Promise<unknown> {
    const key = keyOf(owner);
    expectations.expectDeletions(
      key,
      victims.map((pod) => pod.metadata.uid ?? ''),
    );
    const results = await Promise.allSettled(
      victims.map(async (pod) => {
        const { name, namespace = '', uid = '' } = pod.metadata;
        try {
          await podClient.delete(name, { namespace, options: { preconditions: { uid } } });
          recorder.event(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`);
        } catch (failure) {
          expectations.deletionObserved(key, uid);
          if (isNotFound(failure)) return;
          recorder.event(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(failure)}`);
          throw failure;
        }
      }),
    );
    return results.find((result) => result.status === 'rejected')?.reason;
  }

  /** All pods of the Deployment (or other parent) that owns this owner: they count for crowding. */
  function relatedPods(owner: T, own: readonly Pod[]): readonly Pod[] {
    const parent = controllerOf(owner);
    if (parent === undefined) return own;
    const siblings = owners.lister.list(owner.metadata.namespace).filter((other) => controllerOf(other)?.uid === parent.uid);
    return siblings.flatMap((sibling) => pods.lister.byIndex(byController, sibling.metadata.uid ?? ''));
  }

  async function writeStatus(owner: T, own: readonly Pod[], failure: { creating: boolean; message: string } | undefined): Promise<void> {
    const now = world.clock.now();
    const all = countReplicas({
      pods: own,
      templateLabels: owner.spec.template?.metadata?.labels ?? {},
      minReadySeconds: owner.spec.minReadySeconds ?? 0,
      now,
    });
    const conditions = failureConditions(owner.status.conditions, failure, now);
    const counts: Readonly<Record<string, number | undefined>> = kind.counts(all);
    const old: Readonly<Record<string, unknown>> = { ...owner.status };
    const same =
      Object.entries(counts).every(([name, value]) => (old[name] ?? 0) === value) && conditions === (owner.status.conditions ?? conditions);
    if (
      same &&
      owner.status.observedGeneration === owner.metadata.generation &&
      (owner.status.conditions !== undefined || conditions.length === 0)
    )
      return;
    const status = {
      ...owner.status,
      ...counts,
      observedGeneration: owner.metadata.generation,
      ...(conditions.length > 0 ? { conditions } : { conditions: undefined }),
    };
    await ownerClient.updateStatus({ ...owner, status });
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const owner = owners.lister.getByKey(key);
    if (owner === undefined) {
      expectations.delete(key);
      pace.delete(key);
      return;
    }
    const settled = expectations.satisfied(key);
    const selector = kind.selector(owner);
    if (selector.empty) return;
    const uid = owner.metadata.uid ?? '';
    const controlled = pods.lister.byIndex(byController, uid);
    pace.looked(key, controlled.length);
    const candidates = [...controlled, ...pods.lister.byIndex(byController, `orphans:${owner.metadata.namespace}`)];
    const own = await claimObjects({
      owner,
      owners: ownerClient,
      dependents: podClient,
      selector,
      candidates: candidates.filter((pod) => pod.status.phase !== 'Succeeded' && pod.status.phase !== 'Failed'),
    });
    const now = world.clock.now();
    let error: unknown;
    let failure: { creating: boolean; message: string } | undefined;
    if (settled && owner.metadata.deletionTimestamp === undefined) {
      const action = planScale(own, owner.spec.replicas ?? 1, { related: () => relatedPods(owner, own), now });
      if (action.type === 'create') error = await create(owner, action.count);
      if (action.type === 'delete') error = await remove(owner, action.pods);
      if (error !== undefined) failure = { creating: action.type === 'create', message: messageOf(error) };
    }
    await writeStatus(owner, own, failure);
    if (error !== undefined) throw error;
    const minReadySeconds = owner.spec.minReadySeconds ?? 0;
    const wait = minReadySeconds > 0 ? nextAvailable({ pods: own, minReadySeconds, now }) : undefined;
    if (wait !== undefined) return { requeueAfter: wait };
  }

  const handle = startController({ name: kind.component, world, synced: allSynced(owners, pods), reconcile });

  const podChanged = (key: string): void => pace.enqueue(handle, key);

  const ownerKey = (pod: Pod): string | undefined => controllerKey(pod, kind.ref.kind, owners.lister);

  /** An orphan may be adopted by any owner whose selector matches it. */
  function orphan(pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    const labels = pod.metadata.labels ?? {};
    for (const owner of owners.lister.list(pod.metadata.namespace)) {
      const selector = kind.selector(owner);
      if (!selector.empty && selector.matches(labels)) handle.enqueue(keyOf(owner));
    }
  }

  function gone(pod: Pod): void {
    const key = ownerKey(pod);
    if (key === undefined) return;
    expectations.deletionObserved(key, pod.metadata.uid ?? '');
    podChanged(key);
  }

  return withCleanup(
    handle,
    owners.onChange({
      added: (owner) => handle.enqueue(keyOf(owner)),
      // Our own status writes are no reason to hurry.
      updated: (owner, previous) => {
        if (isSameWish(owner, previous)) podChanged(keyOf(owner));
        else handle.enqueue(keyOf(owner));
      },
      deleted: (owner) => {
        expectations.delete(keyOf(owner));
        handle.enqueue(keyOf(owner));
      },
    }),
    pods.onChange({
      added: (pod) => {
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
        if (controllerOf(pod) === undefined) return orphan(pod);
        const key = ownerKey(pod);
        if (key === undefined) return;
        expectations.creationObserved(key);
        podChanged(key);
      },
      updated: (pod, previous) => {
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
        const key = ownerKey(pod);
        const before = ownerKey(previous);
        if (before !== undefined && before !== key) handle.enqueue(before);
        if (key === undefined) {
          if (controllerOf(pod) === undefined && pod.metadata.labels !== previous.metadata.labels) orphan(pod);
          return;
        }
        podChanged(key);
        const wait = availableIn(pod, owners.lister.getByKey(key)?.spec.minReadySeconds ?? 0, world.clock.now());
        if (wait !== undefined && wait > 0) handle.enqueueAfter(key, wait);
      },
      deleted: gone,
    }),
    () => recorder[Symbol.asyncDispose](),
  );
}
