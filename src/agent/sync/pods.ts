// All pods of this node: the wishes of the API and of the node's own files, and the runtime's facts, come in here and go to
// the pods' workers.
import type { Timer } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import type { Informer, Informers } from '#client/cache.ts';
import { admitPod } from './admit.ts';
import { isMirrorPod } from '#api/podutil.ts';
import { fullName, isStaticPod } from '../static/annotations.ts';
import { MirrorPods } from '../static/mirrors.ts';
import type { WaitingReason } from '../status/input.ts';
import type { AgentContext } from './context.ts';
import { podsToPreempt, preempted } from './preempt.ts';
import { isTerminalPhase, uidOf } from './spec.ts';
import { identityOf, PodWorker } from './worker.ts';

const firstCleanUpRetry = 2000;
const lastCleanUpRetry = 120_000;

export class PodManager {
  readonly #context: AgentContext;
  readonly #informer: Informer<Pod>;
  readonly #workers = new Map<string, PodWorker>();
  readonly #mirrors: MirrorPods;
  /** Static pods by uid, as the files ask for them now. */
  #static: ReadonlyMap<string, Pod> = new Map();
  #remove: (() => void) | undefined;
  #synced = false;
  #disposed = false;
  #cleanUpTimer: Timer | undefined;

  constructor(context: AgentContext, informers: Informers) {
    this.#context = context;
    this.#informer = informers.of(Pods, { fieldSelector: `spec.nodeName=${context.options.nodeName}` });
    const { client, world, node, statuses } = context;
    this.#mirrors = new MirrorPods({ client, world, node, changed: (pod, mirror) => statuses.mirror(pod, mirror) });
    statuses.onLostMirror = (mirror) => this.#mirrors.gone(mirror);
  }

