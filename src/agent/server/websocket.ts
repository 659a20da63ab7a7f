// The server's half of WebSocket (RFC 6455) over an upgraded socket. Subprotocol names with '/' and '+' are allowed here,
// as Kubernetes' port-forward needs.
import type { Socket } from '#base/net.ts';
import type { World } from '#base/world.ts';

const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** A message longer than this ends the connection. */
const longestMessage = 16 * 1024 * 1024;

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Message {
  readonly binary: boolean;
  readonly data: Buffer;
}

interface Frame {
  readonly final: boolean;
  readonly op: number;
  readonly data: Buffer;
}

/** Takes one frame off the front of `bytes`; undefined when it is not complete yet. */
export function parseFrame(bytes: Buffer): { frame: Frame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes[0] ?? 0;
  const second = bytes[1] ?? 0;
  let length = second & 0x7f;
  let offset = 2;
  if (length === 126) {
    if (bytes.length < 4) return undefined;
    length = bytes.readUInt16BE(2);
    offset = 4;
  } else if (length === 127) {
    if (bytes.length < 10) return undefined;
    length = Number(bytes.readBigUInt64BE(2));
    offset = 10;
  }
  if (length > longestMessage) throw new Error('websocket: frame is too long');
  const masked = (second & 0x80) !== 0;
  const start = offset + (masked ? 4 : 0);
  if (bytes.length < start + length) return undefined;
  const data = Buffer.from(bytes.subarray(start, start + length));
  if (masked) {
    const mask = bytes.subarray(offset, offset + 4);
    for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) ^ (mask[i & 3] ?? 0);
  }
  return { frame: { final: (first & 0x80) !== 0, op: first & 15, data }, size: start + length };
}

/** One unmasked, unfragmented frame. */
export function formatFrame(op: number, data: Uint8Array): Buffer {
  const { length } = data;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = 0x80 | op;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, data]);
}

export class WebSocketConnection {
  readonly #socket: Socket;
  #closed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Sends a message; silently dropped once the connection is closed. */
  async send(data: Uint8Array, op: number = opcode.binary): Promise<void> {
    if (!this.#closed) await this.#socket.write(formatFrame(op, data));
  }

  /** Says goodbye and ends our side. */
  async close(code = 1000): Promise<void> {
    if (this.#closed) return;
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    try {
      await this.send(body, opcode.close);
    } catch {
      // The peer is gone already.
    }
    this.#closed = true;
    this.#socket.end();
  }

  /** Messages until the peer closes. */
  async *messages(): AsyncGenerator<Message> {
    let rest = Buffer.alloc(0);
    let parts: Buffer[] = [];
    let binary = true;
    for await (const bytes of this.#socket.readable) {
      rest = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes]);
      for (let found = parseFrame(rest); found; found = parseFrame(rest)) {
        rest = rest.subarray(found.size);
        const { frame } = found;
        if (frame.op === opcode.close) {
          await this.close();
          return;
        }
        if (frame.op === opcode.ping) await this.send(frame.data, opcode.pong);
        if (frame.op > opcode.binary) continue;
        if (frame.op !== opcode.continuation) {
          parts = [];
          binary = frame.op === opcode.binary;
        }
        parts.push(frame.data);
        if (parts.reduce((sum, part) => sum + part.length, 0) > longestMessage) throw new Error('websocket: message is too long');
        if (!frame.final) continue;
        const data = Buffer.concat(parts);
        parts = [];
        yield { binary, data };
      }
    }
  }
}

/** Answers the handshake. `protocol` is the subprotocol chosen, empty for none. */
export async function acceptWebSocket(
  world: Pick<World, 'digest'>,
  socket: Socket,
  about: { key: string; protocol: string },
): Promise<WebSocketConnection> {
  const accept = world.digest.sha1Base64(`${about.key}${guid}`);
  const protocol = about.protocol ? `Sec-WebSocket-Protocol: ${about.protocol}\r\n` : '';
  const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${protocol}\r\n`;
  await socket.write(Buffer.from(head));
  return new WebSocketConnection(socket);
}
