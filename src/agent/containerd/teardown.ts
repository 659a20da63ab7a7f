// Takes an instance away with everything that it made: also after a crash, from the data directory alone.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { tearDownNetwork } from '../cni/network.ts';
import { createCriRuntime } from '../cri/create.ts';
import type { Runtime } from '../runtime.ts';
import { answers, runningDaemon, stopDaemon } from './daemon.ts';
import { findLeftovers } from './leftovers.ts';
import { containerdPaths, type ContainerdPaths } from './paths.ts';

const parallel = 8;
const attempts = 50;

/** Stops and removes every sandbox; with them go containers, their networks and shims. */
export async function removeAllSandboxes(world: Pick<World, 'log'>, runtime: Runtime): Promise<void> {
  const queue = [...(await runtime.listSandboxes())];
  async function worker(): Promise<void> {
    for (let sandbox = queue.pop(); sandbox; sandbox = queue.pop()) {
      try {
        await runtime.stopSandbox(sandbox.id);
        await runtime.removeSandbox(sandbox.id);
      } catch (error) {
        world.log.warn('a sandbox cannot be removed', { sandbox: sandbox.id, error: messageOf(error) });
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, queue.length) }, worker));
}

/** The sockets of the shims, which live outside the data directory; each task's bundle names its own. */
async function shimSockets({ fs }: Pick<World, 'fs'>, paths: ContainerdPaths): Promise<string[]> {
  const bundles = `${paths.state}/io.containerd.runtime.v2.task/k8s.io`;
  const found: string[] = [];
  for (const id of await fs.list(bundles)) {
    const address = (await fs.readText(`${bundles}/${id}/address`).catch(() => '')).trim();
    if (address.startsWith('unix:///run/containerd/s/')) found.push(address.slice('unix://'.length));
  }
  return found;
}

/** Kills, unmounts and removes until nothing is found any more. */
async function sweep(world: World, paths: ContainerdPaths, dataDir: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const found = await findLeftovers(world, paths, dataDir);
    for (const pid of found.processes) if (world.exec.alive(pid)) world.exec.kill(pid, 'SIGKILL');
    for (const point of found.mounts) {
      const plain = await world.exec.run('umount', [point], { timeout: 10_000 });
      if (plain.code !== 0 && attempt > 5) await world.exec.run('umount', ['--lazy', point], { timeout: 10_000 });
    }
    if (found.processes.length === 0) for (const group of found.cgroups) await world.fs.rmdir(group).catch(() => {});
    for (const file of found.cniResults) await world.fs.remove(file);
    const left = await findLeftovers(world, paths, dataDir);
    const all = [...left.processes.map((pid) => `process ${pid}`), ...left.mounts, ...left.cgroups, ...left.cniResults];
    if (all.length === 0) return;
    if (attempt >= attempts) throw new Error(`could not be removed: ${all.slice(0, 10).join(', ')}`);
    await world.clock.sleep(Math.min(20 * (attempt + 1), 200));
  }
}

/**
 * Removes the containerd instance of a node's data directory and everything that it runs. `netns` is where it was started.
 * The data directory's containerd folder is removed, unless `keepImages`: then what was pulled and imported stays.
 */
export async function tearDownContainerd(
  world: World,
  dataDir: string,
  options: { netns?: string; keepImages?: boolean } = {},
): Promise<void> {
  const paths = containerdPaths(dataDir, world.digest);
  if (!(await world.fs.stat(paths.dir))) return;
  const pid = await runningDaemon(world, paths);
  if (pid !== undefined && (await answers(world, paths))) {
    const channel = world.grpc.connect(paths.socket);
    await removeAllSandboxes(world, createCriRuntime(channel))
      .catch((error: unknown) => world.log.warn('the sandboxes cannot be listed', { error: messageOf(error) }))
      .finally(() => channel.close());
  }
  const sockets = await shimSockets(world, paths);
  if (pid !== undefined) await stopDaemon(world, paths, pid);
  await sweep(world, paths, dataDir);
  for (const socket of sockets) await world.fs.remove(socket);
  await tearDownNetwork(world, paths, options.netns).catch((error: unknown) =>
    world.log.warn('the network rules cannot be removed', { error: messageOf(error) }),
  );
  if (!paths.socket.startsWith(paths.dir)) await world.fs.remove(paths.socket.slice(0, paths.socket.lastIndexOf('/')));
  await world.fs.remove(paths.state);
  await world.fs.remove(options.keepImages ? `${paths.dir}/cni` : paths.dir);
}
