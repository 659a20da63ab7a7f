// Looks every ten seconds whether the node is short of something; frees what nobody needs, then evicts pods one by one.
// Pods that write more than their own limits allow are evicted by themselves.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Recorder } from '#client/events.ts';
import { readPressure } from '../node/facts.ts';
import type { PodWorker } from '../sync/worker.ts';
import { hasLocalLimits, localProblem } from './local.ts';
import { localUsage, type MeasureDeps, usageOf } from './measure.ts';
import { evictionMessage, isCritical, rankPods } from './rank.ts';
import { type Crossed, crossed, type EvictionOptions, meaning, type PressureType, type Threshold, thresholdsOf } from './thresholds.ts';

const period = 10_000;

export interface EvictionDeps extends MeasureDeps {
  readonly world: World;
  readonly recorder: Recorder;
  /** Pods that hold resources of the node. */
  readonly workers: () => readonly PodWorker[];
  /** Frees disk that nobody needs; resolves with the bytes freed. */
  readonly reclaimDisk: () => Promise<number>;
  /** The node's conditions may differ now. */
  readonly changed: () => void;
}

export class EvictionManager {
  readonly #deps: EvictionDeps;
  readonly #options: EvictionOptions;
  readonly #thresholds: readonly Threshold[];
  /** When a threshold was first seen crossed, without a break since. */
  readonly #since = new Map<Threshold, number>();
  /** When each pressure was last seen. */
  readonly #seen = new Map<PressureType, number>();

  constructor(deps: EvictionDeps, options: EvictionOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#thresholds = thresholdsOf(options);
  }

  /** What the node is, or was lately, short of. */
  pressures(): ReadonlySet<PressureType> {
    return new Set(this.#seen.keys());
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps.world;
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => log.warn('cannot look for what the node is short of', { error: messageOf(error) }));
      await clock.sleep(period, signal).catch(() => undefined);
    }
  }

  /** One look; evicts at most one pod for want of a resource. */
  async look(): Promise<void> {
    const now = this.#deps.world.clock.monotonic();
    const found = this.#note(crossed(this.#thresholds, await readPressure(this.#deps.world, this.#deps.dataDir)), now);
    await this.#evictByLimits();
    for (const cause of found) {
      const held = now - (this.#since.get(cause.threshold) ?? now);
      if (held < cause.threshold.grace) continue;
      if (await this.#relieve(cause)) return;
    }
  }

  /** Keeps the books of what is crossed since when; gives what is crossed now, memory first. */
  #note(found: readonly Crossed[], now: number): readonly Crossed[] {
    const before = [...this.#seen.keys()].join();
    for (const threshold of this.#thresholds) if (!found.some((one) => one.threshold === threshold)) this.#since.delete(threshold);
    for (const { threshold } of found) {
      if (!this.#since.has(threshold)) this.#since.set(threshold, now);
      if (now - (this.#since.get(threshold) ?? now) >= threshold.grace) this.#seen.set(meaning[threshold.signal].condition, now);
    }
    for (const [type, at] of this.#seen) if (now - at > this.#options.transition) this.#seen.delete(type);
    if ([...this.#seen.keys()].join() !== before) this.#deps.changed();
    return found;
  }

  /** True when something was done about it: the next look tells whether it was enough. */
  async #relieve(cause: Crossed): Promise<boolean> {
    const { resource, condition } = meaning[cause.threshold.signal];
    if (condition === 'DiskPressure' && (await this.#deps.reclaimDisk()) > 0) return true;
    const workers = this.#deps.workers().flatMap((worker) => (worker.pod && !isCritical(worker.pod) ? [{ worker, pod: worker.pod }] : []));
    const usages = await usageOf(
      this.#deps,
      resource,
      workers.map(({ worker, pod }) => ({ pod, state: worker.state })),
    );
    const [first] = rankPods(usages, resource);
    const chosen = workers.find(({ pod }) => pod === first?.pod);
    if (!first || !chosen) return false;
    const grace = cause.threshold.grace === 0 ? 0 : this.#options.maxPodGraceSeconds;
    this.#evict(chosen.worker, evictionMessage(first, cause), grace);
    return true;
  }

  async #evictByLimits(): Promise<void> {
    for (const worker of this.#deps.workers()) {
      const { pod } = worker;
      if (!pod || !hasLocalLimits(pod)) continue;
      const problem = localProblem(pod, await localUsage(this.#deps, pod, worker.state));
      if (problem !== undefined) this.#evict(worker, problem, 0);
    }
  }

  #evict(worker: PodWorker, message: string, grace: number): void {
    const { pod } = worker;
    if (!pod || !worker.active) return;
    this.#deps.recorder.event(pod, 'Warning', 'Evicted', message);
    worker.end({ reason: 'Evicted', message }, { grace, disrupted: 'TerminationByKubelet' });
  }
}
