// The name server on real sockets: what it keeps, whom it asks, how it bears dead servers and malformed questions.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { noCustomNames } from '#dns/custom.ts';
import { walkOf } from '#dns/searchpath.ts';
import { type DnsServerOptions, startDnsServer } from '#dns/server.ts';
import { createZone } from '#dns/zone.ts';
import { decodeAnswer, encodeAnswer, encodeQuery, parseQuery } from '#format/dnsmessage.ts';
import { createWorld } from '#host/world.ts';
import { until } from '../support/until.ts';
import { virtualWorld } from '../support/virtual.ts';
import type { UdpSocket } from '#base/net.ts';

const world = createWorld({ logLevel: 'error' });
const stack = new AsyncDisposableStack();
after(() => stack.disposeAsync());

const services: Record<string, string> = { web: '10.96.0.77' };
const zone = createZone(
  { domain: 'cluster.local', ttl: 30 },
  {
    service: (namespace, name) => {
      const clusterIP = services[name];
      return namespace === 'ns' && clusterIP
        ? { metadata: { name, namespace }, spec: { clusterIP, clusterIPs: [clusterIP] }, status: {} }
        : undefined;
    },
    slices: () => [],
    hasNamespace: (name) => name === 'ns',
    servicesAt: () => [],
    slicesAt: () => [],
  },
);

/** A name server of somebody else: answers A questions for the names that it has with one address, and counts. */
async function other(address: string, ttl = 30, has: (name: string) => boolean = () => true): Promise<{ at: string; count: () => number }> {
  let count = 0;
  const socket: UdpSocket = await world.net.listenUdp('127.0.0.1', 0, (bytes, port, from) => {
    count++;
    const parsed = parseQuery(bytes);
    if (!('query' in parsed)) return;
    const { name } = parsed.query.question;
    const answers = has(name) ? [{ type: 'A' as const, name, ttl, data: address }] : [];
    const rcode = has(name) ? 'NOERROR' : 'NXDOMAIN';
    socket.send(encodeAnswer(parsed.query, { rcode, authoritative: false, answers }, 512), port, from);
  });
  stack.defer(() => socket.close());
  return { at: `127.0.0.1:${socket.port}`, count: () => count };
}

async function start(more: Partial<DnsServerOptions> = {}) {
  const server = startDnsServer({ world, address: '127.0.0.1', port: 0, zone, upstreams: [], ...more });
  stack.use(server);
  const port = await server.port;
  const waiting = new Map<number, (bytes: Uint8Array) => void>();
  const socket = await world.net.listenUdp('127.0.0.1', 0, (bytes) => waiting.get((bytes[0] ?? 0) * 256 + (bytes[1] ?? 0))?.(bytes));
  stack.defer(() => socket.close());
  let id = 0;
  const ask = async (name: string, type = 'A') => {
    const mine = ++id & 0xffff;
    const answer = new Promise<Uint8Array>((resolve) => waiting.set(mine, resolve));
    // A message may be lost where thousands were sent at once: clients ask again.
    const send = (): void => socket.send(encodeQuery(mine, { name, type }), port, '127.0.0.1');
    send();
    const again = setInterval(send, 1000);
    return decodeAnswer(await answer.finally(() => clearInterval(again)));
  };
  return { server, port, socket, ask };
}

test('answers of the zone are kept until the zone changes', async () => {
  let version = 1;
  const { server, ask } = await start({ zoneVersion: () => version });
  assert.deepEqual(
    (await ask('web.ns.svc.cluster.local')).answers.map(({ data }) => data),
    ['10.96.0.77'],
  );
  services['web'] = '10.96.0.78';
  assert.deepEqual(
    (await ask('web.ns.svc.cluster.local')).answers.map(({ data }) => data),
    ['10.96.0.77'],
  );
  assert.equal(server.counters.kept, 1);
  version++;
  assert.deepEqual(
    (await ask('web.ns.svc.cluster.local')).answers.map(({ data }) => data),
    ['10.96.0.78'],
  );
});

test('answers of others are kept for their time, and asked for once by many', async () => {
  const upstream = await other('192.0.2.5');
  const { ask } = await start({ upstreams: [upstream.at] });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('example.org')));
  assert.ok(answers.every((answer) => answer.answers[0]?.data === '192.0.2.5'));
  assert.equal(upstream.count(), 1);
  await ask('example.org');
  assert.equal(upstream.count(), 1);
  const brief = await other('192.0.2.6', 0);
  const second = await start({ upstreams: [brief.at] });
  await second.ask('example.org');
  await second.ask('example.org');
  assert.equal(brief.count(), 2);
});

test('a dead name server is noticed once and then passed over', async () => {
  const alive = await other('192.0.2.7');
  const { ask } = await start({ upstreams: ['127.0.0.1:1', alive.at] });
  for (const name of ['a.org', 'b.org', 'c.org']) assert.equal((await ask(name)).answers[0]?.data, '192.0.2.7');
  const none = await start({ upstreams: ['127.0.0.1:1'] });
  assert.equal((await none.ask('a.org')).rcode, 'SERVFAIL');
});

