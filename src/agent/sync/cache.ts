// What the runtime has, pod by pod, kept current by its events; a relist finds what an event may have missed.
import type { Clock } from '#base/clock.ts';
import { messageOf } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { type Container, type ContainerStatus, isRuntimeNotFound, type Runtime, type RuntimeEvent, type Sandbox } from '../runtime.ts';
import { label } from './labels.ts';
import { emptyState, type PodState, readContainer, readSandbox, type RuntimeContainer, withContainer, withSandbox } from './state.ts';

const listedState: Readonly<Record<string, string>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
};

/**
 * The runtime's own record of an exit follows its event by a moment, which is long on a busy machine: how long to look again,
 * in milliseconds. Giving up too soon would leave the exit to the next relist.
 */
const settle = [0, 5, 15, 40, 100, 250, 500, 1000, 2000, 4000];

/** The kernel's reason for a kill may come after the kill: how often to look again, and after how many milliseconds. */
const killLooks = 6;
const killSettles = 100;

/** Exits of unknown containers that are remembered: those of sandboxes and of other programs' containers are among them. */
const mostEarly = 256;

/** Of two reads of a container that ran at once: what has exited never runs again. */
const laterOf = (known: RuntimeContainer | undefined, read: RuntimeContainer): RuntimeContainer =>
  known?.state === 'exited' && read.state === 'running' ? known : read;

type PodNames = Pick<PodState, 'uid' | 'name' | 'namespace'>;

/** What a list of the runtime's says of a pod. */
interface Listed {
  readonly pod: PodNames;
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly Container[];
}

export class RuntimeCache {
  readonly #runtime: Runtime;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #pods = new Map<string, PodState>();
  /** When what is known of a pod was last written, in writes of all pods: what a slow list says may be older than that. */
  readonly #written = new Map<string, number>();
  #writes = 0;
  /** Pod uid by container or sandbox id. */
  readonly #owners = new Map<string, string>();
  readonly #changed: (uid: string) => void;
  readonly #stop = new AbortController();
  /** Exits of containers that we have not heard of yet, oldest first: a short-lived one may end before its start is answered. */
  readonly #early = new Map<string, RuntimeEvent>();
  #streaming = false;
  #relistNeeded = false;

  constructor(runtime: Runtime, world: { clock: Clock; log: Log }, changed: (uid: string) => void) {
    this.#runtime = runtime;
    this.#clock = world.clock;
    this.#log = world.log.child({ part: 'runtime-cache' });
    this.#changed = changed;
  }

  get(uid: string): PodState | undefined {
    return this.#pods.get(uid);
  }

  states(): readonly PodState[] {
    return [...this.#pods.values()];
  }

  /** Whether more is known of a pod than at a moment (a number of writes). */
  #newer(uid: string, moment: number): boolean {
    return (this.#written.get(uid) ?? 0) > moment;
  }

  #put(state: PodState): void {
    this.#pods.set(state.uid, state);
    this.#written.set(state.uid, ++this.#writes);
    for (const { id } of [...state.sandboxes, ...state.containers]) this.#owners.set(id, state.uid);
    for (const { id } of state.containers) {
      const event = this.#early.get(id);
      if (event) {
        this.#early.delete(id);
        this.#onEvent(event);
      }
    }
  }

