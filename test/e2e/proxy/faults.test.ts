// What the proxy bears: a churn of endpoints, an nft that fails or dies, rules that somebody else takes away. The real kernel,
// in a network namespace of its own; needs root.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { EndpointSlices, Services } from '#api/refs.ts';
import type { Child } from '#base/exec.ts';
import type { World } from '#base/world.ts';
import { createWorld } from '#host/world.ts';
import { startDriftWatch } from '#proxy/drift.ts';
import { createNft } from '#proxy/nft.ts';
import { type Proxy, startProxy } from '#proxy/proxy.ts';
import { createFeeds, type Feeds } from '../../support/feed.ts';
import { until } from '../../support/until.ts';

const netns = `tpf${process.pid % 100_000}`;
const table = 'tutti';
const services = 200;
const real = createWorld({ logLevel: 'silent' });
/** Programs run in the namespace; the test may make nft fail, and sees what was started. */
let refuse = false;
const sessions: Child[] = [];
const world: World = {
  ...real,
  exec: {
    ...real.exec,
    run: async (command, args, options) =>
      refuse && command === 'nft'
        ? { code: 1, stdout: '', stderr: 'Error: Could not process rule: Device or resource busy' }
        : real.exec.run('ip', ['netns', 'exec', netns, command, ...args], options),
    spawn: (command, args, options) => {
      const child = real.exec.spawn('ip', ['netns', 'exec', netns, command, ...args], options);
      if (args.some((arg) => arg.includes('nft -i'))) sessions.push(child);
      return child;
    },
  },
};
const nft = (...args: string[]): string =>
  execFileSync('ip', ['netns', 'exec', netns, 'nft', ...args], { encoding: 'utf8', stdio: 'pipe' });

let version = 0;
const clusterIP = (i: number): string => `10.96.${i >> 8}.${i & 255}`;
function slice(i: number, ...hosts: readonly number[]): EndpointSlice {
  return {
    metadata: { name: `s${i}-x`, namespace: 'd', resourceVersion: String(++version), labels: { 'kubernetes.io/service-name': `s${i}` } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: hosts.map((n) => ({ addresses: [`10.244.${(n >> 8) & 255}.${n & 255}`], conditions: { ready: true } })),
  };
}

/** `service index → address of the pod` of every backend in the kernel. */
function programmed(): Map<string, string> {
  const listing = JSON.parse(nft('-j', 'list', 'map', 'ip', table, 'eps')) as { nftables: { map?: { elem?: unknown[] } }[] };
  const elements = listing.nftables.flatMap(({ map }) => map?.elem ?? []) as [{ concat: unknown[] }, { concat: unknown[] }][];
  return new Map(elements.map(([key, value]) => [`${String(key.concat[0])} ${String(key.concat[3])}`, String(value.concat[0])]));
}

const signal = AbortSignal.timeout(300_000);
let feeds: Feeds;
let proxy: Proxy;
const stack = new AsyncDisposableStack();

/** Waits until the kernel has exactly what the slices say. */
async function settled(): Promise<void> {
  await proxy.applied(BigInt(version), signal);
  const wanted = feeds
    .feed(EndpointSlices)
    .lister.list()
    .flatMap(({ metadata, endpoints }) => {
      const address = clusterIP(Number(/^s(\d+)-/.exec(metadata.name)?.[1]));
      return endpoints.map(({ addresses }) => `${address} ${addresses[0]}`);
    });
  const present = [...programmed()].map(([key, pod]) => `${key.split(' ')[0]} ${pod}`);
  assert.deepEqual(present.toSorted(), wanted.toSorted());
}

before(async () => {
  execFileSync('ip', ['netns', 'add', netns]);
  feeds = createFeeds();
  for (let i = 0; i < services; i++) {
    const ip = clusterIP(i);
    feeds.feed(Services).put({
      metadata: { name: `s${i}`, namespace: 'd', resourceVersion: String(++version) },
      spec: { type: 'ClusterIP', clusterIP: ip, clusterIPs: [ip], ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] },
      status: {},
    });
    feeds.feed(EndpointSlices).put(slice(i, 2 * i, 2 * i + 1));
  }
  const tool = stack.use(createNft(world));
  proxy = stack.use(
    startProxy({ informers: feeds, world, nft: tool, nodeName: 'n', rules: { table, podRanges: { ip: '10.244.0.0/16' } } }),
  );
  stack.use(startDriftWatch(world, [{ family: 'ip', table, chain: 'services', repair: () => proxy.repair() }]));
  await proxy.ready;
});
after(async () => {
  await stack.disposeAsync();
  execFileSync('ip', ['netns', 'del', netns]);
});

test('five hundred changes a second are kept up with, and nothing is lost', async () => {
  await settled();
  const began = performance.now();
  const waits: Promise<void>[] = [];
  for (let n = 0; n < 1_000; n++) {
    const early = began + n * 2 - performance.now();
    if (early > 0) await real.clock.sleep(early);
    const i = (n * 13) % services;
    feeds.feed(EndpointSlices).put(n % 3 === 0 ? slice(i) : n % 3 === 1 ? slice(i, n) : slice(i, n, 20_000 + n, 40_000 + n));
    waits.push(proxy.applied(BigInt(version), signal));
  }
  await Promise.all(waits);
  assert.equal(proxy.lag(), 0);
  await settled();
});

test('an nft that fails is tried again, and what was missed is made up for', async () => {
  refuse = true;
  // So many changes at once are no longer a small script.
  for (let i = 0; i < services; i++) feeds.feed(EndpointSlices).put(slice(i, 1_000 + i));
  await until('the failure is told', () => proxy.health()?.includes('busy'));
  assert.match(proxy.metrics.render(), /nftables_sync_failures_total [1-9]/);
  refuse = false;
  await settled();
  assert.equal(proxy.health(), undefined);
});

test('a session that is killed is followed by another', async () => {
  feeds.feed(EndpointSlices).put(slice(1, 7));
  await settled();
  const running = sessions.at(-1);
  assert.ok(running);
  running.kill('SIGKILL');
  await running.exited;
  feeds.feed(EndpointSlices).put(slice(1, 8, 9));
  await settled();
  assert.notEqual(sessions.at(-1), running);
});

test('what somebody else changed makes the table anew: a set without an element, a table without chains, no table', async () => {
  // The element that is taken away here is missed when it is to be replaced.
  nft('delete', 'element', 'ip', table, 'eps', `{ ${clusterIP(2)} . tcp . 80 . 0 }`);
  feeds.feed(EndpointSlices).put(slice(2));
  await settled();
  for (const command of [
    ['flush', 'table', 'ip', table],
    ['flush', 'ruleset'],
    ['delete', 'table', 'ip', table],
  ]) {
    nft(...command);
    await until(`rules after ${command.join(' ')}`, () => {
      try {
        return / vmap @/.test(nft('list', 'chain', 'ip', table, 'inside')) && programmed().size > 0;
      } catch {
        return false;
      }
    });
    await settled();
  }
});
