import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import type { HttpHandlers, HttpRequest, HttpServer, TlsClientOptions } from '#base/net.ts';
import type { KeyPair } from '#base/pki.ts';
import { httpTransport } from '#client/http.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';

const world = createWorld({ logLevel: 'silent' });
const { pki } = world;
let ca: KeyPair;
let other: KeyPair;
let serving: KeyPair;
let admin: KeyPair;
let stranger: KeyPair;

before(async () => {
  [ca, other] = await Promise.all([pki.createCa('test-ca'), pki.createCa('other-ca')]);
  serving = await pki.issue(ca, { commonName: 'server', dnsNames: ['localhost', 'tutti.test'], ips: ['127.0.0.1'], usages: ['server'] });
  admin = await pki.issue(ca, { commonName: 'admin', organizations: ['system:masters', 'ops'], usages: ['client'] });
  stranger = await pki.issue(other, { commonName: 'admin', organizations: ['system:masters'], usages: ['client'] });
});
after(() => closeAgents());

async function body(request: HttpRequest): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Answers with what it saw; the query asks for other behaviour. */
const echo: HttpHandlers = {
  request(request, reply) {
    void (async () => {
      if (request.url.startsWith('/early')) {
        reply.send(413, {}, 'too large');
        return;
      }
      const text = await body(request);
      const { method, url, httpVersion, peer, headers } = request;
      const seen = { method, url, httpVersion, body: text, host: headers['host'], cookie: headers['x-many'] };
      const who = peer && { name: peer.commonName, groups: peer.organizations, trusted: peer.trusted };
      reply.send(200, { 'content-type': 'application/json', connection: undefined }, JSON.stringify({ ...seen, peer: who }));
    })().catch(() => {});
  },
};

