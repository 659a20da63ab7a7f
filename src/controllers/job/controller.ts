// Jobs: pods that run to their end, so many times. Decisions are in plan.ts.
import { messageOf } from '#base/errors.ts';
import type { Component } from '#base/world.ts';
import type { Job } from '#api/batch/v1/job.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { controllerOf, keyOf } from '#api/object.ts';
import { Jobs, Pods } from '#api/refs.ts';
import { hasCause, isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { createRecorder } from '#client/events.ts';
import { Expectations } from '#client/expectations.ts';
import { Overlay } from '#client/overlay.ts';
import { claimObjects } from '#client/ownership.ts';
import { selectorOf } from '#format/selector.ts';
import { sameStatus } from '../equal.ts';
import { slowStart } from '../replicas/batch.ts';
import { byController, controllerKeys } from '../replicas/controller.ts';
import { isSameWish, Pace } from '../pace.ts';
import { allSynced, type ControllerDeps, controllerKey, withCleanup } from '../wiring.ts';
import { type BackoffRecord, noFailures } from './backoff.ts';
import { isFinished, type NewPod, planJob } from './plan.ts';
import { jobPod } from './pods.ts';
import { trackingFinalizer } from './tally.ts';

/** Starts the controller. */
export function startJobController(deps: ControllerDeps): Component {
  const { client, informers, world } = deps;
  const jobs = informers.of(Jobs);
  const pods = informers.of(Pods);
  pods.addIndex(byController, controllerKeys);
  const jobClient = client.resource(Jobs);
  const podClient = client.resource(Pods);
  const recorder = createRecorder(client, world, { component: 'job-controller' });
  /** With our own writes: planning on counts that are behind would make pods that are not wanted. */
  const newest = new Overlay(jobs);
  const expectations = new Expectations(world.clock, (key) => handle.enqueue(key));
  const pace = new Pace(world.clock);
  /** Pods whose finalizer we took away, until the cache shows it. */
  const released = new Map<string, Set<string>>();
  /** How often the pods of unfinished Jobs failed lately. */
  const backoffs = new Map<string, BackoffRecord>();

  async function create(job: Job, wanted: readonly NewPod[]): Promise<void> {
    const key = keyOf(job);
    const { namespace = '' } = job.metadata;
    expectations.expectCreations(key, wanted.length);
    let next = 0;
    const { done, error } = await slowStart(wanted.length, async () => {
      try {
        const made = await podClient.create(jobPod(job, wanted[next++] as NewPod), { namespace });
        recorder.event(job, 'Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
      } catch (failure) {
        if (!hasCause(failure, 'NamespaceTerminating'))
          recorder.event(job, 'Warning', 'FailedCreate', `Error creating: ${messageOf(failure)}`);
        throw failure;
      }
    });
    for (let skipped = done; skipped < wanted.length; skipped++) expectations.creationObserved(key);
    if (error !== undefined && !hasCause(error, 'NamespaceTerminating')) throw error;
  }

  async function release(job: Job, list: readonly Pod[]): Promise<void> {
    const key = keyOf(job);
    const gone = released.get(key) ?? new Set<string>();
    released.set(key, gone);
    await Promise.all(
      list.map(async (pod) => {
        const { name, namespace = '', uid = '' } = pod.metadata;
        const body = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
        try {
          await podClient.patch(name, body, { type: 'strategic', namespace });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
        gone.add(uid);
      }),
    );
  }

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const job = newest.get(key);
    if (job === undefined) {
      expectations.delete(key);
      released.delete(key);
      backoffs.delete(key);
      pace.delete(key);
      return;
    }
    if (job.spec.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller') return;
    const settled = expectations.satisfied(key);
    const uid = job.metadata.uid ?? '';
    const controlled = pods.lister.byIndex(byController, uid);
    pace.looked(key, controlled.length);
    const candidates = [...controlled, ...pods.lister.byIndex(byController, `orphans:${job.metadata.namespace}`)];
    const own = await claimObjects({
      owner: job,
      owners: jobClient,
      dependents: podClient,
      selector: selectorOf(job.spec.selector),
      candidates,
      finalizer: trackingFinalizer,
    });
    const seen = released.get(key);
    // What the cache shows without the finalizer needs no memory any more.
    if (seen !== undefined)
      for (const gone of seen)
        if (!own.some((pod) => pod.metadata.uid === gone && pod.metadata.finalizers?.includes(trackingFinalizer))) seen.delete(gone);
    const plan = planJob({
      job,
      pods: own,
      released: released.get(key) ?? new Set(),
      settled,
      backoff: backoffs.get(key) ?? noFailures,
      now: world.clock.now(),
    });

    // What ended is written down before the finalizers go: after a crash in between it is neither lost nor counted twice.
    if (!sameStatus(plan.status, job.status)) newest.wrote(await jobClient.updateStatus({ ...job, status: plan.status }));
    if (isFinished(job)) backoffs.delete(key);
    else backoffs.set(key, plan.backoff);
    for (const { type, reason, message } of plan.events) recorder.event(job, type, reason, message);
    await release(job, plan.release);
    if (plan.remove.length > 0) {
      expectations.expectDeletions(
        key,
        plan.remove.map((pod) => pod.metadata.uid ?? ''),
      );
      for (const pod of plan.remove) {
        const { name, namespace = '', uid: podUid = '' } = pod.metadata;
        await podClient.delete(name, { namespace, options: { preconditions: { uid: podUid } } }).then(
          () => recorder.event(job, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`),
          (error: unknown) => {
            expectations.deletionObserved(key, podUid);
            if (!isNotFound(error)) throw error;
          },
        );
      }
    }
    if (plan.create.length > 0) await create(job, plan.create);
    if (plan.wait !== undefined) return { requeueAfter: Math.max(plan.wait, 10) };
  }

  const handle = startController({ name: 'job', world, synced: allSynced(jobs, pods), reconcile });
  const podChanged = (key: string): void => pace.enqueue(handle, key);
  const ownerKey = (pod: Pod): string | undefined => controllerKey(pod, 'Job', jobs.lister);
  /** A pod whose Job is gone is let go, or its finalizer would keep it for ever. */
  const orphaned = (pod: Pod): void => {
    const ref = controllerOf(pod);
    if (!pod.metadata.finalizers?.includes(trackingFinalizer) || !jobs.synced) return;
    if (ref !== undefined && ref.kind === 'Job' && ownerKey(pod) !== undefined) return;
    const { name, namespace = '', uid = '' } = pod.metadata;
    const body = { metadata: { uid, '$deleteFromPrimitiveList/finalizers': [trackingFinalizer] } };
    podClient.patch(name, body, { type: 'strategic', namespace }).catch((error: unknown) => {
      if (!isNotFound(error)) world.log.warn('finalizer not removed', { pod: `${namespace}/${name}`, error: messageOf(error) });
    });
  };
  /** A pod without a controller is adopted by the Job that it matches, or let go. */
  const ownerless = (pod: Pod): void => {
    const matching = jobs.lister
      .list(pod.metadata.namespace)
      .filter((job) => !isFinished(job) && job.metadata.deletionTimestamp === undefined)
      .filter((job) => selectorOf(job.spec.selector).matches(pod.metadata.labels ?? {}));
    for (const job of matching) handle.enqueue(keyOf(job));
    if (matching.length === 0) orphaned(pod);
  };
  const gone = (pod: Pod): void => {
    const key = ownerKey(pod);
    if (key === undefined) return orphaned(pod);
    expectations.deletionObserved(key, pod.metadata.uid ?? '');
    podChanged(key);
  };
  return withCleanup(
    handle,
    jobs.onChange({
      added: (job) => handle.enqueue(keyOf(job)),
      updated: (job, previous) => {
        if (isSameWish(job, previous)) podChanged(keyOf(job));
        else handle.enqueue(keyOf(job));
      },
      deleted: (job) => {
        handle.enqueue(keyOf(job));
        for (const pod of pods.lister.byIndex(byController, job.metadata.uid ?? '')) orphaned(pod);
      },
    }),
    pods.onChange({
      added: (pod) => {
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
        if (controllerOf(pod) === undefined) return ownerless(pod);
        const key = ownerKey(pod);
        if (key === undefined) return;
        expectations.creationObserved(key);
        podChanged(key);
      },
      updated: (pod, previous) => {
        const key = ownerKey(pod);
        const before = ownerKey(previous);
        if (before !== undefined && before !== key) handle.enqueue(before);
        if (pod.metadata.deletionTimestamp !== undefined) return gone(pod);
        if (key !== undefined) podChanged(key);
        else if (controllerOf(pod) === undefined) ownerless(pod);
      },
      deleted: gone,
    }),
    () => newest.stop(),
    () => recorder[Symbol.asyncDispose](),
  );
}
