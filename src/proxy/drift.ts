// Notices when somebody else empties or removes our tables (a firewall that is reloaded flushes everything), by the
// kernel's own messages: `nft monitor` sleeps until rules go. Ours go too when a table is made anew, so that it looks
// before it raises the alarm.
import { messageOf } from '#base/errors.ts';
import type { Child } from '#base/exec.ts';
import type { Timer } from '#base/clock.ts';
import type { World } from '#base/world.ts';

export interface Guarded {
  readonly family: 'ip' | 'ip6' | 'inet';
  readonly table: string;
  /** A chain that looks something up or masquerades as long as all is well. */
  readonly chain: string;
  /** Makes the table anew. */
  repair(): void;
}

/** Messages come in bursts: a look is worth having at their end. */
const settleTime = 200;
const restartDelay = { first: 1_000, longest: 60_000 };

/** The tables of our own that a message of the monitor is about. Pure. */
export function touchedTables(text: string, guarded: readonly Guarded[]): Set<Guarded> {
  const touched = new Set<Guarded>();
  for (const match of text.matchAll(/^delete rule (\S+) (\S+) /gm))
    for (const one of guarded) if (one.family === match[1] && one.table === match[2]) touched.add(one);
  return touched;
}

/** Watches until disposed of. When the monitor cannot run, rules are not watched: that is said once. */
export function startDriftWatch(world: Pick<World, 'exec' | 'clock' | 'log'>, guarded: readonly Guarded[]): AsyncDisposable {
  const suspects = new Set<Guarded>();
  const stop = new AbortController();
  let child: Child | undefined;
  let timer: Timer | undefined;
  let looking: Promise<void> = Promise.resolve();

  async function isWhole({ family, table, chain }: Guarded): Promise<boolean> {
    const listed = await world.exec.run('nft', ['list', 'chain', family, table, chain], { timeout: 10_000 });
    return listed.code === 0 && / vmap @| masquerade/.test(listed.stdout);
  }

  async function look(): Promise<void> {
    const list = [...suspects];
    suspects.clear();
    for (const one of list) {
      if (stop.signal.aborted || (await isWhole(one))) continue;
      world.log.warn('somebody changed the rules of a table: it is made anew', { family: one.family, table: one.table });
      one.repair();
    }
  }

  function heard(text: string): void {
    for (const one of touchedTables(text, guarded)) suspects.add(one);
    if (suspects.size === 0) return;
    timer?.cancel();
    timer = world.clock.after(settleTime, () => {
      looking = looking.then(look).catch((error: unknown) => world.log.debug('tables not looked at', { error: messageOf(error) }));
    });
  }

  async function run(): Promise<void> {
    let delay = restartDelay.first;
    while (!stop.signal.aborted) {
      const began = world.clock.monotonic();
      // The shell ends with its standard input, so that nothing is left behind by a process that is killed.
      const script = 'nft monitor destroy rules & trap "kill $!" EXIT; cat >/dev/null';
      child = world.exec.spawn('sh', ['-c', script], { onOutput: heard });
      await child.exited;
      if (stop.signal.aborted) return;
      if (world.clock.monotonic() - began > restartDelay.longest) delay = restartDelay.first;
      world.log.debug('the monitor of rules ended', { delay });
      await world.clock.sleep(delay, stop.signal).catch(() => undefined);
      delay = Math.min(delay * 2, restartDelay.longest);
    }
  }
  const running = run().catch((error: unknown) => world.log.warn('rules are not watched', { error: messageOf(error) }));

  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      timer?.cancel();
      child?.endInput();
      await Promise.all([running, looking]);
    },
  };
}
