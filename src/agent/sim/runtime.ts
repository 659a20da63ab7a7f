// A container runtime without containers: sandboxes and containers are records, and containers do what their script says,
// on the clock that it is given.
import type { World } from '#base/world.ts';
import { AsyncQueue } from '#base/asyncqueue.ts';
import { rfc3339Micro, type Timer } from '#base/clock.ts';
import {
  type Container,
  type ContainerConfig,
  type ContainerStatus,
  type Runtime,
  RuntimeError,
  type RuntimeEvent,
  type RuntimeImage,
  type Sandbox,
  type SandboxConfig,
  type SandboxStatus,
} from '../runtime.ts';
import { type Script, scriptOf } from './script.ts';

interface SimSandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  readonly handler: string;
  readonly createdAt: number;
  /** What its containers have touched. */
  readonly files: Set<string>;
  ready: boolean;
  ip: string;
}

interface SimContainer {
  readonly id: string;
  readonly sandbox: SimSandbox;
  readonly config: ContainerConfig;
  readonly script: Script;
  readonly createdAt: number;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  resources: NonNullable<ContainerConfig['linux']>['resources'];
  timer: Timer | undefined;
  readonly ended: PromiseWithResolvers<void>;
}

export interface SimRuntimeOptions {
  /** Hands out the address of a new pod; undefined: the network is not there yet. */
  readonly addresses: { take(): string | undefined; free(address: string): void };
  readonly handlers?: readonly string[];
}

/** Use of one running container, for statistics. */
export interface SimUse {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly startedAt: number;
  readonly script: Script;
}

export interface SimRuntime extends Runtime {
  /** Running containers and what they use. */
  uses(): readonly SimUse[];
  /** True when a container of the pod with this address runs and is past its warming up. */
  answers(address: string): boolean;
  /** Ends a running container, as a crash of its program would. */
  kill(containerId: string, exitCode: number): void;
}

const killed = 137;
const maxEvents = 10_000;

