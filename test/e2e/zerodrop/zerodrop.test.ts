// A rolling update, a scale-down and a drain fail no request, with no preStop hook and no sleep in the manifest. The same
// load on a cluster that does not acknowledge endpoints does fail: the test can tell.
// `npm run test:zero-drop` runs it long: 20 rollouts and at least 200,000 requests.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { importImage } from '#agent/images/import.ts';
import { Deployments, Services } from '#api/refs.ts';
import { place } from '#cmd/place.ts';
import { gracefulImage, gracefulName } from '../../images/graceful.ts';
import { startNodes, type TestNodes } from '../../support/nodes.ts';
import { inSpace, type Space } from '../conformance/support.ts';

const long = process.env['TUTTI_ZERO_DROP'] === 'long';
const rollouts = long ? 20 : 3;
const leastRequests = long ? 200_000 : 5_000;

async function prepare(cluster: TestNodes, space: Space): Promise<{ ip: string; nodePorts: number[] }> {
  const image = await gracefulImage(cluster.world);
  for (const { dataDir } of cluster.nodes) {
    const channel = cluster.world.grpc.connect(containerdPaths(place(dataDir).node, cluster.world.digest).socket);
    await importImage(cluster.world, channel, image);
    channel.close();
  }
  const container = {
    name: 'main',
    image: gracefulName,
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
  };
  const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [container] } };
  await space.create(Deployments, {
    metadata: { name: 'web' },
    spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template },
  });
  const ports = [
    { name: 'one', port: 80, targetPort: 8080 },
    { name: 'two', port: 81, targetPort: 8081 },
  ];
  const { spec } = await space.create(Services, { metadata: { name: 'web' }, spec: { type: 'NodePort', selector: { app: 'web' }, ports } });
  await rolledOut(space, 4);
  return { ip: spec.clusterIP ?? '', nodePorts: (spec.ports ?? []).map(({ nodePort }) => nodePort ?? 0) };
}

async function rolledOut(space: Space, replicas: number): Promise<void> {
  await space.until(
    Deployments,
    'web',
    ({ metadata, spec, status }) =>
      status?.observedGeneration === metadata.generation &&
      spec?.replicas === replicas &&
      status?.updatedReplicas === replicas &&
      status?.replicas === replicas &&
      status?.availableReplicas === replicas,
    300_000,
  );
}

interface Counts {
  readonly fresh: number;
  readonly kept: number;
  readonly streams: number;
  readonly failed: number;
  readonly servers: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** Starts the load in the network namespace of a node; the function that is returned ends it and gives the counts. */
function startLoad(netns: string, targets: readonly string[]): () => Promise<Counts> {
  const args = [`--net=/run/netns/${netns}`, process.execPath, resolve(import.meta.dirname, 'load.mjs'), ...targets];
  const child = spawn('nsenter', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  return async () => {
    child.stdin.end();
    await once(child, 'close');
    return JSON.parse(text) as Counts;
  };
}

const change = (space: Space, spec: object) =>
  space.of(Deployments).patch('web', { spec }, { type: 'strategic', namespace: space.namespace });
const roll = (space: Space, n: number) => change(space, { template: { metadata: { annotations: { roll: String(n) } } } });

test('no request fails while a Deployment rolls, scales and a node is drained', async (t) => {
  await using cluster = await startNodes(long ? 3 : 2);
  await inSpace(cluster, async (space) => {
    const { ip, nodePorts } = await prepare(cluster, space);
    const last = cluster.nodes.at(-1);
    assert.ok(last);
    const targets = [`${ip}:80:81`, ...cluster.nodes.map((node) => `${node.ip}:${nodePorts.join(':')}`)];
    const stop = startLoad(last.netns, targets);
    for (let i = 0; i < rollouts; i++) {
      await roll(space, i);
      await rolledOut(space, 4);
    }
    for (const replicas of long ? [10, 2, 10, 2, 4] : [8, 2, 4]) {
      await change(space, { replicas });
      await rolledOut(space, replicas);
    }
    const drain = await cluster.kubectl.with({ timeout: 150_000 })('drain', last.name, '--ignore-daemonsets', '--timeout=120s');
    assert.equal(drain.code, 0, drain.stderr);
    await rolledOut(space, 4);
    await cluster.kubectl.ok('uncordon', last.name);
    const started = performance.now();
    if (long) while (performance.now() - started < 60_000) await sleep(1000);
    const counts = await stop();
    t.diagnostic(JSON.stringify(counts));
    assert.equal(counts.failed, 0, JSON.stringify(counts));
    const all = counts.fresh + counts.kept + counts.streams;
    assert.ok(all >= leastRequests, `${all} requests`);
    assert.ok(counts.servers > rollouts * 4, `${counts.servers} servers answered`);
  });
});

test('without acknowledgement requests do fail', async (t) => {
  await using cluster = await startNodes(2, { flags: ['--no-endpoint-acknowledgement'] });
  await inSpace(cluster, async (space) => {
    const { ip, nodePorts } = await prepare(cluster, space);
    const targets = [`${ip}:80:81`, ...cluster.nodes.map((node) => `${node.ip}:${nodePorts.join(':')}`)];
    let failed = 0;
    for (let i = 0; i < 20 && failed === 0; i++) {
      const stop = startLoad(cluster.nodes[1]?.netns ?? '', targets);
      await roll(space, i);
      await rolledOut(space, 4);
      const counts = await stop();
      failed = counts.failed;
      t.diagnostic(JSON.stringify(counts));
    }
    assert.ok(failed > 0, 'nothing failed: the load cannot tell');
  });
});
