// Our own containerd: started on the first use, adopted when it runs already (it and its containers outlive Tutti),
// started again when it dies.
import { messageOf } from '#base/errors.ts';
import type { Component, World } from '#base/world.ts';
import type { GrpcChannel } from '#base/grpc.ts';
import { createCriRuntime } from '../cri/create.ts';
import { ensurePauseImage, pauseImage } from '../images/pause/image.ts';
import type { Runtime } from '../runtime.ts';
import { containerdConfig } from './config.ts';
import { daemonCommand, runningDaemon, spawnDaemon, untilAnswers, type DaemonPlace } from './daemon.ts';
import { inspectMachine, type ContainerMachine } from './machine.ts';
import { containerdPaths, type ContainerdPaths } from './paths.ts';
import { stateInMemory } from './state.ts';
import { exactTimers, usualSlack } from './timers.ts';

export interface InstanceOptions extends DaemonPlace {
  /** The node's data directory. */
  readonly dataDir: string;
  /** The node's cgroup, e.g. '/tutti/node1': containerd goes below it, and so do the pods. */
  readonly cgroup: string;
  /** Milliseconds that a call to the runtime may take. */
  readonly requestTimeout?: number;
}

export interface ContainerdInstance extends Component {
  readonly paths: ContainerdPaths;
  readonly machine: ContainerMachine;
  readonly runtime: Runtime;
  /** For the services that CRI does not have (image import). */
  readonly channel: GrpcChannel;
}

const firstBackoffMs = 100;
const longestBackoffMs = 10_000;
const healthyAfterMs = 30_000;
const watchEveryMs = 1000;

async function prepare(world: World, options: InstanceOptions, paths: ContainerdPaths, machine: ContainerMachine): Promise<void> {
  const { fs } = world;
  for (const dir of [paths.root, paths.cniConf, paths.cniBin, paths.ipam, paths.certs]) await fs.mkdir(dir, 0o700);
  await stateInMemory(world, paths.state);
  await fs.mkdir(paths.socket.slice(0, paths.socket.lastIndexOf('/')), 0o700);
  await fs.write(paths.cgroup, `${options.cgroup}\n`, { atomic: true });
  const slack = Number(await fs.readText('/proc/self/timerslack_ns').catch(() => '')) || usualSlack;
  await fs.write(paths.runtime, exactTimers(machine.ociRuntime, slack), { atomic: true, mode: 0o755 });
  const config = containerdConfig({ paths, machine, cgroup: `${options.cgroup}/containerd`, pauseImage });
  await fs.write(paths.config, config, { atomic: true });
}

/**
 * Starts or adopts the containerd of a node and keeps it running. Disposal leaves the daemon and its containers alone
 * (a restart of Tutti must not restart containers); `teardown` removes them.
 */
export async function startContainerd(world: World, options: InstanceOptions): Promise<ContainerdInstance> {
  const log = world.log.child({ component: 'containerd' });
  const paths = containerdPaths(options.dataDir, world.digest);
  const machine = await inspectMachine(world, options.dataDir);
  const stopped = new AbortController();
  let problem: string | undefined = 'containerd is starting';

  async function launch(): Promise<number> {
    await prepare(world, options, paths, machine);
    const { pid } = await spawnDaemon(world, paths, daemonCommand(machine.containerd, paths.config, options));
    await untilAnswers(world, paths, pid);
    return pid;
  }

  async function adopt(): Promise<number> {
    const pid = await runningDaemon(world, paths);
    if (pid === undefined) return await launch();
    await untilAnswers(world, paths, pid);
    log.info('adopted the running containerd', { pid });
    return pid;
  }

  /** Looks after the daemon until we stop: when it is gone, starts another. */
  async function keep(first: number): Promise<void> {
    let pid = first;
    let since = world.clock.monotonic();
    let backoff = firstBackoffMs;
    while (!stopped.signal.aborted) {
      await world.clock.sleep(watchEveryMs, stopped.signal).catch(() => {});
      if (stopped.signal.aborted || world.exec.alive(pid)) continue;
      if (world.clock.monotonic() - since > healthyAfterMs) backoff = firstBackoffMs;
      problem = 'containerd has ended and is being started again';
      log.warn(problem, { pid, waitMs: backoff });
      await world.clock.sleep(backoff, stopped.signal).catch(() => {});
      if (stopped.signal.aborted) return;
      backoff = Math.min(backoff * 2, longestBackoffMs);
      since = world.clock.monotonic();
      try {
        pid = await launch();
        problem = undefined;
      } catch (error) {
        problem = messageOf(error);
        log.error('containerd does not start', { error: problem });
      }
    }
  }

  const pid = await adopt();
  const channel = world.grpc.connect(paths.socket);
  const runtime = createCriRuntime(channel, options.requestTimeout);
  try {
    await ensurePauseImage(world, channel, runtime);
  } catch (error) {
    channel.close();
    throw error;
  }
  problem = undefined;
  const keeping = keep(pid);
  return {
    paths,
    machine,
    runtime,
    channel,
    ready: Promise.resolve(),
    health: () => problem,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await keeping;
      channel.close();
    },
  };
}
