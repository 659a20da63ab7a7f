// Deletes Jobs some time after they have finished, when they say so.
import type { Component } from '#base/world.ts';
import type { Job } from '#api/batch/v1/job.ts';
import { keyOf } from '#api/object.ts';
import { Jobs } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import { startController } from '#client/controller.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { expiresAt } from './plan.ts';

/** Timers count in 31 bits: what is due later is looked at again before. */
const longestWait = 24 * 3_600_000;

/** Starts the controller. */
export function startTtlAfterFinishedController({ client, informers, world }: ControllerDeps): Component {
  const jobs = informers.of(Jobs);
  const api = client.resource(Jobs);

  async function reconcile(key: string): Promise<void | { requeueAfter: number }> {
    const cached = jobs.lister.getByKey(key);
    const due = cached && expiresAt(cached);
    if (cached === undefined || due === undefined) return;
    const left = due - world.clock.now();
    if (left > 0) return { requeueAfter: Math.min(left, longestWait) };
    const { name, namespace = '' } = cached.metadata;
    // The time may have been raised a moment ago: only the newest word counts.
    const job = await api.get(name, { namespace }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (job === undefined) return;
    const now = expiresAt(job);
    if (now === undefined || now > world.clock.now()) return;
    const { uid = '', resourceVersion = '' } = job.metadata;
    const options = { propagationPolicy: 'Foreground', preconditions: { uid, resourceVersion } };
    await api.delete(name, { namespace, options }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }

  const handle = startController({ name: 'ttl-after-finished', world, synced: allSynced(jobs), reconcile });
  const look = (job: Job): void => {
    if (expiresAt(job) !== undefined) handle.enqueue(keyOf(job));
  };
  return withCleanup(handle, jobs.onChange({ added: look, updated: look }));
}
