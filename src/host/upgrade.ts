// The client side of HTTP/1.1 Upgrade.
import * as http from 'node:http';
import * as https from 'node:https';
import type { Net } from '#base/net.ts';
import { joinHeaders, sentHeaders, toResponse } from './fetch.ts';
import { tlsOptions, toSocket } from './sockets.ts';

/** Sends the request with the caller's `Upgrade` header on a connection of its own. */
export const upgrade: Net['upgrade'] = (url, options) =>
  new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const target = new URL(url);
    const secure = target.protocol === 'https:' || target.protocol === 'wss:';
    const settings: https.RequestOptions = {
      method: options.method ?? 'GET',
      host: target.hostname.replace(/^\[|\]$/g, ''),
      port: target.port || (secure ? 443 : 80),
      path: `${target.pathname}${target.search}`,
      headers: { connection: 'Upgrade', ...sentHeaders(options.headers) },
      agent: false,
      ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
      ...(secure ? { ...tlsOptions(options.tls ?? {}, target.hostname.replace(/^\[|\]$/g, '')), ALPNProtocols: ['http/1.1'] } : {}),
    };
    const request = secure ? https.request(settings) : http.request(settings);
    const aborted = (): void =>
      void request.destroy(options.signal?.reason instanceof Error ? options.signal.reason : new Error('aborted'));
    options.signal?.addEventListener('abort', aborted, { once: true });
    const timer = setTimeout(
      () => request.destroy(Object.assign(new Error('upgrade: i/o timeout'), { code: 'ETIMEDOUT' })),
      options.timeout ?? 30_000,
    );
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', aborted);
    };
    request.once('upgrade', (response, stream, head) => {
      settle();
      stream.setTimeout?.(0);
      resolve({ socket: toSocket(stream, head), headers: joinHeaders(response.headers) });
    });
    request.once('response', (response) => {
      settle();
      resolve({ refused: toResponse(response.statusCode ?? 0, joinHeaders(response.headers), response) });
    });
    request.on('error', (error) => {
      settle();
      reject(error);
    });
    request.end(typeof options.body === 'string' || options.body instanceof Uint8Array ? options.body : undefined);
  });
