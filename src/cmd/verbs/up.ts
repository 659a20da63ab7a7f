// `tutti up`: in the foreground until a signal, or detached.
import type { World } from '#base/world.ts';
import { prepareMachine } from '#cli/setup.ts';
import { keepMemorySmall } from '#host/memory.ts';
import { createWorld } from '#host/world.ts';
import { loadNodeSettings, nodeFlags } from '../nodesettings.ts';
import { defaultDataDir, type UpFlags, upOptions } from '../options.ts';
import { type Place, place, runningAt } from '../place.ts';
import { checkSecurity, securityFlags } from '../security.ts';
import { schedulerConfig } from '../schedulerconfig.ts';
import { etcdFileFlags } from '../storage.ts';
import { absoluteFlags } from './absolute.ts';
import { untilStopped } from './stopping.ts';

export interface UpVerbFlags extends UpFlags {
  readonly detach?: boolean;
}

const startTimeout = 120_000;

/** Starts a cluster. Detached it returns when everything is ready; a cluster that runs already is left as it is. */
export async function upVerb(given: UpVerbFlags, machine: { readonly root: boolean; readonly hostName: string }): Promise<void> {
  // The scheduler's configuration may be a word.
  const words = /[./]/.test(given.schedulerConfig ?? '') ? (['schedulerConfig'] as const) : [];
  const { flags, args } = absoluteFlags(given, process.argv.slice(2), [...words, ...securityFlags, ...nodeFlags, ...etcdFileFlags]);
  const options = upOptions(flags, { ...machine, dataDir: flags.dataDir ?? defaultDataDir(machine.root, process.env['HOME'] ?? '/root') });
  const where = place(options.dataDir);
  const world = createWorld({ logLevel: options.verbose ? 'debug' : 'warn' });
  const running = await runningAt(world, where);
  if (running?.ready) {
    console.log(`a cluster runs in ${options.dataDir} already (process ${running.pid})`);
    printAccess(where, running.server);
    return;
  }
  // A mistake in it is told here, not in the log of a process in the background.
  await schedulerConfig(world, options.schedulerConfig);
  await checkSecurity(world, options.security);
  await loadNodeSettings({ fs: world.fs }, options.node);
  if (options.nodes.kind === 'real') await prepareMachine(world, (line) => console.log(line));
  if (flags.detach)
    return startDetached(
      world,
      where,
      args.filter((arg) => arg !== '--detach'),
    );

  const { up } = await import('../up.ts');
  const cluster = await up(world, options, (line) => console.log(line));
  // Waited for only once everything runs: a signal during the start ends the process at once, as one expects.
  const stopping = untilStopped(world, () => cluster.machineStops());
  const memory = keepMemorySmall(world.clock);
  try {
    await Promise.race([cluster.ready, stopping]);
    printAccess(where, cluster.control.server);
    await stopping;
    console.log('stopping; pods go on running, `tutti down` ends them');
  } finally {
    memory.cancel();
    await cluster[Symbol.asyncDispose]();
  }
}

function printAccess(where: Place, server: string): void {
  console.log(`kubeconfig: ${where.kubeconfig}`);
  console.log(`server: ${server}`);
}

/** Runs `tutti` with these arguments in a session of its own and waits until its cluster is ready. */
export async function startDetached(world: World, where: Place, args: readonly string[]): Promise<void> {
  await world.fs.mkdir(where.dataDir, 0o711);
  const script = process.argv[1] ?? '';
  const begin = (await world.fs.stat(where.log))?.size ?? 0;
  const child = world.exec.spawn(process.execPath, [...process.execArgv, script, ...args], {
    detached: true,
    logFile: where.log,
    cwd: '/',
    env: Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
  });
  let ended: number | undefined;
  void child.exited.then((code) => {
    ended = code;
  });
  let shown = begin;
  const show = async (): Promise<void> => {
    const text = await world.fs.readText(where.log).catch(() => '');
    const lines = text.slice(shown).split('\n');
    shown = text.length - (lines.pop() ?? '').length;
    for (const line of lines) if (line !== '' && !line.startsWith('{')) console.log(line);
  };
  const until = world.clock.monotonic() + startTimeout;
  for (;;) {
    await show();
    if (ended !== undefined) throw new Error(`the cluster ended at once (exit code ${ended}); its log is ${where.log}`);
    const run = await runningAt(world, where);
    if (run?.pid === child.pid && run.ready) break;
    if (world.clock.monotonic() > until) {
      child.kill('SIGTERM');
      throw new Error(`the cluster is not ready after ${startTimeout / 1000} s; its log is ${where.log}`);
    }
    await world.clock.sleep(20);
  }
  await show();
}
