// One CRI call: encode, send, decode, and say failures in the agent's words.
import { messageOf } from '#base/errors.ts';
import { GrpcError, type GrpcCallOptions, type GrpcChannel } from '#base/grpc.ts';
import { RuntimeError, type RuntimeErrorCode } from '../runtime.ts';
import { messages } from './messages.ts';

const codes: readonly (RuntimeErrorCode | undefined)[] = [
  undefined,
  'canceled',
  'unknown',
  'invalidArgument',
  'deadlineExceeded',
  'notFound',
  'alreadyExists',
  'permissionDenied',
  'resourceExhausted',
  'failedPrecondition',
  'aborted',
  'outOfRange',
  'unimplemented',
  'internal',
  'unavailable',
  'dataLoss',
  'unauthenticated',
];

/** The runtime error that a failed gRPC call means. */
export function runtimeError(error: unknown): RuntimeError {
  if (error instanceof RuntimeError) return error;
  if (error instanceof GrpcError) return new RuntimeError(codes[error.code] ?? 'unknown', error.message);
  return new RuntimeError('unknown', messageOf(error));
}

type Method<S extends string> = S extends `${infer M}Request` ? M : never;

/** A CRI method by its name in the protocol; its messages are `<name>Request` and `<name>Response`. */
export type CriMethod = Method<keyof typeof messages>;

export type Call = <T>(method: CriMethod, request: object, options?: GrpcCallOptions) => Promise<T>;

const imageMethods = new Set<CriMethod>(['ListImages', 'ImageStatus', 'PullImage', 'RemoveImage', 'ImageFsInfo']);

/** What Kubernetes gives a runtime request (runtimeRequestTimeout); the slow ones say their own time. */
export const requestTimeoutMs = 120_000;

/** The caller of CRI methods on a channel. The result is the decoded response, whose shape the caller knows. */
export function caller(channel: GrpcChannel, timeoutMs = requestTimeoutMs): Call {
  return async <T>(method: CriMethod, request: object, options: GrpcCallOptions = {}): Promise<T> => {
    const path = `/runtime.v1.${imageMethods.has(method) ? 'Image' : 'Runtime'}Service/${method}`;
    try {
      const bytes = messages[`${method}Request`].encode(request);
      const answer = await channel.unary(path, bytes, { timeoutMs, ...options });
      return messages[`${method}Response`].decode(answer) as T;
    } catch (error) {
      throw runtimeError(error);
    }
  };
}
