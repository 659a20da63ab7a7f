// A whole node for a test: API server in memory, real containerd, the agent. Must run in a network namespace of its own
// (`inNamespace`), because pods get their network where the process is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Agent, startAgent } from '#agent/agent.ts';
import { createPodCgroups } from '#agent/cgroups/pods.ts';
import { setUpNetwork } from '#agent/cni/network.ts';
import { type ContainerdInstance, startContainerd } from '#agent/containerd/instance.ts';
import { findLeftovers } from '#agent/containerd/leftovers.ts';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { tearDownContainerd } from '#agent/containerd/teardown.ts';
import { importImage } from '#agent/images/import.ts';
import { type AgentOptions, agentOptions } from '#agent/options.ts';
import { createStats } from '#agent/stats/stats.ts';
import { createPodVolumes } from '#agent/volumes/volumes.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { Events, Namespaces, Pods, ServiceAccounts } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import type { World } from '#base/world.ts';
import { busyboxImage } from '../../images/busybox.ts';
import { startTestApi } from '../../support/api.ts';
import { cuttable, type CutTransport } from '../../support/cut.ts';
import { until } from '../../support/until.ts';

const marker = 'TUTTI_TEST_NETNS';

/** True inside the namespace; outside it runs `file` again inside one and fails when that fails. */
export async function inNamespace(file: string): Promise<boolean> {
  if (process.env[marker]) return true;
  const name = `tutti-agent-${process.pid.toString(36)}${Date.now().toString(36).slice(-4)}`;
  const run = (command: string, args: readonly string[], env = process.env): Promise<number> =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, { stdio: 'inherit', env });
      child.once('error', reject);
      child.once('exit', (code) => resolve(code ?? -1));
    });
  assert.equal(await run('sh', ['-c', `ip netns add ${name} && ip -n ${name} link set lo up`]), 0);
  try {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = [`--net=/run/netns/${name}`, process.execPath, '--test', '--test-reporter=spec', '--test-isolation=none', file];
    assert.equal(await run('nsenter', args, { ...env, [marker]: name }), 0, `${file} failed`);
  } finally {
    await run('ip', ['netns', 'del', name]);
  }
  return false;
}

export interface AgentNode extends AsyncDisposable {
  readonly client: Client;
  readonly world: World;
  readonly nodeName: string;
  readonly dataDir: string;
  readonly instance: ContainerdInstance;
  readonly agent: Agent;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Stops the agent (not the containers) and starts another one. */
  restartAgent(options?: Partial<AgentOptions>): Promise<void>;
  /** What the agent reaches the API server through; the test's own client does not. */
  readonly road: CutTransport;
  /** The control group of the node. */
  readonly cgroup: string;
  /** Stops the agent only. */
  stopAgent(): Promise<void>;
  createPod(pod: Draft<Pod>): Promise<Pod>;
  /** Waits until the pod is there and satisfies `check`; tells its state when it does not in time. */
  until(name: string, check: (pod: Pod) => unknown, ms?: number): Promise<Pod>;
  untilGone(name: string, ms?: number): Promise<void>;
  /** Waits for an event of the pod, as `reason: message`; tells those that there are when it does not come. */
  told(name: string, what: string | RegExp): Promise<void>;
}

/** A pod that runs busybox commands on the node. */
export function shellPod(name: string, script: string, more: { container?: object; spec?: object; metadata?: object } = {}): Draft<Pod> {
  return {
    metadata: { name, namespace: 'default', ...more.metadata },
    spec: {
      nodeName: 'node1',
      terminationGracePeriodSeconds: 2,
      automountServiceAccountToken: false,
      containers: [{ name: 'main', image: 'busybox:1', command: ['/bin/sh', '-c', script], ...more.container }],
      ...more.spec,
    },
  } as Draft<Pod>;
}

async function ensure(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error;
  });
}

