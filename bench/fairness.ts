// How long does one user wait while 200 connections of another flood the server with lists of hundreds of objects?
// Over https; the flood and the quiet user are processes of their own. Run: node bench/fairness.ts [seconds]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ClusterRoleBindings, ConfigMaps } from '#api/refs.ts';
import { createWorld } from '#host/world.ts';
import { startHttpsApi } from '../test/support/https.ts';

if (process.argv[2] === 'client') await client(process.argv.slice(3));
else await main(Number(process.argv[2] ?? 5));

/** Sends requests one after the other on each connection until its input ends; says when it is under way, and in the end how long they took. */
async function client([server = '', path = '', connections = '1', ca = '', cert = '', key = '']: string[]): Promise<void> {
  const world = createWorld({ logLevel: 'error' });
  const decode = (text: string): string => Buffer.from(text, 'base64').toString();
  const tls = { ca: decode(ca), cert: decode(cert), key: decode(key) };
  const times: number[] = [];
  let refused = 0;
  let running = true;
  let warm = 0;
  process.stdin.resume().once('end', () => (running = false));
  const one = async (): Promise<void> => {
    while (running) {
      const started = performance.now();
      const response = await world.net.fetch(server + path, { tls }).catch(() => undefined);
      await response?.bytes();
      if (response?.status !== 200) refused++;
      else if (++warm > Number(connections) + 2) times.push(performance.now() - started);
      if (warm === Number(connections) + 2) console.log('ready');
    }
  };
  await Promise.all(Array.from({ length: Number(connections) }, one));
  const sorted = times.toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  console.log(JSON.stringify({ requests: times.length, refused, p50: at(0.5), p99: at(0.99) }));
  process.exit(0);
}

async function main(seconds: number): Promise<void> {
  const https = await startHttpsApi({ freeze: false });
  const { client: admin, world } = https.api;
  const user = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io' };
  await admin.resource(ClusterRoleBindings).create({
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [
      { ...user, name: 'loud' },
      { ...user, name: 'quiet' },
    ],
  });
  const maps = admin.resource(ConfigMaps);
  for (let i = 0; i < 600; i++) await maps.create({ metadata: { name: `m-${i}`, namespace: 'default' }, data: { text: 'x'.repeat(500) } });
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const start = async (name: string, path: string, connections: number): Promise<() => Promise<object>> => {
    const pair = await world.pki.issue(https.pki.ca, { commonName: name, usages: ['client'] });
    const args = [
      import.meta.filename,
      'client',
      https.server,
      path,
      String(connections),
      encode(https.pki.ca.cert),
      encode(pair.cert),
      encode(pair.key),
    ];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout);
    await once(lines, 'line');
    const line = once(lines, 'line');
    return async () => {
      child.stdin.end();
      const [text] = (await line) as [string];
      return JSON.parse(text) as object;
    };
  };
  const pause = (ms: number) => world.clock.sleep(ms);
  const one = '/api/v1/namespaces/default/configmaps/m-7';
  const alone = await start('quiet', one, 1);
  await pause(seconds * 1000);
  const quietAlone = await alone();
  const flood = await start('loud', '/api/v1/namespaces/default/configmaps', 200);
  const beside = await start('quiet', one, 1);
  await pause(seconds * 1000);
  const quietBeside = await beside();
  console.log(JSON.stringify({ bench: 'fairness', quietAlone, quietBeside, flood: await flood() }));
  await https[Symbol.asyncDispose]();
  process.exit(0);
}
