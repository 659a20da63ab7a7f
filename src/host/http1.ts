// HTTP/1.1 exchanges as our HttpRequest and HttpReply.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { HttpHeaders, HttpReply, HttpRequest, HttpWriter, PeerCertificate } from '#base/net.ts';
import { LazySignal } from './lazysignal.ts';
import { definedHeaders, joinHeaders } from './fetch.ts';

// How long a client may go on sending a body that nobody reads before its connection is closed.
const drainTime = 1_000;

/** The request; `closer` ends its signal (the response, or the socket after an upgrade). */
export function request1(incoming: IncomingMessage, peer: PeerCertificate | undefined, closer: Duplex | ServerResponse): HttpRequest {
  const gone = new LazySignal();
  closer.once('close', () => gone.abort());
  return {
    method: incoming.method ?? 'GET',
    url: incoming.url ?? '/',
    headers: joinHeaders(incoming.headers),
    httpVersion: '1.1',
    remoteAddress: incoming.socket.remoteAddress ?? '',
    peer,
    get signal() {
      return gone.signal;
    },
    body: { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array> },
  };
}

/** The reply's sink. */
export function reply1(incoming: IncomingMessage, response: ServerResponse): HttpReply {
  response.sendDate = false;
  response.on('error', () => {});
  response.once('finish', () => {
    if (incoming.complete) return;
    // The answer came before the end of the body (too large, unauthorized): swallow a little, then give up.
    incoming.resume();
    const timer = setTimeout(() => incoming.destroy(), drainTime);
    incoming.once('close', () => clearTimeout(timer));
    incoming.once('end', () => clearTimeout(timer));
  });
  const withLength = (headers: HttpHeaders, body: Uint8Array | string | undefined): Record<string, string> => {
    const result = definedHeaders(headers);
    result['content-length'] ??= String(body === undefined ? 0 : Buffer.byteLength(body));
    return result;
  };
  return {
    send(status, headers, body) {
      const bodyless = status === 204 || status === 304 || status < 200;
      response.writeHead(status, bodyless ? definedHeaders(headers) : withLength(headers, body));
      response.end(incoming.method === 'HEAD' || bodyless ? undefined : body);
    },
    stream(status, headers) {
      response.writeHead(status, definedHeaders(headers));
      response.flushHeaders();
      return writer1(response);
    },
  };
}

function writer1(response: ServerResponse): HttpWriter {
  return {
    write: (bytes) => !response.destroyed && response.write(bytes),
    drained: () => drained(response),
    get buffered() {
      return response.writableLength;
    },
    end: () => void response.end(),
    destroy: () => void response.destroy(),
  };
}

interface Drainable {
  readonly writableNeedDrain: boolean;
  readonly destroyed: boolean;
  once(event: 'drain' | 'close', fn: () => void): unknown;
  off(event: 'drain' | 'close', fn: () => void): unknown;
}

/** Resolves when more may be written, also when the peer is gone: the writer's next look at the signal ends it. */
export function drained(stream: Drainable): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}
