// Upgraded connections are passed through: the upgrade request goes on, then bytes flow both ways untouched.
import { badRequest, fromStatus, internal, serviceUnavailable, type StatusError } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import type { FetchResponse, HttpHeaders, Net, SentHeaders, Socket } from '#base/net.ts';
import type { Call } from '../chain.ts';
import type { Target } from './target.ts';

const longestError = 50_000;

/** Headers of the upgrade that the other end must see as the client sent them. */
const forwarded = [
  'upgrade',
  'sec-websocket-key',
  'sec-websocket-version',
  'sec-websocket-protocol',
  'sec-websocket-extensions',
  'x-stream-protocol-version',
  'origin',
  'user-agent',
];

/** True for a request that asks to leave HTTP. */
export function wantsUpgrade(headers: HttpHeaders): boolean {
  return headers['upgrade'] !== undefined && /\bupgrade\b/i.test(headers['connection'] ?? '');
}

async function shortText(response: FetchResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= longestError) break;
  }
  return Buffer.concat(chunks).subarray(0, longestError).toString().trim();
}

/** What a node's agent refused, as the client is told. */
export async function agentRefusal(
  response: FetchResponse,
  about: { group: string; resource: string; name: string },
): Promise<StatusError> {
  const text = await shortText(response);
  if (response.status === 400) return badRequest(text);
  if (response.status === 500) return internal(text);
  const reason = response.status === 404 ? 'NotFound' : response.status === 403 ? 'Forbidden' : 'InternalError';
  const subject = `${about.resource} ${about.name}`;
  return fromStatus({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason,
    code: response.status,
    message: `${response.status === 404 ? 'the server could not find the requested resource' : 'the server answered'} ( ${subject}): ${text}`,
    details: { name: about.name, kind: about.resource, causes: [{ reason: 'UnexpectedServerResponse', message: text }] },
  });
}

/** Copies until the source ends. What the other end does not take any more is dropped: its own last words may be on their way. */
async function pipe(from: Socket, to: Socket): Promise<void> {
  let open = true;
  for await (const chunk of from.readable) {
    if (open)
      open = await to.write(chunk).then(
        () => true,
        () => false,
      );
  }
  to.end();
}

/** Carries bytes both ways until both ends have finished. A client that is gone takes the other end with it. */
export async function splice(client: Socket, other: Socket): Promise<void> {
  void client.closed.then(() => other.destroy());
  await Promise.all([pipe(client, other), pipe(other, client)]);
}

/** The 101 as bytes. */
export function switchingProtocols(headers: HttpHeaders): string {
  const lines = Object.entries(headers)
    .filter(([name, value]) => value !== undefined && !name.startsWith(':'))
    .map(([name, value]) => `${name}: ${value}`);
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`;
}

export interface PassThrough {
  readonly net: Net;
  readonly target: Target;
  /** Path and query at the target. */
  readonly path: string;
  readonly call: Call;
  readonly client: Socket;
  /** More headers for the target. */
  readonly headers?: SentHeaders;
  /** Makes the error of a refusal. */
  refuse(response: FetchResponse): Promise<StatusError>;
}

/** Passes an upgrade on and splices the connections; resolves when both are done. */
export async function passThrough({ net, target, path, call, client, headers, refuse }: PassThrough): Promise<void> {
  const wanted: Record<string, string | readonly string[] | undefined> = { connection: 'Upgrade', ...headers };
  for (const name of forwarded) wanted[name] ??= call.headers[name];
  let result: Awaited<ReturnType<Net['upgrade']>>;
  try {
    result = await net.upgrade(target.origin + path, {
      method: call.method,
      headers: wanted,
      ...(target.tls ? { tls: target.tls } : {}),
      signal: call.signal,
    });
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`);
  }
  if ('refused' in result) throw await refuse(result.refused);
  await client.write(Buffer.from(switchingProtocols(result.headers)));
  await splice(client, result.socket);
}