/** Creates one; `world` gives the clock, ids and a place for log files. */
export function createSimRuntime(world: Pick<World, 'clock' | 'random' | 'fs' | 'log'>, options: SimRuntimeOptions): SimRuntime {
  const { clock } = world;
  const sandboxes = new Map<string, SimSandbox>();
  const containers = new Map<string, SimContainer>();
  const images = new Map<string, RuntimeImage>();
  const readers = new Set<AsyncQueue<RuntimeEvent>>();

  const newId = (): string => Buffer.from(world.random.bytes(32)).toString('hex');
  const tell = (type: RuntimeEvent['type'], id: string, exitCode?: number): void => {
    for (const reader of readers) reader.push({ type, id, at: clock.now(), ...(exitCode === undefined ? {} : { exitCode }) });
  };
  const sandboxOf = (id: string): SimSandbox => {
    const sandbox = sandboxes.get(id);
    if (!sandbox) throw new RuntimeError('notFound', `an error occurred when try to find sandbox: ${id}: not found`);
    return sandbox;
  };
  const containerOf = (id: string): SimContainer => {
    const container = containers.get(id);
    if (!container) throw new RuntimeError('notFound', `an error occurred when try to find container "${id}": not found`);
    return container;
  };
  const stateOf = (container: SimContainer): Container['state'] =>
    container.startedAt === 0 ? 'CONTAINER_CREATED' : container.finishedAt === 0 ? 'CONTAINER_RUNNING' : 'CONTAINER_EXITED';
  const runs = (container: SimContainer): boolean => stateOf(container) === 'CONTAINER_RUNNING';

  function end(container: SimContainer, exitCode: number): void {
    if (container.finishedAt !== 0) return;
    container.timer?.cancel();
    container.finishedAt = Math.max(clock.now(), container.startedAt);
    container.exitCode = exitCode;
    container.ended.resolve();
    tell('stopped', container.id, exitCode);
  }

  function viewSandbox(sandbox: SimSandbox): Sandbox {
    const { id, config, handler, createdAt, ready } = sandbox;
    return {
      id,
      metadata: config.metadata,
      state: ready ? 'SANDBOX_READY' : 'SANDBOX_NOTREADY',
      createdAt,
      labels: config.labels ?? {},
      annotations: config.annotations ?? {},
      runtimeHandler: handler,
    };
  }

  function viewContainer(container: SimContainer): Container {
    const { id, sandbox, config, createdAt } = container;
    return {
      id,
      podSandboxId: sandbox.id,
      metadata: config.metadata,
      image: config.image,
      imageRef: imageOf(config.image.image).id,
      imageId: imageOf(config.image.image).id,
      state: stateOf(container),
      createdAt,
      labels: config.labels ?? {},
      annotations: config.annotations ?? {},
    };
  }

  function imageOf(name: string): RuntimeImage {
    const known = images.get(name);
    if (known) return known;
    const digest = Buffer.from(name).toString('hex').slice(0, 64).padEnd(64, '0');
    return { id: `sha256:${digest}`, repoTags: [name], repoDigests: [], size: 1024 * 1024, username: '', pinned: false };
  }

  async function writeLog(container: SimContainer): Promise<void> {
    const { logPath } = container.config;
    const { logDirectory } = container.sandbox.config;
    if (!logPath || !logDirectory) return;
    const path = `${logDirectory}/${logPath}`;
    await world.fs.mkdir(path.slice(0, path.lastIndexOf('/')), 0o755);
    const at = rfc3339Micro(clock.now()).replace('Z', '000Z');
    const lines = container.script.output.split('\n').slice(0, -1);
    await world.fs.write(path, lines.map((line) => `${at} stdout F ${line}\n`).join(''), { append: true, mode: 0o640 });
  }

  const matches = (labels: Readonly<Record<string, string>>, wanted: Readonly<Record<string, string>> | undefined): boolean =>
    Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
  const unimplemented = (what: string): Promise<never> =>
    Promise.reject(new RuntimeError('unimplemented', `${what} needs a real container: this node is simulated`));

  return {
    version: () => Promise.resolve({ runtimeName: 'sim', runtimeVersion: '1.0.0', runtimeApiVersion: 'v1' }),
    status: () =>
      Promise.resolve({
        conditions: [
          { type: 'RuntimeReady', status: true, reason: '', message: '' },
          { type: 'NetworkReady', status: true, reason: '', message: '' },
        ],
        handlers: ['', ...(options.handlers ?? ['runc'])].map((name) => ({ name })),
        supplementalGroupsPolicy: false,
      }),

    async runSandbox(config, runtimeHandler = '') {
      const hosted = config.linux?.securityContext?.namespaceOptions?.network === 'NODE';
      const ip = hosted ? '' : options.addresses.take();
      if (ip === undefined) throw new RuntimeError('unknown', 'failed to set up the network of the sandbox: no addresses are left');
      const sandbox: SimSandbox = {
        id: newId(),
        config,
        handler: runtimeHandler,
        createdAt: clock.now(),
        files: new Set(),
        ready: true,
        ip,
      };
      sandboxes.set(sandbox.id, sandbox);
      tell('started', sandbox.id);
      return sandbox.id;
    },
    async stopSandbox(id) {
      const sandbox = sandboxes.get(id);
      if (!sandbox?.ready) return;
      for (const container of containers.values()) if (container.sandbox === sandbox && runs(container)) end(container, killed);
      sandbox.ready = false;
      if (sandbox.ip !== '') options.addresses.free(sandbox.ip);
      tell('stopped', id, 0);
    },
    async removeSandbox(id) {
      const sandbox = sandboxes.get(id);
      if (!sandbox) return;
      await this.stopSandbox(id);
      for (const container of containers.values()) if (container.sandbox === sandbox) await this.removeContainer(container.id);
      sandboxes.delete(id);
      tell('deleted', id);
    },
    async sandboxStatus(id): Promise<SandboxStatus> {
      const sandbox = sandboxOf(id);
      return { ...viewSandbox(sandbox), network: { ip: sandbox.ip, additionalIps: [] } };
    },
    async listSandboxes(filter = {}) {
      return [...sandboxes.values()]
        .map(viewSandbox)
        .filter((one) => (filter.id === undefined || one.id === filter.id) && (filter.state === undefined || one.state === filter.state))
        .filter((one) => matches(one.labels, filter.labelSelector));
    },

    async createContainer(sandboxId, config) {
      const sandbox = sandboxOf(sandboxId);
      const commandLine = [...(config.command ?? []), ...(config.args ?? [])];
      const env = Object.fromEntries((config.envs ?? []).map(({ key, value }) => [key, value]));
      const container: SimContainer = {
        id: newId(),
        sandbox,
        config,
        script: scriptOf(config.metadata.name, sandbox.config.annotations ?? {}, commandLine, { env, files: sandbox.files }),
        createdAt: clock.now(),
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        resources: config.linux?.resources,
        timer: undefined,
        ended: Promise.withResolvers(),
      };
      containers.set(container.id, container);
      return container.id;
    },
    async startContainer(id) {
      const container = containerOf(id);
      const { script } = container;
      if (script.startMs > 0) await clock.sleep(script.startMs);
      await writeLog(container);
      container.startedAt = clock.now();
      tell('started', id);
      const { exit } = script;
      if (exit) container.timer = clock.after(exit.afterMs, () => end(container, exit.code));
    },
    async stopContainer(id, timeoutSeconds) {
      const container = containers.get(id);
      if (!container || !runs(container)) return;
      const { stopMs } = container.script;
      const patient = stopMs <= timeoutSeconds * 1000;
      const timer = clock.after(patient ? stopMs : timeoutSeconds * 1000, () => end(container, patient ? 0 : killed));
      await container.ended.promise;
      timer.cancel();
    },
    async removeContainer(id) {
      const container = containers.get(id);
      if (!container) return;
      if (runs(container)) end(container, killed);
      container.timer?.cancel();
      containers.delete(id);
      tell('deleted', id);
    },
    async containerStatus(id): Promise<ContainerStatus> {
      const container = containerOf(id);
      const { config, sandbox, finishedAt, exitCode, resources } = container;
      return {
        ...viewContainer(container),
        startedAt: container.startedAt,
        finishedAt,
        exitCode,
        reason: finishedAt === 0 ? '' : exitCode === 0 ? 'Completed' : 'Error',
        message: '',
        mounts: config.mounts ?? [],
        logPath: config.logPath && sandbox.config.logDirectory ? `${sandbox.config.logDirectory}/${config.logPath}` : '',
        ...(resources ? { resources: { linux: resources } } : {}),
        stopSignal: 'RUNTIME_DEFAULT',
      };
    },
    async listContainers(filter = {}) {
      return [...containers.values()]
        .map(viewContainer)
        .filter((one) => (filter.id === undefined || one.id === filter.id) && (filter.state === undefined || one.state === filter.state))
        .filter((one) => filter.podSandboxId === undefined || one.podSandboxId === filter.podSandboxId)
        .filter((one) => matches(one.labels, filter.labelSelector));
    },
    writableBytes: () => Promise.resolve(0),
    async updateResources(id, resources) {
      const container = containerOf(id);
      container.resources = { ...container.resources, ...resources };
    },
    async reopenLog(id) {
      containerOf(id);
    },
    async execSync(id) {
      const container = containerOf(id);
      const warm = runs(container) && clock.now() - container.startedAt >= container.script.readyMs;
      return { stdout: new Uint8Array(0), stderr: new Uint8Array(0), exitCode: warm ? 0 : 1 };
    },
    execUrl: () => unimplemented('exec'),
    attachUrl: () => unimplemented('attach'),
    portForwardUrl: () => unimplemented('port-forward'),

    listImages: () => Promise.resolve([...images.values()]),
    imageStatus: (image) => Promise.resolve(images.get(image)),
    async pullImage(image) {
      images.set(image, imageOf(image));
      return imageOf(image).id;
    },
    async removeImage(image) {
      images.delete(image);
    },
    imageFsInfo: () => Promise.resolve([]),

    events(signal) {
      const queue = new AsyncQueue<RuntimeEvent>({ capacity: maxEvents, overflow: 'fail' });
      readers.add(queue);
      signal.addEventListener(
        'abort',
        () => {
          readers.delete(queue);
          queue.end();
        },
        { once: true },
      );
      return queue;
    },

    uses: () =>
      [...containers.values()]
        .filter(runs)
        .map(({ id, config, startedAt, script }) => ({ id, labels: config.labels ?? {}, startedAt, script })),
    kill(id, exitCode) {
      const container = containers.get(id);
      if (container !== undefined && runs(container)) end(container, exitCode);
    },
    answers: (address) =>
      [...containers.values()].some(
        (container) => container.sandbox.ip === address && runs(container) && clock.now() - container.startedAt >= container.script.readyMs,
      ),
  };
}
