// The API over HTTP(S).
import type { HttpHeaders, Net, Socket, TlsClientOptions } from '#base/net.ts';
import { errorOf } from './body.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

export interface HttpTransportOptions {
  /** Base URL, e.g. `https://127.0.0.1:6443`; a path in it is kept as a prefix. */
  readonly server: string;
  /** Or what gives the present ones (certificates are renewed). */
  readonly tls?: TlsClientOptions | (() => TlsClientOptions);
  /** Bearer token, or what reads the current one (tokens on disk are renewed). */
  readonly token?: string | (() => string | Promise<string>);
  readonly userAgent?: string;
  /** Milliseconds until the headers of an answer must be there; default 65 s, a little more than the server's own limit. */
  readonly timeout?: number;
}

/** A transport to a server elsewhere. Object bodies are sent as JSON; answers are byte streams. */
export function httpTransport(net: Net, options: HttpTransportOptions): Transport {
  const base = options.server.replace(/\/+$/, '');
  const withTls = (): { readonly tls?: TlsClientOptions } =>
    options.tls === undefined ? {} : { tls: typeof options.tls === 'function' ? options.tls() : options.tls };

  async function prepare(request: ApiRequest): Promise<{ url: string; headers: HttpHeaders; body: Uint8Array | string | undefined }> {
    const token = typeof options.token === 'function' ? await options.token() : options.token;
    const body =
      request.body === undefined ? undefined : 'bytes' in request.body ? request.body.bytes : JSON.stringify(request.body.object);
    return {
      url: `${base}${request.path}${request.query ? `?${request.query}` : ''}`,
      headers: {
        'user-agent': options.userAgent ?? 'tutti',
        ...(body !== undefined ? { 'content-type': 'application/json' } : {}),
        ...request.headers,
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body,
    };
  }

  return {
    async send(request: ApiRequest): Promise<ApiResponse> {
      const { url, headers, body } = await prepare(request);
      const response = await net.fetch(url, {
        method: request.method,
        headers,
        ...(body !== undefined ? { body } : {}),
        ...withTls(),
        ...(request.signal ? { signal: request.signal } : {}),
        timeout: options.timeout ?? 65_000,
      });
      return { status: response.status, headers: response.headers, body: { stream: response.body } };
    },

    async upgrade(request: ApiRequest): Promise<{ socket: Socket; headers: HttpHeaders }> {
      const { url, headers } = await prepare(request);
      const result = await net.upgrade(url, {
        method: request.method,
        headers,
        ...withTls(),
        ...(request.signal ? { signal: request.signal } : {}),
        timeout: options.timeout ?? 65_000,
      });
      if (!('refused' in result)) return result;
      const { status, headers: refusing, body } = result.refused;
      throw await errorOf({ status, headers: refusing, body: { stream: body } });
    },
  };
}
