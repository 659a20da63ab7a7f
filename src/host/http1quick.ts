// HTTP/1.1 connections whose requests are plain: heads and bodies that arrive whole and want an answer, which is nearly all
// that an API server sees. Taken off the socket here they cost half of what node's general parser and streams cost. The first
// request that is anything else takes its connection to node's own server, bytes and all, for good.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpHandlers, HttpHeaders, HttpReply, HttpRequest, HttpWriter, PeerCertificate } from '#base/net.ts';
import { drained } from './http1.ts';
import { plainHead } from './http1head.ts';
import { LazySignal } from './lazysignal.ts';

/** What a connection needs from its server. */
export interface QuickServer {
  readonly handlers: HttpHandlers;
  /** The client's certificate. */
  peer(socket: Socket): PeerCertificate | undefined;
  /** Connections and their number of requests in flight. */
  readonly busy: Map<Socket, number>;
  closing(): boolean;
  /** Hands the connection to node's server. */
  full(socket: Socket): void;
  readonly maxHeaderSize: number;
  readonly maxHeaders: number;
  /** Milliseconds until the first request must have come. */
  readonly headersTimeout: number;
  /** Milliseconds that a connection may rest between requests. */
  readonly idleTimeout: number;
  readonly watch: RestWatch;
}

const look = 1_000;

/** Ends connections that rest too long. One timer looks after all: a timeout of its own costs a socket more than its reads. */
export class RestWatch {
  /** How often it has looked. */
  looks = 0;
  readonly #resting = new Set<QuickConnection>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => {
      this.looks++;
      for (const connection of this.#resting) connection.look(this.looks);
    }, look).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  add(connection: QuickConnection): void {
    this.#resting.add(connection);
  }

  delete(connection: QuickConnection): void {
    this.#resting.delete(connection);
  }
}

/** Requests with larger bodies are not gathered here but read as a stream, bounded by who reads them. */
const largestBody = 256 * 1024;
/** How long, in milliseconds, the rest of a request may take before node's server and its own timers look after it. */
const patience = 2_000;
/** Bytes that may wait for the answer to the request before them. */
const maxAhead = 64 * 1024;
/** Answers up to this size are written in one piece with their head. */
const onePiece = 64 * 1024;

// oxlint-disable-next-line no-control-regex -- exactly these may not be in a header
const badValue = /[^\t\x20-\x7e\x80-\xff]/;

function headOf(status: number, headers: HttpHeaders, more: string): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    if (badValue.test(value)) throw new TypeError(`Invalid character in header content ["${name}"]`);
    head += `${name}: ${value}\r\n`;
  }
  return `${head}${more}\r\n`;
}

const bodyless = (status: number): boolean => status === 204 || status === 304;

/** One request and its answer. */
class Exchange implements HttpReply {
  readonly gone = new LazySignal();
  readonly #connection: QuickConnection;
  readonly #head: boolean;
  #begun = false;

  constructor(connection: QuickConnection, head: boolean) {
    this.#connection = connection;
    this.#head = head;
  }

  #begin(): Socket {
    if (this.#begun) throw new Error('the answer has begun already');
    this.#begun = true;
    return this.#connection.socket;
  }

