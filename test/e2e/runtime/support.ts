// A node's runtime for a test: real containerd in a network namespace and directory of its own, gone afterwards without
// a trace.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setUpNetwork } from '#agent/cni/network.ts';
import { startContainerd, type ContainerdInstance, type InstanceOptions } from '#agent/containerd/instance.ts';
import { findLeftovers } from '#agent/containerd/leftovers.ts';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { tearDownContainerd } from '#agent/containerd/teardown.ts';
import { importImage } from '#agent/images/import.ts';
import type { ContainerConfig, SandboxConfig } from '#agent/runtime.ts';
import type { World } from '#base/world.ts';
import { createWorld } from '#host/world.ts';
import { busyboxImage } from '../../images/busybox.ts';

export interface TestNode extends AsyncDisposable {
  readonly world: World;
  readonly instance: ContainerdInstance;
  readonly options: InstanceOptions;
  /** Path of the node's network namespace. */
  readonly netns: string;
  readonly dataDir: string;
  /** Ends and forgets the instance, as a restart of Tutti does, and starts again. */
  restart(): Promise<ContainerdInstance>;
}

async function must(world: World, command: string): Promise<string> {
  const result = await world.exec.run('sh', ['-c', command], { timeout: 120_000 });
  assert.equal(result.code, 0, `${command}: ${result.stderr}`);
  return result.stdout;
}

export async function startTestNode(options: { subnets?: readonly string[]; network?: boolean } = {}): Promise<TestNode> {
  const world = createWorld({ logLevel: 'warn' });
  const id = Buffer.from(world.random.bytes(4)).toString('hex');
  const dataDir = mkdtempSync(`${tmpdir()}/tutti-runtime-`);
  const name = `tutti-test-${id}`;
  const netns = `/run/netns/${name}`;
  await must(world, `ip netns add ${name} && ip -n ${name} link set lo up`);
  const instanceOptions = { dataDir, cgroup: `/tutti-test-${id}`, netns };
  let instance: ContainerdInstance | undefined;

  async function clean(): Promise<void> {
    await instance?.[Symbol.asyncDispose]();
    const paths = containerdPaths(dataDir, world.digest);
    await tearDownContainerd(world, dataDir, { netns });
    const left = await findLeftovers(world, paths, dataDir);
    const rules = await must(world, `nsenter --net=${netns} nft list tables`);
    await must(world, `ip netns del ${name}`);
    await world.fs.remove(dataDir);
    assert.deepEqual(left, { cgroups: [], processes: [], mounts: [], cniResults: [] });
    assert.ok(!rules.includes(paths.network), `rules are left: ${rules}`);
    assert.equal(await must(world, `find /sys/fs/cgroup -path '*tutti-test-${id}*' | head -5`), '');
  }

  try {
    instance = await startContainerd(world, instanceOptions);
    if (options.network ?? true) {
      await setUpNetwork(world, {
        paths: instance.paths,
        machine: instance.machine,
        podCidrs: options.subnets ?? ['10.244.7.0/24'],
        clusterCidrs: ['10.244.0.0/16', '10.96.0.0/16'],
        mtu: 1500,
        netns,
      });
    }
    await importImage(world, instance.channel, await busyboxImage(world));
  } catch (error) {
    await clean();
    throw error;
  }
  return {
    world,
    get instance() {
      if (!instance) throw new Error('not running');
      return instance;
    },
    options: instanceOptions,
    netns,
    dataDir,
    async restart() {
      await instance?.[Symbol.asyncDispose]();
      instance = await startContainerd(world, instanceOptions);
      return instance;
    },
    [Symbol.asyncDispose]: clean,
  };
}

export function sandboxConfig(node: TestNode, name: string, extra: Partial<SandboxConfig> = {}): SandboxConfig {
  return {
    metadata: { name, uid: `uid-${name}`, namespace: 'default', attempt: 0 },
    hostname: name,
    logDirectory: `${node.dataDir}/logs/${name}`,
    labels: { app: name },
    linux: {
      cgroupParent: `${node.options.cgroup}/kubepods/besteffort/pod${name}`,
      securityContext: { namespaceOptions: { pid: 'CONTAINER' } },
    },
    ...extra,
  };
}

export function containerConfig(command: readonly string[], extra: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    metadata: { name: 'c', attempt: 0 },
    image: { image: 'docker.io/library/busybox:1' },
    command,
    logPath: 'c.log',
    linux: { securityContext: { namespaceOptions: { pid: 'CONTAINER' } } },
    ...extra,
  };
}

/** Runs one container in one sandbox; resolves with their ids. */
export async function runPod(
  node: TestNode,
  name: string,
  config: ContainerConfig,
  sandbox = sandboxConfig(node, name),
): Promise<{ sandboxId: string; containerId: string }> {
  const { runtime } = node.instance;
  const sandboxId = await runtime.runSandbox(sandbox);
  const containerId = await runtime.createContainer(sandboxId, config, sandbox);
  await runtime.startContainer(containerId);
  return { sandboxId, containerId };
}

/** Polls until `check` gives something. */
export async function until<T>(world: World, what: string, check: () => Promise<T | undefined | false>, timeoutMs = 180_000): Promise<T> {
  const deadline = world.clock.monotonic() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    assert.ok(world.clock.monotonic() < deadline, `timed out: ${what}`);
    await world.clock.sleep(50);
  }
}
