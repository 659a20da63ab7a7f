// One caller for all webhooks: admission, conversion, authentication, authorization, audit. Connections are kept alive,
// calls end in time, answers are bounded.
import type { WebhookClientConfig } from '#api/admissionregistration/v1/common.ts';
import { StatusError } from '#api/status.ts';
import { boundedBody } from '#base/boundedbody.ts';
import { codeOf, messageOf } from '#base/errors.ts';
import type { HttpHeaders, TlsClientOptions } from '#base/net.ts';
import { networkWords } from '#base/networkwords.ts';
import { withTimeout } from '#base/signal.ts';
import type { World } from '#base/world.ts';
import { parseJson, textOfBytes } from '#format/json.ts';
import { resolveService, type ServiceReads } from './resolve.ts';
import { refusalWords } from './words.ts';

/** A webhook could not be asked, or its answer could not be read. */
export class WebhookError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WebhookError';
  }
}

/** Where a webhook is and how to be sure of it. */
export interface WebhookTarget {
  /** As messages show it, without query. */
  readonly url: string;
  /** Where to connect when that is not the URL's host; called for each try. Throws StatusError. */
  locate?(): { readonly host: string; readonly port: number };
  readonly tls: TlsClientOptions;
  readonly headers?: HttpHeaders;
}

export interface WebhookOptions {
  /** Milliseconds for the whole call. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** Largest answer, in bytes; 8 MiB when absent. */
  readonly limit?: number;
}

const defaultLimit = 8 * 1024 * 1024;

/** Webhook configurations and CRDs write the same. */
type ClientConfig = Pick<WebhookClientConfig, 'url' | 'service' | 'caBundle'>;

/** The target of a clientConfig, as webhook configurations, CRDs and APIServices write it. */
export function targetOf(reads: ServiceReads, config: ClientConfig): WebhookTarget {
  const ca = config.caBundle ? Buffer.from(config.caBundle, 'base64').toString('utf8') : undefined;
  const { service } = config;
  if (!service) return { url: config.url ?? '', tls: ca === undefined ? {} : { ca } };
  const { namespace, name, path = '' } = service;
  const port = service.port ?? 443;
  const serverName = `${name}.${namespace}.svc`;
  return {
    url: `https://${serverName}:${port}${path}`,
    tls: { serverName, ...(ca === undefined ? {} : { ca }) },
    locate: () => resolveService(reads, namespace, name, port),
  };
}

const bracketed = (host: string): string => (host.includes(':') ? `[${host}]` : host);

/** Go writes whole seconds as `10s`, and parts of them as `500ms`. */
function goSeconds(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

// The other end may close a kept connection in the moment in which we use it.
const isStale = (error: unknown): boolean => ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error) ?? '');

/**
 * Posts JSON to a webhook and answers with the JSON that it gave. The time limit is told in the query, as Kubernetes
 * does. Throws WebhookError with a message such as `Post "https://…?timeout=10s": context deadline exceeded`.
 */
export async function callWebhook(world: World, target: WebhookTarget, body: unknown, options: WebhookOptions): Promise<unknown> {
  const url = new URL(target.url);
  url.searchParams.set('timeout', goSeconds(options.timeout));
  const shown = `Post "${/^https?:\/\/[^/]+$/.test(target.url) ? `${target.url}/` : target.url}${url.search}"`;
  const bytes = Buffer.from(JSON.stringify(body));
  using limit = withTimeout(world.clock, options.timeout, options.signal);
  let connected = '';
  const attempt = async (): Promise<unknown> => {
    const at = target.locate?.();
    const host = at?.host ?? url.hostname.replace(/^\[|\]$/g, '');
    connected = `${bracketed(host)}:${at?.port ?? (url.port || 443)}`;
    const response = await world.net.fetch(at ? `${url.protocol}//${connected}${url.pathname}${url.search}` : url.href, {
      method: 'POST',
      headers: {
        ...target.headers,
        ...(at ? { host: url.host } : {}),
        'content-type': 'application/json',
        accept: 'application/json, */*',
        'user-agent': 'kube-apiserver-admission',
      },
      body: bytes,
      tls: target.tls,
      signal: limit.signal,
    });
    const answer = await boundedBody(response.body, options.limit ?? defaultLimit, (text) => new WebhookError(text));
    if (response.status < 200 || response.status > 299) throw refusal(response.status, textOfBytes(answer));
    try {
      return parseJson(answer);
    } catch (error) {
      throw new WebhookError(messageOf(error));
    }
  };
  try {
    try {
      return await attempt();
    } catch (error) {
      if (!isStale(error) || limit.signal.aborted) throw error;
      return await attempt();
    }
  } catch (error) {
    if (error instanceof WebhookError) throw error;
    if (error instanceof StatusError) throw new WebhookError(`${shown}: ${error.message}`, { cause: error });
    if (options.signal?.aborted) throw new WebhookError(`${shown}: context canceled`);
    if (limit.signal.aborted) throw new WebhookError(`${shown}: context deadline exceeded`);
    const name = target.tls.serverName ?? url.hostname;
    throw new WebhookError(`${shown}: ${networkWords(error, connected, name)}`, { cause: error });
  }
}

/** Somebody who answers with a Status says best what is wrong. */
function refusal(status: number, text: string): WebhookError {
  try {
    const said = parseJson(text) as { kind?: unknown; message?: unknown } | null;
    if (said?.kind === 'Status' && typeof said.message === 'string') return new WebhookError(said.message);
  } catch {
    // Not JSON: plain text.
  }
  return new WebhookError(refusalWords(status, text));
}