test('stub domains and rewrites', async () => {
  const [plain, stub] = [await other('192.0.2.8'), await other('192.0.2.9')];
  const custom = {
    ...noCustomNames,
    stubs: new Map([['acme.local', [stub.at]]]),
    rewrites: new Map([['old.org', 'web.ns.svc.cluster.local']]),
  };
  const { ask } = await start({ upstreams: [plain.at], custom: () => custom });
  assert.equal((await ask('x.acme.local')).answers[0]?.data, '192.0.2.9');
  assert.equal((await ask('x.other.local')).answers[0]?.data, '192.0.2.8');
  assert.deepEqual(
    (await ask('OLD.org')).answers.map(({ type, data }) => `${type} ${String(data)}`),
    ['CNAME web.ns.svc.cluster.local', `A ${services['web']}`],
  );
});

test('the search path is walked for those who walk it themselves', async () => {
  const names: Record<string, string> = { 'www.example.org': '192.0.2.20' };
  const upstream = await other('192.0.2.20', 30, (name) => name in names);
  const walk = (name: string) => walkOf(name, 'cluster.local', []);
  const { ask } = await start({
    upstreams: [upstream.at],
    zoneVersion: () => 1,
    walk,
    walks: (client, ns) => client === '127.0.0.1' && ns === 'ns',
  });
  const said = async (name: string, type = 'A') => {
    const { rcode, answers } = await ask(name, type);
    return [rcode, ...answers.map((record) => `${record.type} ${String(record.data)}`)];
  };
  // A name elsewhere: the client would have come to it after three more questions.
  assert.deepEqual(await said('www.example.org.ns.svc.cluster.local'), ['NOERROR', 'CNAME www.example.org', 'A 192.0.2.20']);
  // A Service of the namespace, by a part of its name.
  assert.deepEqual(await said('web.ns.ns.svc.cluster.local'), ['NOERROR', 'CNAME web.ns.svc.cluster.local', `A ${services['web']}`]);
  assert.deepEqual(await said('web.ns.ns.svc.cluster.local', 'AAAA'), ['NOERROR', 'CNAME web.ns.svc.cluster.local']);
  // Nobody has it; what another namespace's pod would ask; other types; names without a dot.
  for (const [name, type] of [
    ['nobody.example.org.ns.svc.cluster.local', 'A'],
    ['www.example.org.other.svc.cluster.local', 'A'],
    ['www.example.org.ns.svc.cluster.local', 'TXT'],
    ['www.ns.svc.cluster.local', 'A'],
  ] as const)
    assert.deepEqual(await said(name, type), ['NXDOMAIN'], name);
  // One that hears nothing from outside says so while the client still waits, and so it can go on by itself.
  const still = virtualWorld();
  const deaf = await start({ world: still, upstreams: ['192.0.2.254'], walk, walks: () => true });
  const answer = deaf.ask('www.example.org.ns.svc.cluster.local');
  await until('it is asked', () => deaf.server.counters.queries > 0);
  await still.clock.advance(1_500);
  assert.equal((await answer).rcode, 'NXDOMAIN');
});

test('a thousand connections, long and short, and a flood of questions are answered', async () => {
  const { port, ask, server } = await start({ zoneVersion: () => 1 });
  const query = Buffer.from(encodeQuery(7, { name: 'web.ns.svc.cluster.local', type: 'A' }));
  const framed = Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]);
  /** Asks `times` times on one connection; the number of answers. */
  const connection = async (times: number): Promise<number> => {
    const socket = await world.net.connect({ host: '127.0.0.1', port }, 120_000);
    const reading = (async () => {
      let bytes = 0;
      let size = 0;
      for await (const chunk of socket.readable) {
        size ||= 2 + Buffer.from(chunk).readUInt16BE(0);
        bytes += chunk.length;
        if (bytes >= times * size) break;
      }
      return Math.floor(bytes / size);
    })();
    for (let i = 0; i < times; i++) await socket.write(framed);
    const answers = await reading;
    socket.destroy();
    return answers;
  };
  const long = Array.from({ length: 50 }, () => connection(100));
  for (let round = 0; round < 10; round++)
    assert.deepEqual(
      await Promise.all(Array.from({ length: 100 }, () => connection(1))),
      Array.from({ length: 100 }, () => 1),
    );
  assert.ok((await Promise.all(long)).every((answers) => answers === 100));
  await Promise.all(Array.from({ length: 2_000 }, () => ask('web.ns.svc.cluster.local')));
  assert.ok(server.counters.queries >= 50 * 100 + 1_000 + 2_000);
  assert.match(server.metrics(), /coredns_dns_requests_total{family="1",proto="tcp",.*type="A"} 6000\n/);
});

test('malformed questions do no harm', async () => {
  const { port, socket, ask } = await start();
  const good = encodeQuery(1, { name: 'web.ns.svc.cluster.local', type: 'SRV' });
  const bent = fc
    .tuple(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 6 }), fc.nat(good.length))
    .map(([changes, length]) => {
      const bytes = Uint8Array.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      // Id 0 is nobody's.
      bytes[0] = 0;
      bytes[1] = 0;
      return bytes.subarray(0, length);
    });
  fc.assert(
    fc.property(fc.oneof(bent, fc.uint8Array({ maxLength: 600 })), (bytes) => {
      if (bytes.length >= 2) bytes.set([0, 0]);
      socket.send(bytes, port, '127.0.0.1');
      parseQuery(bytes);
      decodeSafely(bytes);
    }),
    { seed: 5, numRuns: 2_000 },
  );
  assert.equal((await ask('web.ns.svc.cluster.local')).answers.length, 1);
});

function decodeSafely(bytes: Uint8Array): void {
  const parsed = parseQuery(bytes);
  if ('query' in parsed) encodeAnswer(parsed.query, { rcode: 'NOERROR', authoritative: true, answers: [] }, 512);
}