  /** Forgets a pod whose sandboxes and containers are removed. */
  drop(uid: string): void {
    this.#pods.delete(uid);
    this.#written.set(uid, ++this.#writes);
    for (const [id, owner] of this.#owners) if (owner === uid) this.#owners.delete(id);
  }

  /** Notes a sandbox that was just made. */
  async addSandbox(pod: PodNames, id: string): Promise<PodState> {
    const sandbox = readSandbox(await this.#runtime.sandboxStatus(id));
    const state = withSandbox(this.#pods.get(pod.uid) ?? emptyState(pod), sandbox);
    this.#put(state);
    return state;
  }

  /** Reads one container anew. `sandboxId` is needed only for one that was never seen. */
  async refreshContainer(uid: string, id: string, sandboxId = ''): Promise<PodState | undefined> {
    const known = this.#pods.get(uid)?.containers.find((container) => container.id === id);
    let container: RuntimeContainer | undefined;
    try {
      container = await this.#read(id, known?.sandboxId ?? sandboxId);
    } catch (error) {
      if (!isRuntimeNotFound(error)) throw error;
    }
    // The pod's state may have moved on while the runtime answered.
    const state = this.#pods.get(uid);
    if (!state) return undefined;
    const next = container
      ? withContainer(
          state,
          laterOf(
            state.containers.find((other) => other.id === id),
            container,
          ),
        )
      : { ...state, containers: state.containers.filter((other) => other.id !== id) };
    this.#put(next);
    return next;
  }

  /**
   * The runtime hears of a killed process and of the kernel's reason for it in two events, in either order: a container that
   * has just been killed is looked at again before its end is told.
   */
  async #statusOf(id: string): Promise<ContainerStatus> {
    let status = await this.#runtime.containerStatus(id);
    for (let look = 0; look < killLooks; look++) {
      const unexplained = status.exitCode === 137 && status.reason === 'Error';
      if (!unexplained || this.#clock.now() - status.finishedAt > killSettles * (killLooks + 2)) break;
      await this.#clock.sleep(killSettles);
      status = await this.#runtime.containerStatus(id);
    }
    return status;
  }

  async #read(id: string, sandboxId: string): Promise<RuntimeContainer | undefined> {
    const status = await this.#statusOf(id);
    return readContainer({ podSandboxId: sandboxId } as Container, status);
  }

  /** Reads everything of one pod anew. */
  async refresh(pod: PodNames): Promise<PodState> {
    const labelSelector = { [label.podUid]: pod.uid };
    for (;;) {
      const moment = this.#writes;
      const [sandboxes, containers] = await Promise.all([
        this.#runtime.listSandboxes({ labelSelector }),
        this.#runtime.listContainers({ labelSelector }),
      ]);
      const state = await this.#load({ pod, sandboxes, containers }, moment);
      if (state) return state;
    }
  }

  /** Reads what was listed of a pod at a moment; undefined when more has become known of it since: the list is out of date. */
  async #load({ pod, sandboxes, containers }: Listed, moment: number): Promise<PodState | undefined> {
    if (this.#newer(pod.uid, moment)) return undefined;
    const ignoreGone = (error: unknown): undefined => {
      if (!isRuntimeNotFound(error)) throw error;
    };
    const [boxes, instances] = await Promise.all([
      Promise.all(sandboxes.map((sandbox) => this.#runtime.sandboxStatus(sandbox.id).then(readSandbox, ignoreGone))),
      Promise.all(containers.map((listed) => this.#statusOf(listed.id).then((status) => readContainer(listed, status), ignoreGone))),
    ]);
    if (this.#newer(pod.uid, moment)) return undefined;
    let state = emptyState(pod);
    for (const sandbox of boxes) if (sandbox) state = withSandbox(state, sandbox);
    const before = this.#pods.get(pod.uid)?.containers ?? [];
    for (const instance of instances) {
      if (instance)
        state = withContainer(
          state,
          laterOf(
            before.find((other) => other.id === instance.id),
            instance,
          ),
        );
    }
    this.drop(pod.uid);
    this.#put(state);
    return state;
  }

  /** Compares everything with the runtime; pods that differ are read anew and announced. */
  async relist(): Promise<void> {
    this.#relistNeeded = false;
    const moment = this.#writes;
    const [sandboxes, containers] = await Promise.all([this.#runtime.listSandboxes(), this.#runtime.listContainers()]);
    const pods = new Map<string, { pod: PodNames; sandboxes: Sandbox[]; containers: Container[] }>();
    const slot = (labels: Readonly<Record<string, string>>) => {
      const uid = labels[label.podUid];
      if (uid === undefined) return undefined;
      const found = pods.get(uid);
      if (found) return found;
      const pod = { uid, name: labels[label.podName] ?? '', namespace: labels[label.podNamespace] ?? '' };
      const made = { pod, sandboxes: [], containers: [] };
      pods.set(uid, made);
      return made;
    };
    for (const sandbox of sandboxes) slot(sandbox.labels)?.sandboxes.push(sandbox);
    for (const container of containers) slot(container.labels)?.containers.push(container);

    for (const [uid, found] of pods) {
      if (this.#same(this.#pods.get(uid), found.sandboxes, found.containers)) continue;
      if (await this.#load(found, moment)) this.#changed(uid);
      else this.#relistNeeded = true;
    }
    for (const [uid, state] of this.#pods) {
      if (pods.has(uid) || (state.sandboxes.length === 0 && state.containers.length === 0) || this.#newer(uid, moment)) continue;
      this.drop(uid);
      this.#changed(uid);
    }
    // The marks of pods that are gone are needed only by lists that began before.
    for (const [uid, written] of this.#written) if (!this.#pods.has(uid) && written <= moment) this.#written.delete(uid);
  }

  #same(state: PodState | undefined, sandboxes: readonly Sandbox[], containers: readonly Container[]): boolean {
    if (!state || state.sandboxes.length !== sandboxes.length || state.containers.length !== containers.length) return false;
    const boxes = new Map(state.sandboxes.map((sandbox) => [sandbox.id, sandbox.ready]));
    const instances = new Map(state.containers.map((container) => [container.id, container.state as string]));
    return (
      sandboxes.every((sandbox) => boxes.get(sandbox.id) === (sandbox.state === 'SANDBOX_READY')) &&
      containers.every((container) => instances.get(container.id) === (listedState[container.state] ?? 'unknown'))
    );
  }

  async #stopped(event: RuntimeEvent, uid: string): Promise<void> {
    const state = this.#pods.get(uid);
    if (!state) return;
    if (state.sandboxes.some((sandbox) => sandbox.id === event.id)) {
      await this.#sandboxStopped(state, event.id);
      return;
    }
    for (const delay of settle) {
      if (delay > 0) await this.#clock.sleep(delay, this.#stop.signal);
      const next = await this.refreshContainer(uid, event.id);
      if (next?.containers.find((container) => container.id === event.id)?.state !== 'running') break;
    }
    this.#changed(uid);
  }

  async #sandboxStopped(state: PodState, id: string): Promise<void> {
    for (const delay of settle) {
      if (delay > 0) await this.#clock.sleep(delay, this.#stop.signal);
      const sandbox = await this.#runtime.sandboxStatus(id).then(readSandbox, (error: unknown) => {
        if (!isRuntimeNotFound(error)) throw error;
        return undefined;
      });
      if (sandbox?.ready) continue;
      const current = this.#pods.get(state.uid) ?? state;
      if (sandbox) this.#put(withSandbox(current, sandbox));
      else this.#put({ ...current, sandboxes: current.sandboxes.filter((other) => other.id !== id) });
      break;
    }
    this.#changed(state.uid);
  }

  #onEvent(event: RuntimeEvent): void {
    if (event.type === 'started') return;
    const uid = this.#owners.get(event.id);
    if (uid === undefined) {
      // Perhaps a container that is only being created: looked at when we hear of it, or by the next relist.
      this.#relistNeeded = true;
      if (event.type === 'stopped') this.#early.set(event.id, event);
      for (const id of this.#early.keys()) if (this.#early.size > mostEarly) this.#early.delete(id);
      return;
    }
    if (event.type === 'deleted') return;
    this.#stopped(event, uid).catch((error: unknown) => {
      if (this.#stop.signal.aborted) return;
      this.#relistNeeded = true;
      this.#log.warn('cannot read a container after its exit', { error: messageOf(error), id: event.id });
    });
  }

  /** Follows the runtime's events until `dispose`, relisting now and then. */
  start(): void {
    void this.#follow();
    void this.#relistLoop();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#streaming = true;
        for await (const event of this.#runtime.events(signal)) this.#onEvent(event);
      } catch (error) {
        if (!signal.aborted) this.#log.warn('the runtime event stream broke', { error: messageOf(error) });
      }
      this.#streaming = false;
      // What happened while nobody listened is found by looking.
      this.#relistNeeded = true;
      if (!signal.aborted) await this.#clock.sleep(500, signal).catch(() => undefined);
    }
  }

  async #relistLoop(): Promise<void> {
    const { signal } = this.#stop;
    let idle = 0;
    while (!signal.aborted) {
      await this.#clock.sleep(1000, signal).catch(() => undefined);
      if (signal.aborted) return;
      idle++;
      // With a healthy event stream nothing should be missed: look every tenth second only.
      if (this.#streaming && !this.#relistNeeded && idle < 10) continue;
      idle = 0;
      await this.relist().catch((error: unknown) => {
        if (!signal.aborted) this.#log.warn('cannot list the containers', { error: messageOf(error) });
      });
    }
  }

  /** Undefined when the runtime answers. */
  health(): string | undefined {
    return this.#streaming ? undefined : 'the runtime event stream is down';
  }

  dispose(): void {
    this.#stop.abort();
  }
}
