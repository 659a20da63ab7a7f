// A cluster of simulated nodes, started as a user starts it: the same to a test as one with containers, but for what happens
// in containers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';
import type { TestCluster } from './cluster.ts';
import { kubectlFor, runCommand } from './kubectl.ts';
import { protobufTransport } from './protobuf.ts';

const root = resolve(import.meta.dirname, '../..');

/** Starts one with `count` nodes. Its client speaks protobuf, as the conformance suite's does. */
export async function startSimCluster(count: number): Promise<TestCluster> {
  const stack = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), 'tutti-simcluster-'));
  const tutti = (...args: string[]) =>
    runCommand(process.execPath, [join(root, 'bin/tutti.mjs'), ...args, '--data-dir', dataDir], { cwd: root, timeout: 240_000 });
  stack.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  try {
    const up = await tutti('up', '--detach', '--nodes', `sim:${count}`, '--api-port', '0');
    stack.defer(async () => {
      const down = await tutti('down');
      assert.equal(down.code, 0, down.stderr);
    });
    assert.equal(up.code, 0, up.stderr + up.stdout);
    const world = createWorld({ logLevel: 'warn' });
    stack.defer(closeAgents);
    const kubeconfig = join(dataDir, 'kubeconfig');
    const access = await loadKubeconfig(world.fs, kubeconfig);
    return {
      client: createClient(protobufTransport(httpTransport(world.net, { server: access.server, tls: access.tls }))),
      access,
      world,
      kubectl: kubectlFor(kubeconfig),
      kubeconfig,
      nodeName: 'sim-0',
      nodeIp: '127.0.0.1',
      netns: '',
      dataDir,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync().catch(() => undefined);
    throw error;
  }
}
