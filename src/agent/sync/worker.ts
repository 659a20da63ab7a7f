// The life of one pod on this node, from admission to removal: one step at a time, each decided by `planPod`.
import type { Timer } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { AdmissionError } from '../numa/admission.ts';
import { podDir, podLogDir } from '../options.ts';
import type { WaitingReason } from '../status/input.ts';
import { sameJson } from '../status/patch.ts';
import type { AgentContext } from './context.ts';
import { runPlan } from './execute.ts';
import { planPod } from './plan.ts';
import { PodReporter, type Report } from './reporter.ts';
import { newSizes, noteSizes, resizePod, startsWith } from './resize.ts';
import { gracePeriod, isTerminalPhase, podText, uidOf } from './spec.ts';
import { emptyState, type PodState, running } from './state.ts';
import { stopContainer, stopPod } from './stop.ts';

type Stage = 'running' | 'terminating' | 'terminated' | 'gone';

const firstRetry = 1000;
const lastRetry = 20_000;
const resizeRetry = 10_000;
/** More steps than this in one go mean that planning and the world disagree: pause. */
const maxSteps = 50;

export interface PodIdentity {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

export class PodWorker {
  readonly id: PodIdentity;
  readonly #context: AgentContext;
  readonly #gone: (worker: PodWorker) => void;
  /** The newest version; undefined when the API has never told us (left over from an earlier life of the agent). */
  pod: Pod | undefined;
  #inApi = false;
  #stage: Stage = 'running';
  readonly #ended = Promise.withResolvers<void>();
  /** Waits for others that make room. */
  #held = false;
  /** Nothing of it runs any more. Once the API knows, the scheduler may send another pod into its place. */
  #stopped = false;
  #failure: WaitingReason | undefined;
  /** Seconds that the pod gets when the node itself ends it; and the reason of its DisruptionTarget condition. */
  #ending: { readonly grace?: number; readonly disrupted?: string } = {};
  readonly #waiting = new Map<string, WaitingReason>();
  readonly #reporter: PodReporter;
  readonly #sizes = newSizes();
  #volumesStale = true;
  #volumeRetry = 0;
  #sync = new AbortController();
  #stop: { grace: number; abort: AbortController } | undefined;
  #woken = false;
  #busy = false;
  #resolveIdle: (() => void) | undefined;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #retry = 0;
  /** Until then (monotonic milliseconds) taking the pod down is not tried again, whatever the runtime tells. */
  #patience = 0;
  #disposed = false;
  #cgroupParent: string | undefined;

  constructor(context: AgentContext, id: PodIdentity, gone: (worker: PodWorker) => void) {
    this.#context = context;
    this.id = id;
    this.#gone = gone;
    this.#reporter = new PodReporter(context, () => {
      if (!this.#disposed) void this.publish().catch(() => undefined);
    });
  }

  get stage(): Stage {
    return this.#stage;
  }

