// gRPC with @grpc/grpc-js: bytes in, bytes out. Single calls over Unix sockets do without it.
import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import type { Client, ClientReadableStream, ClientWritableStream, handleUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js';
import { messageOf } from '#base/errors.ts';
import { type Grpc, type GrpcCallOptions, type GrpcChannel, GrpcError, grpcCode } from '#base/grpc.ts';
import type { TlsClientOptions } from '#base/net.ts';
import { UnaryCalls } from './grpcunary.ts';

type Library = typeof import('@grpc/grpc-js');

const messageLimit = 64 * 1024 * 1024;
/** Milliseconds without a word until a peer over TCP is asked whether it is there, and until it is given up. */
const keepalive = { 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 };
const asIs = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const back = (bytes: Buffer): Uint8Array => bytes;

// Loaded on the first call: a server without an agent never needs it.
let library: Promise<Library> | undefined;

function address(target: string): string {
  return target.startsWith('/') ? `unix:${target}` : target;
}

interface Open {
  readonly library: Library;
  readonly client: Client;
}

interface Call {
  cancel(): void;
}

function failure(path: string, error: unknown): GrpcError {
  const known = error as Partial<ServiceError>;
  return new GrpcError(path, known.code ?? grpcCode.unknown, known.details || known.message || String(error));
}

function prepare(open: Open, options: GrpcCallOptions): { metadata: Metadata; settings: { deadline?: number } } {
  const metadata = new open.library.Metadata();
  for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, typeof value === 'string' ? value : asIs(value));
  return { metadata, settings: options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs } };
}

/** Cancels the call when the signal aborts; the returned function forgets the signal. */
function follow(call: Call, signal: AbortSignal | undefined): () => void {
  if (signal === undefined) return () => {};
  const aborted = (): void => call.cancel();
  signal.addEventListener('abort', aborted, { once: true });
  if (signal.aborted) call.cancel();
  return () => signal.removeEventListener('abort', aborted);
}

/** Feeds the call from the iterable, at the pace of the peer. */
async function feed(call: ClientWritableStream<Uint8Array> & Call, requests: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const request of requests) {
      if (call.destroyed) return;
      if (!call.write(request)) {
        await new Promise<void>((resolve) => {
          const events = ['drain', 'close', 'error'] as const;
          const go = (): void => {
            for (const event of events) call.off(event, go);
            resolve();
          };
          for (const event of events) call.on(event, go);
        });
      }
    }
    call.end();
  } catch {
    call.cancel();
  }
}

async function* receive(path: string, call: ClientReadableStream<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const forget = follow(call, signal);
  call.on('error', () => {});
  try {
    for await (const message of call) yield message as Uint8Array;
  } catch (error) {
    throw failure(path, error);
  } finally {
    forget();
    call.cancel();
  }
}

class Channel implements GrpcChannel {
  readonly #target: string;
  readonly #tls: TlsClientOptions | undefined;
  readonly #unary: UnaryCalls | undefined;
  #open: Promise<Open> | undefined;
  #closed = false;

