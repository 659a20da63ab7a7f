// Brings pod statuses to the API server: the newest one of each pod, one write at a time, retried until it is there. The
// status of a static pod goes to its mirror, once there is one.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodStatus } from '#api/core/v1/podstatus.ts';
import { Pods } from '#api/refs.ts';
import { isMirrorPod } from '#api/podutil.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { isStaticPod } from '../static/annotations.ts';
import { isTerminalPhase, uidOf } from '../sync/spec.ts';
import { isMinor, mergeConditions, statusPatch } from './patch.ts';

interface Entry {
  /** The pod as the API server has it, as far as we know; undefined for a static pod that has no mirror now. */
  api: Pod | undefined;
  wanted: PodStatus;
  /** The pod has ended and is to be deleted once its status is written. */
  remove: boolean;
  writing: Promise<void> | undefined;
  /** Ends the wait of a change that could wait for another one. */
  hurry: (() => void) | undefined;
}

const firstRetry = 200;
const lastRetry = 10_000;
/** How long a change that nobody waits for waits for others to go with. */
const patience = 1_000;

const revision = (pod: Pod | undefined): number => Number(pod?.metadata.resourceVersion ?? '0');

/** What is known of a pod in the API when its first status is set. */
const apiOf = (pod: Pod): Pod | undefined => (isStaticPod(pod) ? undefined : pod);

export class StatusManager {
  /** Called when the mirror of a static pod turns out to be gone. */
  onLostMirror: (mirror: Pod) => void = () => undefined;
  readonly #client: Client;
  readonly #world: Pick<World, 'clock' | 'log'>;
  readonly #entries = new Map<string, Entry>();
  readonly #stop = new AbortController();

  constructor(client: Client, world: Pick<World, 'clock' | 'log'>) {
    this.#client = client;
    this.#world = world;
  }

