// The scheduler: keeps the cluster's picture current, takes pods from the queue, finds a node, binds.
import { rfc3339 } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Namespaces, PodDisruptionBudgets, Pods } from '#api/refs.ts';
import type { Informer, Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { type Assumed, bindPod, unreserve } from './binder.ts';
import type { Attempt } from './search.ts';
import { defaultConfig, type SchedulerConfig } from './config/config.ts';
import type { Profile } from './config/profile.ts';
import { defaultSelectorFrom } from './defaultselector.ts';
import { type SchedulingVerdict, verdictObject } from './explain.ts';
import { extendedAttempt } from './extenders/attempt.ts';
import { type Extender, httpExtender } from './extenders/extender.ts';
import type { Round } from './extenders/rounds.ts';
import type { ClusterEvent, Rejection } from './framework.ts';
import { gangOf, Gangs, Workloads } from './gangs.ts';
import { pendingMessage } from './message.ts';
import { Nominator } from './nominator.ts';
import type { GangDeps } from './plugins/gangscheduling.ts';
import type { PodInfo } from './podinfo.ts';
import type { PreemptionOutcome } from './preemption/evaluate.ts';
import { type Failed, Preemptor, preemptionWords } from './preemption/preemptor.ts';
import { type Popped, SchedulingQueue } from './queue.ts';
import { reportFailure } from './report.ts';
import { ClusterCache } from './snapshot.ts';
import { makeTeams, schedulerOf, type Team } from './teams.ts';
import type { Verdict } from './verdict.ts';
import { Verdicts } from './verdicts.ts';
import { storageFrom, watchStorage } from './volumes/storage.ts';
import { WaitingPods } from './waiting.ts';
import { watchCluster } from './watching.ts';

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly world: Pick<World, 'clock' | 'random' | 'log' | 'net'>;
  /** Profiles, by the `spec.schedulerName` of the pods that they place. Default: `default-scheduler` as Kubernetes has it. */
  readonly config?: SchedulerConfig;
  /** Heed Workloads: their API must be served. */
  readonly gangs?: boolean;
  /** Changes profiles before they are used, for schedulers with plugins of their own. */
  readonly adapt?: (profile: Profile) => Profile;
}

export interface Scheduler extends Component {
  /** Why pods of a namespace (or of all) that are pending found no node at the last attempt. */
  verdicts(namespace?: string): SchedulingVerdict[];
  readonly counters: { readonly scheduled: number; readonly unschedulable: number; readonly errors: number; readonly preempted: number };
}

/** Milliseconds that the loop may run before it lets others have the thread. */
const slice = 5;
/** Bindings and reports on their way at a time; more wait, so that a burst does not pile up requests without end. */
const mostRequests = 64;

class PodScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  readonly #teams: ReadonlyMap<string, Team>;
  readonly #cache: ClusterCache;
  readonly #queue: SchedulingQueue;
  readonly #nominator = new Nominator();
  readonly #verdicts = new Verdicts();
  readonly #gangs = new Gangs();
  readonly #waiting: WaitingPods;
  readonly #pods: Informer<Pod>;
  readonly #preemptor: Preemptor;
  readonly #extenders: readonly Extender[];
  /** Ends what is asked of extenders. */
  readonly #end = new AbortController();
  /** Requests on their way. */
  readonly #requests = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  readonly counters = { scheduled: 0, unschedulable: 0, errors: 0, preempted: 0 };
  readonly ready: Promise<void>;
  #stopped = false;
  #problem: string | undefined;

  constructor(options: SchedulerOptions) {
    const { informers, world } = options;
    this.#options = options;
    const namespaces = informers.of(Namespaces);
    const namespaceLabels = (name: string) => namespaces.lister.get(name)?.metadata.labels;
    this.#cache = new ClusterCache(namespaceLabels);
    this.#waiting = new WaitingPods(world.clock, {
      allowed: (assumed) => this.#track(this.#bind(assumed)),
      rejected: (assumed, rejection) => this.#letGo(assumed, rejection),
    });
    const config = options.config ?? defaultConfig;
    const deps = {
      namespaceLabels,
      defaultSelector: defaultSelectorFrom(informers),
      storage: storageFrom(informers),
      ...(options.gangs === true ? { gang: this.#gangDeps() } : {}),
      writing: { client: options.client, informers, world, notify: (event: ClusterEvent) => this.#queue.notify(event) },
    };
    const { client, adapt } = options;
    this.#teams = makeTeams({ config, deps, client, world, nominator: this.#nominator, adapt });
    this.#queue = new SchedulingQueue({
      clock: world.clock,
      plugins: [...this.#teams.values()].flatMap(({ profile }) => profile.set.plugins),
      initialBackoff: (config.podInitialBackoffSeconds ?? 1) * 1000,
      maxBackoff: (config.podMaxBackoffSeconds ?? 10) * 1000,
    });
    this.#pods = informers.of(Pods);
    this.#extenders = (config.extenders ?? []).map((extender) => httpExtender(world, extender));
    this.#preemptor = new Preemptor({
      client: options.client,
      world,
      cache: this.#cache,
      queue: this.#queue,
      nominator: this.#nominator,
      budgets: informers.of(PodDisruptionBudgets),
      track: (work) => this.#track(work),
    });
    watchCluster({
      informers,
      cache: this.#cache,
      queue: this.#queue,
      nominator: this.#nominator,
      isOurs: (pod: Pod) => this.#teams.has(schedulerOf(pod)),
      settled: (podKey) => this.#verdicts.delete(podKey),
      ...(options.gangs === true ? { seen: (pod) => this.#seen(pod), gone: (pod) => this.#gone(pod) } : {}),
    });
    watchStorage(informers, (event) => this.#queue.notify(event));
    this.ready = informers.synced();
    this.#loop = this.ready
      .then(() => this.#run())
      .catch((error: unknown) => {
        this.#problem = messageOf(error);
      });
  }

  #gangDeps(): GangDeps {
    const workloads = this.#options.informers.of(Workloads);
    const tell = (action: 'add' | 'update') => (): void => this.#queue.notify({ resource: 'Workload', action });
    workloads.onChange({ added: tell('add'), updated: tell('update') });
    return {
      gangs: this.#gangs,
      workload: (namespace, name) => workloads.lister.get(name, namespace),
      allow: (uid) => this.#waiting.allow(uid),
    };
  }

  #seen(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    if (pod.metadata.deletionTimestamp !== undefined && this.#waiting.has(uid)) this.#abandon(uid);
    if (this.#gangs.seen(pod)) this.#queue.notify({ resource: 'Pod', action: 'add', pod });
  }

  #gone(pod: Pod): void {
    this.#abandon(pod.metadata.uid ?? '');
    this.#gangs.gone(pod);
  }

  /** A held pod goes away: what it had is free. */
  #abandon(uid: string): void {
    const assumed = this.#waiting.drop(uid);
    if (assumed !== undefined) this.#release(assumed);
  }

  #teamOf({ pod }: PodInfo): Team {
    const team = this.#teams.get(schedulerOf(pod));
    if (team === undefined) throw new Error(`no profile places pods of ${schedulerOf(pod)}`);
    return team;
  }

  health(): string | undefined {
    return this.#problem;
  }

  verdicts(namespace?: string): SchedulingVerdict[] {
    const found: SchedulingVerdict[] = [];
    for (const [key, last] of this.#verdicts.entries()) {
      const pod = this.#pods.lister.getByKey(key);
      if (pod === undefined || pod.metadata.uid !== last.uid) continue;
      const { name, namespace: own = '' } = pod.metadata;
      if (namespace === undefined || namespace === own)
        found.push(verdictObject({ name, namespace: own, schedulerName: schedulerOf(pod) }, last));
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#end.abort();
    this.#queue.close();
    this.#waiting.close();
    await this.#loop;
    await Promise.all(this.#requests);
    await Promise.all([...this.#teams.values()].map(({ recorder }) => recorder[Symbol.asyncDispose]()));
  }

  async #run(): Promise<void> {
    const { clock } = this.#options.world;
    while (!this.#stopped) {
      const popped = await this.#queue.pop();
      if (popped === undefined) return;
      await this.#handle(popped);
      const until = clock.monotonic() + slice;
      while (!this.#stopped && clock.monotonic() < until && this.#requests.size < mostRequests) {
        const more = this.#queue.tryPop();
        if (more === undefined) break;
        const work = this.#handle(more);
        if (work !== undefined) await work;
      }
      if (this.#requests.size >= mostRequests) await Promise.race(this.#requests);
      else if (clock.monotonic() >= until) await clock.sleep(0);
    }
  }

  /** Returns a promise when others must be asked; nothing else is scheduled until then, as it may depend on what they say. */
  #handle(popped: Popped): Promise<void> | undefined {
    const { info } = popped;
    const round = this.#roundFor(info.pod);
    if (round !== undefined) return this.#handleAsking(popped, round);
    let attempt: Attempt;
    try {
      attempt = this.#teamOf(info).cycle.attempt(info, this.#cache);
      if (attempt.ok) {
        this.#assume(popped, attempt);
        return undefined;
      }
    } catch (error) {
      this.#failed(info, messageOf(error));
      return undefined;
    }
    const failed = this.#failedOf(info, attempt);
    this.#unschedulable(popped, attempt, failed && this.#preemptor.decide(failed));
    return undefined;
  }

  /** The extenders that the pod is the business of, if there are any. */
  #roundFor(pod: Pod): Round | undefined {
    if (this.#extenders.length === 0) return undefined;
    const extenders = this.#extenders.filter((extender) => extender.isInterested(pod));
    return extenders.length === 0 ? undefined : { extenders, log: this.#options.world.log, signal: this.#end.signal };
  }

  async #handleAsking(popped: Popped, round: Round): Promise<void> {
    const { uid } = popped.info;
    try {
      const pod = () => this.#queue.infoOf(uid);
      const attempt = await extendedAttempt({ cycle: this.#teamOf(popped.info).cycle, cache: this.#cache, round, pod });
      const info = pod();
      if (attempt === undefined || info === undefined) return;
      const now = { ...popped, info };
      if (attempt.ok) return this.#assume(now, attempt);
      const failed = this.#failedOf(info, attempt);
      const outcome = failed && (await this.#preemptor.decideAsking(failed, round));
      if (this.#queue.has(uid) && !this.#stopped) this.#unschedulable(now, attempt, outcome);
    } catch (error) {
      if (this.#queue.has(uid) && !this.#stopped) this.#failed(popped.info, messageOf(error));
    }
  }

  /** What preemption is to decide about, if it is on and there are nodes. */
  #failedOf(info: PodInfo, attempt: Attempt & { ok: false }): Failed | undefined {
    const { profile, cycle } = this.#teamOf(info);
    const { preemption: args } = profile;
    return attempt.verdict.nodes.length === 0 || args === undefined ? undefined : { info, attempt, cycle, args };
  }

  // Books the pod before the API knows, so that the next pod already sees the place taken.
  #assume(popped: Popped, { node, state }: Attempt & { ok: true }): void {
    const { info } = popped;
    const { set } = this.#teamOf(info).profile;
    const assumed: Assumed = { info, node, state, set };
    this.#cache.place(info, node.name);
    for (const plugin of set.plugins) {
      const rejection = plugin.reserve?.(info, node, state);
      if (rejection === undefined) continue;
      this.#giveUp(assumed);
      return this.#failed(info, rejection.reasons.join(', '));
    }
    this.#verdicts.delete(info.key);
    for (const plugin of set.plugins) {
      const permit = plugin.permit?.(info, node, state);
      if (permit === undefined) continue;
      if ('wait' in permit) return this.#waiting.hold(assumed, plugin.name, permit.wait);
      return this.#letGo(assumed, permit);
    }
    this.#track(this.#bind(assumed));
  }

  /** A plugin does not let the pod go on: its room is given back, and it waits for better times. */
  #letGo(assumed: Assumed, { plugin, reasons }: Rejection): void {
    const { info } = assumed;
    this.#queue.unschedulable(info.uid, new Set([plugin]));
    this.#release(assumed);
    this.#report(info, { reason: 'Unschedulable', message: reasons.join(', ') });
  }

  /** Gives a booked pod's room back and tells the others. */
  #release(assumed: Assumed): void {
    this.#giveUp(assumed);
    const { info, node } = assumed;
    this.#queue.notify({ resource: 'AssignedPod', action: 'delete', pod: info.pod, info, node });
  }

  #giveUp(assumed: Assumed): void {
    unreserve(assumed);
    // The API may have bound it all the same; then the informer's state counts.
    if (!this.#pods.lister.getByKey(assumed.info.key)?.spec.nodeName) this.#cache.forget(assumed.info);
  }

  async #bind(assumed: Assumed): Promise<void> {
    const { recorder } = this.#teamOf(assumed.info);
    const round = this.#roundFor(assumed.info.pod);
    const problem = await bindPod({ client: this.#options.client, recorder, round }, assumed);
    if (problem === undefined) {
      this.counters.scheduled++;
      this.#nominator.delete(assumed.info.uid);
      return;
    }
    this.#release(assumed);
    // An extender may have bound it although its answer did not arrive.
    const bound = this.#pods.lister.getByKey(assumed.info.key)?.spec.nodeName;
    if (problem.gone || bound || this.#stopped) return;
    this.#failed(assumed.info, problem.message);
  }

  // Something broke rather than did not fit: told, and tried again after a while.
  #failed(info: PodInfo, message: string): void {
    this.counters.errors++;
    this.#options.world.log.warn('scheduling failed', { pod: info.key, error: message });
    this.#queue.retry(info.uid);
    this.#report(info, { reason: 'SchedulerError', message });
  }

  #unschedulable({ info, attempts }: Popped, { verdict }: Attempt & { ok: false }, outcome: PreemptionOutcome | undefined): void {
    this.counters.unschedulable++;
    const gang = this.#options.gangs === true ? gangOf(info.pod) : undefined;
    this.#queue.unschedulable(info.uid, gang === undefined ? verdict.plugins : new Set(['GangScheduling']));
    if (outcome?.nominate !== undefined) this.#nominator.set(info, outcome.nominate);
    const message = pendingMessage(verdict, preemptionWords(outcome));
    this.#remember(info, { attempts, message, verdict });
    this.#report(info, { reason: 'Unschedulable', message, nominate: outcome?.nominate });
    if (outcome?.candidate !== undefined) {
      this.counters.preempted += outcome.candidate.victims.length;
      this.#track(this.#preemptor.execute(info, outcome.candidate, this.#teamOf(info).recorder));
    } else if (gang !== undefined) this.#disband(gang);
  }

  /** One of the gang has no node: the others do not keep theirs from those who could start. */
  #disband(gang: string): void {
    const reasons = ['pod rejected while waiting on permit: another pod of the gang found no node'];
    for (const uid of this.#gangs.members(gang)) this.#waiting.reject(uid, { code: 'unschedulable', plugin: 'GangScheduling', reasons });
  }

  #remember(info: PodInfo, { attempts, message, verdict }: { attempts: number; message: string; verdict: Verdict }): void {
    const time = rfc3339(this.#options.world.clock.now());
    this.#verdicts.set(info.key, { uid: info.uid, time, attempts, message, verdict });
  }

  #report(info: PodInfo, failure: Parameters<typeof reportFailure>[2]): void {
    const { client, world } = this.#options;
    this.#track(reportFailure({ client, recorder: this.#teamOf(info).recorder, pods: this.#pods, world }, info, failure));
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
