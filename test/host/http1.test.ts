// HTTP/1.1 on the wire: requests in any pieces, one after the other, plain ones and others on one connection.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AddressInfo, connect, createServer } from 'node:net';
import type { HttpHandlers, HttpServer, Socket } from '#base/net.ts';
import { RestWatch, serveQuickly } from '#host/http1quick.ts';
import { createWorld } from '#host/world.ts';
import { until } from '../support/until.ts';

const world = createWorld({ logLevel: 'silent' });

async function text(body: AsyncIterable<Uint8Array>): Promise<string> {
  let result = '';
  for await (const chunk of body) result += Buffer.from(chunk).toString();
  return result;
}

const echo: HttpHandlers = {
  request(request, reply) {
    void (async () => {
      const body = await text(request.body);
      if (request.url !== '/stream') return reply.send(200, { 'x-url': request.url }, `${request.method} ${body}`);
      const writer = reply.stream(200, { 'x-url': request.url });
      writer.write('one ');
      writer.write('');
      await writer.drained();
      writer.write(Buffer.from('two'));
      writer.end();
    })();
  },
  upgrade(_request, socket) {
    void socket
      .write(Buffer.from('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello'))
      .then(() => socket.end());
  },
};

interface Wire extends AsyncDisposable {
  readonly socket: Socket;
  readonly server: HttpServer;
  /** All that has come so far. */
  heard(): string;
  say(...pieces: readonly string[]): Promise<void>;
}