  /** The last status set for a pod. */
  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.wanted;
  }

  /** The status to start the next computation from: ours, with what others wrote since. */
  base(pod: Pod): PodStatus {
    const entry = this.#entries.get(uidOf(pod));
    const ours = entry?.wanted;
    if (isStaticPod(pod)) {
      // Of a mirror only what others wrote counts: what it tells of the pod may be of an earlier life.
      if (!ours) return pod.status;
      const foreign = (entry?.api?.status.conditions ?? []).filter(({ type }) => type !== 'DisruptionTarget');
      return { ...ours, conditions: mergeConditions(foreign, ours.conditions ?? []) };
    }
    const api = pod.status ?? {};
    if (!ours) return api;
    return { ...api, ...ours, conditions: mergeConditions(api.conditions ?? [], ours.conditions ?? []) };
  }

  /** Sets the status of a pod; written soon if it differs from what the API server has. */
  set(pod: Pod, status: PodStatus): void {
    const uid = uidOf(pod);
    const entry = this.#entries.get(uid);
    if (!entry) {
      this.#entries.set(uid, { api: apiOf(pod), wanted: status, remove: false, writing: undefined, hurry: undefined });
    } else {
      if (revision(pod) > revision(entry.api) && !isStaticPod(pod)) entry.api = pod;
      // A final phase stays, whatever is computed later.
      entry.wanted = isTerminalPhase(entry.wanted.phase) ? { ...status, phase: entry.wanted.phase } : status;
      if (entry.hurry && !this.#canWait(entry)) entry.hurry();
    }
    this.#kick(uid);
  }

  /** The static pod is shown by this mirror now; undefined: by none. What was known of an earlier life of the node is kept. */
  mirror(pod: Pod, mirror: Pod | undefined): void {
    const uid = uidOf(pod);
    const entry = this.#entries.get(uid);
    if (!entry) {
      if (mirror) this.#entries.set(uid, { api: mirror, wanted: anew(mirror.status), remove: false, writing: undefined, hurry: undefined });
      return;
    }
    if (mirror && entry.api?.metadata.uid === mirror.metadata.uid && revision(mirror) <= revision(entry.api)) return;
    // The pod began before we did: its first status of this life was set before the API server could be asked since when.
    const since = entry.api ? undefined : mirror?.status.startTime;
    if (since !== undefined) entry.wanted = { ...entry.wanted, startTime: since };
    entry.api = mirror;
    this.#kick(uid);
  }

  /** Deletes the pod from the API once its last status is written: nothing of it is left on the node. */
  remove(pod: Pod): void {
    const entry = this.#entries.get(uidOf(pod));
    if (!entry) {
      this.#entries.set(uidOf(pod), { api: pod, wanted: pod.status ?? {}, remove: true, writing: undefined, hurry: undefined });
    } else {
      entry.remove = true;
      entry.hurry?.();
      if (revision(pod) > revision(entry.api)) entry.api = pod;
    }
    this.#kick(uidOf(pod));
  }

  /** The pod is gone from the API. */
  forget(uid: string): void {
    this.#entries.delete(uid);
  }

  /** Resolves when what was set so far is written or given up. */
  async flush(uid: string): Promise<void> {
    await this.#entries.get(uid)?.writing;
  }

  #kick(uid: string): void {
    const entry = this.#entries.get(uid);
    if (!entry?.api || entry.writing || this.#stop.signal.aborted) return;
    entry.writing = this.#drain(uid, entry).finally(() => {
      entry.writing = undefined;
    });
  }

  async #drain(uid: string, entry: Entry): Promise<void> {
    // Leave the caller's turn first: several changes of one turn make one write.
    await Promise.resolve();
    let delay = firstRetry;
    while (this.#entries.get(uid) === entry && !this.#stop.signal.aborted) {
      try {
        if (this.#canWait(entry)) await this.#wait(entry);
        if (!(await this.#step(entry))) return;
        delay = firstRetry;
      } catch (error) {
        if (isNotFound(error) || isConflict(error)) {
          if (entry.api && isMirrorPod(entry.api)) {
            const mirror = entry.api;
            entry.api = undefined;
            this.onLostMirror(mirror);
            return;
          }
          // Deleted, or replaced by another pod of the same name: no one wants this status any more.
          if (this.#entries.get(uid) === entry) this.#entries.delete(uid);
          return;
        }
        if (this.#stop.signal.aborted) return;
        this.#world.log.warn('cannot write the status of a pod', { pod: entry.api?.metadata.name, error: messageOf(error) });
        await this.#world.clock.sleep(delay, this.#stop.signal).catch(() => undefined);
        delay = Math.min(delay * 2, lastRetry);
      }
    }
  }

  #canWait(entry: Entry): boolean {
    const api = entry.api?.status ?? {};
    const mirror = entry.api !== undefined && isMirrorPod(entry.api);
    const patch = entry.remove ? undefined : statusPatch(api, entry.wanted, { mirror });
    return patch !== undefined && isMinor(patch, api);
  }

  async #wait(entry: Entry): Promise<void> {
    const early = new AbortController();
    entry.hurry = () => early.abort();
    await this.#world.clock.sleep(patience, AbortSignal.any([this.#stop.signal, early.signal])).catch(() => undefined);
    entry.hurry = undefined;
  }

  /** Does one write; false when there is nothing left to do. */
  async #step(entry: Entry): Promise<boolean> {
    const { api } = entry;
    if (!api) return false;
    const { name, namespace, uid } = api.metadata;
    const pods = this.#client.resource(Pods);
    const { signal } = this.#stop;
    // What is wanted may change while the write is under way: what was sent is what was wanted then.
    const { wanted } = entry;
    const status = statusPatch(api.status ?? {}, wanted, { mirror: isMirrorPod(api) });
    if (status) {
      const body = { metadata: { uid }, status };
      const written = await pods.patch(name, body, { type: 'strategic', namespace, subresource: 'status', signal });
      // Another mirror may have taken its place meanwhile.
      if (entry.api?.metadata.uid !== uid) return true;
      const known = entry.api;
      const newest = known && revision(written) < revision(known) ? known : written;
      // What the server did not take over as it is would be sent for ever: trust it took what we meant.
      entry.api = { ...newest, status: { ...newest.status, ...pickWritten(status, wanted) } };
      return true;
    }
    if (!entry.remove) return false;
    await pods.delete(name, { namespace, signal, options: { gracePeriodSeconds: 0, preconditions: { uid } } });
    // Only now: a deletion that got lost on its way is tried again.
    entry.remove = false;
    return true;
  }

  async dispose(): Promise<void> {
    this.#stop.abort(new Error('the status manager stops'));
    await Promise.all([...this.#entries.values()].map((entry) => entry.writing));
  }
}

/** A status to go on from in a new life of the node: a static pod that had ended with the machine runs again. */
function anew(status: PodStatus): PodStatus {
  if (!isTerminalPhase(status.phase)) return status;
  const { reason: _reason, message: _message, conditions = [], ...rest } = status;
  return { ...rest, phase: 'Pending', conditions: conditions.filter(({ type }) => type !== 'DisruptionTarget') };
}

function pickWritten(patch: Record<string, unknown>, wanted: PodStatus): Partial<PodStatus> {
  return Object.fromEntries(Object.keys(patch).map((field) => [field, wanted[field as keyof PodStatus]]));
}
