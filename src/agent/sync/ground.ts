// What a pod needs of the node before its containers can start, beside an image: processors, memory and devices of its own,
// claims, volumes and a control group. It gets them here, and gives them back.
import type { Timer } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { AdmissionError } from '../numa/admission.ts';
import { podDir } from '../options.ts';
import type { WaitingReason } from '../status/input.ts';
import type { AgentContext } from './context.ts';

const firstVolumeRetry = 500;
const lastVolumeRetry = 122_000;

export class PodGround {
  readonly #context: AgentContext;
  readonly #uid: string;
  /** A volume wants to be looked at again: a token of it runs out. */
  readonly #refresh: () => void;
  #volumesStale = true;
  #volumeRetry = 0;
  #refreshTimer: Timer | undefined;
  #cgroupParent: string | undefined;

  constructor(context: AgentContext, uid: string, refresh: () => void) {
    this.#context = context;
    this.#uid = uid;
    this.#refresh = refresh;
  }

  /** The pod asks for other volumes now, or what is in them has changed; `news`: that may mend what failed before. */
  volumesChanged({ news }: { readonly news: boolean }): void {
    this.#volumesStale = true;
    if (news) this.#volumeRetry = 0;
  }

  /** Gives the pod the processors, memory and devices of its own that it asks for. Resolves with why it is not taken without them. */
  async equip(pod: Pod): Promise<WaitingReason | undefined> {
    try {
      await this.#context.topology.admit(pod);
    } catch (error) {
      if (!(error instanceof AdmissionError)) throw error;
      this.#context.recorder.event(pod, 'Warning', error.reason, error.message);
      return { reason: error.reason, message: `Pod was rejected: ${error.message}` };
    }
    try {
      await this.#context.claims.prepare(pod);
      return undefined;
    } catch (error) {
      const text = `Failed to prepare dynamic resources: ${messageOf(error)}`;
      this.#context.recorder.event(pod, 'Warning', 'FailedPrepareDynamicResources', text);
      throw error;
    }
  }

  /** The pod's control group, made at the first call. */
  async group(pod: Pod): Promise<string> {
    this.#cgroupParent ??= await this.#context.cgroups.ensure(pod, { ownCpus: this.#context.cpus.exclusive(pod) });
    return this.#cgroupParent;
  }

  /** Makes the pod's volumes present and current. Resolves with how long to wait where some could not be; undefined: all are. */
  async mount(pod: Pod, signal: AbortSignal): Promise<number | undefined> {
    if (!this.#volumesStale) return undefined;
    // First: what changes meanwhile is looked at the next time.
    this.#volumesStale = false;
    const { problems, refreshAt } = await this.#setUp(pod, signal).catch((error: unknown) => {
      // A disk that is full, say: nothing is there yet.
      this.#volumesStale = true;
      throw error;
    });
    if (refreshAt !== undefined) this.#refreshAt(refreshAt);
    if (problems.length === 0) {
      this.#volumeRetry = 0;
      return undefined;
    }
    this.#volumesStale = true;
    for (const problem of problems) {
      const message = `MountVolume.SetUp failed for volume "${problem.volume}" : ${problem.message}`;
      this.#context.recorder.event(pod, 'Warning', 'FailedMount', message);
    }
    this.#volumeRetry = Math.min(this.#volumeRetry === 0 ? firstVolumeRetry : this.#volumeRetry * 2, lastVolumeRetry);
    return this.#volumeRetry;
  }

  async #setUp(pod: Pod, signal: AbortSignal): ReturnType<AgentContext['volumes']['setUp']> {
    await this.#context.world.fs.mkdir(podDir(this.#context.options.dataDir, this.#uid), 0o750);
    const done = await this.#context.volumes.setUp(pod, signal);
    signal.throwIfAborted();
    return done;
  }

  #refreshAt(at: number): void {
    this.#refreshTimer?.cancel();
    const wait = Math.min(Math.max(1000, at - this.#context.world.clock.now()), 24 * 3600 * 1000);
    this.#refreshTimer = this.#context.world.clock.after(wait, this.#refresh);
  }

  /** Nothing of the pod runs any more: gives everything back. */
  async giveBack(pod: Pod | undefined): Promise<void> {
    const { cgroups, topology, claims } = this.#context;
    await this.#unmount(pod);
    await cgroups.remove(this.#uid);
    await topology.forget(this.#uid);
    await claims.release(this.#uid);
    this.dispose();
  }

  async #unmount(pod: Pod | undefined): Promise<void> {
    try {
      await this.#context.volumes.tearDown(this.#uid);
    } catch (error) {
      if (pod) this.#context.recorder.event(pod, 'Warning', 'FailedUnMount', `Unable to unmount volumes: ${messageOf(error)}`);
      throw error;
    }
  }

  dispose(): void {
    this.#refreshTimer?.cancel();
  }
}
