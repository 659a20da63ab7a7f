import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket as NodeSocket } from 'node:net';
import { test } from 'node:test';
import type { Socket } from '#base/net.ts';
import { toSocket } from '#host/sockets.ts';
import { passFrames } from './spdypass.ts';

const data = (text: string, fin = false): Buffer => {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(1, 0);
  head.writeUInt32BE((fin ? 1 << 24 : 0) + text.length, 4);
  return Buffer.concat([head, Buffer.from(text)]);
};
const ping = (number: number): Buffer => Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, number]);

/** Two ends of a connection: one as our code sees it, one as the other side does. */
async function pair(t: { after(end: () => void): void }): Promise<[Socket, NodeSocket]> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const other = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  other.on('error', () => undefined);
  const [own] = (await once(server, 'connection')) as [NodeSocket];
  t.after(() => {
    other.destroy();
    own.destroy();
    server.close();
  });
  return [toSocket(own), other];
}

async function all(socket: NodeSocket): Promise<Buffer> {
  const parts: Buffer[] = [];
  // Not by iteration: that closes the other direction as well.
  socket.on('data', (part: Buffer) => parts.push(part));
  await once(socket, 'end');
  return Buffer.concat(parts);
}

test('frames go both ways; pings of the client are answered, those of the runtime passed on', async (t) => {
  const [client, kubectl] = await pair(t);
  const [upstream, runtime] = await pair(t);
  const passed = passFrames(client, upstream);
  const sent = Buffer.concat([data('in'), ping(1), ping(2), data('put', true)]);
  // In pieces that are no frames.
  for (const [from, to] of [
    [0, 3],
    [3, 21],
    [21, sent.length],
  ])
    kubectl.write(sent.subarray(from, to));
  kubectl.end();
  assert.deepEqual(await all(runtime), Buffer.concat([data('in'), ping(2), data('put', true)]));
  runtime.end(data('output', true));
  assert.deepEqual(await all(kubectl), Buffer.concat([ping(1), data('output', true)]));
  await passed;
});

test('what the runtime said last arrives, though the client goes on to speak', async (t) => {
  const [client, kubectl] = await pair(t);
  const [upstream, runtime] = await pair(t);
  const passed = passFrames(client, upstream);
  const large = 'x'.repeat(1_000_000);
  const frames = Array.from({ length: 30 }, () => data(large));
  // All is written before the client, which reads slowly, has seen much of it.
  runtime.write(Buffer.concat(frames), () => runtime.destroy());
  const timer = setInterval(() => kubectl.write(ping(3)), 1);
  t.after(() => clearInterval(timer));
  let got = 0;
  for await (const part of kubectl) {
    got += (part as Buffer).length;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await passed;
  const pings = (got - Buffer.concat(frames).length) / ping(3).length;
  assert.ok(pings >= 0 && Number.isInteger(pings), `${got} bytes`);
});
