import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { GrpcError, grpcCode } from '#base/grpc.ts';
import { createWorld } from '#host/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'tutti-grpc-'));
const socket = join(folder, 'test.sock');
const world = createWorld({ logLevel: 'silent' });
let server: grpc.Server;

const same = (value: Buffer): Buffer => value;
const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/t.Test/${path}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

before(async () => {
  server = new grpc.Server({ 'grpc.max_receive_message_length': 64 * 1024 * 1024 });
  server.addService(
    {
      Echo: method('Echo', false, false),
      Fail: method('Fail', false, false),
      Never: method('Never', false, false),
      Count: method('Count', false, true),
      Sum: method('Sum', true, false),
      Chat: method('Chat', true, true),
    },
    {
      Echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        const who = call.metadata.get('who')[0];
        done(null, who === undefined ? call.request : Buffer.from(String(who)));
      },
      Fail: (_call: unknown, done: grpc.sendUnaryData<Buffer>) =>
        done({ code: grpc.status.NOT_FOUND, details: 'no such container: 100 % „x“' }),
      Never: () => {},
      Count: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
        let i = 0;
        const timer = setInterval(() => {
          call.write(Buffer.from(String(i++)));
          if (i === Number(call.request.toString())) {
            clearInterval(timer);
            call.end();
          }
        }, 1);
        call.on('cancelled', () => clearInterval(timer));
      },
      Sum: (call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        let size = 0;
        call.on('data', (chunk: Buffer) => (size += chunk.length));
        call.on('end', () => done(null, Buffer.from(String(size))));
      },
      Chat: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        call.on('data', (chunk: Buffer) => call.write(Buffer.from(chunk.toString().toUpperCase())));
        call.on('end', () => call.end());
      },
    },
  );
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
});
after(() => {
  server.forceShutdown();
  rmSync(folder, { recursive: true, force: true });
});

async function* parts(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('gRPC', () => {
  it('calls over a Unix socket with metadata and large messages', async () => {
    const channel = world.grpc.connect(socket);
    const big = Buffer.alloc(20 * 1024 * 1024, 3);
    assert.ok(Buffer.from(await channel.unary('/t.Test/Echo', big)).equals(big));
    assert.equal(Buffer.from(await channel.unary('/t.Test/Echo', new Uint8Array(), { metadata: { who: 'me' } })).toString(), 'me');
    channel.close();
    await assert.rejects(channel.unary('/t.Test/Echo', big), { code: grpcCode.unavailable });
  });

  it('fails with the status of the server', async () => {
    const channel = world.grpc.connect(`unix://${socket}`);
    const failed = (code: number, message: RegExp) => (error: unknown) =>
      error instanceof GrpcError && error.code === code && message.test(error.message);
    await assert.rejects(channel.unary('/t.Test/Fail', new Uint8Array()), failed(grpcCode.notFound, /^no such container: 100 % „x“$/));
    await assert.rejects(channel.unary('/t.Test/None', new Uint8Array()), failed(grpcCode.unimplemented, /./));
    await assert.rejects(channel.unary('/t.Test/Never', new Uint8Array(), { timeoutMs: 50 }), failed(grpcCode.deadlineExceeded, /./));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    await assert.rejects(channel.unary('/t.Test/Never', new Uint8Array(), { signal: stop.signal }), failed(grpcCode.cancelled, /./));
    channel.close();
  });

  it('streams in all directions', async () => {
    const channel = world.grpc.connect(socket);
    const seen: string[] = [];
    for await (const message of channel.serverStream('/t.Test/Count', Buffer.from('5'))) seen.push(Buffer.from(message).toString());
    assert.deepEqual(seen, ['0', '1', '2', '3', '4']);
    assert.equal(Buffer.from(await channel.clientStream('/t.Test/Sum', parts('ab', 'cde'))).toString(), '5');
    const said: string[] = [];
    for await (const message of channel.bidi('/t.Test/Chat', parts('hi', 'you'))) said.push(Buffer.from(message).toString());
    assert.deepEqual(said, ['HI', 'YOU']);
    for await (const message of channel.serverStream('/t.Test/Count', Buffer.from('1000000'))) {
      if (Buffer.from(message).toString() === '3') break; // leaving cancels
    }
    channel.close();
  });

  it('reports a server that is not there, and finds it when it comes', async () => {
    const path = join(folder, 'late.sock');
    const channel = world.grpc.connect(path);
    await assert.rejects(channel.unary('/t.Test/Echo', new Uint8Array(), { timeoutMs: 60_000 }), { code: grpcCode.unavailable });
    const late = new grpc.Server();
    late.addService(
      { Echo: method('Echo', false, false) },
      { Echo: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => done(null, call.request) },
    );
    await new Promise<void>((resolve, reject) =>
      late.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
    );
    for (let attempt = 0; ; attempt++) {
      try {
        assert.equal(Buffer.from(await channel.unary('/t.Test/Echo', Buffer.from('x'), { timeoutMs: 10_000 })).toString(), 'x');
        break;
      } catch (error) {
        if (attempt > 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    channel.close();
    late.forceShutdown();
  });

  it('fails the calls of a connection that breaks; the next call makes another', async () => {
    const path = join(folder, 'broken.sock');
    const start = async (): Promise<grpc.Server> => {
      const fresh = new grpc.Server();
      const echo = (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>): void => done(null, call.request);
      fresh.addService({ Echo: method('Echo', false, false), Never: method('Never', false, false) }, { Echo: echo, Never: () => {} });
      await new Promise<void>((resolve, reject) =>
        fresh.bindAsync(`unix:${path}`, grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
      );
      return fresh;
    };
    const first = await start();
    const channel = world.grpc.connect(path);
    await channel.unary('/t.Test/Echo', Buffer.from('x'));
    const waiting = assert.rejects(channel.unary('/t.Test/Never', new Uint8Array(), { timeoutMs: 60_000 }), { code: grpcCode.unavailable });
    setTimeout(() => first.forceShutdown(), 20);
    await waiting;
    rmSync(path, { force: true });
    const second = await start();
    assert.equal(Buffer.from(await channel.unary('/t.Test/Echo', Buffer.from('y'))).toString(), 'y');
    channel.close();
    second.forceShutdown();
  });
});