  constructor(target: string, tls: TlsClientOptions | undefined) {
    this.#target = address(target);
    this.#tls = tls;
    const [, socket] = /^unix:(?:\/\/)?(\/.*)$/.exec(this.#target) ?? [];
    if (socket !== undefined && tls === undefined) this.#unary = new UnaryCalls(socket, messageLimit);
  }

  async #connected(path: string): Promise<Open> {
    if (this.#closed) throw new GrpcError(path, grpcCode.unavailable, 'the channel is closed');
    this.#open ??= this.#create();
    return await this.#open;
  }

  async #create(): Promise<Open> {
    library ??= import('@grpc/grpc-js');
    const grpc = await library;
    const tls = this.#tls;
    const bytes = (text: string | undefined): Buffer | null => (text === undefined ? null : Buffer.from(text));
    // The library asks for the host by name, and node refuses to do so with an address: another name is asked for then, and the
    // certificate is still to have the address.
    const host = tls?.serverName?.replaceAll(/[[\]]/g, '') ?? '';
    const named = isIP(host) === 0;
    const credentials =
      tls === undefined
        ? grpc.credentials.createInsecure()
        : grpc.credentials.createSsl(bytes(tls.ca), bytes(tls.key), bytes(tls.cert), {
            rejectUnauthorized: !tls.insecure,
            ...(named ? {} : { checkServerIdentity: (_name, cert) => checkServerIdentity(host, cert) }),
          });
    const client = new grpc.Client(this.#target, credentials, {
      'grpc.max_receive_message_length': messageLimit,
      'grpc.max_send_message_length': messageLimit,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1_000,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
      ...(this.#target.startsWith('unix:') ? {} : keepalive),
      ...(named ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
      // An address of a Unix socket is no valid authority.
      'grpc.default_authority': tls?.serverName ?? 'localhost',
    });
    return { library: grpc, client };
  }

  async unary(path: string, request: Uint8Array, options: GrpcCallOptions = {}): Promise<Uint8Array> {
    if (this.#unary && !this.#closed) return await this.#unary.call(path, request, options);
    const open = await this.#connected(path);
    const { metadata, settings } = prepare(open, options);
    return await new Promise((resolve, reject) => {
      const call = open.client.makeUnaryRequest(path, asIs, back, request, metadata, settings, (error, response) => {
        forget();
        if (error !== null) reject(failure(path, error));
        else resolve(response ?? new Uint8Array());
      });
      const forget = follow(call, options.signal);
    });
  }

  async *serverStream(path: string, request: Uint8Array, options: GrpcCallOptions = {}): AsyncGenerator<Uint8Array> {
    const open = await this.#connected(path);
    const { metadata, settings } = prepare(open, options);
    yield* receive(path, open.client.makeServerStreamRequest(path, asIs, back, request, metadata, settings), options.signal);
  }

  async clientStream(path: string, requests: AsyncIterable<Uint8Array>, options: GrpcCallOptions = {}): Promise<Uint8Array> {
    const open = await this.#connected(path);
    const { metadata, settings } = prepare(open, options);
    return await new Promise((resolve, reject) => {
      const call = open.client.makeClientStreamRequest(path, asIs, back, metadata, settings, (error, response) => {
        forget();
        if (error !== null) reject(failure(path, error));
        else resolve(response ?? new Uint8Array());
      });
      call.on('error', () => {});
      const forget = follow(call, options.signal);
      void feed(call, requests);
    });
  }

  async *bidi(path: string, requests: AsyncIterable<Uint8Array>, options: GrpcCallOptions = {}): AsyncGenerator<Uint8Array> {
    const open = await this.#connected(path);
    const { metadata, settings } = prepare(open, options);
    const call = open.client.makeBidiStreamRequest(path, asIs, back, metadata, settings);
    void feed(call as unknown as ClientWritableStream<Uint8Array>, requests);
    yield* receive(path, call as unknown as ClientReadableStream<Uint8Array>, options.signal);
  }

  close(): void {
    this.#closed = true;
    this.#unary?.close();
    void this.#open?.then((open) => open.client.close());
  }
}

const serve: Grpc['serve'] = async (socket, methods) => {
  library ??= import('@grpc/grpc-js');
  const grpc = await library;
  const server = new grpc.Server({ 'grpc.max_receive_message_length': messageLimit });
  for (const [path, method] of Object.entries(methods)) {
    const handle: handleUnaryCall<Uint8Array, Uint8Array> = (call, answer) => {
      method(call.request).then(
        (response) => answer(null, response),
        (error: unknown) => answer({ code: error instanceof GrpcError ? error.code : grpcCode.unknown, details: messageOf(error) }),
      );
    };
    server.register(path, handle, asIs, back, 'unary');
  }
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address(socket), grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return {
    close: () => {
      server.forceShutdown();
    },
  };
};

export const realGrpc: Grpc = { connect: (target, tls) => new Channel(target, tls), serve };
