// `tutti agent`: this machine as a node of a cluster elsewhere: join, start the node's parts, stop.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { createInformers } from '#client/informer.ts';
import { join } from './join.ts';
import { startNode } from './node.ts';
import { loadNodeSettings } from './nodesettings.ts';
import { type AgentRunOptions } from './options.ts';
import { UsageError } from './usage.ts';
import { keepRenewed } from './renewal.ts';
import { place, runningAt, writeRun } from './place.ts';
import { agentPort, nodeAddresses, untilReady, version } from './up.ts';

export interface RunningAgent extends AsyncDisposable {
  /** Resolves when the node is Ready. */
  readonly ready: Promise<void>;
  /** The machine goes down: ends the pods of this node. */
  machineStops(): Promise<void>;
}

/** Joins and starts. A failed start leaves nothing running in this process. */
export async function runAgent(world: World, options: AgentRunOptions, say: (line: string) => void): Promise<RunningAgent> {
  const where = place(options.dataDir);
  const other = await runningAt(world, where);
  if (other !== undefined) throw new UsageError(`something runs in ${options.dataDir} already (process ${other.pid}, ${other.server})`);
  await world.fs.mkdir(where.dataDir, 0o711);
  const stack = new AsyncDisposableStack();
  try {
    // Which families the cluster has is known only after joining: who wants both says so.
    const nodeIps = nodeAddresses(world, options.nodeIp, '0.0.0.0/0');
    const { server, token, nodeName } = options;
    const run = { pid: process.pid, server, nodeName, nodes: 'agent', ready: false };
    await writeRun(world, where, run);
    stack.defer(() => world.fs.remove(where.run));
    const joined = await join(world, { server, token, nodeName, nodeIps, dir: where.pki });
    say(`joined ${server} as ${nodeName}`);
    const { client, facts } = joined;
    const informers = stack.use(createInformers(client, world));
    informers.start();
    const node = stack.use(
      await startNode({
        world,
        nodeName,
        nodeIps,
        dataDir: where.node,
        ...facts,
        agentPort,
        tls: { ...joined.serving, clientCa: joined.ca },
        clientFor: () => client,
        informers,
        version,
        acknowledge: options.acknowledge,
        settings: await loadNodeSettings(world, options.node),
      }),
    );
    const { identity, serving, renewals } = joined;
    stack.use(keepRenewed(world, { name: 'client', pair: identity, issue: renewals.identity, use: () => undefined }));
    stack.use(
      keepRenewed(world, { name: 'serving', pair: serving, issue: renewals.serving, use: (pair) => node.agent.useCertificate(pair) }),
    );
    const ready = (async () => {
      await node.ready;
      await untilReady(informers, [nodeName]);
      await writeRun(world, where, { ...run, ready: true });
      say(`node ${nodeName} ready`);
    })();
    ready.catch(() => undefined);
    return { ready, machineStops: () => node.agent.shutDown(), [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error instanceof UsageError ? error : new Error(`the node cannot start: ${messageOf(error)}`, { cause: error });
  }
}
