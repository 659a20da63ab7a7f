// The life of one pod on this node, from admission to removal: one step at a time, each decided by `planPod`.
import { messageOf } from '#base/errors.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { podDir, podLogDir } from '../options.ts';
import type { WaitingReason } from '../status/input.ts';
import { sameJson } from '../status/patch.ts';
import type { AgentContext } from './context.ts';
import { runPlan } from './execute.ts';
import { PodGround } from './ground.ts';
import { type Failure, StepLoop } from './loop.ts';
import { planPod } from './plan.ts';
import { PodReporter, type Report } from './reporter.ts';
import { newSizes, noteSizes, resizePod, startsWith } from './resize.ts';
import { gracePeriod, isTerminalPhase, podText, uidOf } from './spec.ts';
import { emptyState, type PodState, running } from './state.ts';
import { stopContainer, stopPod } from './stop.ts';

type Stage = 'running' | 'terminating' | 'terminated' | 'gone';

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
  readonly #ground: PodGround;
  readonly #loop: StepLoop;
  /** The stage in which the step under way has begun. */
  #stepping: Stage = 'running';
  #sync = new AbortController();
  #stop: { grace: number; abort: AbortController } | undefined;
  #disposed = false;

  constructor(context: AgentContext, id: PodIdentity, gone: (worker: PodWorker) => void) {
    this.#context = context;
    this.id = id;
    this.#gone = gone;
    this.#ground = new PodGround(context, id.uid, () => this.refreshVolumes());
    this.#loop = new StepLoop(context.world.clock, { step: () => this.#step(), failed: (error) => this.#failed(error) });
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
      this.#ground.volumesChanged({ news: false });
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
    this.#ground.volumesChanged({ news: true });
    this.wake();
  }

  /** The runtime or a prober has news. */
  notify(): void {
    if (this.#loop.busy) void this.publish().catch(() => undefined);
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
    this.#loop.wake();
  }

  /** What a failed step means: what was under way when the pod had to end was called off, which is no failure. */
  #failed(error: unknown): Failure {
    const stage = this.#stepping;
    if (stage === 'running' && this.#stage !== 'running') return 'calledOff';
    if (stage === 'terminating' && this.pod) {
      this.#context.recorder.event(this.pod, 'Warning', 'FailedKillPod', `error killing pod: ${messageOf(error)}`);
    }
    this.#context.world.log.warn('pod sync failed', { pod: this.id.name, namespace: this.id.namespace, error: messageOf(error) });
    // Taking a pod down is not tried again before its time, whatever the runtime tells.
    return stage === 'terminating' ? 'patient' : 'again';
  }

  async #step(): Promise<void> {
    this.#stepping = this.#stage;
    switch (this.#stage) {
      case 'running':
        await this.#syncPod();
        // Ended while running: go on at once.
        if ((this.#stage as Stage) !== 'running') this.wake();
        return;
      case 'terminating': {
        const { patience } = this.#loop;
        if (patience > 0) {
          this.#loop.wakeIn(patience);
          return;
        }
        await this.#endPod();
        this.wake();
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
    if (left > 0) this.#loop.wakeIn(left);
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
    const refused = await this.#ground.equip(pod);
    if (refused) {
      this.end(refused, {});
      return;
    }
    // Neither may still be at work when the pod is taken down: both are waited for, whatever becomes of the other.
    const group = this.#ground.group(pod);
    const wait = await this.#ground.mount(pod, signal).finally(() => group.catch(() => undefined));
    if (wait !== undefined) this.#loop.wakeIn(wait);
    const cgroupParent = await group;
    // A pod that runs already goes on with the volumes that it has.
    if (wait !== undefined && this.state.containers.length === 0) return;
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
      if (result.wakeIn !== undefined) this.#loop.wakeIn(result.wakeIn);
      if (this.#reporter.exchanging && plan.kill.length === 0) this.#reporter.exchanged();
      if (!result.again) break;
    }
    if (!signal.aborted) await this.publish();
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
    if (this.#sizes.pending || this.#sizes.progress) this.#loop.wakeIn(resizeRetry);
  }

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
    await this.#ground.giveBack(this.pod);
    this.#context.objects.unregister(this.id.uid);
    this.#context.restarts.forget(`${this.id.uid}/`);
    this.#context.pulls.forget(`${this.id.uid}_`);
    this.#stage = 'terminated';
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
    this.#loop.cancel();
    this.#gone(this);
  }

  /** Lets go of the pod without touching what runs. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#reporter.dispose();
    this.#ground.dispose();
    this.#sync.abort(new Error('the agent stops'));
    this.#stop?.abort.abort(new Error('the agent stops'));
    await this.#loop.dispose();
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
