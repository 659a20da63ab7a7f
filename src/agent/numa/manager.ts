// The last word on a new pod: its containers get processors, memory and devices, from the same NUMA nodes where the policy
// wants it.
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import { Mutex } from '#base/mutex.ts';
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { exponential, Histogram } from '#format/prometheus.ts';
import { initContainers, uidOf } from '../sync/spec.ts';
import { AdmissionError } from './admission.ts';
import { type Hint, type HintProvider, type Hints, noHint } from './hints.ts';
import type { NumaLayout } from './layout.ts';
import { mergeHints } from './merge.ts';
import { checkTopology, type PolicyOptions, type TopologyOptions } from './options.ts';

export interface TopologyDeps {
  readonly clock: Clock;
  /** In the order in which they give. */
  readonly providers: readonly HintProvider[];
  /** Undefined: the policy `none`, nothing is aligned. */
  readonly topology?: { readonly config: TopologyOptions; readonly layout: NumaLayout } | undefined;
}

const containersOf = (pod: Pod): readonly Container[] => [...initContainers(pod), ...pod.spec.containers];

export class TopologyManager {
  readonly #deps: TopologyDeps;
  readonly #options: PolicyOptions | undefined;
  readonly #admitted = new Set<string>();
  readonly #turn = new Mutex();
  /** Pods that were judged, and those that were refused because of alignment. */
  requests = 0;
  errors = 0;
  /** Milliseconds that it took. */
  readonly durations = new Histogram(exponential(0.05, 2, 15));
  /** Containers (or pods) whose resources are all of one node, and those refused for it. */
  aligned = 0;
  unaligned = 0;

  /** Throws when the machine cannot have what the configuration wants. */
  constructor(deps: TopologyDeps) {
    this.#deps = deps;
    this.#options = deps.topology && checkTopology(deps.topology.config, deps.topology.layout);
  }

  /** What alignment is by; undefined: nothing is aligned. */
  get config(): TopologyOptions | undefined {
    return this.#deps.topology?.config;
  }

  /** Gives a pod all that its containers are to have. Rejects with AdmissionError. Idempotent. */
  async admit(pod: Pod): Promise<void> {
    const uid = uidOf(pod);
    if (this.#admitted.has(uid)) return;
    this.requests++;
    const { clock } = this.#deps;
    const start = clock.monotonic();
    try {
      // Most pods get nothing of the kind: they need not wait for those that do.
      if (this.#lacking(pod).length > 0) await this.#turn.run(() => this.#align(pod));
      this.#admitted.add(uid);
    } catch (error) {
      if (this.#options) this.errors++;
      throw error instanceof AdmissionError
        ? error
        : new AdmissionError('UnexpectedAdmissionError', `Allocate failed due to ${messageOf(error)}, which is unexpected`, {
            cause: error,
          });
    } finally {
      this.durations.observe(clock.monotonic() - start);
    }
  }

  /** The containers that are to get something still: what earlier lives of the agent have given is not judged again. */
  #lacking(pod: Pod): readonly Container[] {
    return containersOf(pod).filter((container) => this.#deps.providers.some((provider) => provider.lacks(pod, container)));
  }

  async #align(pod: Pod): Promise<void> {
    const lacking = this.#lacking(pod);
    if (lacking.length === 0) return;
    const wholePod = this.config?.scope === 'pod' ? this.#judge((provider) => provider.podHints(pod)) : undefined;
    if (wholePod) this.aligned++;
    for (const container of lacking) {
      const hint = wholePod ?? this.#judge((provider) => provider.hints(pod, container));
      for (const provider of this.#deps.providers) await provider.allocate(pod, container, hint);
      if (!wholePod) this.aligned++;
    }
  }

  #judge(ask: (provider: HintProvider) => Hints): Hint {
    const { topology, providers } = this.#deps;
    if (!topology || !this.#options) return noHint;
    const about = { policy: topology.config.policy, layout: topology.layout, preferClosest: this.#options.preferClosest };
    const { hint, admit } = mergeHints(about, providers.map(ask));
    if (admit) return hint;
    this.unaligned++;
    throw new AdmissionError('TopologyAffinityError', 'Resources cannot be allocated with Topology locality');
  }

  /** The pod is gone: others may have what it had. */
  async forget(podUid: string): Promise<void> {
    this.#admitted.delete(podUid);
    await Promise.all(this.#deps.providers.map((provider) => provider.forget(podUid)));
  }

  /** Takes back what pods have that are not there any more. */
  async retain(isThere: (podUid: string) => boolean): Promise<void> {
    const gone = new Set(this.#deps.providers.flatMap((provider) => [...provider.pods()]).filter((uid) => !isThere(uid)));
    await Promise.all([...gone].map((uid) => this.forget(uid)));
  }
}
