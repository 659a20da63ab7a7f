// Graceful shutdown of the node (KEP-2000): when the machine goes down, pods end in the order of their priority, and the
// API knows it. A restart of the agent is no shutdown: nothing ends then.
import type { World } from '#base/world.ts';
import type { PodWorker } from '../sync/worker.ts';
import { shutdownFailure, shutdownGrace, shutdownGroups, type ShutdownPeriod } from './plan.ts';

export interface ShutdownDeps {
  readonly world: Pick<World, 'clock' | 'log'>;
  readonly periods: readonly ShutdownPeriod[];
  /** Pods that run. */
  readonly workers: () => readonly PodWorker[];
  /** Resolves when the last status of the pod has been written. */
  readonly flush: (uid: string) => Promise<void>;
  /** The node begins to shut down, or goes on after all. */
  readonly changed: (shuttingDown: boolean) => void;
}

/** How long the API may take for the last statuses, in milliseconds. */
const lastWords = 2_000;

export class NodeShutdown {
  readonly #deps: ShutdownDeps;
  #running: Promise<void> | undefined;

  constructor(deps: ShutdownDeps) {
    this.#deps = deps;
  }

  /** True from the moment when the shutdown began. */
  get underWay(): boolean {
    return this.#running !== undefined;
  }

  /** Ends the pods; resolves when that is done, or its time is over. Called again it waits for the first call's work. */
  begin(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#endPods();
      this.#deps.changed(true);
    }
    return this.#running;
  }

  /** The machine stays up after all: pods are taken again. */
  cancel(): void {
    if (!this.#running) return;
    this.#running = undefined;
    this.#deps.changed(false);
  }

  async #endPods(): Promise<void> {
    const { world, periods, workers, flush } = this.#deps;
    const all = workers();
    const byPod = new Map(all.flatMap((worker) => (worker.pod ? [[worker.pod, worker] as const] : [])));
    for (const { seconds, pods } of shutdownGroups(periods, [...byPod.keys()])) {
      const group = pods.flatMap((pod) => byPod.get(pod) ?? []);
      for (const worker of group) {
        if (worker.pod) worker.end(shutdownFailure, { grace: shutdownGrace(worker.pod, seconds), disrupted: 'TerminationByKubelet' });
      }
      const late = new AbortController();
      const inTime = await Promise.race([
        Promise.all(group.map((worker) => worker.stopped)).then(() => true),
        world.clock.sleep(seconds * 1000, late.signal).then(
          () => false,
          () => true,
        ),
      ]);
      late.abort();
      if (!inTime)
        world.log.warn('pods did not end in time for the shutdown of the node', { pods: pods.map(({ metadata }) => metadata.name) });
    }
    const late = new AbortController();
    const written = Promise.all(all.map((worker) => flush(worker.id.uid)));
    await Promise.race([written, world.clock.sleep(lastWords, late.signal).catch(() => undefined)]);
    late.abort();
  }
}