  /** Resolves once every pod of the API and of the runtime has its worker. Static pods must have been named before. */
  async start(): Promise<void> {
    const { cache, topology } = this.#context;
    await Promise.all([cache.relist(), this.#informer.whenSynced]);
    // Before any of these pods is judged: what others have left is theirs to have.
    const there = new Set([...this.#workers.keys(), ...this.#informer.lister.list().map(uidOf), ...cache.states().map(({ uid }) => uid)]);
    await topology.retain((uid) => there.has(uid));
    // Whoever was disposed meanwhile must not take up pods: nobody would end their workers, and the next agent has them.
    if (this.#disposed) return;
    this.#remove = this.#informer.onChange({
      added: (pod) => (isMirrorPod(pod) ? this.#mirrors.seen(pod) : this.#added(pod)),
      updated: (pod) => (isMirrorPod(pod) ? this.#mirrors.seen(pod) : this.#updated(pod)),
      deleted: (pod) => (isMirrorPod(pod) ? this.#mirrors.gone(pod) : this.#deleted(pod)),
    });
    this.#synced = true;
    this.#mirrors.complete();
    for (const state of cache.states()) this.runtimeChanged(state.uid);
    await this.#cleanUp();
  }

  /** The static pods of this node, all of them: those that are not among them any more end. */
  setStatic(pods: readonly Pod[]): void {
    if (this.#disposed) return;
    const before = this.#static;
    this.#static = new Map(pods.map((pod) => [uidOf(pod), pod]));
    for (const [uid, pod] of before) if (!this.#static.has(uid)) this.#deleted(pod);
    for (const pod of pods) if (before.get(uidOf(pod)) !== pod) this.#startStatic(pod);
  }

  /** Starts or updates a static pod. An earlier version of it, or another one of its name, must have gone first. */
  #startStatic(pod: Pod): void {
    const name = fullName(pod);
    const inTheWay = this.workers().some((worker) => worker.id.uid !== uidOf(pod) && worker.pod && fullName(worker.pod) === name);
    if (inTheWay) return;
    this.#mirrors.want(pod);
    this.#updated(pod);
  }

  #gone(worker: PodWorker): void {
    this.#workers.delete(worker.id.uid);
    const { pod } = worker;
    if (!pod || !isStaticPod(pod) || this.#disposed) return;
    this.#mirrors.release(pod);
    for (const next of this.#static.values()) if (fullName(next) === fullName(pod)) this.#startStatic(next);
  }

  get(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  workers(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  /** The pod of this name, of which the API knows: itself, or by its mirror. */
  find(namespace: string, name: string): PodWorker | undefined {
    const pod = this.#informer.lister.get(name, namespace);
    if (pod && !isMirrorPod(pod)) return this.#workers.get(uidOf(pod));
    return this.workers().find((worker) => worker.pod && isStaticPod(worker.pod) && fullName(worker.pod) === `${name}_${namespace}`);
  }

  /** Pods that hold resources of the node. */
  active(): readonly Pod[] {
    return this.workers().flatMap((worker) => (worker.active && worker.pod ? [worker.pod] : []));
  }

  #worker(identity: ReturnType<typeof identityOf>): PodWorker {
    const known = this.#workers.get(identity.uid);
    if (known) return known;
    const worker = new PodWorker(this.#context, identity, (gone) => this.#gone(gone));
    this.#workers.set(identity.uid, worker);
    return worker;
  }

  #added(pod: Pod): void {
    const uid = uidOf(pod);
    const ran = pod.status?.startTime !== undefined || (isStaticPod(pod) && this.#context.cache.get(uid) !== undefined);
    // What ran before, or was taken before, is not judged again.
    const judged = this.#workers.has(uid) || ran || pod.metadata.deletionTimestamp || isTerminalPhase(pod.status?.phase);
    const verdict = judged ? {} : this.#admit(pod);
    const { refused } = verdict;
    if (refused) this.#context.recorder.event(pod, 'Warning', refused.reason, refused.message.replace(/^Pod was rejected: /, ''));
    this.#worker(identityOf(pod)).update(pod, verdict);
  }

  /** Judges a pod that is new here. `after`: it is taken, and starts when others have made room. */
  #admit(pod: Pod): { refused?: WaitingReason; after?: Promise<void> } {
    const others = this.active();
    const context = this.#context;
    const refused = admitPod(pod, others, {
      node: context.node(),
      nodeName: context.options.nodeName,
      allocatable: context.admissible(),
      userNamespaces: false,
      pressures: context.pressures(),
      unsafeSysctls: context.options.unsafeSysctls,
      shuttingDown: context.shuttingDown(),
    });
    if (!refused?.shortages) return refused ? { refused } : {};
    try {
      return { after: this.#preempt(podsToPreempt(pod, others, refused.shortages)) };
    } catch (error) {
      const text = `Unexpected error while attempting to recover from admission failure: ${messageOf(error)}`;
      return { refused: { reason: 'UnexpectedAdmissionError', message: `Pod was rejected: ${text}` } };
    }
  }

  /** Ends pods for a critical one; resolves when nothing of them runs any more. */
  async #preempt(pods: readonly Pod[]): Promise<void> {
    const workers = pods.flatMap((pod) => this.#workers.get(uidOf(pod)) ?? []);
    for (const worker of workers) {
      if (worker.pod) this.#context.recorder.event(worker.pod, 'Warning', preempted.reason, preempted.message);
      worker.end(preempted, { disrupted: 'TerminationByKubelet' });
    }
    await Promise.all(workers.map((worker) => worker.stopped));
  }

  #updated(pod: Pod): void {
    const worker = this.#workers.get(uidOf(pod));
    if (worker) worker.update(pod);
    else this.#added(pod);
  }

  #deleted(pod: Pod): void {
    this.#workers.get(uidOf(pod))?.removed(pod);
  }

  /** The runtime has news of a pod. */
  runtimeChanged(uid: string): void {
    if (!this.#synced || this.#disposed) return;
    const worker = this.#workers.get(uid);
    if (worker) {
      worker.notify();
      return;
    }
    const state = this.#context.cache.get(uid);
    if (!state || (state.sandboxes.length === 0 && state.containers.length === 0)) return;
    // Nobody wants it any more: its API object went away while we were not looking.
    this.#worker({ uid, name: state.name, namespace: state.namespace }).removed(undefined);
  }

  /** Frees what pods left behind that neither the API nor the runtime knows. What cannot be freed yet (a volume whose
   * driver is away) is tried again, less and less often. */
  async #cleanUp(retry = firstCleanUpRetry): Promise<void> {
    const { volumes, cgroups, world, options } = this.#context;
    const [mounted, grouped, directories] = await Promise.all([
      volumes.present(),
      cgroups.present(),
      world.fs.list(`${options.dataDir}/pods`),
    ]);
    let failed = false;
    for (const uid of new Set([...mounted, ...grouped, ...directories])) {
      // What the next agent does is none of ours.
      if (this.#disposed) return;
      if (this.#workers.has(uid)) continue;
      try {
        await volumes.tearDown(uid);
        await cgroups.remove(uid);
        await world.fs.remove(`${options.dataDir}/pods/${uid}`);
      } catch (error) {
        failed = true;
        world.log.warn('cannot clean up after a pod', { uid, error: messageOf(error) });
      }
    }
    if (this.#disposed) return;
    if (failed) {
      const again = (): void =>
        void this.#cleanUp(Math.min(retry * 2, lastCleanUpRetry)).catch((error: unknown) =>
          world.log.warn('cannot clean up', { error: messageOf(error) }),
        );
      this.#cleanUpTimer = world.clock.after(retry, again);
    }
    for (const uid of this.#context.claims.pods())
      if (!this.#workers.has(uid)) await this.#context.claims.release(uid).catch(() => undefined);
    for (const name of await world.fs.list(`${options.dataDir}/logs`)) {
      const uid = name.slice(name.lastIndexOf('_') + 1);
      if (!this.#workers.has(uid) && !this.#disposed) await world.fs.remove(`${options.dataDir}/logs/${name}`);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#cleanUpTimer?.cancel();
    this.#remove?.();
    this.#mirrors.dispose();
    await Promise.all(this.workers().map((worker) => worker.dispose()));
  }
}