/** Starts the node; what was started goes away again when it fails. */
export async function startAgentNode(options: Partial<AgentOptions> = {}): Promise<AgentNode> {
  const stack = new AsyncDisposableStack();
  try {
    return await startNode(stack, options);
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startNode(stack: AsyncDisposableStack, options: Partial<AgentOptions>): Promise<AgentNode> {
  const api = stack.use(await startTestApi());
  const { world, client } = api;
  const road = cuttable(client.transport);
  const id = Buffer.from(world.random.bytes(4)).toString('hex');
  const nodeName = 'node1';
  const dataDir = mkdtempSync(`${tmpdir()}/tutti-agent-`);
  const cgroup = `/tutti-test-${id}`;
  stack.defer(async () => {
    await tearDownContainerd(world, dataDir);
    const left = await findLeftovers(world, containerdPaths(dataDir, world.digest), dataDir);
    await world.fs.remove(dataDir);
    // Whatever a test did to the node, nothing of it may stay behind.
    assert.deepEqual(left, { cgroups: [], processes: [], mounts: [], cniResults: [] });
  });
  const instance = stack.use(await startContainerd(world, { dataDir, cgroup }));
  await setUpNetwork(world, {
    paths: instance.paths,
    machine: instance.machine,
    podCidrs: ['10.244.7.0/24'],
    clusterCidrs: ['10.244.0.0/16', '10.96.0.0/16'],
    mtu: 1500,
  });
  await importImage(world, instance.channel, await busyboxImage(world));
  for (const name of ['default', 'kube-node-lease']) await ensure(client.resource(Namespaces).create({ metadata: { name } }));
  await ensure(client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace: 'default' } }, { namespace: 'default' }));

  const ca = await world.pki.createCa('test-ca');
  const server = await world.pki.issue(ca, { commonName: nodeName, ips: ['127.0.0.1'], usages: ['server'] });
  const user = await world.pki.issue(ca, {
    commonName: 'kube-apiserver-kubelet-client',
    organizations: ['system:masters'],
    usages: ['client'],
  });
  const start = (changed: Partial<AgentOptions> = {}): Promise<Agent> =>
    startAgent({
      client: createClient(road),
      world,
      runtime: instance.runtime,
      cgroups: createPodCgroups(world, { layout: instance.machine.cgroups, root: cgroup, allowance: { cpuMilli: 2000 } }),
      volumes: (offer) => createPodVolumes(world, { dataDir, ...offer }),
      stats: createStats(world, { runtime: instance.runtime, layout: instance.machine.cgroups, cgroup, nodeName }),
      config: agentOptions({
        nodeName,
        nodeIps: ['127.0.0.1'],
        dataDir,
        server: { host: '127.0.0.1', port: 0, tls: { ...server, clientCa: ca.cert }, allowedUsers: [] },
        ...options,
        ...changed,
      }),
    });
  let agent: Agent | undefined = await start();
  stack.defer(async () => agent?.[Symbol.asyncDispose]());
  await agent.ready;
  const pods = client.resource(Pods);
  const namespace = 'default';
  const find = (name: string): Promise<Pod | undefined> =>
    pods.get(name, { namespace }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return undefined;
    });

  /** What there is so far, oldest first. */
  const events = async (name: string): Promise<string[]> => {
    const { items } = await client.resource(Events).list({ namespace });
    return items.filter((event) => event.involvedObject.name === name).map((event) => `${event.reason}: ${event.message}`);
  };

  return {
    client,
    world,
    nodeName,
    dataDir,
    instance,
    road,
    cgroup,
    get agent() {
      if (!agent) throw new Error('the agent is stopped');
      return agent;
    },
    tls: { ca: ca.cert, cert: user.cert, key: user.key },
    async stopAgent() {
      await agent?.[Symbol.asyncDispose]();
      agent = undefined;
    },
    async restartAgent(changed) {
      await agent?.[Symbol.asyncDispose]();
      agent = await start(changed);
      await agent.ready;
    },
    createPod: (pod) => pods.create(pod, { namespace }),
    async until(name, check, ms = 180_000) {
      const deadline = Date.now() + ms;
      for (;;) {
        const pod = await find(name);
        if (pod && check(pod)) return pod;
        if (Date.now() > deadline) assert.fail(`pod ${name}: ${JSON.stringify(pod?.status, null, 1)}`);
        await world.clock.sleep(20);
      }
    },
    async untilGone(name, ms = 180_000) {
      const deadline = Date.now() + ms;
      for (;;) {
        const pod = await find(name);
        if (!pod) return;
        if (Date.now() > deadline) assert.fail(`pod ${name} is still there: ${JSON.stringify(pod.status, null, 1)}`);
        await world.clock.sleep(20);
      }
    },
    async told(name, what) {
      let last: string[] = [];
      const wanted = (text: string): boolean => (typeof what === 'string' ? text === what : what.test(text));
      await until(`event ${what} of ${name}`, async () => (last = await events(name)).some(wanted)).catch((error: unknown) => {
        throw new Error(last.join('\n'), { cause: error });
      });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Condition status by type. */
export const condition = (pod: Pod, type: string): string | undefined =>
  pod.status?.conditions?.find((candidate) => candidate.type === type)?.status;
export const isReady = (pod: Pod): boolean => condition(pod, 'Ready') === 'True';