  /** True while the pod holds resources of the node: until its last container has stopped. */
  get active(): boolean {
    if (this.pod === undefined || this.#failure !== undefined || this.#stopped) return false;
    return this.#stage === 'running' || this.#stage === 'terminating';
  }

  /** Resolves when nothing of it runs any more. */
  get stopped(): Promise<void> {
    return this.#ended.promise;
  }

  get state(): PodState {
    return this.#context.cache.get(this.id.uid) ?? emptyState(this.id);
  }

  // ---- What happens around the pod ----

  /** A new version of the pod. `refused`: the node does not take it; `after`: it may begin only then. */
  update(pod: Pod, { refused, after }: { readonly refused?: WaitingReason; readonly after?: Promise<void> } = {}): void {
    // Our own status writes come back as updates: they change nothing for volumes and references.
    if (!this.pod || !sameWishes(this.pod, pod)) {
      this.#volumesStale = true;
      if (this.#stage === 'running') this.#context.objects.register(pod);
    }
    this.pod = pod;
    this.#inApi = true;
    if (refused) {
      this.#failure = refused;
      this.#terminate();
    } else if (pod.metadata.deletionTimestamp || isTerminalPhase(pod.status?.phase)) this.#terminate();
    if (after) {
      this.#held = true;
      void after.then(() => {
        this.#held = false;
        this.wake();
      });
    }
    this.wake();
  }

  /** The pod is gone from the API; `last` is how it was. */
  removed(last: Pod | undefined): void {
    if (last) this.pod = last;
    this.#inApi = false;
    this.#terminate();
    this.wake();
  }

  /** A ConfigMap, a Secret or a token of the pod changed. */
  refreshVolumes(): void {
    this.#volumesStale = true;
    this.#volumeRetry = 0;
    this.wake();
  }

  /** The runtime or a prober has news. */
  notify(): void {
    if (this.#busy) void this.publish().catch(() => undefined);
    this.wake();
  }

  #terminate(): void {
    if (this.#stage === 'running') {
      this.#stage = 'terminating';
      this.#sync.abort(new Error('the pod is to end'));
    } else if (this.#stage === 'terminating' && this.#stop && this.#grace() < this.#stop.grace) {
      // Less time than before: whoever waits now gets the rest only.
      this.#stop.abort.abort(new Error('the grace period was shortened'));
      const { runtime } = this.#context;
      const seconds = this.#grace();
      for (const instance of running(this.state)) void runtime.stopContainer(instance.id, seconds).catch(() => undefined);
    }
  }

  #grace(): number {
    if (!this.pod) return 1;
    return Math.max(1, Math.min(gracePeriod(this.pod), this.#ending.grace ?? Number.POSITIVE_INFINITY));
  }

  /** The node ends the pod for a reason of its own: the pod fails with it. */
  end(failure: WaitingReason, about: { readonly grace?: number; readonly disrupted?: string }): void {
    if (this.#stage !== 'running') return;
    this.#failure = failure;
    this.#ending = about;
    this.#terminate();
    this.wake();
  }

  // ---- The loop ----

  wake(): void {
    if (this.#disposed) return;
    this.#woken = true;
    if (!this.#busy) void this.#loop();
  }

  #wakeIn(ms: number): void {
    const at = this.#context.world.clock.monotonic() + ms;
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#context.world.clock.after(ms, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.wake();
    });
  }

  async #loop(): Promise<void> {
    this.#busy = true;
    while (this.#woken && !this.#disposed) {
      this.#woken = false;
      const { stage } = this;
      try {
        await this.#step();
        if (this.#patience <= this.#context.world.clock.monotonic()) this.#retry = 0;
      } catch (error) {
        if (this.#disposed) break;
        // What was under way when the pod had to end was called off, which is no failure.
        if (stage === 'running' && this.#stage !== 'running') {
          this.#woken = true;
          continue;
        }
        if (stage === 'terminating' && this.pod) {
          this.#context.recorder.event(this.pod, 'Warning', 'FailedKillPod', `error killing pod: ${messageOf(error)}`);
        }
        this.#context.world.log.warn('pod sync failed', { pod: this.id.name, namespace: this.id.namespace, error: messageOf(error) });
        this.#retry = Math.min(this.#retry === 0 ? firstRetry : this.#retry * 2, lastRetry);
        if (stage === 'terminating') this.#patience = this.#context.world.clock.monotonic() + this.#retry;
        this.#wakeIn(this.#retry);
      }
    }
    this.#busy = false;
    this.#resolveIdle?.();
  }

  async #step(): Promise<void> {
    switch (this.#stage) {
      case 'running':
        await this.#syncPod();
        // Ended while running: go on at once.
        if ((this.#stage as Stage) !== 'running') this.#woken = true;
        return;
      case 'terminating': {
        const wait = this.#patience - this.#context.world.clock.monotonic();
        if (wait > 0) {
          this.#wakeIn(wait);
          return;
        }
        await this.#endPod();
        this.#woken = true;
        return;
      }
      case 'terminated':
        await this.#afterEnd();
        return;
      case 'gone':
        return;
    }
  }

  // ---- Running ----

  #deadlinePassed(pod: Pod): boolean {
    const seconds = pod.spec.activeDeadlineSeconds;
    const start = this.#context.statuses.get(this.id.uid)?.startTime ?? pod.status?.startTime;
    if (seconds === undefined || !start) return false;
    const left = Date.parse(start) + seconds * 1000 - this.#context.world.clock.now();
    if (left > 0) this.#wakeIn(left);
    return left <= 0;
  }

  async #syncPod(): Promise<void> {
    const { pod } = this;
    if (!pod) {
      this.#terminate();
      return;
    }
    if (this.#held) return;
    const { signal } = this.#sync;
    await this.publish();
    if (this.#deadlinePassed(pod)) {
      const message = 'Pod was active on the node longer than the specified deadline';
      this.#failure = { reason: 'DeadlineExceeded', message };
      this.#context.recorder.event(pod, 'Normal', 'DeadlineExceeded', message);
      this.#terminate();
      return;
    }
    if (!(await this.#equip(pod))) return;
    // Neither may still be at work when the pod is taken down: both are waited for, whatever becomes of the other.
    const group = this.#group(pod);
    const mounted = await this.#mount(pod, signal).finally(() => group.catch(() => undefined));
    const cgroupParent = await group;
    if (!mounted) return;
    await this.#resize(pod, signal);
    for (let steps = 0; steps < maxSteps && !signal.aborted; steps++) {
      const current = this.pod ?? pod;
      const plan = planPod(current, this.state, this.#context.probes);
      if (plan.finished) {
        this.#terminate();
        return;
      }
      if (plan.kill.some(({ reason }) => reason === 'Changed')) this.#reporter.exchange();
      const result = await runPlan(this.#context, current, {
        plan,
        state: () => this.state,
        cgroupParent,
        waiting: this.#waiting,
        publish: () => this.publish(),
        starting: (container) => startsWith(container, this.#sizes),
        signal,
      });
      if (result.wakeIn !== undefined) this.#wakeIn(result.wakeIn);
      if (this.#reporter.exchanging && plan.kill.length === 0) this.#reporter.exchanged();
      if (!result.again) break;
    }
    if (!signal.aborted) await this.publish();
  }

  /** Gives the pod the processors, memory and devices of its own that it asks for; without them it is not taken. */
  async #equip(pod: Pod): Promise<boolean> {
    try {
      await this.#context.topology.admit(pod);
    } catch (error) {
      if (!(error instanceof AdmissionError)) throw error;
      this.#context.recorder.event(pod, 'Warning', error.reason, error.message);
      this.end({ reason: error.reason, message: `Pod was rejected: ${error.message}` }, {});
      return false;
    }
    try {
      await this.#context.claims.prepare(pod);
      return true;
    } catch (error) {
      const text = `Failed to prepare dynamic resources: ${messageOf(error)}`;
      this.#context.recorder.event(pod, 'Warning', 'FailedPrepareDynamicResources', text);
      throw error;
    }
  }

  /** The pod's control group, made at the first call. */
  async #group(pod: Pod): Promise<string> {
    this.#cgroupParent ??= await this.#context.cgroups.ensure(pod, { ownCpus: this.#context.cpus.exclusive(pod) });
    return this.#cgroupParent;
  }

  async #resize(pod: Pod, signal: AbortSignal): Promise<void> {
    noteSizes(pod, this.#sizes);
    const restarts = await resizePod(this.#context, pod, { state: this.state, sizes: this.#sizes });
    const grace = gracePeriod(pod);
    await Promise.all(
      restarts.map(({ container, instance }) =>
        stopContainer(
          this.#context,
          { pod, state: this.state, instance },
          { grace, message: `Container ${container.name} resize requires restart`, signal },
        ),
      ),
    );
    // What could not be given yet may become free, or the container may use less.
    if (this.#sizes.pending || this.#sizes.progress) this.#wakeIn(resizeRetry);
  }

  async #mount(pod: Pod, signal: AbortSignal): Promise<boolean> {
    if (!this.#volumesStale) return true;
    this.#volumesStale = false;
    await this.#context.world.fs.mkdir(podDir(this.#context.options.dataDir, this.id.uid), 0o750);
    const { problems, refreshAt } = await this.#context.volumes.setUp(pod, signal);
    signal.throwIfAborted();
    if (refreshAt !== undefined) this.#refreshAt(refreshAt);
    if (problems.length === 0) {
      this.#volumeRetry = 0;
      return true;
    }
    this.#volumesStale = true;
    for (const problem of problems) {
      const message = `MountVolume.SetUp failed for volume "${problem.volume}" : ${problem.message}`;
      this.#context.recorder.event(pod, 'Warning', 'FailedMount', message);
    }
    this.#volumeRetry = Math.min(this.#volumeRetry === 0 ? 500 : this.#volumeRetry * 2, 122_000);
    this.#wakeIn(this.#volumeRetry);
    // A pod that runs already goes on with what it has.
    return this.state.containers.length > 0;
  }

  #refreshAt(at: number): void {
    this.#refreshTimer?.cancel();
    const wait = Math.min(Math.max(1000, at - this.#context.world.clock.now()), 24 * 3600 * 1000);
    this.#refreshTimer = this.#context.world.clock.after(wait, () => this.refreshVolumes());
  }
  #refreshTimer: Timer | undefined;

  // ---- Status ----

  #report(): Report | undefined {
    const { pod, state } = this;
    if (!pod || !this.#inApi) return undefined;
    const { disrupted } = this.#ending;
    return { pod, state, stage: this.#stage, waiting: this.#waiting, sizes: this.#sizes, failure: this.#failure, disrupted };
  }

  /** Brings the status up to date. `terminal`: nothing of the pod will run any more. */
  publish(terminal = false): Promise<void> {
    return this.#reporter.publish(() => this.#report(), terminal);
  }

  // ---- Ending ----

  async #endPod(): Promise<void> {
    const grace = this.#grace();
    this.#stop = { grace, abort: new AbortController() };
    await this.publish();
    await stopPod(this.#context, { pod: this.pod, state: this.state }, { grace, signal: this.#stop.abort.signal });
    await this.#context.cache.refresh(this.id);
    if (running(this.state).length > 0) throw new Error(`containers of pod ${this.pod ? podText(this.pod) : this.id.name} still run`);
    this.#stop = undefined;
    this.#stopped = true;
    this.#ended.resolve();
    this.#context.probes.remove(this.id.uid);
    await this.publish(true);
    await this.#unmount();
    await this.#context.cgroups.remove(this.id.uid);
    await this.#context.topology.forget(this.id.uid);
    await this.#context.claims.release(this.id.uid);
    this.#refreshTimer?.cancel();
    this.#context.objects.unregister(this.id.uid);
    this.#context.restarts.forget(`${this.id.uid}/`);
    this.#context.pulls.forget(`${this.id.uid}_`);
    this.#stage = 'terminated';
  }

  async #unmount(): Promise<void> {
    try {
      await this.#context.volumes.tearDown(this.id.uid);
    } catch (error) {
      if (this.pod) this.#context.recorder.event(this.pod, 'Warning', 'FailedUnMount', `Unable to unmount volumes: ${messageOf(error)}`);
      throw error;
    }
  }

  async #afterEnd(): Promise<void> {
    if (this.#inApi) {
      if (this.pod?.metadata.deletionTimestamp) this.#context.statuses.remove(this.pod);
      return;
    }
    const { runtime, world, options, cache, tokens, statuses } = this.#context;
    for (const sandbox of this.state.sandboxes) await runtime.removeSandbox(sandbox.id);
    for (const container of this.state.containers) await runtime.removeContainer(container.id);
    await world.fs.remove(podDir(options.dataDir, this.id.uid));
    await world.fs.remove(podLogDir(options.dataDir, this.id));
    cache.drop(this.id.uid);
    tokens.forget(this.id.uid);
    statuses.forget(this.id.uid);
    this.#stage = 'gone';
    this.#timer?.cancel();
    this.#gone(this);
  }

  /** Lets go of the pod without touching what runs. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#reporter.dispose();
    this.#timer?.cancel();
    this.#refreshTimer?.cancel();
    this.#sync.abort(new Error('the agent stops'));
    this.#stop?.abort.abort(new Error('the agent stops'));
    if (this.#busy)
      await Promise.race([new Promise<void>((resolve) => (this.#resolveIdle = resolve)), this.#context.world.clock.sleep(1000)]);
  }
}

/** True when two versions of a pod ask for the same: nothing but status or bookkeeping differs. */
function sameWishes(a: Pod, b: Pod): boolean {
  const same = a.metadata.generation === b.metadata.generation && (a.metadata.generation !== undefined || sameJson(a.spec, b.spec));
  return same && sameJson(a.metadata.labels, b.metadata.labels) && sameJson(a.metadata.annotations, b.metadata.annotations);
}

/** The identity of a pod object. */
export const identityOf = (pod: Pod): PodIdentity => ({
  uid: uidOf(pod),
  name: pod.metadata.name,
  namespace: pod.metadata.namespace ?? '',
});
