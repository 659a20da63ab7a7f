// How many answers a second does the name server give per core, and how long does an answer take, beside dnsmasq (if the
// machine has it) in the same run? Names of 1,000 Services over UDP, 64 questions under way. Run: node bench/dns.ts [seconds]
import { fork, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDnsServer } from '#dns/server.ts';
import { createZone } from '#dns/zone.ts';
import { encodeQuery } from '#format/dnsmessage.ts';
import { createWorld } from '#host/world.ts';

const names = 1000;
const name = (i: number): string => `svc-${i}.default.svc.cluster.local`;
const address = (i: number): string => `10.96.${(i >> 8) & 255}.${i & 255}`;

if (process.argv[2] === 'server') await serve();
else await measure(Number(process.argv[2] ?? 5));

/** Our server, in a process of its own. */
async function serve(): Promise<void> {
  const world = createWorld({ logLevel: 'error' });
  const services = new Map(Array.from({ length: names }, (_, i) => [`svc-${i}`, address(i)]));
  const zone = createZone(
    { domain: 'cluster.local', ttl: 30 },
    {
      service: (namespace, wanted) => {
        const clusterIP = services.get(wanted);
        return clusterIP ? { metadata: { name: wanted, namespace }, spec: { clusterIP, clusterIPs: [clusterIP] }, status: {} } : undefined;
      },
      slices: () => [],
      hasNamespace: () => true,
      servicesAt: () => [],
      slicesAt: () => [],
    },
  );
  const server = startDnsServer({ world, address: '127.0.0.1', port: 0, zone, zoneVersion: () => 1, upstreams: [] });
  process.send?.({ port: await server.port });
}

/** Processor time of a process in seconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

async function load(port: number, seconds: number): Promise<{ answers: number; ms: number; p50: number; p99: number }> {
  const socket = createSocket('udp4');
  const queries = Array.from({ length: names }, (_, i) => Buffer.from(encodeQuery(0, { name: name(i), type: 'A' })));
  const sent = new Float64Array(65_536);
  const times: number[] = [];
  let n = 0;
  let stopped = false;
  const next = (): void => {
    const id = n++ & 0xffff;
    const query = Buffer.from(queries[n % names] as Buffer);
    query.writeUInt16BE(id, 0);
    sent[id] = performance.now();
    socket.send(query, port, '127.0.0.1');
  };
  socket.on('message', (bytes) => {
    times.push(performance.now() - (sent[bytes.readUInt16BE(0)] ?? 0));
    if (!stopped) next();
  });
  const started = performance.now();
  for (let i = 0; i < 64; i++) next();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  stopped = true;
  const ms = performance.now() - started;
  socket.close();
  const sorted = times.toSorted((a, b) => a - b);
  return { answers: times.length, ms, p50: sorted[sorted.length >> 1] ?? 0, p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0 };
}

async function measure(seconds: number): Promise<void> {
  const results: Record<string, unknown> = {};
  const one = async (label: string, pid: number, port: number): Promise<number> => {
    await load(port, 1);
    const before = cpuOf(pid);
    const { answers, ms, p50, p99 } = await load(port, seconds);
    const perCore = Math.round(answers / (cpuOf(pid) - before));
    results[label] = { perSecond: Math.round((answers / ms) * 1000), perCore, p50: Number(p50.toFixed(2)), p99: Number(p99.toFixed(2)) };
    return perCore;
  };
  const server = fork(import.meta.filename, ['server']);
  const { port } = await new Promise<{ port: number }>((resolve) => server.once('message', resolve as (message: unknown) => void));
  const ours = await one('tutti', server.pid ?? 0, port);
  server.kill();
  if (spawnSync('sh', ['-c', 'command -v dnsmasq']).status === 0) {
    const dir = mkdtempSync(join(tmpdir(), 'bench-dns-'));
    writeFileSync(join(dir, 'hosts'), Array.from({ length: names }, (_, i) => `${address(i)} ${name(i)}\n`).join(''));
    const args = [
      '-k',
      '--no-resolv',
      '--no-hosts',
      `--addn-hosts=${dir}/hosts`,
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      '--port=15353',
      '--user=root',
      `--pid-file=${dir}/pid`,
    ];
    const peer = spawn('dnsmasq', args, { stdio: 'inherit' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    results['ratio'] = Number((ours / (await one('dnsmasq', peer.pid ?? 0, 15_353))).toFixed(2));
    peer.kill();
    rmSync(dir, { recursive: true });
  }
  const line = JSON.stringify({ bench: 'dns', at: new Date().toISOString(), ...results });
  console.log(line);
  appendFileSync(join(import.meta.dirname, 'history/dns.jsonl'), `${line}\n`);
}
