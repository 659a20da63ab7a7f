// `tutti down`: stops the process and removes what it started. Works from the data directory alone, after a crash too.
import type { World } from '#base/world.ts';
import { detectCgroups } from '#agent/cgroups/layout.ts';
import { tearDownContainerd } from '#agent/containerd/teardown.ts';
import { removeRoutes } from '#agent/cni/routes.ts';
import { removeAnnouncements } from '#proxy/announce.ts';
import { createNft } from '#proxy/nft.ts';
import { removeRules } from '#proxy/proxy.ts';
import { serviceTable } from '../node.ts';
import { place, runningAt } from '../place.ts';

const stopTimeout = 30_000;

/** The group that all nodes of the machine are below goes with the last of them: it cannot be removed while it has others. */
async function removeParentGroups(world: World): Promise<void> {
  const layout = await detectCgroups(world.fs);
  for (const root of layout?.roots ?? []) await world.fs.rmdir(`${root}/tutti`).catch(() => undefined);
}

/** Stops a cluster; one that does not run is cleaned up all the same. */
export async function downVerb(world: World, flags: { readonly dataDir: string }): Promise<void> {
  const where = place(flags.dataDir);
  if (!(await world.fs.stat(where.dataDir))) {
    console.log(`there is no cluster in ${flags.dataDir}`);
    return;
  }
  const run = await runningAt(world, where);
  if (run !== undefined) {
    world.exec.kill(run.pid, 'SIGTERM');
    const until = world.clock.monotonic() + stopTimeout;
    while (world.exec.alive(run.pid)) {
      if (world.clock.monotonic() > until) world.exec.kill(run.pid, 'SIGKILL');
      await world.clock.sleep(20);
    }
    console.log(`stopped process ${run.pid}`);
  }
  if (await world.fs.stat(`${where.node}/containerd`)) {
    await tearDownContainerd(world, where.node, { keepImages: true });
    await removeParentGroups(world);
    await removeRules(createNft(world), serviceTable);
    await removeRoutes(world);
    await removeAnnouncements(world);
    await world.fs.remove(`${where.node}/pods`);
    console.log('removed pods, mounts, network rules and namespaces');
  }
  await world.fs.remove(where.run);
}
