// A whole one-node cluster with real containers, started as a user starts it, in a network namespace of its own. A pair of
// interfaces joins the namespace to the test's: the API server and node ports are at `nodeIp`.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { importImage } from '#agent/images/import.ts';
import type { ImageSource } from '#agent/images/source.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { kubeconfigText, loadKubeconfig, type ServerAccess } from '#client/kubeconfig.ts';
import { place } from '#cmd/place.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';
import { agnhostImage } from '../images/agnhost.ts';
import { busyboxImage } from '../images/busybox.ts';
import { type Kubectl, kubectlFor, runCommand } from './kubectl.ts';
import { until } from './until.ts';

const root = resolve(import.meta.dirname, '../..');
const sh = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });

export interface TestCluster extends AsyncDisposable {
  /** Acts as an administrator, over https from outside the cluster. */
  readonly client: Client;
  readonly access: ServerAccess;
  readonly world: World;
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  readonly nodeName: string;
  readonly nodeIp: string;
  /** The node's address of the other family, in a cluster of both. */
  readonly nodeIp6?: string;
  /** Name of the network namespace of the node. */
  readonly netns: string;
  readonly dataDir: string;
}

export interface OneNodeCluster extends TestCluster {
  /** Kills the process that is the cluster, as a power cut would, and starts it again; resolves when its node is ready. */
  crash(): Promise<void>;
  /** Sends the process a signal, waits for its end, and starts it again. */
  restart(signal: NodeJS.Signals): Promise<void>;
}

type MakeImage = (world: World) => Promise<ImageSource>;

export interface ClusterWishes {
  /** Besides busybox and agnhost. */
  readonly images?: readonly MakeImage[];
  /** More options of `tutti up`. */
  readonly flags?: readonly string[];
  /** Pods, Services and the node have addresses of both families. */
  readonly dualStack?: boolean;
}

function commandLines(): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
    } catch {
      return [];
    }
  });
}

/**
 * Takes a number below `count` that no other test of this machine has: `take` fails when somebody has it, and is tried with the
 * next one. The first is told by the process, so that those who start at once do not begin at the same.
 */
export function takeNumber(count: number, take: (id: number) => void): number {
  for (let tries = 0; ; tries++) {
    const id = (process.pid + tries) % count;
    try {
      take(id);
      return id;
    } catch (error) {
      if (tries >= 20) throw error;
    }
  }
}

/** What is left of a cluster that was taken down; nothing, if all is well. */
function leftovers(cluster: Pick<TestCluster, 'dataDir' | 'netns' | 'nodeName'>): string[] {
  const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');
  return [
    ...commandLines().filter((line) => line.includes(cluster.dataDir)),
    ...lines(readFileSync('/proc/self/mountinfo', 'utf8')).filter((line) => line.includes(cluster.dataDir)),
    ...lines(
      sh(
        `find /sys/fs/cgroup -type d '(' -path '*/tutti/${cluster.nodeName}' -o -path '*/tutti/${cluster.nodeName}/*' ')' 2>/dev/null || true`,
      ),
    ),
    ...lines(sh(`ip netns pids ${cluster.netns}`)).map((pid) => `process ${pid} in ${cluster.netns}`),
    ...lines(sh(`ip netns exec ${cluster.netns} nft list tables`)),
    ...['bridge', 'veth']
      .flatMap((type) => lines(sh(`ip -n ${cluster.netns} -o link show type ${type}`)))
      .filter((line) => !/: up0[@:]/.test(line)),
  ];
}

/** Fails when something of a cluster that was taken down stays behind. */
export async function nothingStays(cluster: Parameters<typeof leftovers>[0]): Promise<void> {
  let left: string[] = [];
  // The kernel takes interfaces away in its own time.
  await until('nothing is left', () => (left = leftovers(cluster)).length === 0).catch(() => undefined);
  assert.deepEqual(left, []);
}

/** Starts one, with the images busybox and agnhost and those asked for. What was started goes away again when it fails. */
export async function startCluster(wishes: ClusterWishes = {}): Promise<OneNodeCluster> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(stack, wishes);
  } catch (error) {
    await stack.disposeAsync().catch(() => undefined);
    throw error;
  }
}

