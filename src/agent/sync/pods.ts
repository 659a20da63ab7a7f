// All pods of this node: the API's wishes and the runtime's facts come in here and go to the pods' workers.
import type { Timer } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import type { Informer, Informers } from '#client/cache.ts';
import { admitPod } from './admit.ts';
import type { AgentContext } from './context.ts';
import { isTerminalPhase, uidOf } from './spec.ts';
import { identityOf, PodWorker } from './worker.ts';

const firstCleanUpRetry = 2000;
const lastCleanUpRetry = 120_000;

export class PodManager {
  readonly #context: AgentContext;
  readonly #informer: Informer<Pod>;
  readonly #workers = new Map<string, PodWorker>();
  #remove: (() => void) | undefined;
  #synced = false;
  #disposed = false;
  #cleanUpTimer: Timer | undefined;

  constructor(context: AgentContext, informers: Informers) {
    this.#context = context;
    this.#informer = informers.of(Pods, { fieldSelector: `spec.nodeName=${context.options.nodeName}` });
  }

  /** Resolves once every pod of the API and of the runtime has its worker. */
  async start(): Promise<void> {
    await Promise.all([this.#context.cache.relist(), this.#informer.whenSynced]);
    this.#remove = this.#informer.onChange({
      added: (pod) => this.#added(pod),
      updated: (pod) => this.#updated(pod),
      deleted: (pod) => this.#deleted(pod),
    });
    this.#synced = true;
    for (const state of this.#context.cache.states()) this.runtimeChanged(state.uid);
    await this.#cleanUp();
  }

  get(uid: string): PodWorker | undefined {
    return this.#workers.get(uid);
  }

  workers(): readonly PodWorker[] {
    return [...this.#workers.values()];
  }

  /** The pod of this name, of which the API knows. */
  find(namespace: string, name: string): PodWorker | undefined {
    const pod = this.#informer.lister.get(name, namespace);
    return pod && this.#workers.get(uidOf(pod));
  }

  /** Pods that hold resources of the node. */
  active(): readonly Pod[] {
    return this.workers().flatMap((worker) => (worker.active && worker.pod ? [worker.pod] : []));
  }

  #worker(identity: ReturnType<typeof identityOf>): PodWorker {
    const known = this.#workers.get(identity.uid);
    if (known) return known;
    const worker = new PodWorker(this.#context, identity, (uid) => this.#workers.delete(uid));
    this.#workers.set(identity.uid, worker);
    return worker;
  }

  #added(pod: Pod): void {
    const known = this.#workers.has(uidOf(pod));
    // What ran before, or was taken before, is not judged again.
    const judged = known || pod.status?.startTime || pod.metadata.deletionTimestamp || isTerminalPhase(pod.status?.phase);
    const refused = judged
      ? undefined
      : admitPod(pod, this.active(), {
          node: this.#context.node(),
          nodeName: this.#context.options.nodeName,
          allocatable: this.#context.admissible(),
          userNamespaces: false,
          pressures: this.#context.pressures(),
        });
    if (refused) this.#context.recorder.event(pod, 'Warning', refused.reason, refused.message.replace(/^Pod was rejected: /, ''));
    this.#worker(identityOf(pod)).update(pod, refused);
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
    if (!this.#synced) return;
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
    if (failed && !this.#disposed) {
      const again = (): void =>
        void this.#cleanUp(Math.min(retry * 2, lastCleanUpRetry)).catch((error: unknown) =>
          world.log.warn('cannot clean up', { error: messageOf(error) }),
        );
      this.#cleanUpTimer = world.clock.after(retry, again);
    }
    for (const uid of this.#context.devices.pods()) if (!this.#workers.has(uid)) await this.#context.devices.forget(uid);
    for (const uid of this.#context.claims.pods())
      if (!this.#workers.has(uid)) await this.#context.claims.release(uid).catch(() => undefined);
    for (const name of await world.fs.list(`${options.dataDir}/logs`)) {
      const uid = name.slice(name.lastIndexOf('_') + 1);
      if (!this.#workers.has(uid)) await world.fs.remove(`${options.dataDir}/logs/${name}`);
    }
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#cleanUpTimer?.cancel();
    this.#remove?.();
    await Promise.all(this.workers().map((worker) => worker.dispose()));
  }
}
