// Requests of a group version that another server answers are passed on, with who asks told in headers.
import { badRequest, serviceUnavailable, StatusError } from '#api/status.ts';
import type { FetchResponse, Socket } from '#base/net.ts';
import { networkWords } from '#base/networkwords.ts';
import type { Answer, Call, Context } from '../chain.ts';
import { type Endpoint, textAnswer } from '../endpoint.ts';
import { requestHeaders, responseHeaders } from '../streaming/proxy.ts';
import { passThrough } from '../streaming/splice.ts';
import { identityHeaders, type Remote, type Remotes } from './remote.ts';

/** The client's headers without those that would say who asks. */
function passedOn(call: Call): Record<string, string | undefined> {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(requestHeaders(call))) if (!name.startsWith('x-remote-')) headers[name] = value;
  return headers;
}

function bodyOf(call: Call): { body?: Uint8Array | AsyncIterable<Uint8Array> } {
  if (call.method === 'GET' || call.method === 'HEAD') return {};
  if (call.object !== undefined) return { body: Buffer.from(JSON.stringify(call.object)) };
  return call.headers['content-length'] === '0' ? {} : { body: call.body };
}

const query = (call: Call): string => (call.query ? `?${call.query}` : '');
const down = (): Answer => textAnswer('service unavailable\n', 503);

function unreachable(error: unknown, { service, tls }: Remote): StatusError {
  const reason =
    error instanceof StatusError ? error.message : networkWords(error, `${service.name}:${service.port}`, tls.serverName ?? '');
  return serviceUnavailable(`error trying to reach service: ${reason}`);
}

async function handle(remotes: Remotes, remote: Remote, { call, user }: Context): Promise<Answer> {
  if (!remote.available) return down();
  let response: FetchResponse;
  try {
    const headers = passedOn(call);
    if (call.object !== undefined) headers['content-type'] ??= 'application/json';
    response = await remotes.fetch(remote, call.path + query(call), user, {
      method: call.method,
      headers,
      ...bodyOf(call),
      signal: call.signal,
    });
  } catch (error) {
    if (call.signal.aborted) throw badRequest('the client went away');
    throw unreachable(error, remote);
  }
  const headers = responseHeaders(response.headers, { prefix: '', targetHost: '', requestHost: '' });
  if (call.method === 'HEAD' || response.status === 204 || response.status === 304) {
    for await (const chunk of response.body) void chunk;
    return { kind: 'bytes', status: response.status, headers, bytes: '' };
  }
  return { kind: 'stream', status: response.status, headers, stream: response.body };
}

async function upgrade(remotes: Remotes, remote: Remote, ctx: Context, client: Socket): Promise<void> {
  const { call, user, backend } = ctx;
  if (!remote.available) throw serviceUnavailable('service unavailable');
  let origin: string;
  try {
    origin = remotes.origin(remote);
  } catch (error) {
    throw unreachable(error, remote);
  }
  const { upgrade: protocol, connection } = call.headers;
  await passThrough({
    net: backend.world.net,
    target: { origin, tls: remote.tls },
    path: call.path + query(call),
    call,
    client,
    headers: { ...passedOn(call), ...identityHeaders(user), upgrade: protocol, connection },
    refuse: async (response) => serviceUnavailable(`error dialing backend: unexpected status code ${response.status}`),
  });
}

/** The endpoint of a remote's group version. */
export function remoteEndpoint(remotes: Remotes, remote: Remote): Endpoint {
  return {
    longRunning: true,
    handle: (ctx) => handle(remotes, remote, ctx),
    upgrade: (ctx, socket) => upgrade(remotes, remote, ctx, socket),
  };
}