async function serving_(handlers: HttpHandlers, tls = true): Promise<HttpServer & AsyncDisposable & { url: string }> {
  const options = tls ? { cert: serving.cert, key: serving.key, clientCa: ca.cert } : undefined;
  const server = await world.net.serveHttp({ host: '127.0.0.1', port: 0, tls: options }, handlers);
  return {
    port: server.port,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${server.port}`,
    useCertificate: server.useCertificate,
    close: (grace) => server.close(grace),
    [Symbol.asyncDispose]: () => server.close(0),
  };
}

const trust = (): TlsClientOptions => ({ ca: ca.cert });

interface Answer {
  readonly headers: http2.IncomingHttpHeaders;
  readonly text: string;
}

async function over2(session: http2.ClientHttp2Session, headers: http2.OutgoingHttpHeaders, text?: string): Promise<Answer> {
  const stream = session.request(headers, { endStream: text === undefined });
  stream.end(text);
  const [answer] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return { headers: answer, text: Buffer.concat(chunks).toString() };
}

describe('the HTTP server', () => {
  it('answers HTTP/1.1 over TLS with the client’s certificate', async () => {
    await using server = await serving_(echo);
    const response = await world.net.fetch(`${server.url}/a?b=%20c`, { method: 'POST', body: 'hello', tls: { ...trust(), ...admin } });
    assert.equal(response.status, 200);
    assert.deepEqual(JSON.parse(await response.text()), {
      method: 'POST',
      url: '/a?b=%20c',
      httpVersion: '1.1',
      body: 'hello',
      host: `127.0.0.1:${server.port}`,
      peer: { name: 'admin', groups: ['ops', 'system:masters'], trusted: true },
    });
  });

  it('does not trust a certificate of another authority, and needs none', async () => {
    await using server = await serving_(echo);
    const strange = await world.net.fetch(server.url, { tls: { ...trust(), ...stranger } });
    assert.equal((JSON.parse(await strange.text()) as { peer: { trusted: boolean } }).peer.trusted, false);
    const none = await world.net.fetch(server.url, { tls: trust() });
    assert.equal((JSON.parse(await none.text()) as { peer?: object }).peer, undefined);
  });

  it('answers HTTP/2, many requests on one connection', async () => {
    await using server = await serving_(echo);
    const session = http2.connect(server.url, { ca: ca.cert, cert: admin.cert, key: admin.key });
    try {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => over2(session, { ':method': 'POST', ':path': `/n/${i}`, 'x-many': ['a', 'b'] }, `body ${i}`)),
      );
      for (const [i, answer] of answers.entries()) {
        assert.equal(answer.headers[':status'], 200);
        assert.equal(answer.headers['date'], undefined);
        assert.deepEqual(JSON.parse(answer.text), {
          method: 'POST',
          url: `/n/${i}`,
          httpVersion: '2',
          body: `body ${i}`,
          host: `127.0.0.1:${server.port}`,
          cookie: 'a, b',
          peer: { name: 'admin', groups: ['ops', 'system:masters'], trusted: true },
        });
      }
    } finally {
      session.destroy();
    }
  });

  it('answers HEAD and empty bodies', async () => {
    await using server = await serving_({ request: (request, reply) => reply.send(request.method === 'HEAD' ? 200 : 204, {}, 'text') });
    const head = await world.net.fetch(server.url, { method: 'HEAD', tls: trust() });
    assert.deepEqual([head.status, head.headers['content-length'], await head.text()], [200, '4', '']);
    const session = http2.connect(server.url, { ca: ca.cert });
    const head2 = await over2(session, { ':method': 'HEAD', ':path': '/' });
    assert.deepEqual([head2.headers[':status'], head2.headers['content-length'], head2.text], [200, '4', '']);
    session.destroy();
  });

  it('may answer before the end of the body', { timeout: 120_000 }, async () => {
    await using server = await serving_(echo);
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (let i = 0; i < 1_000; i++) {
        yield Buffer.alloc(65_536);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const response = await world.net.fetch(`${server.url}/early`, { method: 'POST', body: endless(), tls: trust() }).catch(() => undefined);
    if (response !== undefined) assert.equal(response.status, 413);
    const session = http2.connect(server.url, { ca: ca.cert });
    session.on('error', () => {});
    const stream = session.request({ ':method': 'POST', ':path': '/early' }, { endStream: false });
    stream.on('error', () => {});
    stream.write(Buffer.alloc(100_000));
    const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders];
    assert.equal(headers[':status'], 413);
    stream.resume();
    await once(stream, 'close');
    assert.equal((await over2(session, { ':path': '/ok' })).headers[':status'], 200);
    session.destroy();
  });

  for (const version of ['1.1', '2'] as const) {
    it(`streams with back-pressure over HTTP/${version}, and sees the client leave`, { timeout: 120_000 }, async () => {
      const chunk = Buffer.alloc(64 * 1024, 'x');
      let blocked: () => void = () => {};
      let left: () => void = () => {};
      const [whenBlocked, whenLeft] = [
        new Promise<void>((resolve) => (blocked = resolve)),
        new Promise<void>((resolve) => (left = resolve)),
      ];
      let written = 0;
      await using server = await serving_({
        request(request, reply) {
          void (async () => {
            const writer = reply.stream(200, { 'content-type': 'text/plain' });
            for (let i = 0; i < 2_000 && !request.signal.aborted; i++) {
              written += chunk.length;
              if (writer.write(chunk)) continue;
              assert.ok(writer.buffered > 0);
              const timer = setTimeout(blocked, 300);
              await writer.drained();
              clearTimeout(timer);
            }
            if (request.signal.aborted) left();
            writer.end();
          })();
        },
      });
      if (version === '2') {
        const session = http2.connect(server.url, { ca: ca.cert });
        session.on('error', () => {});
        const stream = session.request({ ':path': '/' });
        stream.on('error', () => {});
        await whenBlocked;
        session.destroy();
      } else {
        const stop = new AbortController();
        const response = await world.net.fetch(server.url, { tls: trust(), signal: stop.signal });
        assert.equal(response.status, 200);
        await whenBlocked;
        stop.abort();
        await assert.rejects(response.text());
      }
      assert.ok(written < 60 * 1024 * 1024, `${written} bytes were written though nobody read`);
      await whenLeft;
    });
  }

  it('hands over upgraded connections', async () => {
    await using server = await serving_({
      request: (_request, reply) => reply.send(426, {}, 'upgrade'),
      upgrade(request, socket) {
        void (async () => {
          if (request.headers['upgrade'] !== 'echo') {
            await socket.write(Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!'));
            socket.end();
            return;
          }
          await socket.write(
            Buffer.from(
              `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Peer: ${request.peer?.commonName}\r\n\r\n`,
            ),
          );
          for await (const chunk of socket.readable) await socket.write(chunk);
          socket.end(); // the client's half-close is the end of the echo
          await socket.closed;
        })();
      },
    });
    const upgraded = await world.net.upgrade(`${server.url}/x`, { headers: { upgrade: 'echo' }, tls: { ...trust(), ...admin } });
    assert.ok('socket' in upgraded);
    assert.equal(upgraded.headers['x-peer'], 'admin');
    const text = 'y'.repeat(1_000_000);
    void upgraded.socket.write(Buffer.from(text));
    upgraded.socket.end();
    let received = '';
    for await (const chunk of upgraded.socket.readable) received += Buffer.from(chunk).toString();
    assert.equal(received, text);
    const refused = await world.net.upgrade(`${server.url}/x`, { headers: { upgrade: 'other' }, tls: trust() });
    assert.ok('refused' in refused);
    assert.deepEqual([refused.refused.status, await refused.refused.text()], [400, 'no!']);
  });

  it('serves plain HTTP', async () => {
    await using server = await serving_(echo, false);
    const response = await world.net.fetch(`${server.url}/p`, { headers: { 'X-Many': 'q', gone: undefined } });
    const seen = JSON.parse(await response.text()) as { cookie: string; peer?: object };
    assert.deepEqual([seen.cookie, seen.peer], ['q', undefined]);
  });

  it('refuses nonsense and headers without end', async () => {
    await using server = await serving_(echo, false);
    const say = async (text: string): Promise<string> => {
      const socket = await world.net.connect({ host: '127.0.0.1', port: server.port });
      await socket.write(Buffer.from(text)).catch(() => {});
      let answer = '';
      for await (const chunk of socket.readable) answer += Buffer.from(chunk).toString();
      socket.destroy();
      return answer;
    };
    assert.match(await say('nonsense\r\n\r\n'), /^HTTP\/1.1 400 /);
    assert.match(await say(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`), /^HTTP\/1.1 431 /);
  });

  it('lets requests in flight finish, refuses new ones, then closes', { timeout: 120_000 }, async () => {
    let finish: () => void = () => {};
    let arrived: () => void = () => {};
    const inFlight = new Promise<void>((resolve) => (arrived = resolve));
    const handlers: HttpHandlers = {
      request(_request, reply) {
        finish = () => reply.send(200, {}, 'done');
        arrived();
      },
    };
    const server = await serving_(handlers);
    const answer = world.net.fetch(server.url, { tls: trust() });
    await inFlight;
    // Nobody waits that long: connections that rest are closed at once.
    const closed = server.close(3_600_000);
    await assert.rejects(world.net.connect({ host: '127.0.0.1', port: server.port }));
    setTimeout(() => finish(), 50);
    assert.equal(await (await answer).text(), 'done');
    await closed;
  });

  it('cuts what does not finish in the grace time, over HTTP/2 with a GOAWAY first', { timeout: 120_000 }, async () => {
    const server = await serving_({ request: (_request, reply) => void reply.stream(200, {}) });
    const session = http2.connect(server.url, { ca: ca.cert });
    session.on('error', () => {});
    const goaway = once(session, 'goaway');
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await once(stream, 'response');
    const pending = await world.net.fetch(server.url, { tls: trust() });
    const closed = server.close(200);
    await goaway;
    await closed;
    await assert.rejects(pending.text());
    session.destroy();
  });
});

