// The scheduler: keeps the cluster's picture current, takes pods from the queue, finds a node, binds.
import { rfc3339 } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Namespaces, PodDisruptionBudgets, Pods } from '#api/refs.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { createRecorder } from '#client/events.ts';
import { type Assumed, bindPod, unreserve } from './binder.ts';
import { type Attempt, Cycle } from './cycle.ts';
import { defaultPlugins } from './defaults.ts';
import { defaultSelectorFrom } from './defaultselector.ts';
import type { PluginSet } from './framework.ts';
import { pendingMessage } from './message.ts';
import { Nominator } from './nominator.ts';
import type { PodInfo } from './podinfo.ts';
import { evaluatePreemption, type PreemptionOutcome } from './preemption/evaluate.ts';
import { executePreemption } from './preemption/execute.ts';
import type { Candidate } from './preemption/pick.ts';
import { type Popped, SchedulingQueue } from './queue.ts';
import { clearNomination, reportFailure } from './report.ts';
import { ClusterCache } from './snapshot.ts';
import type { Verdict } from './verdict.ts';
import { type LastAttempt, Verdicts } from './verdicts.ts';
import { watchCluster } from './watching.ts';

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly world: Pick<World, 'clock' | 'random' | 'log'>;
  /** Which pods are ours by `spec.schedulerName`. */
  readonly name?: string;
  readonly plugins?: PluginSet;
  readonly percentageOfNodesToScore?: number;
}

export interface Scheduler extends Component {
  /** The last attempt at a pod that found no node, by `namespace/name`. */
  lastAttempt(podKey: string): LastAttempt | undefined;
  readonly counters: { readonly scheduled: number; readonly unschedulable: number; readonly errors: number; readonly preempted: number };
}

/** Milliseconds that the loop may run before it lets others have the thread. */
const slice = 5;
/** Bindings and reports on their way at a time; more wait, so that a burst does not pile up requests without end. */
const mostRequests = 64;

class PodScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #name: string;
  readonly #set: PluginSet;
  readonly #cache: ClusterCache;
  readonly #queue: SchedulingQueue;
  readonly #cycle: Cycle;
  readonly #nominator = new Nominator();
  readonly #recorder;
  readonly #verdicts = new Verdicts();
  readonly #pods;
  readonly #budgets;
  /** Requests on their way. */
  readonly #requests = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  readonly counters = { scheduled: 0, unschedulable: 0, errors: 0, preempted: 0 };
  readonly ready: Promise<void>;
  #stopped = false;
  #problem: string | undefined;

  constructor(options: SchedulerOptions) {
    const { client, informers, world } = options;
    this.#options = options;
    this.#name = options.name ?? 'default-scheduler';
    const namespaces = informers.of(Namespaces);
    const namespaceLabels = (name: string) => namespaces.lister.get(name)?.metadata.labels;
    this.#set = options.plugins ?? defaultPlugins({ namespaceLabels, defaultSelector: defaultSelectorFrom(informers) });
    this.#cache = new ClusterCache(namespaceLabels);
    this.#queue = new SchedulingQueue({ clock: world.clock, plugins: this.#set.plugins });
    this.#cycle = new Cycle({
      set: this.#set,
      random: world.random,
      nominator: this.#nominator,
      ...(options.percentageOfNodesToScore ? { percentageOfNodesToScore: options.percentageOfNodesToScore } : {}),
    });
    this.#recorder = createRecorder(client, world, { component: this.#name });
    this.#pods = informers.of(Pods);
    this.#budgets = informers.of(PodDisruptionBudgets);
    watchCluster({
      informers,
      cache: this.#cache,
      queue: this.#queue,
      nominator: this.#nominator,
      isOurs: (pod: Pod) => (pod.spec.schedulerName ?? 'default-scheduler') === this.#name,
      settled: (podKey) => this.#verdicts.delete(podKey),
    });
    this.ready = informers.synced();
    this.#loop = this.ready
      .then(() => this.#run())
      .catch((error: unknown) => {
        this.#problem = messageOf(error);
      });
  }

  health(): string | undefined {
    return this.#problem;
  }

  lastAttempt(podKey: string): LastAttempt | undefined {
    return this.#verdicts.get(podKey);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#queue.close();
    await this.#loop;
    await Promise.all(this.#requests);
    await this.#recorder[Symbol.asyncDispose]();
  }

  async #run(): Promise<void> {
    const { clock } = this.#options.world;
    while (!this.#stopped) {
      const popped = await this.#queue.pop();
      if (popped === undefined) return;
      this.#handle(popped);
      const until = clock.monotonic() + slice;
      while (!this.#stopped && clock.monotonic() < until && this.#requests.size < mostRequests) {
        const more = this.#queue.tryPop();
        if (more === undefined) break;
        this.#handle(more);
      }
      if (this.#requests.size >= mostRequests) await Promise.race(this.#requests);
      else if (clock.monotonic() >= until) await clock.sleep(0);
    }
  }

  #handle(popped: Popped): void {
    const { info } = popped;
    let attempt: Attempt;
    try {
      attempt = this.#cycle.attempt(info, this.#cache);
      if (attempt.ok) return this.#assume(popped, attempt);
    } catch (error) {
      return this.#failed(info, messageOf(error));
    }
    this.#unschedulable(popped, attempt);
  }

  // Books the pod before the API knows, so that the next pod already sees the place taken.
  #assume(popped: Popped, { node, state }: Attempt & { ok: true }): void {
    const { info } = popped;
    const assumed: Assumed = { info, node, state, set: this.#set };
    this.#cache.place(info, node.name);
    for (const plugin of this.#set.plugins) {
      const rejection = plugin.reserve?.(info, node, state);
      if (rejection === undefined) continue;
      this.#giveUp(assumed);
      return this.#failed(info, rejection.reasons.join(', '));
    }
    this.#verdicts.delete(info.key);
    this.#track(this.#bind(assumed));
  }

  #giveUp(assumed: Assumed): void {
    unreserve(assumed);
    // The API may have bound it all the same; then the informer's state counts.
    if (!this.#pods.lister.getByKey(assumed.info.key)?.spec.nodeName) this.#cache.forget(assumed.info);
  }

  async #bind(assumed: Assumed): Promise<void> {
    const problem = await bindPod(this.#options.client, this.#recorder, assumed);
    if (problem === undefined) {
      this.counters.scheduled++;
      this.#nominator.delete(assumed.info.uid);
      return;
    }
    this.#giveUp(assumed);
    // Its room is free again for others.
    this.#queue.notify({ resource: 'AssignedPod', action: 'delete', pod: assumed.info.pod, info: assumed.info, node: assumed.node });
    if (problem.gone || this.#stopped) return;
    this.#failed(assumed.info, problem.message);
  }

  // Something broke rather than did not fit: told, and tried again after a while.
  #failed(info: PodInfo, message: string): void {
    this.counters.errors++;
    this.#options.world.log.warn('scheduling failed', { pod: info.key, error: message });
    this.#queue.retry(info.uid);
    this.#report(info, { reason: 'SchedulerError', message });
  }

  #unschedulable({ info, attempts }: Popped, attempt: Attempt & { ok: false }): void {
    const { verdict } = attempt;
    this.counters.unschedulable++;
    this.#queue.unschedulable(info.uid, verdict.plugins);
    const outcome = verdict.nodes.length === 0 ? undefined : this.#preemption(info, attempt);
    // Kubernetes' dynamic resources come first among those that could still make room, and say that they cannot.
    const postFilter = outcome === undefined || outcome.message === '' ? undefined : `no new claims to deallocate, ${outcome.message}`;
    const message = pendingMessage(verdict, postFilter);
    this.#remember(info, { attempts, message, verdict });
    this.#report(info, { reason: 'Unschedulable', message, nominate: outcome?.nominate });
    if (outcome?.candidate !== undefined) this.#track(this.#preempt(info, outcome.candidate));
  }

  #preemption(info: PodInfo, { verdict, prepared }: Attempt & { ok: false }): PreemptionOutcome {
    const outcome = evaluatePreemption({
      pod: info,
      verdict,
      prepared,
      cache: this.#cache,
      cycle: this.#cycle,
      budgets: this.#budgets.lister.list(),
      random: this.#options.world.random,
      nominatedNode: this.#nominator.nodeOf(info.uid),
    });
    if (outcome.nominate !== undefined) this.#nominator.set(info, outcome.nominate);
    return outcome;
  }

  async #preempt(info: PodInfo, candidate: Candidate): Promise<void> {
    const { client, world } = this.#options;
    this.counters.preempted += candidate.victims.length;
    for (const other of this.#nominator.behind(info, candidate.node.name)) {
      this.#nominator.delete(other.uid);
      this.#queue.activate(other.uid);
      this.#track(clearNomination(client, other));
    }
    try {
      await executePreemption({ client, recorder: this.#recorder, world }, info, candidate);
    } catch (error) {
      world.log.warn('preemption failed', { pod: info.key, node: candidate.node.name, error: messageOf(error) });
      this.#queue.activate(info.uid);
    }
  }

  #remember(info: PodInfo, { attempts, message, verdict }: { attempts: number; message: string; verdict: Verdict }): void {
    const time = rfc3339(this.#options.world.clock.now());
    this.#verdicts.set(info.key, { uid: info.uid, time, attempts, message, verdict });
  }

  #report(info: PodInfo, failure: Parameters<typeof reportFailure>[2]): void {
    const { client, world } = this.#options;
    this.#track(reportFailure({ client, recorder: this.#recorder, pods: this.#pods, world }, info, failure));
  }

  #track(work: Promise<void>): void {
    const tracked = work
      .catch((error: unknown) => {
        this.#options.world.log.debug('not reported', { error: messageOf(error) });
      })
      .finally(() => this.#requests.delete(tracked));
    this.#requests.add(tracked);
  }
}

/** Starts a scheduler. */
export function startScheduler(options: SchedulerOptions): Scheduler {
  return new PodScheduler(options);
}
