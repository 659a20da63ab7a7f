// The proxy subresources of pods, services and nodes: every verb, every path, upgrades too.
import { badRequest, serviceUnavailable } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import type { FetchResponse, HttpHeaders, Socket } from '#base/net.ts';
import type { Answer, Call, Context } from '../chain.ts';
import { type Rewriting, rewriteHtml, rewriteUrl } from './rewrite.ts';
import { agentRefusal, passThrough } from './splice.ts';
import type { Target } from './target.ts';

/** Finds where a request goes. */
export type Locate = (ctx: Context) => Promise<Target>;

/** A page longer than this is passed on with its links as they are. */
const longestPage = 8 * 1024 * 1024;

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
/** Credentials are for us, not for what is behind the proxy; answers are not compressed, so that links can be rewritten. */
const ours = new Set(['authorization', 'accept-encoding', 'host', 'expect']);

/** The path of a proxy request, cut behind `proxy`; undecoded. */
export function splitProxyPath(path: string, segments: number): { prefix: string; rest: string } {
  let end = 0;
  for (let seen = 0; seen < segments; seen++) {
    end = path.indexOf('/', end + 1);
    if (end < 0) return { prefix: path, rest: '' };
  }
  return { prefix: path.slice(0, end), rest: path.slice(end) };
}

/** /api/v1/namespaces/NS/pods/NAME/proxy has seven segments, /api/v1/nodes/NAME/proxy five. */
const segmentsOf = (ctx: Context): number => (ctx.info.namespace ? 7 : 5);

/** Headers as the target gets them. */
export function requestHeaders(call: Call): HttpHeaders {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(call.headers)) {
    if (name.startsWith(':') || name.startsWith('impersonate-') || hopByHop.has(name) || ours.has(name)) continue;
    headers[name] = value;
  }
  const before = call.headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before ? `${before}, ${call.remoteAddress}` : call.remoteAddress;
  headers['x-forwarded-uri'] = call.path;
  headers['x-forwarded-host'] = hostOf(call);
  headers['x-forwarded-proto'] = 'https';
  headers['accept-encoding'] = 'identity';
  return headers;
}

const hostOf = (call: Call): string => call.headers[':authority'] ?? call.headers['host'] ?? '';

/** Headers as the client gets them. */
export function responseHeaders(headers: HttpHeaders, rewriting: Rewriting): Record<string, string | undefined> {
  const result: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (hopByHop.has(name) || name.startsWith('access-control-')) continue;
    result[name] = value;
  }
  if (result['location'] !== undefined) result['location'] = rewriteUrl(result['location'], rewriting);
  return result;
}

const hasBody = (call: Call): boolean => {
  if (call.method === 'GET' || call.method === 'HEAD') return false;
  return call.headers['content-length'] !== '0';
};

async function* joined(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}

/** Reads a page up to the limit and rewrites it; a longer one comes back as it is. */
async function page(response: FetchResponse, rewriting: Rewriting): Promise<{ bytes: Buffer } | { stream: AsyncIterable<Uint8Array> }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const iterator = response.body[Symbol.asyncIterator]();
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    chunks.push(next.value);
    size += next.value.length;
    if (size > longestPage) return { stream: joined(chunks, { [Symbol.asyncIterator]: () => iterator }) };
  }
  return { bytes: Buffer.from(rewriteHtml(Buffer.concat(chunks).toString(), rewriting)) };
}

/** Serves a plain request. */
export async function serveProxy(ctx: Context, locate: Locate): Promise<Answer> {
  const { call, backend } = ctx;
  const { prefix, rest } = splitProxyPath(call.path, segmentsOf(ctx));
  const query = call.query ? `?${call.query}` : '';
  const target = await locate(ctx);
  if (rest === '' && (call.method === 'GET' || call.method === 'HEAD')) {
    return { kind: 'bytes', status: 301, headers: { location: `${call.path}/${query}` }, bytes: '' };
  }
  let response: FetchResponse;
  try {
    response = await backend.world.net.fetch(target.origin + (rest || '/') + query, {
      method: call.method,
      headers: requestHeaders(call),
      ...(hasBody(call) ? { body: call.body } : {}),
      ...(target.tls ? { tls: target.tls } : {}),
      signal: call.signal,
    });
  } catch (error) {
    if (call.signal.aborted) throw badRequest('the client went away');
    throw serviceUnavailable(`error trying to reach service: ${messageOf(error)}`);
  }
  const rewriting = { prefix, targetHost: new URL(target.origin).host, requestHost: hostOf(call) };
  const headers = responseHeaders(response.headers, rewriting);
  if (call.method === 'HEAD' || response.status === 204 || response.status === 304) {
    for await (const chunk of response.body) void chunk;
    return { kind: 'bytes', status: response.status, headers, bytes: '' };
  }
  if (headers['content-type']?.startsWith('text/html')) {
    const body = await page(response, rewriting);
    if ('stream' in body) return { kind: 'stream', status: response.status, headers, stream: body.stream };
    return {
      kind: 'bytes',
      status: response.status,
      headers: { ...headers, 'content-length': String(body.bytes.length) },
      bytes: body.bytes,
    };
  }
  return { kind: 'stream', status: response.status, headers, stream: response.body };
}

/** Serves an upgrade through the proxy. */
export async function upgradeProxy(ctx: Context, client: Socket, locate: Locate): Promise<void> {
  const { call, backend, info } = ctx;
  const { rest } = splitProxyPath(call.path, segmentsOf(ctx));
  const query = call.query ? `?${call.query}` : '';
  const { upgrade, connection } = call.headers;
  await passThrough({
    net: backend.world.net,
    target: await locate(ctx),
    path: (rest || '/') + query,
    call,
    client,
    headers: { ...requestHeaders(call), upgrade, connection },
    refuse: (response) => agentRefusal(response, { group: '', resource: `${info.resource}/proxy`, name: info.name }),
  });
}