async function wire(handlers: HttpHandlers): Promise<Wire> {
  const server = await world.net.serveHttp({ host: '127.0.0.1', port: 0 }, handlers);
  const socket = await world.net.connect({ host: '127.0.0.1', port: server.port });
  let heard = '';
  void (async () => {
    for await (const chunk of socket.readable) heard += Buffer.from(chunk).toString('latin1');
    heard += '<end>';
  })();
  return {
    socket,
    server,
    heard: () => heard,
    async say(...pieces) {
      for (const piece of pieces) {
        await socket.write(Buffer.from(piece, 'latin1'));
        // Each piece is to arrive by itself.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async [Symbol.asyncDispose]() {
      socket.destroy();
      await server.close(0);
    },
  };
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (path: string, body: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const answers = (heard: string): number => heard.split('HTTP/1.1 200 OK').length - 1;

describe('HTTP/1.1', () => {
  it('answers requests that come in one piece, in their order', async () => {
    await using line = await wire(echo);
    await line.say(get('/1') + post('/2', 'two') + get('/3'));
    await until('three answers', () => answers(line.heard()) === 3);
    assert.deepEqual(line.heard().match(/x-url: \S+/g), ['x-url: /1', 'x-url: /2', 'x-url: /3']);
    assert.match(line.heard(), /content-length: 8\r\n\r\nPOST two/);
  });

  it('answers a request that comes in many pieces', async () => {
    await using line = await wire(echo);
    await line.say('PUT /x HT', 'TP/1.1\r\nHost: a\r\nContent-Le', 'ngth: 6\r\n', '\r\nab', 'cd', `ef${get('/y')}`);
    await until('two answers', () => answers(line.heard()) === 2);
    assert.match(line.heard(), /PUT abcdefHTTP/);
  });

  it('waits for what dawdles, and answers it in the end', async () => {
    await using line = await wire(echo);
    await line.say(get('/1'), 'POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab');
    await new Promise((resolve) => setTimeout(resolve, 2_300));
    await line.say('cd');
    await until('two answers', () => answers(line.heard()) === 2);
    assert.match(line.heard(), /POST abcd/);
  });

  it('takes large bodies', async () => {
    await using line = await wire(echo);
    const body = 'x'.repeat(1_000_000);
    await line.say(post('/small', 'a'), post('/large', body), post('/after', 'b'));
    await until('three answers', () => answers(line.heard()) === 3);
    assert.ok(line.heard().includes(body));
  });

  it('takes chunked bodies, upgrades and other unusual requests after plain ones', async () => {
    await using line = await wire(echo);
    const chunked = 'POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    await line.say(get('/1') + chunked, get('/2'));
    await until('three answers', () => answers(line.heard()) === 3);
    assert.match(line.heard(), /POST abc/);
    await line.say('GET /up HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await until('an upgrade', () => line.heard().includes('hello<end>'));
  });

  it('refuses what is malformed, and closes', async () => {
    for (const bad of [
      'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n',
      'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    ]) {
      await using line = await wire(echo);
      await line.say(get('/1'), bad);
      await until('a refusal', () => line.heard().endsWith('<end>'));
      assert.match(line.heard(), /HTTP\/1\.1 400 Bad Request/);
    }
  });

  it('streams in chunks, and takes the next request after', async () => {
    await using line = await wire(echo);
    await line.say(get('/stream'), get('/2'));
    await until('two answers', () => answers(line.heard()) === 2);
    assert.match(line.heard(), /transfer-encoding: chunked\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\nHTTP/);
  });

  it('streams answers of a declared length as they are, and closes when it was not kept', async () => {
    const handlers: HttpHandlers = {
      request(request, reply) {
        const writer = reply.stream(200, { 'content-length': request.url.slice(1) });
        writer.write('ab');
        writer.write(Buffer.from('cd'));
        writer.end();
      },
    };
    await using line = await wire(handlers);
    await line.say(get('/4'), get('/5'), get('/4'));
    await until('the end', () => line.heard().endsWith('<end>'));
    assert.match(line.heard(), /content-length: 4\r\n\r\nabcdHTTP/);
    assert.equal(answers(line.heard()), 2);
    assert.ok(!line.heard().includes('transfer-encoding'));
  });

  it('says nothing but the head to HEAD, 204 and 304', async () => {
    const handlers: HttpHandlers = { request: (request, reply) => reply.send(Number(request.url.slice(1)), {}, 'body') };
    await using line = await wire(handlers);
    await line.say('HEAD /200 HTTP/1.1\r\nHost: a\r\n\r\n', get('/204'), get('/304'), get('/200'));
    await until('four answers', () => line.heard().endsWith('body'));
    assert.equal(line.heard().split('body').length, 2);
    assert.equal(line.heard().match(/content-length: 4/g)?.length, 2);
  });

  it('aborts the request of a client that goes away', async () => {
    let gone = false;
    const handlers: HttpHandlers = { request: ({ signal }) => signal.addEventListener('abort', () => (gone = true)) };
    await using line = await wire(handlers);
    await line.say(get('/'));
    line.socket.destroy();
    await until('an abort', () => gone);
  });

  it('refuses to send headers that would break the answer', async () => {
    let refused = '';
    const handlers: HttpHandlers = {
      request(_request, reply) {
        try {
          reply.send(200, { 'x-bad': 'a\r\nset-cookie: b' }, '');
        } catch (error) {
          refused = String(error);
          reply.send(500, {}, 'no');
        }
      },
    };
    await using line = await wire(handlers);
    await line.say(get('/'));
    await until('an answer', () => line.heard().endsWith('no'));
    assert.match(refused, /Invalid character in header content \["x-bad"\]/);
    assert.ok(!line.heard().includes('set-cookie'));
  });

  it('says good-bye to connections when the server closes', async () => {
    let finish = (): void => {};
    let asked = false;
    const handlers: HttpHandlers = {
      request(_request, reply) {
        asked = true;
        finish = () => reply.send(200, {}, 'done');
      },
    };
    await using line = await wire(handlers);
    await line.say(get('/'));
    await until('the request', () => asked);
    const closed = line.server.close(60_000);
    finish();
    await closed;
    await until('the end', () => line.heard().endsWith('<end>'));
    assert.match(line.heard(), /connection: close\r\n\r\ndone<end>$/);
  });

  it('lets a client that reads nothing wait, without answering on', async () => {
    let asked = 0;
    const large = Buffer.alloc(4 * 1024 * 1024, 'x');
    const handlers: HttpHandlers = {
      request(_request, reply) {
        asked++;
        reply.send(200, {}, large);
      },
    };
    const server = await world.net.serveHttp({ host: '127.0.0.1', port: 0 }, handlers);
    const socket = await world.net.connect({ host: '127.0.0.1', port: server.port });
    await socket.write(Buffer.from(get('/').repeat(50)));
    await until('a request', () => asked > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(asked < 10, `${asked} answers wait for a client that does not read`);
    socket.destroy();
    await server.close(0);
  });

  it('ends connections that rest too long, before their first request and after one', async () => {
    const watch = new RestWatch();
    const about = { handlers: echo, peer: () => undefined, busy: new Map(), closing: () => false, full: () => {}, watch };
    const limits = { maxHeaderSize: 1024, maxHeaders: 10, headersTimeout: 1000, idleTimeout: 3000 };
    const server = createServer((socket) => serveQuickly(socket, { ...about, ...limits }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const ended: string[] = [];
    const sockets = ['silent', 'served'].map((name) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
      socket.on('close', () => ended.push(name));
      socket.resume();
      return socket;
    });
    sockets[1]?.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await until('both have ended', () => ended.length === 2, 60_000);
    assert.deepEqual(ended, ['silent', 'served']);
    watch.stop();
    server.close();
  });
});
