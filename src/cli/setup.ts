// Observes the machine and installs what is missing.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { type MachineFacts, nodeNeeds, planMachine } from './machine.ts';

type Outside = Pick<World, 'fs' | 'exec'>;

async function anyExists(world: Outside, paths: readonly string[]): Promise<boolean> {
  for (const path of paths) if (await world.fs.stat(path)) return true;
  return false;
}

/** Reads the facts that `planMachine` decides by. */
export async function observeMachine(world: Outside): Promise<MachineFacts> {
  const present = new Set<string>();
  for (const need of nodeNeeds) if (await anyExists(world, need.anyOf)) present.add(need.name);
  const release = await world.fs.readText('/etc/os-release').catch(() => '');
  const distributions = [...release.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap((match) => (match[1] ?? '').split(' '));
  const id = await world.exec.run('id', ['-u']).catch(() => undefined);
  return { root: id?.stdout.trim() === '0', distributions, aptGet: await anyExists(world, ['/usr/bin/apt-get']), present };
}

/**
 * Makes the machine fit for real containers: installs missing Debian packages, saying which and why through `say`.
 * Throws with a message for the user when it cannot.
 */
export async function prepareMachine(world: Outside, say: (line: string) => void): Promise<void> {
  const plan = planMachine(await observeMachine(world));
  if (plan.action === 'none') return;
  if (plan.action === 'stop') throw new Error(plan.message);
  for (const reason of plan.reasons) say(`installing ${reason}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  const install = ['install', '-y', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...plan.packages];
  try {
    // The package lists of a fresh machine are empty or old: refresh them first.
    await world.exec.run('apt-get', ['update'], { env, timeout: 180_000 });
    const result = await world.exec.run('apt-get', install, { env, timeout: 600_000 });
    if (result.code !== 0) throw new Error(result.stderr.trim().split('\n').slice(-5).join('\n'));
  } catch (error) {
    throw new Error(`cannot install ${plan.packages.join(' ')}: ${messageOf(error)}`, { cause: error });
  }
}
