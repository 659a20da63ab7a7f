// Clients that dawdle, hang up half-way, or send what is meant to hurt: the server says no, or lets go, and serves everybody else.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { until } from '../../support/until.ts';
import { protobuf, toProtobuf, type Wire, wireTo } from '../../support/wire.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const mebibyte = 1024 * 1024;

describe('bad clients', () => {
  let https: HttpsApi;
  let wire: Wire;
  before(async () => {
    https = await startHttpsApi();
    wire = await wireTo(https);
    await wire('POST', maps, { body: { metadata: { name: 'target' }, data: { k: 'v' } } });
  });
  after(async () => {
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    await https[Symbol.asyncDispose]();
  });

  const served = async (): Promise<void> => assert.equal((await wire('GET', `${maps}/target`)).code, 200);

  /** A connection with the administrator's certificate. */
  async function open(): Promise<TLSSocket> {
    const { port } = new URL(https.server);
    const { cert, key } = https.pki.admin;
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: https.pki.ca.cert, cert, key, ALPNProtocols: ['http/1.1'] });
    socket.on('error', () => {});
    await once(socket, 'secureConnect');
    return socket;
  }

  /** Reads until the text holds `mark`, or to the end. */
  async function read(socket: TLSSocket, mark?: string): Promise<string> {
    let text = '';
    socket.setEncoding('utf8');
    for await (const part of socket.iterator({ destroyOnReturn: false })) {
      text += part as string;
      if (mark !== undefined && text.includes(mark)) break;
    }
    return text;
  }

  const watchers = async (): Promise<number> => {
    const text = Buffer.from((await wire('GET', '/metrics')).bytes).toString();
    const line = /^apiserver_longrunning_requests\{[^}]*resource="configmaps"[^}]*verb="WATCH"[^}]*\} (\d+)$/m.exec(text);
    return Number(line?.[1] ?? 0);
  };

  describe('slow ones', { concurrency: true }, () => {
    it('a head that comes byte by byte is cut off, and does not keep others waiting', { timeout: 240_000 }, async () => {
      const sockets = await Promise.all(Array.from({ length: 30 }, open));
      const head = `GET /version HTTP/1.1\r\nHost: x\r\nX-Slow: ${'a'.repeat(10_000)}`;
      let at = 0;
      const drip = setInterval(() => {
        for (const socket of sockets) if (socket.writable) socket.write(head[at] ?? 'a');
        at++;
      }, 100);
      try {
        const closed = Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
        await served();
        await closed;
      } finally {
        clearInterval(drip);
      }
      await served();
    });

    it('a connection on which nothing is said is closed', { timeout: 240_000 }, async () => {
      const socket = await open();
      await once(socket.resume(), 'close');
    });

    it('a body that never ends up keeps no one else waiting', { timeout: 240_000 }, async () => {
      const socket = await open();
      socket.write(`POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"metadata":`);
      await served();
      socket.destroy();
      await served();
    });
  });

  describe('watches', () => {
    const watch = (query = ''): string => `GET ${maps}?watch=true${query} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n`;

    it('a client that says no more is let go', async () => {
      const before = await watchers();
      const socket = await open();
      socket.write(watch());
      await read(socket, '"target"');
      assert.equal(await watchers(), before + 1);
      const closed = once(socket, 'close');
      socket.end();
      await closed;
      await until('its watch has ended', async () => (await watchers()) === before);
    });

    it('so is one whose connection breaks', async () => {
      const before = await watchers();
      const sockets = await Promise.all(Array.from({ length: 20 }, open));
      for (const socket of sockets) {
        socket.write(watch());
        await read(socket, '"target"');
      }
      assert.equal(await watchers(), before + 20);
      for (const socket of sockets) socket.destroy();
      await until('their watches have ended', async () => (await watchers()) === before);
    });

    it('one that hangs up in the middle of the request leaves nothing behind', async () => {
      const before = await watchers();
      for (const cut of [10, 40, 60]) {
        const socket = await open();
        socket.write(watch().slice(0, cut));
        socket.destroy();
      }
      await served();
      assert.equal(await watchers(), before);
    });
  });

  describe('large ones', () => {
    const text = (size: number): string => JSON.stringify({ metadata: { name: 'large' }, data: { a: 'x'.repeat(size) } });

    it('a body over 3 MiB is refused, whether its length is told or not', async () => {
      const told = await wire('POST', maps, { body: text(3 * mebibyte) });
      assert.deepEqual([told.code, told.json.reason], [413, 'RequestEntityTooLarge']);
      const socket = await open();
      socket.write(`POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const answer = read(socket, '"code":413');
      const chunk = `${mebibyte.toString(16)}\r\n${'x'.repeat(mebibyte)}\r\n`;
      for (let sent = 0; sent < 4 && socket.writable; sent++) socket.write(chunk);
      assert.match(await answer, /^HTTP\/1\.1 413 /);
      socket.destroy();
    });

    it('a length that no body could have is refused before the body', async () => {
      for (const length of ['99999999999', '-1', '1e3', '0x10']) {
        const socket = await open();
        socket.write(`POST ${maps} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`);
        assert.match(await read(socket, '\r\n\r\n'), /^HTTP\/1\.1 4(00|13) /, length);
        socket.destroy();
      }
    });

    it('what a small body would grow to counts, not its own size', async () => {
      const laughs = [
        'a: &a0 [x,x,x,x,x,x,x,x,x,x]',
        ...Array.from({ length: 9 }, (_, level) => `b${level}: &a${level + 1} [${`*a${level},`.repeat(10)}]`),
      ];
      const yaml = await wire('POST', maps, { body: laughs.join('\n'), headers: { 'content-type': 'application/yaml' } });
      assert.equal(yaml.code, 400);
      const bomb = gzipSync(Buffer.alloc(20 * mebibyte, ' '));
      const zipped = await wire('POST', maps, { body: bomb, headers: { 'content-encoding': 'gzip' } });
      assert.ok(zipped.code >= 400 && zipped.code < 500, String(zipped.code));
      await served();
    });

    it('a head over the limit is refused', async () => {
      const socket = await open();
      socket.write(`GET /version HTTP/1.1\r\nHost: x\r\nX-Large: ${'a'.repeat(70 * 1024)}\r\n\r\n`);
      assert.match(await read(socket), /^HTTP\/1\.1 431 /);
      await served();
    });
  });

  describe('deep ones', () => {
    const depth = 200_000;
    const patches: Readonly<Record<string, string>> = {
      'application/json-patch+json': `[{"op":"add","path":"/data/k","value":${'['.repeat(depth)}${']'.repeat(depth)}}]`,
      'application/merge-patch+json': `${'{"data":'.repeat(depth)}1${'}'.repeat(depth)}`,
      'application/strategic-merge-patch+json': `${'{"metadata":'.repeat(depth)}1${'}'.repeat(depth)}`,
      'application/apply-patch+yaml': `${'{"data":'.repeat(depth)}1${'}'.repeat(depth)}`,
    };

    it('nested bodies are refused', async () => {
      for (const body of ['{"data":'.repeat(depth), `{"data":${'['.repeat(depth)}${']'.repeat(depth)}}`]) {
        for (const type of ['application/json', 'application/yaml']) {
          const answer = await wire('POST', maps, { body, headers: { 'content-type': type } });
          assert.equal(answer.code, 400, type);
          assert.equal(answer.json.kind, 'Status');
        }
      }
      const answer = await wire('POST', maps, { body: '- '.repeat(depth), headers: { 'content-type': 'application/yaml' } });
      assert.equal(answer.code, 400);
    });

    it('nested patches are refused', async () => {
      for (const [type, body] of Object.entries(patches)) {
        const answer = await wire('PATCH', `${maps}/target?fieldManager=a`, { body, headers: { 'content-type': type } });
        assert.ok(answer.code >= 400 && answer.code < 500, `${type}: ${answer.code}`);
        assert.equal(answer.json.kind, 'Status', type);
      }
    });

    it('nested protobuf is refused', async () => {
      // Field 1, length-delimited, in itself.
      let nested = Buffer.alloc(0);
      for (let level = 0; level < 5_000; level++) {
        const length: number[] = [];
        for (let rest = nested.length; ; rest >>>= 7) {
          length.push(rest < 128 ? rest : (rest & 127) | 128);
          if (rest < 128) break;
        }
        nested = Buffer.concat([Buffer.from([10, ...length]), nested]);
      }
      const definition = toProtobuf({ apiVersion: 'v1', kind: 'ConfigMap' });
      for (const body of [Buffer.concat([Buffer.from('k8s\0'), nested]), Buffer.concat([definition, nested])]) {
        const answer = await wire('POST', `${maps}?dryRun=All`, { body, headers: { 'content-type': protobuf } });
        assert.ok(answer.code < 500, String(answer.code));
      }
      await served();
    });

    it('nested selectors are refused', async () => {
      for (const selector of ['('.repeat(20_000), 'a in ('.repeat(5_000), '!'.repeat(20_000)]) {
        const answer = await wire('GET', `${maps}?labelSelector=${encodeURIComponent(selector)}`);
        assert.ok(answer.code === 400 || answer.code === 431, String(answer.code));
      }
    });
  });

  describe('sly ones', () => {
    const hostile =
      '{"metadata":{"name":"sly","labels":{"constructor":"c"},"__proto__":{"polluted":true}},"data":{"__proto__":"p","toString":"t"}}';

    it('keys that objects have by nature are keys like others', async () => {
      const made = await wire('POST', `${maps}?fieldValidation=Ignore`, { body: hostile });
      assert.equal(made.code, 201, JSON.stringify(made.json));
      const text = Buffer.from((await wire('GET', `${maps}/sly`)).bytes).toString();
      assert.match(text, /"data":\{"__proto__":"p","toString":"t"\}/);
      assert.deepEqual(made.json.metadata.labels, { constructor: 'c' });
      const yaml = await wire('PUT', `${maps}/sly`, { body: hostile, headers: { 'content-type': 'application/yaml' } });
      assert.equal(yaml.code, 200);
      for (const type of ['application/merge-patch+json', 'application/strategic-merge-patch+json']) {
        const body = '{"data":{"__proto__":"q","constructor":"d"}}';
        const patched = await wire('PATCH', `${maps}/sly`, { body, headers: { 'content-type': type } });
        assert.match(Buffer.from(patched.bytes).toString(), /"__proto__":"q"/, type);
      }
      assert.equal(({} as { polluted?: boolean }).polluted, undefined);
    });

    it('keys given twice are told of', async () => {
      const body = '{"metadata":{"name":"twice","name":"thrice"},"data":{"a":"1","a":"2"}}';
      const strict = await wire('POST', `${maps}?fieldValidation=Strict&dryRun=All`, { body });
      assert.equal(strict.code, 400);
      assert.match(strict.json.message, /duplicate field "metadata\.name", duplicate field "data\.a"/);
      const warned = await wire('POST', `${maps}?fieldValidation=Warn&dryRun=All`, { body });
      assert.equal(warned.code, 201);
      assert.match(String(warned.headers['warning']), /duplicate field/);
    });

    it('numbers that are none, and text that is none', async () => {
      const pods = '/api/v1/namespaces/default/pods?dryRun=All';
      for (const number of ['1e400', '99999999999999999999', '-99999999999999999999', '1.5', '00', '0x10', '1e', 'NaN', '--1']) {
        const body = `{"metadata":{"name":"n"},"spec":{"terminationGracePeriodSeconds":${number},"containers":[{"name":"c","image":"i"}]}}`;
        const answer = await wire('POST', pods, { body });
        assert.equal(answer.code, 400, number);
        assert.equal(answer.json.kind, 'Status', number);
      }
      const broken = Buffer.concat([
        Buffer.from('{"metadata":{"name":"utf"},"data":{"a":"'),
        Buffer.from([0xff, 0xfe, 0xc3]),
        Buffer.from('"}}'),
      ]);
      const answer = await wire('POST', `${maps}?dryRun=All`, { body: broken });
      assert.ok(answer.code < 500, String(answer.code));
    });
  });
});
