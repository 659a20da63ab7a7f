// A cluster of several nodes with real containers on one machine: a network namespace per node, joined by a bridge, the
// first started with `tutti up`, the others with `tutti agent` and a bootstrap token, as a user does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { importImage } from '#agent/images/import.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { kubeconfigText, loadKubeconfig, type ServerAccess } from '#client/kubeconfig.ts';
import { place } from '#cmd/place.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';
import { agnhostImage } from '../images/agnhost.ts';
import { busyboxImage } from '../images/busybox.ts';
import { nothingStays, takeNumber, type TestCluster } from './cluster.ts';
import { kubectlFor, runCommand } from './kubectl.ts';

const root = resolve(import.meta.dirname, '../..');
const sh = (command: string): string => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });

export interface TestNode {
  readonly name: string;
  readonly ip: string;
  readonly netns: string;
  readonly dataDir: string;
  /** Runs `tutti` in the node's namespace on its data directory. */
  tutti(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** The first node's cluster, and all nodes of it. */
export interface TestNodes extends TestCluster {
  readonly nodes: readonly TestNode[];
  /** Starts (again) the agent of a node other than the first; with a token the first time. */
  startAgent(node: TestNode, token?: string): Promise<void>;
}

export interface NodesOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** More options of `tutti up` and `tutti agent`. */
  readonly flags?: readonly string[];
}

/** Starts a cluster of `count` nodes, each with the images busybox and agnhost. */
export async function startNodes(count: number, options: NodesOptions = {}): Promise<TestNodes> {
  const stack = new AsyncDisposableStack();
  try {
    return await start(stack, count, options);
  } catch (error) {
    await stack.disposeAsync().catch(() => undefined);
    throw error;
  }
}

async function start(stack: AsyncDisposableStack, count: number, options: NodesOptions): Promise<TestNodes> {
  // A network of its own, in the range for tests of networks: whoever makes the namespace and the interface of its number has it.
  const id = takeNumber(256, (n) => {
    sh(`ip netns add tbr${n}; ip link add tn${n} type veth peer name out netns tbr${n} || { ip netns del tbr${n}; exit 1; }`);
  });
  const address = (n: number): string => `198.19.${id}.${n}`;
  const bridge = `tbr${id}`;
  stack.defer(() => void sh(`ip netns del ${bridge}`));
  sh(`ip -n ${bridge} link add br0 type bridge; ip -n ${bridge} link set br0 up; ip -n ${bridge} link set lo up
    ip -n ${bridge} link set out master br0 up
    ip addr add ${address(254)}/24 dev tn${id}; ip link set tn${id} up`);
  const nodes: TestNode[] = [];
  for (let i = 1; i <= count; i++) {
    const dataDir = mkdtempSync(join(tmpdir(), 'tutti-node-'));
    const netns = `tnode${id}-${i}`;
    const name = `node-${id}-${i}`;
    stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
    sh(`ip netns add ${netns}
      ip -n ${netns} link set lo up; ip -n ${netns} link add up0 type veth peer name n${i} netns ${bridge}
      ip -n ${bridge} link set n${i} master br0 up
      ip -n ${netns} addr add ${address(i)}/24 dev up0; ip -n ${netns} link set up0 up
      ip -n ${netns} route add default via ${address(254)}`);
    stack.defer(() => void sh(`ip netns del ${netns}`));
    const tutti: TestNode['tutti'] = (...args) =>
      runCommand(
        process.execPath,
        [join(root, 'bin/tutti.mjs'), ...args, ...(args.includes('--data-dir') ? [] : ['--data-dir', dataDir])],
        {
          via: ['nsenter', `--net=/run/netns/${netns}`],
          cwd: root,
          timeout: 240_000,
          ...(options.env ? { env: options.env } : {}),
        },
      );
    const node = { name, ip: address(i), netns, dataDir, tutti };
    nodes.push(node);
    stack.defer(async () => {
      const down = await tutti('down');
      assert.equal(down.code, 0, down.stderr);
      await nothingStays({ dataDir, netns, nodeName: name });
      assert.equal(sh(`ip -n ${netns} route show proto 84`), '');
    });
  }
  const [first, ...others] = nodes;
  assert.ok(first);
  const up = await first.tutti(
    'up',
    '--detach',
    '--nodes',
    'real',
    '--node-name',
    first.name,
    '--node-ip',
    first.ip,
    ...(options.flags ?? []),
  );
  assert.equal(up.code, 0, up.stderr + up.stdout);
  const inside = await loadKubeconfig(createWorld({ logLevel: 'warn' }).fs, place(first.dataDir).kubeconfig);
  const server = `https://${first.ip}:${new URL(inside.server).port}`;
  const startAgent: TestNodes['startAgent'] = async (node, token) => {
    const args = ['agent', '--detach', '--server', server, '--node-name', node.name, '--node-ip', node.ip];
    const joined = await node.tutti(...args, ...(token === undefined ? [] : ['--token', token]), ...(options.flags ?? []));
    assert.equal(joined.code, 0, joined.stderr + joined.stdout);
  };
  const token = (await first.tutti('token', 'create')).stdout.trim();
  await Promise.all(others.map((node) => startAgent(node, token)));

  const world = createWorld({ logLevel: 'warn' });
  stack.defer(closeAgents);
  const images = [await busyboxImage(world), await agnhostImage(world)];
  for (const { dataDir } of nodes) {
    const channel = world.grpc.connect(containerdPaths(place(dataDir).node, world.digest).socket);
    try {
      for (const image of images) await importImage(world, channel, image);
    } finally {
      channel.close();
    }
  }
  const access: ServerAccess = { ...inside, server };
  const kubeconfig = join(first.dataDir, 'kubeconfig-outside');
  await world.fs.write(kubeconfig, kubeconfigText({ server, ca: access.tls.ca, cert: access.tls.cert, key: access.tls.key }));
  return {
    client: createClient(httpTransport(world.net, { server, tls: access.tls })),
    access,
    world,
    kubectl: kubectlFor(kubeconfig),
    kubeconfig,
    nodeName: first.name,
    nodeIp: first.ip,
    netns: first.netns,
    dataDir: first.dataDir,
    nodes,
    startAgent,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
