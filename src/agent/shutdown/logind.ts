// systemd-logind: holds the machine back from going down until the pods have ended. Its inhibitor is a file descriptor that
// `systemd-inhibit` keeps for us as long as it runs; its signal comes from `busctl monitor`.
import { messageOf } from '#base/errors.ts';
import type { Child } from '#base/exec.ts';
import type { World } from '#base/world.ts';
import { isObject } from '#format/own.ts';

type Needs = Pick<World, 'clock' | 'exec' | 'fs' | 'log'>;

const manager = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'] as const;
const dropIn = '/etc/systemd/logind.conf.d/99-tutti.conf';
const retry = 5_000;
const reloadLooks = 20;

/** The value of `PrepareForShutdown` in a line of `busctl monitor --json=short`; undefined for any other line: pure. */
export function preparesForShutdown(line: string): boolean | undefined {
  try {
    const message: unknown = JSON.parse(line);
    if (!isObject(message) || message['member'] !== 'PrepareForShutdown') return undefined;
    const payload = message['payload'];
    const data: unknown = isObject(payload) ? payload['data'] : undefined;
    return Array.isArray(data) && typeof data[0] === 'boolean' ? data[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds that logind lets itself be delayed; undefined where there is no logind. */
export async function longestDelay({ exec }: Pick<World, 'exec'>): Promise<number | undefined> {
  const result = await exec
    .run('busctl', ['--system', 'get-property', ...manager, 'InhibitDelayMaxUSec'], { timeout: 5_000 })
    .catch(() => undefined);
  const micro = /^t (\d+)$/.exec(result?.stdout.trim() ?? '')?.[1];
  return result?.code === 0 && micro !== undefined ? Number(micro) / 1000 : undefined;
}

/** Makes logind wait for as long as the pods get; rejects when it will not. Undefined: there is no logind. */
async function allowDelay(world: Needs, ms: number): Promise<true | undefined> {
  let allowed = await longestDelay(world);
  if (allowed === undefined) return undefined;
  if (allowed >= ms) return true;
  await world.fs.mkdir(dropIn.slice(0, dropIn.lastIndexOf('/')), 0o755);
  await world.fs.write(dropIn, `# The node's pods get so long to end.\n[Login]\nInhibitDelayMaxSec=${Math.ceil(ms / 1000)}\n`);
  await world.exec.run('systemctl', ['kill', '--signal=HUP', 'systemd-logind'], { timeout: 5_000 });
  // It reads its configuration again some time after the signal.
  for (let look = 0; look < reloadLooks && allowed < ms; look++) {
    await world.clock.sleep(100);
    allowed = (await longestDelay(world)) ?? 0;
  }
  if (allowed >= ms) return true;
  throw new Error(
    `node shutdown manager was unable to update logind InhibitDelayMaxSec to ${ms / 1000}s (ShutdownGracePeriod), current value of InhibitDelayMaxSec (${allowed / 1000}s) is less than requested ShutdownGracePeriod`,
  );
}

export interface LogindOptions {
  /** Milliseconds that the pods get together. */
  readonly needed: number;
  /** The machine is about to go down: it waits until this resolves. */
  readonly goesDown: () => Promise<void>;
  /** It stays up after all. */
  readonly staysUp: () => void;
}

function inhibit({ exec }: Needs): Child {
  const why = 'Tutti ends the pods of this node';
  return exec.spawn('systemd-inhibit', ['--what=shutdown', '--mode=delay', '--who=tutti', `--why=${why}`, 'sleep', 'infinity']);
}

/** Follows logind's signal once, until the monitor ends or the signal aborts. */
async function follow(world: Needs, options: LogindOptions, signal: AbortSignal): Promise<void> {
  let lock = inhibit(world);
  let rest = '';
  const heard = (preparing: boolean): void => {
    if (!preparing) {
      options.staysUp();
      lock.kill();
      lock = inhibit(world);
      return;
    }
    const held = lock;
    void options.goesDown().finally(() => held.kill());
  };
  const match = `type='signal',interface='${manager[2]}',member='PrepareForShutdown'`;
  const monitor = world.exec.spawn('busctl', ['--system', '--json=short', 'monitor', `--match=${match}`], {
    onOutput(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const preparing = preparesForShutdown(line);
        if (preparing !== undefined) heard(preparing);
      }
    },
  });
  const stop = (): void => monitor.kill();
  signal.addEventListener('abort', stop, { once: true });
  await monitor.exited;
  signal.removeEventListener('abort', stop);
  lock.kill();
}

/** Waits for the machine to go down, until the signal aborts. Returns at once where there is no logind. */
export async function watchLogind(world: Needs, options: LogindOptions, signal: AbortSignal): Promise<void> {
  try {
    if (!(await allowDelay(world, options.needed))) return;
  } catch (error) {
    world.log.warn('the machine will not wait for its pods when it goes down', { error: messageOf(error) });
    return;
  }
  while (!signal.aborted) {
    await follow(world, options, signal);
    await world.clock.sleep(retry, signal).catch(() => undefined);
  }
}
