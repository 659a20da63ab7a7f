// The containerd process: start it detached, find the one that runs already, see whether it answers.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { caller } from '../cri/call.ts';
import type { ContainerdPaths } from './paths.ts';
import { withLateTimers } from './timers.ts';

type Needs = Pick<World, 'fs' | 'exec' | 'grpc' | 'clock' | 'log'>;

/** Where the daemon's network and host name are: a network namespace of its own makes one machine several nodes. */
export interface DaemonPlace {
  /** Path of a network namespace; without it the one of this process. */
  readonly netns?: string;
  /** Host name in a UTS namespace of its own. */
  readonly hostName?: string;
}

/** The command line that runs containerd at its place; every step is an exec, so that the process id stays the same. */
export function daemonCommand(containerd: string, config: string, place: DaemonPlace): readonly string[] {
  const plain = withLateTimers([containerd, '--config', config]);
  const named = place.hostName
    ? ['unshare', '--uts', 'sh', '-c', 'hostname "$1" && shift && exec "$@"', 'sh', place.hostName, ...plain]
    : plain;
  return place.netns ? ['nsenter', `--net=${place.netns}`, ...named] : named;
}

/** The id of the daemon that runs with this configuration; undefined when there is none. */
export async function runningDaemon({ fs, exec }: Pick<World, 'fs' | 'exec'>, paths: ContainerdPaths): Promise<number | undefined> {
  const pid = Number((await fs.readText(paths.pid).catch(() => '')).trim());
  if (!Number.isInteger(pid) || pid <= 1 || !exec.alive(pid)) return undefined;
  // The id may belong to another process by now: the command line says.
  const command = await fs.readText(`/proc/${pid}/cmdline`).catch(() => '');
  return command.split('\0').includes(paths.config) ? pid : undefined;
}

/** Starts containerd in a session of its own, so that it outlives us, and writes its process id down. */
export async function spawnDaemon(
  { fs, exec }: Needs,
  paths: ContainerdPaths,
  command: readonly string[],
): Promise<{ pid: number; exited: Promise<number> }> {
  const log = await fs.stat(paths.log);
  if (log && log.size > 8 * 1024 * 1024) await fs.rename(paths.log, `${paths.log}.1`);
  const child = exec.spawn(command[0] ?? '', command.slice(1), { detached: true, logFile: paths.log, cwd: '/' });
  await fs.write(paths.pid, `${child.pid}\n`, { atomic: true });
  return { pid: child.pid, exited: child.exited };
}

/** True when the daemon's CRI plugin answers. */
export async function answers({ grpc }: Pick<World, 'grpc'>, paths: ContainerdPaths, timeoutMs = 2000): Promise<boolean> {
  const channel = grpc.connect(paths.socket);
  try {
    await caller(channel)('Version', { version: 'v1' }, { timeoutMs });
    return true;
  } catch {
    return false;
  } finally {
    channel.close();
  }
}

/** Waits until the daemon answers; rejects with the end of its log when it dies or takes too long. */
export async function untilAnswers(world: Needs, paths: ContainerdPaths, pid: number, timeoutMs = 30_000): Promise<void> {
  const deadline = world.clock.monotonic() + timeoutMs;
  for (let wait = 10; ; wait = Math.min(wait * 1.5, 250)) {
    if ((await world.fs.stat(paths.socket)) && (await answers(world, paths))) return;
    const dead = !world.exec.alive(pid);
    if (dead || world.clock.monotonic() > deadline) {
      const log = await world.fs.readText(paths.log).catch((error) => messageOf(error));
      const tail = log.trimEnd().split('\n').slice(-5).join('\n');
      throw new Error(`containerd ${dead ? 'ended at once' : `did not answer within ${timeoutMs / 1000} s`}:\n${tail}`);
    }
    await world.clock.sleep(wait);
  }
}

/** Asks the daemon to end, and makes it after a while. */
export async function stopDaemon({ exec, clock, fs }: Needs, paths: ContainerdPaths, pid: number): Promise<void> {
  if (exec.alive(pid)) exec.kill(pid, 'SIGTERM');
  const deadline = clock.monotonic() + 10_000;
  while (exec.alive(pid)) {
    if (clock.monotonic() > deadline) exec.kill(pid, 'SIGKILL');
    await clock.sleep(20);
  }
  await fs.remove(paths.pid);
}
