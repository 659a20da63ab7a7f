// gRPC as an argument (DESIGN law 1). Messages are raw bytes: the caller has the codec.
import type { TlsClientOptions } from './net.ts';

/** A call that ended with a status other than OK. `code` is the gRPC status number (5 = NOT_FOUND, 12 = UNIMPLEMENTED…). */
export class GrpcError extends Error {
  readonly code: number;
  readonly path: string;
  constructor(path: string, code: number, message: string) {
    super(message);
    this.path = path;
    this.code = code;
  }
}

/** The status numbers that callers branch on. */
export const grpcCode = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export interface GrpcCallOptions {
  /** Keys are lower case; those ending in `-bin` take bytes. */
  readonly metadata?: Readonly<Record<string, string | Uint8Array>>;
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED; absent: none. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A connection to one server, made on the first call and again after a failure. `path` is `/package.Service/Method`. */
export interface GrpcChannel {
  unary(path: string, request: Uint8Array, options?: GrpcCallOptions): Promise<Uint8Array>;
  /** Leaving the loop early cancels the call. */
  serverStream(path: string, request: Uint8Array, options?: GrpcCallOptions): AsyncIterable<Uint8Array>;
  clientStream(path: string, requests: AsyncIterable<Uint8Array>, options?: GrpcCallOptions): Promise<Uint8Array>;
  bidi(path: string, requests: AsyncIterable<Uint8Array>, options?: GrpcCallOptions): AsyncIterable<Uint8Array>;
  close(): void;
}

/** Answers one call; what it rejects with is the call's status (a GrpcError's own code, else UNKNOWN). */
export type GrpcMethod = (request: Uint8Array) => Promise<Uint8Array>;

export interface GrpcServer {
  close(): void;
}

export interface Grpc {
  /** Serves unary methods, by `/package.Service/Method`, on a Unix socket that it makes anew. */
  serve(socket: string, methods: Readonly<Record<string, GrpcMethod>>): Promise<GrpcServer>;
  /** `target`: an absolute path of a Unix socket, `unix:///path`, or `host:port`. Messages up to 64 MiB in both directions. */
  connect(target: string, tls?: TlsClientOptions): GrpcChannel;
}
