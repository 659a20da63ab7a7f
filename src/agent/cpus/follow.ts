// Brings running containers onto the processors that are theirs now.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Runtime } from '../runtime.ts';
import { running } from '../sync/state.ts';
import type { PodWorker } from '../sync/worker.ts';
import type { CpuManager } from './manager.ts';

/** Kubelet's `cpuManagerReconcilePeriod`. */
const period = 10_000;

export interface FollowDeps {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly runtime: Pick<Runtime, 'updateResources'>;
  readonly cpus: () => CpuManager;
  readonly workers: () => readonly PodWorker[];
}

export class CpuFollower {
  readonly #deps: FollowDeps;
  /** What was last set, by container id. */
  readonly #set = new Map<string, string>();
  #wake: (() => void) | undefined;
  #again = false;

  constructor(deps: FollowDeps) {
    this.#deps = deps;
  }

  /** The processors of containers have changed. */
  changed(): void {
    this.#again = true;
    this.#wake?.();
  }

  /** Looks now and then, and when something changed, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps.world;
    while (!signal.aborted) {
      this.#again = false;
      await this.#bring();
      if (this.#again) continue;
      const early = new AbortController();
      this.#wake = () => early.abort();
      await clock.sleep(period, AbortSignal.any([signal, early.signal])).catch(() => undefined);
      this.#wake = undefined;
    }
  }

  async #bring(): Promise<void> {
    const { runtime, world } = this.#deps;
    const alive = new Set<string>();
    for (const { pod, state } of this.#deps.workers()) {
      if (!pod) continue;
      for (const { id, name } of running(state)) {
        alive.add(id);
        const cpus = this.#deps.cpus().of(pod, name)?.cpus;
        if (cpus === undefined || this.#set.get(id) === cpus) continue;
        try {
          await runtime.updateResources(id, { cpusetCpus: cpus });
          this.#set.set(id, cpus);
        } catch (error) {
          world.log.warn('cannot bring a container onto its processors', { container: id, cpus, error: messageOf(error) });
        }
      }
    }
    for (const id of this.#set.keys()) if (!alive.has(id)) this.#set.delete(id);
  }
}
