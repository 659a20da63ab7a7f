// HTTP/2 streams as our HttpRequest and HttpReply, on node's core stream API (its compatibility layer doubles the cost).
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream, ServerStreamResponseOptions } from 'node:http2';
import type { HttpHeaders, HttpReply, HttpRequest, HttpWriter, PeerCertificate } from '#base/net.ts';
import { drained } from './http1.ts';
import { LazySignal } from './lazysignal.ts';

// RFC 9113 8.2.2: these belong to a connection of version 1 and make an HTTP/2 message malformed.
const forbidden = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'http2-settings']);
// node reads `sendDate` (a header that no Kubernetes client looks at); its types don't know it.
const withoutDate = { sendDate: false } as ServerStreamResponseOptions;
const headersOnly = { sendDate: false, endStream: true } as ServerStreamResponseOptions;

function incomingHeaders(headers: IncomingHttpHeaders): HttpHeaders {
  const result: Record<string, string | undefined> = {};
  for (const name in headers) {
    if (name.charCodeAt(0) === 58) continue; // ':' pseudo-headers
    const value = headers[name];
    result[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  result['host'] ??= headers[':authority'];
  return result;
}

function outgoingHeaders(status: number, headers: HttpHeaders): OutgoingHttpHeaders {
  const result: OutgoingHttpHeaders = { ':status': status };
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    const lower = name.toLowerCase();
    if (!forbidden.has(lower)) result[lower] = value;
  }
  return result;
}

/** The request of a stream. */
export function request2(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  peer: PeerCertificate | undefined,
  remoteAddress: string,
): HttpRequest {
  const gone = new LazySignal();
  stream.on('error', () => {});
  stream.once('close', () => gone.abort());
  return {
    method: headers[':method'] ?? 'GET',
    url: headers[':path'] ?? '/',
    headers: incomingHeaders(headers),
    httpVersion: '2',
    remoteAddress,
    peer,
    get signal() {
      return gone.signal;
    },
    body: { [Symbol.asyncIterator]: () => stream.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array> },
  };
}

/** The reply's sink. A stream that the peer has reset swallows everything. */
export function reply2(stream: ServerHttp2Stream, head: boolean): HttpReply {
  // An answer before the end of the body: tell the client to stop sending (RFC 9113 8.1).
  stream.once('finish', () => {
    if (!stream.readableEnded && !stream.destroyed) setImmediate(() => stream.close(0));
  });
  return {
    send(status, headers, body) {
      if (stream.destroyed || stream.headersSent) return;
      const outgoing = outgoingHeaders(status, headers);
      if (status !== 204 && status !== 304) outgoing['content-length'] ??= body === undefined ? 0 : Buffer.byteLength(body);
      if (head || body === undefined || body.length === 0) {
        stream.respond(outgoing, headersOnly);
        return;
      }
      stream.respond(outgoing, withoutDate);
      stream.end(body);
    },
    stream(status, headers) {
      if (!stream.destroyed && !stream.headersSent) stream.respond(outgoingHeaders(status, headers), withoutDate);
      return writer2(stream);
    },
  };
}

function writer2(stream: ServerHttp2Stream): HttpWriter {
  return {
    write: (bytes) => !stream.destroyed && !stream.writableEnded && stream.write(bytes),
    drained: () => drained(stream),
    get buffered() {
      return stream.writableLength;
    },
    end() {
      if (!stream.destroyed) stream.end();
    },
    destroy() {
      if (!stream.destroyed) stream.close(2); // INTERNAL_ERROR: the client must not take the answer for complete
    },
  };
}
