// With 10,000 Services of 2 endpoints each: how long does the first programming take, how soon is a change live in the
// kernel, and are 500 changes a second kept up with? In a network namespace of its own, against the real kernel; needs root.
// Run: node bench/proxy.ts [services]
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { EndpointSlices, Services } from '#api/refs.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { createWorld } from '#host/world.ts';
import { createNft } from '#proxy/nft.ts';
import { startProxy } from '#proxy/proxy.ts';
import { createFeeds } from '../test/support/feed.ts';

const marker = 'TUTTI_BENCH_NETNS';
if (!process.env[marker]) {
  const netns = `bproxy${process.pid}`;
  execFileSync('ip', ['netns', 'add', netns]);
  const args = [`--net=/run/netns/${netns}`, process.execPath, '--disable-warning=ExperimentalWarning', ...process.argv.slice(1)];
  const { status } = spawnSync('nsenter', args, { stdio: 'inherit', env: { ...process.env, [marker]: netns } });
  execFileSync('ip', ['netns', 'del', netns]);
  process.exit(status ?? 1);
}

const count = Number(process.argv[2] ?? 10_000);
const world = createWorld({ logLevel: 'warn' });

const informers = createFeeds();
const services = informers.feed(Services);
const slices = informers.feed(EndpointSlices);

let version = 0;
const podIp = (n: number): string => `10.${200 + ((n >> 16) & 15)}.${(n >> 8) & 255}.${n & 255}`;
function slice(i: number, hosts: readonly number[]): EndpointSlice {
  return {
    metadata: { name: `s${i}-x`, namespace: 'd', resourceVersion: String(++version), labels: { 'kubernetes.io/service-name': `s${i}` } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: hosts.map((n) => ({ addresses: [podIp(n)], conditions: { ready: true } })),
  };
}
for (let i = 0; i < count; i++) {
  const clusterIP = `10.${96 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;
  services.put({
    metadata: { name: `s${i}`, namespace: 'd', resourceVersion: String(++version) },
    spec: { type: 'ClusterIP', clusterIP, clusterIPs: [clusterIP], ports: [{ port: 80, targetPort: 8080, protocol: 'TCP' }] },
    status: {},
  });
  slices.put(slice(i, [2 * i, 2 * i + 1]));
}

const rules = { table: 'bench', podRanges: { ip: '10.200.0.0/12' } };
const first = performance.now();
const firstCpu = process.cpuUsage();
const proxy = startProxy({ informers, world, nft: createNft(world), nodeName: 'n', rules });
await proxy.ready;
const firstMs = performance.now() - first;
const firstUsage = process.cpuUsage(firstCpu);

const quantile = (times: number[], q: number): number => Math.round(times.toSorted((a, b) => a - b)[Math.floor(times.length * q)] ?? 0);
const signal = new AbortController().signal;
const single: number[] = [];
for (let n = 0; n < 200; n++) {
  const at = performance.now();
  slices.put(slice(n * 7, [2 * n, 100_000 + n]));
  await proxy.applied(BigInt(version), signal);
  single.push(performance.now() - at);
}

// A churn of 500 changes a second for five seconds.
const churn: Promise<number>[] = [];
const cpu = process.cpuUsage();
const began = performance.now();
for (let n = 0; n < 2_500; n++) {
  const due = began + n * 2;
  const early = due - performance.now();
  if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
  const at = performance.now();
  slices.put(slice((n * 13) % count, n % 2 === 0 ? [n] : [n, 200_000 + n]));
  churn.push(proxy.applied(BigInt(version), signal).then(() => performance.now() - at));
}
const late = await Promise.all(churn);
const churnMs = performance.now() - began;
const { user, system } = process.cpuUsage(cpu);
const line = JSON.stringify({
  bench: 'proxy',
  at: new Date().toISOString(),
  services: count,
  firstMs: Math.round(firstMs),
  firstCpuMs: Math.round((firstUsage.user + firstUsage.system) / 1000),
  changeMs: { p50: quantile(single, 0.5), p99: quantile(single, 0.99) },
  churn: {
    perSecond: Math.round((2_500 / churnMs) * 1000),
    p50: quantile(late, 0.5),
    p99: quantile(late, 0.99),
    cpu: Number(((user + system) / churnMs / 1000).toFixed(2)),
  },
  rssMiB: Math.round(process.memoryUsage().rss / 2 ** 20),
});
console.log(line);
appendFileSync(join(import.meta.dirname, 'history/proxy.jsonl'), `${line}\n`);
await proxy[Symbol.asyncDispose]();
process.exit(0);