describe('the HTTP client', () => {
  it('checks the server’s certificate and name', async () => {
    await using server = await serving_(echo);
    await assert.rejects(world.net.fetch(server.url), /certificate/);
    await assert.rejects(world.net.fetch(server.url, { tls: { ca: other.cert } }), /certificate/);
    await assert.rejects(world.net.fetch(server.url, { tls: { ...trust(), serverName: 'wrong.test' } }), /wrong.test/);
    assert.equal((await world.net.fetch(server.url, { tls: { ...trust(), serverName: 'tutti.test' } })).status, 200);
    assert.equal((await world.net.fetch(server.url, { tls: { insecure: true } })).status, 200);
  });

  it('gives up waiting for headers, not for the body', async () => {
    const patience = 3_000;
    let finish: () => void = () => {};
    await using server = await serving_(
      {
        request(request, reply) {
          if (request.url === '/never') return;
          const writer = reply.stream(200, {});
          finish = () => {
            writer.write('late');
            writer.end();
          };
        },
      },
      false,
    );
    await assert.rejects(world.net.fetch(`${server.url}/never`, { timeout: 50 }), /timeout awaiting response headers/);
    const slow = await world.net.fetch(server.url, { timeout: patience });
    await new Promise((resolve) => setTimeout(resolve, patience + 100));
    finish();
    assert.equal(await slow.text(), 'late');
    const stop = new AbortController();
    const answer = world.net.fetch(`${server.url}/never`, { signal: stop.signal });
    stop.abort(new Error('enough'));
    await assert.rejects(answer, /enough/);
  });

  it('reports a refused connection', async () => {
    const probe = net.createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as net.AddressInfo;
    probe.close();
    await once(probe, 'close');
    await assert.rejects(world.net.fetch(`http://127.0.0.1:${port}/`), { code: 'ECONNREFUSED' });
    await assert.rejects(world.net.connect({ host: '127.0.0.1', port }), { code: 'ECONNREFUSED' });
  });
});

