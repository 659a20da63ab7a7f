// What pods leave on a node when they are gone: nothing.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { until } from '../../support/until.ts';
import type { AgentNode } from './support.ts';

/** Processes whose command line has all these parts. */
export function processes(...parts: string[]): number[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return parts.every((part) => line.includes(part)) ? [Number(pid)] : [];
    } catch {
      return [];
    }
  });
}

/** Kills processes; some of them may have gone with others. */
export function kill(...pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

const lines = (command: string): string[] =>
  execFileSync('sh', ['-c', command], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '');

async function left({ instance, world, dataDir, cgroup }: AgentNode): Promise<string[]> {
  const { runtime, paths } = instance;
  return [
    ...(await runtime.listSandboxes()).map(({ metadata }) => `sandbox of ${metadata.name}`),
    ...(await runtime.listContainers()).map(({ metadata }) => `container ${metadata.name}`),
    ...(await world.fs.list(`${dataDir}/pods`)),
    ...(await world.fs.list(`${dataDir}/logs`)),
    ...(await world.fs.list(`${paths.ipam}/${paths.network}`)).filter((name) => /^\d+\./.test(name)).map((ip) => `address ${ip}`),
    ...lines('ip -o link show type veth'),
    ...lines(`grep ${dataDir}/pods/ /proc/self/mountinfo || true`),
    ...lines(`find /sys/fs/cgroup -type d -path '*${cgroup}*/pod*' 2>/dev/null || true`),
    ...processes('containerd-shim-runc-v2', paths.socket).map((pid) => `shim ${pid}`),
  ];
}

/** Waits until no sandbox, container, directory, address, interface, mount, control group or shim of a pod is there. */
export async function nothingLeft(node: AgentNode): Promise<void> {
  let last: string[] = [];
  await until('nothing is left', async () => (last = await left(node)).length === 0).catch(() => undefined);
  assert.deepEqual(last, []);
}

/** Every pod of these has one sandbox that is up, and one container that runs: nothing was started twice. */
export async function single({ instance: { runtime } }: AgentNode, names: readonly string[]): Promise<void> {
  const sandboxes = (await runtime.listSandboxes()).filter(({ state }) => state === 'SANDBOX_READY');
  const containers = (await runtime.listContainers()).filter(({ state }) => state === 'CONTAINER_RUNNING');
  for (const name of names) {
    const own = sandboxes.filter(({ metadata }) => metadata.name === name);
    assert.equal(own.length, 1, `sandboxes of ${name}`);
    assert.equal(containers.filter(({ podSandboxId }) => podSandboxId === own[0]?.id).length, 1, `containers of ${name}`);
  }
}
