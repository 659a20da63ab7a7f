// WebSocket clients: channels are turned into the SPDY streams that the runtime speaks.
import { messageOf } from '#base/errors.ts';
import type { Socket } from '#base/net.ts';
import { channel, type ChannelProtocol, chooseProtocol, decodeChannel, encodeChannel, statusText } from './channels.ts';
import { HttpProblem } from './route.ts';
import { dialSpdy } from './spdypass.ts';
import { SpdyClient } from './spdyclient.ts';
import { streamOptions, type StreamRequest } from './streamrequest.ts';
import { acceptWebSocket, type WebSocketConnection } from './websocket.ts';

const tunnel = 'SPDY/3.1+portforward.k8s.io';

function offeredProtocols(ask: StreamRequest): string[] {
  return (ask.request.headers['sec-websocket-protocol'] ?? '')
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean);
}

/** Serves a WebSocket to its end. */
export async function serveWebSocket(ask: StreamRequest, url: string): Promise<void> {
  const key = ask.request.headers['sec-websocket-key'];
  if (!key) throw new HttpProblem(400, 'Sec-WebSocket-Key header is missing');
  const offered = offeredProtocols(ask);
  const tunnelled = ask.verb === 'portForward' && offered.includes(tunnel);
  const protocol = chooseProtocol(offered);
  if (!tunnelled && !protocol) throw new HttpProblem(403, `unable to upgrade: no supported protocol among ${JSON.stringify(offered)}`);
  const { socket: upstream } = await dialSpdy(ask.context, url, ask.verb);
  try {
    const peer = await acceptWebSocket(ask.context.world, ask.socket, { key, protocol: tunnelled ? tunnel : (protocol?.name ?? '') });
    if (tunnelled) await serveTunnel(peer, upstream);
    else if (protocol) await (ask.verb === 'portForward' ? servePorts : serveStreams)(ask, protocol, { peer, upstream });
  } finally {
    upstream.destroy();
  }
}

/** The runtime takes no more. The messages of the client are read on, for it may not have heard all that was said to it. */
const gone = (): undefined => undefined;

/** The messages are SPDY already. */
async function serveTunnel(peer: WebSocketConnection, upstream: Socket): Promise<void> {
  const down = async (): Promise<void> => {
    for await (const bytes of upstream.readable) await peer.send(bytes);
    await peer.close();
  };
  const up = async (): Promise<void> => {
    for await (const message of peer.messages()) await upstream.write(message.data).catch(gone);
    upstream.destroy();
  };
  await Promise.allSettled([down(), up()]);
}

interface Ends {
  readonly peer: WebSocketConnection;
  readonly upstream: Socket;
}

/** exec and attach. */
async function serveStreams(ask: StreamRequest, protocol: ChannelProtocol, ends: Ends): Promise<void> {
  const { peer } = ends;
  const options = streamOptions(ask.query);
  const spdy = new SpdyClient(ends.upstream);
  const emit = (number: number, data: Uint8Array): Promise<void> => {
    const message = encodeChannel(protocol, number, data);
    return peer.send(message.data, message.op);
  };
  let status = '';
  const out = (number: number) => ({ data: (bytes: Buffer) => emit(number, bytes) });
  // The runtime expects the streams in this order.
  await spdy.open({ streamtype: 'error' }, { data: (bytes) => void (status += bytes.toString('utf8')) });
  const stdin = options.stdin ? await spdy.open({ streamtype: 'stdin' }) : undefined;
  if (options.stdout) await spdy.open({ streamtype: 'stdout' }, out(channel.stdout));
  if (options.stderr) await spdy.open({ streamtype: 'stderr' }, out(channel.stderr));
  const resize = options.tty ? await spdy.open({ streamtype: 'resize' }) : undefined;
  // An empty message tells clients that the connection stands.
  await emit(options.stdout ? channel.stdout : options.stderr ? channel.stderr : channel.error, new Uint8Array());

  let stdinOpen = stdin !== undefined;
  const up = async (): Promise<void> => {
    for await (const message of peer.messages()) {
      const part = decodeChannel(protocol, message.data);
      if (!part) continue;
      if (part.number === channel.stdin && stdin !== undefined && stdinOpen) {
        if (part.data.length > 0) await spdy.send(stdin, part.data).catch(gone);
      } else if (part.number === channel.resize && resize !== undefined) await spdy.send(resize, part.data).catch(gone);
      else if (part.number === channel.close && protocol.closes && part.data[0] === channel.stdin && stdin !== undefined && stdinOpen) {
        stdinOpen = false;
        await spdy.send(stdin, new Uint8Array(), true).catch(gone);
      }
    }
    // The client is gone, and so is what it ran.
    spdy.close();
  };
  const down = async (): Promise<void> => {
    await spdy.run();
    const text = protocol.status ? status : statusText(status);
    if (text) await emit(channel.error, Buffer.from(text, 'utf8'));
    await peer.close();
  };
  const results = await Promise.allSettled([down(), up()]);
  for (const result of results) {
    if (result.status === 'rejected') ask.context.world.log.debug('a stream broke', { error: messageOf(result.reason) });
  }
  ask.socket.destroy();
}

/** port-forward over channels: two per port, the first message of each is the port's number. */
async function servePorts(ask: StreamRequest, protocol: ChannelProtocol, ends: Ends): Promise<void> {
  const { peer } = ends;
  const ports = ask.query
    .getAll('port')
    .flatMap((text) => text.split(','))
    .map(Number);
  if (ports.length === 0) throw new HttpProblem(400, 'query parameter "port" is required');
  const spdy = new SpdyClient(ends.upstream);
  const streams = new Map<number, number>();
  const emit = (number: number, data: Uint8Array): Promise<void> => {
    const message = encodeChannel(protocol, number, data);
    return peer.send(message.data, message.op);
  };
  for (const [index, port] of ports.entries()) {
    const number = Buffer.alloc(2);
    number.writeUInt16LE(port);
    await emit(index * 2, number);
    await emit(index * 2 + 1, number);
    const headers = { port: String(port), requestid: String(index) };
    await spdy.open({ streamtype: 'error', ...headers }, { data: (bytes) => emit(index * 2 + 1, bytes) });
    streams.set(index * 2, await spdy.open({ streamtype: 'data', ...headers }, { data: (bytes) => emit(index * 2, bytes) }));
  }
  const up = async (): Promise<void> => {
    for await (const message of peer.messages()) {
      const part = decodeChannel(protocol, message.data);
      const stream = part && streams.get(part.number);
      if (part && stream !== undefined && part.data.length > 0) await spdy.send(stream, part.data).catch(gone);
    }
    spdy.close();
  };
  const down = async (): Promise<void> => {
    await spdy.run();
    await peer.close();
  };
  await Promise.allSettled([down(), up()]);
  ask.socket.destroy();
}
