// Probes one container instance with one probe until it is stopped.
import type { Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';
import type { Probe } from '#api/core/v1/probe.ts';
import type { Runtime } from '../runtime.ts';
import { ProbeJudge, type ProbeKind, type Verdict } from './judge.ts';
import { type Outcome, type ProbeTarget, tryProbe } from './prober.ts';

/** Attempts on an error of the prober itself. */
const maxTries = 3;
/** Extra early attempts, in milliseconds after the first: a server that needs a moment to listen is not made to wait for
 *  the next period. They only count when they succeed. */
const eager = [50, 150, 300, 600, 1000];

const countedAs = { success: 'successful', warning: 'successful', failure: 'failed', error: 'unknown' } as const;

export interface ProbeWorkerOptions {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly target: ProbeTarget;
  readonly startedAt: number;
  /** False holds the probe back (startup not yet passed, pod ending). */
  allowed(): boolean;
  /** The verdict changed. */
  changed(verdict: Verdict): void;
  /** An attempt that failed, for the event. */
  unhealthy(outcome: Outcome): void;
}

export class ProbeWorker {
  readonly #world: World;
  readonly #runtime: Runtime;
  readonly #options: ProbeWorkerOptions;
  readonly #judge: ProbeJudge;
  /** Attempts by result, in the words of kubelet's metric. */
  readonly counts = new Map<string, number>();
  #timer: Timer | undefined;
  #eager = 0;
  #stopped = false;
  #onHold = false;
  #busy = false;

  constructor(deps: { world: World; runtime: Runtime }, options: ProbeWorkerOptions) {
    this.#world = deps.world;
    this.#runtime = deps.runtime;
    this.#options = options;
    this.#judge = new ProbeJudge(options.kind, options.probe);
    const delay = (options.probe.initialDelaySeconds ?? 0) * 1000;
    this.#schedule(Math.max(0, options.startedAt + delay - this.#world.clock.now()));
  }

  get verdict(): Verdict {
    return this.#judge.verdict;
  }

  /** Tries now instead of at the end of the period: something that held it back is gone. */
  trigger(): void {
    const delay = (this.#options.probe.initialDelaySeconds ?? 0) * 1000;
    if (this.#busy || this.#world.clock.now() < this.#options.startedAt + delay) return;
    this.#schedule(0);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  #schedule(ms: number): void {
    this.#timer?.cancel();
    if (this.#stopped || this.#onHold) return;
    this.#timer = this.#world.clock.after(ms, () => void this.#tick());
  }

  async #tick(): Promise<void> {
    if (this.#stopped || this.#busy) return;
    const period = Math.max(1, this.#options.probe.periodSeconds ?? 10) * 1000;
    if (!this.#options.allowed()) {
      this.#schedule(period);
      return;
    }
    this.#busy = true;
    const began = this.#world.clock.monotonic();
    const outcome = await this.#attempt();
    this.#busy = false;
    if (this.#stopped) return;
    const counted = countedAs[outcome.result];
    this.counts.set(counted, (this.counts.get(counted) ?? 0) + 1);
    const early = this.#nextEager(outcome);
    if (outcome.result !== 'error' && !(early !== undefined && outcome.result === 'failure')) this.#note(outcome);
    else if (outcome.result === 'error') this.#options.unhealthy(outcome);
    this.#schedule(early ?? Math.max(0, period - (this.#world.clock.monotonic() - began)));
  }

  async #attempt(): Promise<Outcome> {
    let outcome: Outcome = { result: 'error', output: '' };
    for (let tries = 0; tries < maxTries && !this.#stopped; tries++) {
      outcome = await tryProbe({ world: this.#world, runtime: this.#runtime }, this.#options.probe, this.#options.target);
      if (outcome.result !== 'error') break;
    }
    return outcome;
  }

  /** Delay of the next early attempt, while the container has never been well. */
  #nextEager(outcome: Outcome): number | undefined {
    const { kind, probe } = this.#options;
    if (kind === 'liveness' || probe.exec || outcome.result !== 'failure' || this.#judge.verdict === 'success') {
      this.#eager = eager.length;
      return undefined;
    }
    const delay = eager[this.#eager++];
    const period = Math.max(1, probe.periodSeconds ?? 10) * 1000;
    return delay !== undefined && delay < period ? delay : undefined;
  }

  #note(outcome: Outcome): void {
    const result = outcome.result === 'failure' ? 'failure' : 'success';
    if (outcome.result !== 'success') this.#options.unhealthy(outcome);
    if (!this.#judge.note(result)) return;
    // A container that is to be restarted is not probed again.
    if (result === 'failure' && this.#options.kind !== 'readiness') this.#onHold = true;
    this.#options.changed(this.#judge.verdict);
  }
}
