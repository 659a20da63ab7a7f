// `tutti agent`: in the foreground until a signal, or detached.
import { prepareMachine } from '#cli/setup.ts';
import { keepMemorySmall } from '#host/memory.ts';
import { createWorld } from '#host/world.ts';
import { loadNodeSettings, nodeFlags } from '../nodesettings.ts';
import { type AgentFlags, agentRunOptions, defaultDataDir } from '../options.ts';
import { UsageError } from '../usage.ts';
import { place, runningAt } from '../place.ts';
import { absoluteFlags } from './absolute.ts';
import { untilStopped } from './stopping.ts';
import { startDetached } from './up.ts';

export interface AgentVerbFlags extends AgentFlags {
  readonly detach?: boolean;
}

/** Makes this machine a node. Detached it returns when the node is ready; a node that runs already is left as it is. */
export async function agentVerb(flags: AgentVerbFlags, machine: { readonly root: boolean; readonly hostName: string }): Promise<void> {
  if (!machine.root) throw new UsageError('a node runs containers: start it as root');
  const dataDir = flags.dataDir ?? defaultDataDir(machine.root, '/root');
  const options = agentRunOptions(flags, { ...machine, dataDir });
  const where = place(dataDir);
  const world = createWorld({ logLevel: options.verbose ? 'debug' : 'warn' });
  const running = await runningAt(world, where);
  if (running?.ready) {
    console.log(`node ${running.nodeName} runs in ${dataDir} already (process ${running.pid})`);
    return;
  }
  await loadNodeSettings({ fs: world.fs }, options.node);
  await prepareMachine(world, (line) => console.log(line));
  if (flags.detach) {
    const { args } = absoluteFlags(flags, process.argv.slice(2), nodeFlags);
    return startDetached(
      world,
      where,
      args.filter((arg) => arg !== '--detach'),
    );
  }
  const { runAgent } = await import('../agent.ts');
  const agent = await runAgent(world, options, (line) => console.log(line));
  const stopping = untilStopped(world, () => agent.machineStops());
  const memory = keepMemorySmall(world.clock);
  try {
    await Promise.race([agent.ready, stopping]);
    await stopping;
    console.log('stopping; pods go on running, `tutti down` ends them');
  } finally {
    memory.cancel();
    await agent[Symbol.asyncDispose]();
  }
}
