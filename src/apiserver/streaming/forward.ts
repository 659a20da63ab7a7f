// Passing a request on to somebody else (a node agent, a pod) and its answer back: bodies as streams, upgrades as bytes.
import { messageOf } from '#base/errors.ts';
import type { HttpHeaders, Socket, TlsClientOptions } from '#base/net.ts';
import type { World } from '#base/world.ts';
import { serviceUnavailable, StatusError } from '#api/status.ts';
import type { Answer, Context } from '../chain.ts';

export interface Destination {
  readonly url: string;
  readonly tls?: TlsClientOptions;
}

/** Headers that belong to one connection and are not passed on. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'te',
  'trailer',
  'upgrade',
  'content-length',
  'host',
]);
/** What was meant for us: who asks, and as whom. */
const ours = (name: string): boolean => name === 'authorization' || name.startsWith('impersonate-');

function passedOn(headers: HttpHeaders, keepOurs: boolean): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || hopByHop.has(name) || name.startsWith(':') || (!keepOurs && ours(name))) continue;
    result[name] = value;
  }
  return result;
}

/** An error of the other side's, as a Status with its text. */
function refusal(code: number, text: string): StatusError {
  try {
    const status = JSON.parse(text) as { kind?: string; code?: number };
    if (status.kind === 'Status' && status.code !== undefined) return new StatusError(status as never);
  } catch {
    // Plain text, then.
  }
  const reasons: Readonly<Record<number, string>> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    500: 'InternalError',
    503: 'ServiceUnavailable',
  };
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    code,
    reason: reasons[code] ?? 'Unknown',
    message: text.trim(),
  } as never);
}

const bodyless = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Sends the request on and gives the answer as it comes. `strict`: an error answer becomes a Status. */
export async function forward(
  world: Pick<World, 'net'>,
  ctx: Context,
  to: Destination,
  options: { strict: boolean; headers?: HttpHeaders },
): Promise<Answer> {
  const { call } = ctx;
  let response: Awaited<ReturnType<World['net']['fetch']>>;
  try {
    response = await world.net.fetch(to.url, {
      method: call.method,
      headers: { ...passedOn(call.headers, false), ...options.headers },
      ...(bodyless.has(call.method) ? {} : { body: call.body }),
      ...(to.tls ? { tls: to.tls } : {}),
      signal: call.signal,
    });
  } catch (error) {
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`);
  }
  if (options.strict && response.status >= 400) throw refusal(response.status, await response.text());
  return { kind: 'stream', status: response.status, headers: passedOn(response.headers, true), stream: response.body };
}

async function pipe(from: Socket, to: Socket): Promise<void> {
  try {
    for await (const chunk of from.readable) await to.write(chunk);
    to.end();
  } catch {
    to.destroy();
  }
}

/** Passes an Upgrade on: after the other side has agreed, bytes go both ways untouched. */
export async function forwardUpgrade(world: Pick<World, 'net'>, ctx: Context, socket: Socket, to: Destination): Promise<void> {
  const { call } = ctx;
  const headers = { ...passedOn(call.headers, false), connection: 'Upgrade', upgrade: call.headers['upgrade'] };
  let result: Awaited<ReturnType<World['net']['upgrade']>>;
  try {
    result = await world.net.upgrade(to.url, { method: call.method, headers, ...(to.tls ? { tls: to.tls } : {}), signal: call.signal });
  } catch (error) {
    throw serviceUnavailable(`error dialing backend: ${messageOf(error)}`);
  }
  if ('refused' in result) throw refusal(result.refused.status, await result.refused.text());
  const lines = Object.entries(result.headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  await socket.write(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`));
  const other = result.socket;
  // Whoever closes first ends both, once what it said has been passed on.
  await Promise.all([pipe(socket, other), pipe(other, socket)]);
  other.destroy();
  socket.destroy();
}
