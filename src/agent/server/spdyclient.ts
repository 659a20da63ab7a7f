// A small SPDY/3.1 client for the runtime's streaming server: opens streams, sends and receives data. Header blocks are
// sent as stored deflate blocks, so no compressor is needed; those that come back carry nothing that matters here.
import type { Socket } from '#base/net.ts';
import { controlType, frameType, spdyFrames } from './spdyframes.ts';

/** zlib header and the first block, which names SPDY's dictionary. */
const preamble = Buffer.from([0x78, 0x20, 0xe3, 0xc6, 0xa7, 0xc2]);
/** An empty stored block: a flush. */
const flush = Buffer.from([0, 0, 0, 0xff, 0xff]);

const fin = 1;

export interface StreamHandlers {
  data?(bytes: Buffer): Promise<void> | void;
  /** The peer sends no more on this stream. */
  end?(): void;
}

function headerBlock(headers: Readonly<Record<string, string>>, first: boolean): Buffer {
  const parts: Buffer[] = [];
  const number = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    parts.push(bytes);
  };
  const entries = Object.entries(headers);
  number(entries.length);
  for (const text of entries.flat()) {
    const bytes = Buffer.from(text, 'utf8');
    number(bytes.length);
    parts.push(bytes);
  }
  const raw = Buffer.concat(parts);
  const stored = Buffer.alloc(5);
  stored.writeUInt16LE(raw.length, 1);
  stored.writeUInt16LE(~raw.length & 0xffff, 3);
  return Buffer.concat([...(first ? [preamble] : []), stored, raw, flush]);
}

export class SpdyClient {
  readonly #socket: Socket;
  readonly #streams = new Map<number, StreamHandlers>();
  #next = 1;
  #first = true;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  #control(type: number, payload: Uint8Array): Promise<void> {
    const head = Buffer.alloc(8);
    head.writeUInt16BE(0x8003, 0);
    head.writeUInt16BE(type, 2);
    head.writeUInt32BE(payload.length, 4);
    return this.#socket.write(Buffer.concat([head, payload]));
  }

  /** Opens a stream; resolves with its number. */
  async open(headers: Readonly<Record<string, string>>, handlers: StreamHandlers = {}): Promise<number> {
    const id = this.#next;
    this.#next += 2;
    this.#streams.set(id, handlers);
    const head = Buffer.alloc(10);
    head.writeUInt32BE(id, 0);
    const block = headerBlock(headers, this.#first);
    this.#first = false;
    await this.#control(frameType.syn, Buffer.concat([head, block]));
    return id;
  }

  /** Sends data; `last` half-closes the stream. */
  async send(id: number, data: Uint8Array, last = false): Promise<void> {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(id, 0);
    head.writeUInt32BE((((last ? fin : 0) << 24) | data.length) >>> 0, 4);
    await this.#socket.write(Buffer.concat([head, data]));
  }

  /** Reads frames until the peer closes. */
  async run(): Promise<void> {
    for await (const frame of spdyFrames(this.#socket.readable)) {
      if ((await this.#frame(frame)) === 'end') return;
    }
  }

  async #frame(frame: Buffer): Promise<'end' | undefined> {
    const flags = frame[4] ?? 0;
    const payload = frame.subarray(8);
    const type = controlType(frame);
    if (type === undefined) {
      const handlers = this.#streams.get(frame.readUInt32BE(0) & 0x7fffffff);
      if (payload.length > 0) await handlers?.data?.(Buffer.from(payload));
      if (flags & fin) handlers?.end?.();
      return undefined;
    }
    if (type === frameType.ping) await this.#control(frameType.ping, payload);
    else if (type === frameType.reset || (type === frameType.synReply && flags & fin)) {
      this.#streams.get(payload.readUInt32BE(0) & 0x7fffffff)?.end?.();
    } else if (type === frameType.goAway) return 'end';
    return undefined;
  }

  close(): void {
    this.#socket.destroy();
  }
}
