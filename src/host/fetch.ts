// The HTTP client: undici, one pool of connections per set of TLS options.
import { createRequire } from 'node:module';
import type { Agent } from 'undici';
import type { FetchOptions, FetchResponse, HttpHeaders, SentHeaders, TlsClientOptions } from '#base/net.ts';
import { tlsOptions } from './sockets.ts';

type Undici = typeof import('undici');

// Certificates rotate and tests come and go: agents beyond this number are closed, the oldest first.
const agentLimit = 64;
const agents = new Map<string, Agent>();
let undici: Undici | undefined;

// Loaded on the first request: it costs 60 ms, and a server that only answers never needs it.
function load(): Undici {
  undici ??= createRequire(import.meta.url)('undici') as Undici;
  return undici;
}

function agentFor(tls: TlsClientOptions | undefined, socketPath: string | undefined): Agent {
  const key = JSON.stringify([tls?.ca, tls?.cert, tls?.key, tls?.serverName, tls?.insecure, socketPath]);
  const known = agents.get(key);
  if (known !== undefined) {
    agents.delete(key); // to the young end
    agents.set(key, known);
    return known;
  }
  // Without a name of the caller's, undici itself sends the URL's host.
  const { servername, ...rest } = tlsOptions(tls ?? {});
  const connect = {
    ...rest,
    ...(tls?.serverName === undefined ? {} : { servername }),
    ...(socketPath === undefined ? {} : { socketPath }),
    timeout: 30_000,
  };
  const agent = new (load().Agent)({
    connect: connect as Agent.Options['connect'],
    keepAliveTimeout: 20_000,
    bodyTimeout: 0, // watches are silent for long; the caller's signal ends them
    headersTimeout: 0,
    allowH2: false,
  });
  agents.set(key, agent);
  if (agents.size > agentLimit) {
    const [oldest, old] = agents.entries().next().value ?? [];
    if (oldest !== undefined && old !== undefined) {
      agents.delete(oldest);
      void old.close(); // after its running requests
    }
  }
  return agent;
}

/** Drops undefined values. */
export function definedHeaders(headers: HttpHeaders = {}): Record<string, string> {
  return sentHeaders(headers) as Record<string, string>;
}

/** Drops undefined values; arrays stay. */
export function sentHeaders(headers: SentHeaders = {}): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) result[name] = value as string | string[];
  return result;
}

/** Repeated headers joined, as our contract says. */
export function joinHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): HttpHeaders {
  const result: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) result[name] = Array.isArray(value) ? value.join(', ') : value;
  return result;
}

/** Collects a body. */
export async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** A response over any body stream. */
export function toResponse(status: number, headers: HttpHeaders, body: AsyncIterable<Uint8Array>): FetchResponse {
  return { status, headers, body, bytes: () => collect(body), text: async () => Buffer.from(await collect(body)).toString('utf8') };
}

export async function fetch(url: string, options: FetchOptions = {}): Promise<FetchResponse> {
  options.signal?.throwIfAborted();
  const abort = new AbortController();
  const aborted = (): void => abort.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', aborted, { once: true });
  const timer =
    options.timeout === undefined
      ? undefined
      : setTimeout(
          () => abort.abort(Object.assign(new Error('timeout awaiting response headers'), { code: 'ETIMEDOUT' })),
          options.timeout,
        );
  const forget = (): void => options.signal?.removeEventListener('abort', aborted);
  try {
    const response = await load().request(url, {
      dispatcher: agentFor(options.tls, options.socketPath),
      method: (options.method ?? 'GET') as 'GET',
      headers: sentHeaders(options.headers),
      body: options.body as Uint8Array | string | undefined,
      signal: abort.signal,
    });
    response.body.once('close', forget);
    return toResponse(response.statusCode, joinHeaders(response.headers), response.body);
  } catch (error) {
    forget();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Closes every pooled connection. */
export async function closeAgents(): Promise<void> {
  const open = [...agents.values()];
  agents.clear();
  await Promise.all(open.map((agent) => agent.destroy()));
}
