// The name server on real sockets: what it keeps, whom it asks, how it bears dead servers and malformed questions.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { noCustomNames } from '#dns/custom.ts';
import { type DnsServerOptions, startDnsServer } from '#dns/server.ts';
import { createZone } from '#dns/zone.ts';
import { decodeAnswer, encodeAnswer, encodeQuery, parseQuery } from '#format/dnsmessage.ts';
import { createWorld } from '#host/world.ts';
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

/** A name server of somebody else: answers every A question with one address, and counts. */
async function other(address: string, ttl = 30): Promise<{ at: string; count: () => number }> {
  let count = 0;
  const socket: UdpSocket = await world.net.listenUdp('127.0.0.1', 0, (bytes, port, from) => {
    count++;
    const parsed = parseQuery(bytes);
    if (!('query' in parsed)) return;
    const { name } = parsed.query.question;
    socket.send(
      encodeAnswer(parsed.query, { rcode: 'NOERROR', authoritative: false, answers: [{ type: 'A', name, ttl, data: address }] }, 512),
      port,
      from,
    );
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
