// Sets a node's pod network up: plugins, configuration, forwarding, masquerading. Everything is idempotent.
import type { World } from '#base/world.ts';
import type { ContainerMachine } from '../containerd/machine.ts';
import type { ContainerdPaths } from '../containerd/paths.ts';
import { conflist, masqueradeRules, pluginName } from './conflist.ts';
import { loopbackPlugin, networkPlugin } from './plugin.ts';

export interface NetworkOptions {
  readonly paths: ContainerdPaths;
  readonly machine: Pick<ContainerMachine, 'ip' | 'nsenter'>;
  /** `spec.podCIDRs` of the node. */
  readonly podCidrs: readonly string[];
  /** Ranges to which pods speak with their own address: the cluster's pod and service ranges. */
  readonly clusterCidrs: readonly string[];
  readonly mtu: number;
  /** The network namespace of the node; without it the one of this process. */
  readonly netns?: string;
}

type Needs = Pick<World, 'fs' | 'exec' | 'clock'>;

/** No plugin takes as long as this between taking an address and saying for whom, in milliseconds. */
const unownedAfter = 60_000;

async function inPlace({ exec }: Pick<World, 'exec'>, netns: string | undefined, command: string, input?: string): Promise<void> {
  const inner = ['sh', '-c', command];
  const [program, ...args] = netns === undefined ? inner : ['nsenter', `--net=${netns}`, ...inner];
  const result = await exec.run(program ?? 'sh', args, { timeout: 30_000, ...(input === undefined ? {} : { input }) });
  if (result.code !== 0) throw new Error(`${command.split('\n')[0]}: ${result.stderr.trim() || `exit code ${result.code}`}`);
}

/** Frees addresses that were taken for nobody: the plugin was killed before it wrote down whose they are. */
export async function freeUnowned({ fs, clock }: Pick<World, 'fs' | 'clock'>, leases: string): Promise<void> {
  for (const name of await fs.list(leases)) {
    const file = await fs.stat(`${leases}/${name}`);
    if (file?.size === 0 && clock.now() - file.mtime > unownedAfter) await fs.remove(`${leases}/${name}`);
  }
}

/** Puts our plugins, and no others, where the runtime looks for them. */
async function writePlugins(world: Needs, { paths, machine, podCidrs, mtu }: NetworkOptions): Promise<void> {
  const { fs } = world;
  const leases = `${paths.ipam}/${paths.network}`;
  await fs.mkdir(leases, 0o755);
  await freeUnowned(world, leases);
  const { ip, nsenter } = machine;
  const plugins: Readonly<Record<string, string>> = {
    [pluginName]: networkPlugin({ ip, nsenter, leases, subnets: podCidrs, mtu }),
    loopback: loopbackPlugin,
  };
  // Replaced atomically: one that runs goes on with the text that it has.
  for (const [name, text] of Object.entries(plugins)) await fs.write(`${paths.cniBin}/${name}`, text, { mode: 0o755, atomic: true });
}

/** The node's uplink MTU: the one of the interface of the default route, else 1500. */
export async function uplinkMtu({ exec }: Pick<World, 'exec'>, netns?: string): Promise<number> {
  const command = ['ip', '-o', 'route', 'show', 'default'];
  const enter = netns === undefined ? [] : ['nsenter', `--net=${netns}`];
  const run = async (args: readonly string[]): Promise<string> => {
    const [program, ...rest] = [...enter, ...args];
    return (await exec.run(program ?? 'ip', rest, { timeout: 10_000 })).stdout;
  };
  const device = /\bdev (\S+)/.exec(await run(command))?.[1];
  if (device === undefined) return 1500;
  return Number(/\bmtu (\d+)/.exec(await run(['ip', '-o', 'link', 'show', 'dev', device]))?.[1] ?? 1500);
}

/** Writes the configuration that containerd is waiting for; pods can get addresses afterwards. */
export async function setUpNetwork(world: Needs, options: NetworkOptions): Promise<void> {
  const { paths, podCidrs } = options;
  await writePlugins(world, options);
  // Ports of the node answer at 127.0.0.1 too; the Service rules keep others from reaching that address.
  const sysctls = ['net/ipv4/ip_forward=1', 'net/ipv4/conf/all/route_localnet=1'];
  if (podCidrs.some((cidr) => cidr.includes(':'))) sysctls.push('net/ipv6/conf/all/forwarding=1');
  await inPlace(world, options.netns, sysctls.map((line) => `echo ${line.split('=')[1]} >/proc/sys/${line.split('=')[0]}`).join(' && '));
  await inPlace(world, options.netns, 'nft -f -', masqueradeRules(paths.network, podCidrs, options.clusterCidrs));
  const text = conflist(paths.network);
  // containerd watches the directory: the file must appear whole, and only when it changed.
  const file = `${paths.cniConf}/10-tutti.conflist`;
  if ((await world.fs.readText(file).catch(() => '')) !== text) await world.fs.write(file, text, { atomic: true });
}

/** Takes the rules away; the rest of the network goes with the data directory. */
export async function tearDownNetwork(world: Pick<World, 'exec'>, paths: ContainerdPaths, netns?: string): Promise<void> {
  await inPlace(world, netns, 'nft -f -', `add table inet ${paths.network}\ndelete table inet ${paths.network}\n`);
}
