// Single calls of gRPC over a Unix socket, straight on HTTP/2: an agent makes a handful of them for every pod that starts, and
// the library's layers (load balancing, retries, resolution of names) cost more than the call itself.
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { type GrpcCallOptions, GrpcError, grpcCode } from '#base/grpc.ts';
import { messageOf } from '#base/errors.ts';

/** Length of what stands before a message: a flag for compression, the message's own length in four bytes. */
const prefixBytes = 5;
/** What the peer may send before it has to wait for us, in bytes. */
const windowBytes = 1024 * 1024;

function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixBytes);
  return frame;
}

/** Error texts come percent-encoded; one that is not well encoded is told as it is. */
function plainText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function headersOf(path: string, { metadata = {}, timeoutMs }: GrpcCallOptions): Record<string, string> {
  const headers: Record<string, string> = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...(timeoutMs === undefined ? {} : { 'grpc-timeout': timeoutText(timeoutMs) }),
  };
  for (const [name, value] of Object.entries(metadata))
    headers[name] = typeof value === 'string' ? value : Buffer.from(value).toString('base64');
  return headers;
}

/** A time-out as the protocol has it: eight digits at most. */
const timeoutText = (ms: number): string =>
  ms < 1e8 ? `${Math.max(1, Math.ceil(ms))}m` : `${Math.min(99_999_999, Math.ceil(ms / 1000))}S`;

/** The single calls of one server. The connection is made by the first call, and again by the next one after it broke. */
export class UnaryCalls {
  readonly #socket: string;
  readonly #messageLimit: number;
  #session: ClientHttp2Session | undefined;

  /** `messageLimit`: longest answer, in bytes. */
  constructor(socket: string, messageLimit: number) {
    this.#socket = socket;
    this.#messageLimit = messageLimit;
  }

  #connected(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connect('http://localhost', {
      createConnection: () => connectSocket(this.#socket),
      settings: { enablePush: false, initialWindowSize: windowBytes },
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    session.on('connect', () => session.setLocalWindowSize(windowBytes * 4));
    // Calls under way hear of it themselves.
    session.on('error', () => {});
    this.#session = session;
    return session;
  }

  /** Rejects with GrpcError. */
  call(path: string, request: Uint8Array, options: GrpcCallOptions): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const { signal, timeoutMs } = options;
      if (signal?.aborted) throw new GrpcError(path, grpcCode.cancelled, 'the call was cancelled');
      let stream: ClientHttp2Stream;
      try {
        stream = this.#connected().request(headersOf(path, options));
      } catch (error) {
        throw new GrpcError(path, grpcCode.unavailable, messageOf(error));
      }
      const chunks: Buffer[] = [];
      let size = 0;
      let status: IncomingHttpHeaders | undefined;
      let broken = 'the connection was closed';

      const settle = (outcome: Uint8Array | GrpcError): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancelled);
        if (outcome instanceof GrpcError) {
          reject(outcome);
          if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
        } else resolve(outcome);
      };
      const fail = (code: number, message: string): void => settle(new GrpcError(path, code, message));
      const cancelled = (): void => fail(grpcCode.cancelled, 'the call was cancelled');
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => fail(grpcCode.deadlineExceeded, `the call took longer than ${timeoutMs} ms`), timeoutMs);
      signal?.addEventListener('abort', cancelled, { once: true });

      /** What the call came to, once all has been said. */
      const finish = (): void => {
        if (status?.['grpc-status'] === undefined) {
          const http = Number(status?.[':status'] ?? 200);
          fail(grpcCode.unavailable, http === 200 ? broken : `the server answered with HTTP status ${http}`);
          return;
        }
        const code = Number(status['grpc-status']);
        if (code !== 0) {
          fail(code, plainText(String(status['grpc-message'] ?? '')));
          return;
        }
        const answer = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
        const whole = answer.length >= prefixBytes && answer[0] === 0 && answer.readUInt32BE(1) === answer.length - prefixBytes;
        if (whole) settle(answer.subarray(prefixBytes));
        else fail(grpcCode.internal, 'the answer is not one plain message');
      };
      stream.on('response', (headers) => (status = headers));
      stream.on('trailers', (trailers) => (status = { ...status, ...trailers }));
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size > this.#messageLimit + prefixBytes)
          fail(grpcCode.resourceExhausted, `the answer is longer than ${this.#messageLimit} bytes`);
      });
      stream.on('error', (error) => (broken = messageOf(error)));
      // Settling twice changes nothing.
      stream.on('end', () => {
        if (status?.['grpc-status'] !== undefined) finish();
      });
      stream.on('close', finish);
      stream.end(framed(request));
    });
  }

  close(): void {
    this.#session?.close();
  }
}
