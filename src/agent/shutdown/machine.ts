// Whether the machine itself is going down, for those that are told to stop and must know what it means.
import type { World } from '#base/world.ts';

/** True when systemd says that it stops the machine, or the runlevel is one of halt (0) and reboot (6). */
export async function machineGoesDown({ exec }: Pick<World, 'exec'>): Promise<boolean> {
  const ask = async (command: string, args: readonly string[]): Promise<string> =>
    exec.run(command, args, { timeout: 2_000 }).then(
      ({ stdout }) => stdout.trim(),
      () => '',
    );
  if ((await ask('systemctl', ['is-system-running'])) === 'stopping') return true;
  return /^\S+ [06]$/.test(await ask('runlevel', []));
}
