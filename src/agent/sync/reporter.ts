// What a pod's status says: computed whenever something may have changed, and handed to the status manager.
import type { Timer } from '#base/clock.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { computeStatus } from '../status/compute.ts';
import type { StatusInput, WaitingReason } from '../status/input.ts';
import { terminationMessage } from '../status/termination.ts';
import type { AgentContext } from './context.ts';
import type { PodState } from './state.ts';

/** So long a pod stays as ready as it was while a container with a new image takes the place of the old one. */
const exchangeTime = 1500;

export interface Report extends Pick<StatusInput, 'sizes'> {
  readonly pod: Pod;
  readonly state: PodState;
  readonly stage: 'running' | 'terminating' | 'terminated' | 'gone';
  /** Why containers are not running, by name. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  readonly failure?: WaitingReason | undefined;
  readonly disrupted?: string | undefined;
}

export class PodReporter {
  readonly #context: AgentContext;
  readonly #messages = new Map<string, string>();
  readonly #settled: () => void;
  #exchanging: Timer | undefined;

  /** `settled` is called when what was held back may be told. */
  constructor(context: AgentContext, settled: () => void) {
    this.#context = context;
    this.#settled = settled;
  }

  get exchanging(): boolean {
    return this.#exchanging !== undefined;
  }

  /**
   * A container is exchanged for one of a new definition: as kubelet does, the pod's status tells of it when that is done,
   * not of the moment in between.
   */
  exchange(): void {
    this.#exchanging?.cancel();
    this.#exchanging = this.#context.world.clock.after(exchangeTime, () => this.exchanged());
  }

  /** The exchange is done. */
  exchanged(): void {
    this.dispose();
    this.#settled();
  }

  async #readMessages(state: PodState): Promise<void> {
    for (const container of state.containers) {
      if (container.state !== 'exited' || this.#messages.has(container.id)) continue;
      const message = await terminationMessage(this.#context.world.fs, container).catch(() => undefined);
      this.#messages.set(container.id, message ?? container.message);
    }
    for (const id of this.#messages.keys()) if (!state.containers.some((container) => container.id === id)) this.#messages.delete(id);
  }

  /** Computes the pod's status and hands it to the status manager; also keeps the probers in line. */
  async publish(current: () => Report | undefined, terminal: boolean): Promise<void> {
    const before = current();
    if (!before || (this.#exchanging && before.stage === 'running')) return;
    await this.#readMessages(before.state);
    const report = current();
    if (!report) return;
    const { pod, state, stage } = report;
    const { probes, statuses, options, world } = this.#context;
    const ips = pod.spec.hostNetwork ? options.nodeIps : (state.sandboxes[0]?.ips ?? []);
    if (!terminal && stage !== 'terminated') probes.sync(pod, state, { ips, ending: stage !== 'running' });
    const status = computeStatus({
      pod,
      old: statuses.base(pod),
      state,
      waiting: report.waiting,
      messages: this.#messages,
      ready: (id) => verdict(probes.readiness(id)),
      started: (id) => verdict(probes.startup(id)),
      terminal,
      ...(report.sizes ? { sizes: report.sizes } : {}),
      ...(report.failure ? { failure: report.failure } : {}),
      ...(report.disrupted ? { disrupted: report.disrupted } : {}),
      nodeIps: options.nodeIps,
      now: world.clock.now(),
    });
    statuses.set(pod, status);
  }

  dispose(): void {
    this.#exchanging?.cancel();
    this.#exchanging = undefined;
  }
}

const verdict = (result: string | undefined): boolean | undefined => (result === undefined ? undefined : result === 'success');