  send(status: number, headers: HttpHeaders, body?: Uint8Array | string): void {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const length =
      bodyless(status) || headers['content-length'] !== undefined ? '' : `content-length: ${bytes === undefined ? 0 : bytes.length}\r\n`;
    const head = headOf(status, headers, length + this.#connection.farewell());
    const socket = this.#begin();
    if (bytes === undefined || bytes.length === 0 || this.#head || bodyless(status)) socket.write(head, 'latin1');
    else if (bytes.length <= onePiece) {
      const whole = Buffer.allocUnsafe(head.length + bytes.length);
      whole.write(head, 'latin1');
      whole.set(bytes, head.length);
      socket.write(whole);
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(bytes);
      socket.uncork();
    }
    this.#connection.answered();
  }

  stream(status: number, headers: HttpHeaders): HttpWriter {
    const declared = headers['content-length'];
    const chunked = declared === undefined && !bodyless(status);
    const head = headOf(status, headers, (chunked ? 'transfer-encoding: chunked\r\n' : '') + this.#connection.farewell());
    const socket = this.#begin();
    const silent = this.#head || bodyless(status);
    socket.write(head, 'latin1');
    let left = Number(declared ?? 0);
    let ended = false;
    return {
      write: (data) => {
        if (ended || socket.destroyed) return false;
        const size = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
        // An empty chunk would be the end.
        if (size === 0 || silent) return !socket.writableNeedDrain;
        left -= size;
        return socket.write(chunked ? chunkOf(data, size) : data);
      },
      drained: () => drained(socket),
      get buffered() {
        return socket.writableLength;
      },
      end: () => {
        if (ended) return;
        ended = true;
        if (chunked && !silent) socket.write('0\r\n\r\n', 'latin1');
        // Another length than was declared: the client must not take what follows for a part of this answer.
        else if (!silent && left !== 0) socket.destroy();
        this.#connection.answered();
      },
      destroy: () => void socket.destroy(),
    };
  }
}

// The same event goes to many watchers: its chunk is made once.
let lastData: Uint8Array | undefined;
let lastChunk: Buffer | undefined;

function chunkOf(data: Uint8Array | string, size: number): Buffer {
  if (data === lastData && lastChunk !== undefined) return lastChunk;
  const head = `${size.toString(16)}\r\n`;
  const chunk = Buffer.allocUnsafe(head.length + size + 2);
  chunk.write(head, 'latin1');
  if (typeof data === 'string') chunk.write(data, head.length);
  else chunk.set(data, head.length);
  chunk.write('\r\n', head.length + size, 'latin1');
  if (typeof data !== 'string' && size <= onePiece) {
    lastData = data;
    lastChunk = chunk;
  }
  return chunk;
}

const none = Buffer.alloc(0);

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}

class QuickConnection {
  readonly socket: Socket;
  readonly #server: QuickServer;
  readonly #remoteAddress: string;
  /** What has come and is not taken yet; more than one piece while a body is incomplete. */
  #waiting: Buffer[] = [];
  #size = 0;
  /** Bytes of the request that is coming; 0 while its head is not there. */
  #needed = 0;
  #impatience: NodeJS.Timeout | undefined;
  #exchange: Exchange | undefined;
  #taking = false;
  /** The look of the watch from which on it has rested, and after how many more it has rested too long. */
  #restsSince: number;
  #patience: number;

  constructor(socket: Socket, server: QuickServer) {
    this.socket = socket;
    this.#server = server;
    this.#remoteAddress = socket.remoteAddress ?? '';
    server.busy.set(socket, 0);
    this.#restsSince = server.watch.looks;
    this.#patience = server.headersTimeout / look;
    server.watch.add(this);
    socket.setTimeout(0);
    socket.on('data', this.#data);
    socket.on('drain', this.#take);
    socket.on('end', this.#ended);
    socket.on('close', this.#closed);
    socket.on('error', this.#failed);
  }

  /** Called by the watch. Part of a request is no rest: it is complete soon, or node's server looks after it. */
  look(looks: number): void {
    if (this.#exchange === undefined && this.#impatience === undefined && looks - this.#restsSince > this.#patience) this.socket.destroy();
  }

  readonly #failed = (): void => {
    // 'close' follows.
  };

  /** Who says no more does not wait for an answer either, as node's server has it. */
  readonly #ended = (): void => {
    this.#exchange?.gone.abort();
    this.socket.end();
  };

  readonly #closed = (): void => {
    this.#server.watch.delete(this);
    clearTimeout(this.#impatience);
    this.#exchange?.gone.abort();
  };

  readonly #data = (chunk: Buffer): void => {
    this.#waiting.push(chunk);
    this.#size += chunk.length;
    if (this.#exchange === undefined) this.#take();
    else if (this.#size > maxAhead) this.socket.pause();
  };

  /** Takes the requests that are there, one after the other. */
  readonly #take = (): void => {
    // An answer given at once comes back here: the loop goes on by itself.
    if (this.#taking) return;
    this.#taking = true;
    while (this.#exchange === undefined && this.#size > 0 && !this.socket.destroyed && !this.socket.writableNeedDrain) {
      if (!this.#next()) break;
    }
    this.#taking = false;
  };

  #next(): boolean {
    if (this.#size < this.#needed) return false;
    const bytes = this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting, this.#size);
    this.#waiting = [bytes];
    const head = plainHead(bytes, this.#server.maxHeaderSize, this.#server.maxHeaders);
    if (head === 'unusual' || (head !== 'partial' && head.length > largestBody)) return this.#handOver();
    if (head === 'partial') return this.#wait(0);
    const whole = head.size + head.length;
    if (bytes.length < whole) return this.#wait(whole);
    this.#calm();
    const rest = bytes.length > whole ? bytes.subarray(whole) : none;
    this.#waiting = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    const body = head.length > 0 ? bytes.subarray(head.size, whole) : none;
    const exchange = new Exchange(this, head.method === 'HEAD');
    this.#exchange = exchange;
    this.#server.busy.set(this.socket, 1);
    const request: HttpRequest = {
      method: head.method,
      url: head.url,
      headers: head.headers,
      httpVersion: '1.1',
      remoteAddress: this.#remoteAddress,
      peer: this.#server.peer(this.socket),
      get signal() {
        return exchange.gone.signal;
      },
      body: once(body),
    };
    this.#server.handlers.request(request, exchange);
    return true;
  }

  #wait(needed: number): false {
    this.#needed = needed;
    this.#impatience ??= setTimeout(() => this.#handOver(), patience);
    return false;
  }

  #calm(): void {
    this.#needed = 0;
    if (this.#impatience === undefined) return;
    clearTimeout(this.#impatience);
    this.#impatience = undefined;
  }

  #handOver(): false {
    this.#calm();
    const { socket } = this;
    this.#server.watch.delete(this);
    socket.off('data', this.#data);
    socket.off('drain', this.#take);
    socket.off('end', this.#ended);
    socket.off('close', this.#closed);
    socket.off('error', this.#failed);
    const bytes = Buffer.concat(this.#waiting, this.#size);
    this.#waiting = [];
    this.#size = 0;
    socket.pause();
    socket.unshift(bytes);
    this.#server.full(socket);
    socket.resume();
    return false;
  }

  /** The header that says good-bye when the server is closing. */
  farewell(): string {
    return this.#server.closing() ? 'connection: close\r\n' : '';
  }

  /** The answer is written: the next request may come. */
  answered(): void {
    const { socket } = this;
    this.#exchange?.gone.abort();
    this.#exchange = undefined;
    this.#server.busy.set(socket, 0);
    if (this.#server.closing()) return socket.destroySoon();
    this.#restsSince = this.#server.watch.looks;
    this.#patience = this.#server.idleTimeout / look;
    if (socket.isPaused()) socket.resume();
    this.#take();
  }
}

/** Serves the requests of a connection until one of them is not plain. */
export function serveQuickly(socket: Socket, server: QuickServer): void {
  void new QuickConnection(socket, server);
}
