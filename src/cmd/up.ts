// `tutti up`: the whole cluster in this process, and its life: start, ready, signal, stop.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { addressAt, networksOf } from '#api/addresses.ts';
import { Nodes } from '#api/refs.ts';
import { isConditionTrue } from '#api/podutil.ts';
import type { Informers } from '#client/cache.ts';
import { publishClusterInfo } from './clusterinfo.ts';
import { type ControlPlane, startControlPlane } from './control.ts';
import type { RunningNode } from './node.ts';
import { ensureLocalClass } from './localclass.ts';
import { loadNodeSettings } from './nodesettings.ts';
import { type UpOptions } from './options.ts';
import { UsageError } from './usage.ts';
import { type Place, place, runningAt, writeRun } from './place.ts';

export interface Running extends AsyncDisposable {
  readonly control: ControlPlane;
  readonly where: Place;
  /** Resolves when every node that was asked for is Ready. */
  readonly ready: Promise<void>;
  /** The machine goes down: ends the pods of its node, if there is one. */
  machineStops(): Promise<void>;
}

export const agentPort = 10_250;
export const version = 'v1.35.0';

/**
 * This machine's addresses for a node: those that were asked for, else the first of each family of the pod ranges that is
 * neither loopback nor of one link only; loopback when there is none.
 */
export function nodeAddresses(world: Pick<World, 'net'>, wanted: string, podCidr: string): readonly string[] {
  if (wanted !== '') return networksOf(wanted);
  const outside = world.net.addresses().filter(({ address, internal }) => !internal && !/^(169\.254|fe80)[.:]/.test(address));
  const found = networksOf(podCidr).flatMap((range) => {
    const family = range.includes(':') ? 6 : 4;
    return outside.find((entry) => entry.family === family)?.address ?? [];
  });
  return found.length > 0 ? found : ['127.0.0.1'];
}

/** The address of the cluster's name server: the tenth of its first service range. */
const clusterDnsOf = (serviceCidr: string): string => addressAt(networksOf(serviceCidr)[0] ?? '', 10) ?? '';

/** Starts everything; `say` gets a line for each step. A failed start leaves nothing running in this process. */
export async function up(world: World, options: UpOptions, say: (line: string) => void): Promise<Running> {
  const where = place(options.dataDir);
  const other = await runningAt(world, where);
  if (other !== undefined) throw new UsageError(`a cluster runs in ${options.dataDir} already (process ${other.pid}, ${other.server})`);
  await world.fs.mkdir(where.dataDir, 0o711);
  const stack = new AsyncDisposableStack();
  try {
    const nodeIps = nodeAddresses(world, options.nodeIp, options.podCidr);
    const [nodeIp = ''] = nodeIps;
    const started = world.clock.monotonic();
    const since = (): string => `${((world.clock.monotonic() - started) / 1000).toFixed(2)} s`;
    const control = stack.use(
      await startControlPlane({
        world,
        options,
        where,
        addresses: [...new Set(['127.0.0.1', ...(options.nodes.kind === 'real' || options.listen ? [nodeIp] : [])])],
        address: nodeIp,
      }),
    );
    const run = { pid: process.pid, server: control.server, nodeName: options.nodeName, nodes: options.nodes.kind, ready: false };
    await writeRun(world, where, run);
    stack.defer(() => world.fs.remove(where.run));
    say(`API server ready at ${control.server} (${since()})`);
    let invited: Promise<void> | undefined;
    if (options.nodes.kind === 'real' || options.listen) {
      const facts = {
        podCidr: options.podCidr,
        serviceCidr: options.serviceCidr,
        clusterDns: clusterDnsOf(options.serviceCidr),
        domain: options.domain,
      };
      const about = { server: `https://${urlHost(nodeIp)}:${control.port}`, ca: control.pki.ca.cert, facts };
      invited = publishClusterInfo(control.admin, about).catch((error: unknown) =>
        world.log.error('other nodes cannot join', { error: messageOf(error) }),
      );
    }
    await ensureLocalClass(control.admin);
    let running: RunningNode | undefined;
    const ready = nodesReady();
    ready.catch(() => undefined);

    async function nodesReady(): Promise<void> {
      if (options.nodes.kind === 'real') {
        const { pki } = control;
        const identity = await pki.identity(`node-${options.nodeName}`, {
          commonName: `system:node:${options.nodeName}`,
          organizations: ['system:nodes'],
          dnsNames: [options.nodeName],
          ips: nodeIps,
          usages: ['server', 'client'],
        });
        const { startNode } = await import('./node.ts');
        const node = stack.use(
          await startNode({
            world,
            nodeName: options.nodeName,
            nodeIps,
            dataDir: where.node,
            podCidr: options.podCidr,
            serviceCidr: options.serviceCidr,
            clusterDns: clusterDnsOf(options.serviceCidr),
            domain: options.domain,
            agentPort,
            tls: { cert: identity.cert, key: identity.key, clientCa: pki.ca.cert },
            clientFor: control.clientFor,
            informers: control.informers,
            version,
            acknowledge: options.acknowledge,
            settings: await loadNodeSettings(world, options.node),
          }),
        );
        running = node;
        await node.ready;
        await untilReady(control.informers, [options.nodeName]);
        say(`node ${options.nodeName} ready (${since()})`);
      }
      if (options.nodes.kind === 'sim') {
        const { simNodeNames, startSimNodes } = await import('./simnodes.ts');
        const names = simNodeNames(options.nodes.count);
        const { pki } = control;
        const identity = await pki.identity('node-sim', { commonName: 'system:node:sim', ips: ['127.0.0.1'], usages: ['server'] });
        const nodes = stack.use(
          await startSimNodes({
            world,
            names,
            dataDir: `${where.dataDir}/sim`,
            clusterDns: clusterDnsOf(options.serviceCidr),
            domain: options.domain,
            version,
            tls: { cert: identity.cert, key: identity.key, clientCa: pki.ca.cert },
            clientFor: control.clientFor,
            informers: control.informers,
          }),
        );
        await nodes.ready;
        await untilReady(control.informers, names);
        say(`${names.length} simulated ${names.length === 1 ? 'node' : 'nodes'} ready (${since()})`);
      }
      // Whoever is told that it is ready may send other machines here at once.
      await invited;
      await writeRun(world, where, { ...run, ready: true });
    }
    return {
      control,
      where,
      ready,
      machineStops: async () => running?.agent.shutDown(),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error instanceof UsageError ? error : new Error(`the cluster cannot start: ${messageOf(error)}`, { cause: error });
  }
}

/** An address as it stands in a URL. */
const urlHost = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** Resolves when the named nodes say that they are Ready. */
export async function untilReady(informers: Informers, names: readonly string[]): Promise<void> {
  const nodes = informers.of(Nodes);
  const ready = (): boolean => names.every((name) => isConditionTrue(nodes.lister.get(name)?.status.conditions, 'Ready'));
  if (ready()) return;
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (!ready()) return;
      remove();
      resolve();
    };
    const remove = nodes.onChange({ added: look, updated: look });
  });
}