describe('sockets', () => {
  it('carry bytes over TCP, with half-close', async () => {
    const listener = await world.net.listenTcp('127.0.0.1', 0, (socket) => {
      void (async () => {
        let size = 0;
        for await (const chunk of socket.readable) size += chunk.length;
        await socket.write(Buffer.from(String(size)));
        socket.end();
      })();
    });
    const socket = await world.net.connect({ host: '127.0.0.1', port: listener.port });
    for (let i = 0; i < 100; i++) await socket.write(Buffer.alloc(10_000));
    socket.end();
    let text = '';
    for await (const chunk of socket.readable) text += Buffer.from(chunk).toString();
    assert.equal(text, '1000000');
    await socket.closed;
    await listener.close();
  });

  it('carry datagrams', async () => {
    const server = await world.net.listenUdp('127.0.0.1', 0, (bytes, port, address) => server.send(bytes, port, address));
    const answer = Promise.withResolvers<string>();
    const client = await world.net.listenUdp('127.0.0.1', 0, (bytes) => answer.resolve(Buffer.from(bytes).toString()));
    client.send(Buffer.from('ping'), server.port, '127.0.0.1');
    assert.equal(await answer.promise, 'ping');
    await Promise.all([client.close(), server.close()]);
  });
});

it('a renewed certificate is shown from the next connection on, and a client with a renewed one is known by it', async () => {
  await using server = await serving_(echo);
  const shown = async (): Promise<string> => {
    const socket = tls.connect({ host: '127.0.0.1', port: server.port, ca: ca.cert, servername: '' });
    await once(socket, 'secureConnect');
    const { serialNumber } = socket.getPeerCertificate();
    socket.destroy();
    return serialNumber;
  };
  const before = await shown();
  const next = await world.pki.issue(ca, { commonName: 'next', dnsNames: ['localhost'], ips: ['127.0.0.1'], usages: ['server'] });
  server.useCertificate(next);
  assert.notEqual(await shown(), before);
  assert.equal((await shown()).toLowerCase(), world.pki.parseCert(next.cert).serialNumber.toLowerCase());

  let pair = await world.pki.issue(ca, { commonName: 'first', usages: ['client'] });
  const transport = httpTransport(world.net, { server: server.url, tls: () => ({ ca: ca.cert, ...pair }) });
  const who = async (): Promise<string> => {
    const { body: answer } = await transport.send({ method: 'GET', path: '/', headers: {} });
    assert.ok('stream' in answer);
    const parts: Uint8Array[] = [];
    for await (const part of answer.stream) parts.push(part);
    return (JSON.parse(Buffer.concat(parts).toString()) as { peer: { name: string } }).peer.name;
  };
  assert.equal(await who(), 'first');
  pair = await world.pki.issue(ca, { commonName: 'second', usages: ['client'] });
  assert.equal(await who(), 'second');
});