async function start(stack: AsyncDisposableStack, { images = [], dualStack = false, flags = [] }: ClusterWishes): Promise<OneNodeCluster> {
  // Whoever makes the namespace and the interface has the number.
  const id = takeNumber(16_384, (n) => {
    sh(`ip netns add tclus${n}; ip link add tc${n} type veth peer name up0 netns tclus${n} || { ip netns del tclus${n}; exit 1; }`);
  });
  const netns = `tclus${id}`;
  stack.defer(() => void sh(`ip netns del ${netns}`));
  const nodeName = `node-${id}`;
  // Four addresses of the range for tests of networks, by process.
  const address = (n: number): string => `198.18.${id >> 6}.${(id % 64) * 4 + n}`;
  const nodeIp = address(2);
  const address6 = (n: number): string => `fd5a:${id.toString(16)}::${n}`;
  const nodeIp6 = address6(2);
  const dataDir = mkdtempSync(join(tmpdir(), 'tutti-cluster-'));
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  sh(`ip -n ${netns} link set lo up
    ip addr add ${address(1)}/30 dev tc${id}; ip link set tc${id} up
    ip -n ${netns} addr add ${nodeIp}/30 dev up0; ip -n ${netns} link set up0 up
    ip -n ${netns} route add default via ${address(1)}`);
  if (dualStack)
    sh(`ip addr add ${address6(1)}/64 dev tc${id} nodad; ip -n ${netns} addr add ${nodeIp6}/64 dev up0 nodad
      ip -n ${netns} route add default via ${address6(1)}`);
  const tutti = (...args: string[]) =>
    runCommand(process.execPath, [join(root, 'bin/tutti.mjs'), ...args, '--data-dir', dataDir], {
      via: ['nsenter', `--net=/run/netns/${netns}`],
      cwd: root,
      timeout: 240_000,
    });
  stack.defer(async () => {
    const down = await tutti('down');
    assert.equal(down.code, 0, down.stderr);
    await nothingStays({ dataDir, netns, nodeName });
  });
  const upArguments = ['up', '--detach', '--nodes', 'real', '--node-name', nodeName];
  if (dualStack) upArguments.push('--service-cidr', '10.96.0.0/16,fd00:10:96::/112', '--pod-cidr', '10.244.0.0/16,fd00:10:244::/56');
  upArguments.push('--node-ip', dualStack ? `${nodeIp},${nodeIp6}` : nodeIp);
  upArguments.push(...flags);
  const up = await tutti(...upArguments);
  assert.equal(up.code, 0, up.stderr + up.stdout);

  const world = createWorld({ logLevel: 'warn' });
  stack.defer(closeAgents);
  const channel = world.grpc.connect(containerdPaths(place(dataDir).node, world.digest).socket);
  try {
    for (const image of [busyboxImage, agnhostImage, ...images]) await importImage(world, channel, await image(world));
  } finally {
    channel.close();
  }

  const inside = await loadKubeconfig(world.fs, place(dataDir).kubeconfig);
  const access: ServerAccess = { ...inside, server: `https://${nodeIp}:${new URL(inside.server).port}` };
  const kubeconfig = join(dataDir, 'kubeconfig-outside');
  await world.fs.write(
    kubeconfig,
    kubeconfigText({ server: access.server, ca: access.tls.ca, cert: access.tls.cert, key: access.tls.key }),
  );
  async function restart(signal: NodeJS.Signals): Promise<void> {
    const { pid } = JSON.parse(readFileSync(join(dataDir, 'run.json'), 'utf8')) as { pid: number };
    process.kill(pid, signal);
    await until('the process is gone', () => !existsSync(`/proc/${pid}`));
    const again = await tutti(...upArguments);
    assert.equal(again.code, 0, again.stderr + again.stdout);
  }
  return {
    client: createClient(httpTransport(world.net, { server: access.server, tls: access.tls })),
    access,
    world,
    kubectl: kubectlFor(kubeconfig),
    kubeconfig,
    nodeName,
    nodeIp,
    ...(dualStack ? { nodeIp6 } : {}),
    netns,
    dataDir,
    crash: () => restart('SIGKILL'),
    restart,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
