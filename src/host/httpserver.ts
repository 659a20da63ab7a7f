// The HTTP server: HTTP/1.1 and HTTP/2 over TLS, or plain HTTP/1.1, behind one set of handlers.
import * as http from 'node:http';
import * as http2 from 'node:http2';
import type { AddressInfo, Server, Socket as NetSocket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { HttpHandlers, HttpServer, Net, ServeOptions } from '#base/net.ts';
import { reply1, request1 } from './http1.ts';
import { RestWatch, serveQuickly } from './http1quick.ts';
import { reply2, request2 } from './http2.ts';
import { peerOf } from './httppeer.ts';
import { toSocket } from './sockets.ts';

// Against slow-loris: a connection has this long to shake hands ...
const handshakeTimeout = 15_000;
// ... and to send its headers, as with kube-apiserver. Clients keep connections whose first request was given up: they must
// have closed them (undici: after 20 s) before we do, or their next request meets our end.
const headersTimeout = 32_000;
const connectionsCheckingInterval = 5_000;
const idleTimeout = 120_000;
const maxHeaderSize = 64 * 1024;
const maxHeaders = 200;

interface Connections {
  /** HTTP/1 connections and their number of requests in flight. */
  readonly busy: Map<NetSocket, number>;
  readonly sessions: Set<http2.ServerHttp2Session>;
  readonly all: Set<NetSocket>;
  closing: boolean;
}

function refuse(socket: NodeJS.WritableStream & { destroyed?: boolean; destroy?(): void }, status: string): void {
  if (!socket.destroyed && socket.writable) socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  else socket.destroy?.();
}

type AnyServer = http.Server | http2.Http2SecureServer;

function handle1(server: AnyServer, handlers: HttpHandlers, open: Connections, hasClientCa: boolean): void {
  const peer = (socket: NetSocket) => peerOf(socket as TLSSocket, hasClientCa);
  server.on('request', (incoming: http.IncomingMessage, response: http.ServerResponse) => {
    const socket = incoming.socket;
    if (open.closing) response.setHeader('connection', 'close');
    open.busy.set(socket, (open.busy.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (open.busy.get(socket) ?? 1) - 1;
      open.busy.set(socket, left);
      if (open.closing && left === 0) socket.destroySoon();
    });
    handlers.request(request1(incoming, peer(socket), response), reply1(incoming, response));
  });
  if (handlers.upgrade !== undefined) {
    server.on('upgrade', (incoming: http.IncomingMessage, stream: NetSocket, head: Buffer) => {
      stream.setTimeout(0);
      stream.setNoDelay(true);
      open.busy.set(stream, 1);
      handlers.upgrade?.(request1(incoming, peer(stream), stream), toSocket(stream, head));
    });
  }
  server.on('clientError', (error: Error & { code?: string }, socket: NetSocket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else if (error.code === 'HPE_HEADER_OVERFLOW') refuse(socket, '431 Request Header Fields Too Large');
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') refuse(socket, '408 Request Timeout');
    else refuse(socket, '400 Bad Request');
  });
}

function handle2(server: http2.Http2SecureServer, handlers: HttpHandlers, open: Connections, hasClientCa: boolean): void {
  // The compatibility layer came with the 'request' listener; streams are ours.
  server.removeAllListeners('stream');
  server.on('session', (session) => {
    open.sessions.add(session);
    session.once('close', () => open.sessions.delete(session));
    session.on('error', () => {});
    session.setTimeout(idleTimeout, () => {
      if (!streams.get(session)) session.close();
    });
  });
  const streams = new WeakMap<http2.Http2Session, number>();
  const remotes = new WeakMap<http2.Http2Session, string>();
  server.on('stream', (stream: http2.ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => {
    const session = stream.session;
    if (session === undefined) return;
    const socket = session.socket as TLSSocket;
    let remote = remotes.get(session);
    if (remote === undefined) {
      remote = socket.remoteAddress ?? '';
      remotes.set(session, remote);
    }
    streams.set(session, (streams.get(session) ?? 0) + 1);
    stream.once('close', () => streams.set(session, (streams.get(session) ?? 1) - 1));
    handlers.request(
      request2(stream, headers, peerOf(socketOf(session, socket), hasClientCa), remote),
      reply2(stream, headers[':method'] === 'HEAD'),
    );
  });
}

// `session.socket` is a proxy made anew on each look at some versions; the TLS socket behind it is stable.
const sockets = new WeakMap<http2.Http2Session, TLSSocket>();
function socketOf(session: http2.Http2Session, socket: TLSSocket): TLSSocket {
  const known = sockets.get(session);
  if (known !== undefined) return known;
  sockets.set(session, socket);
  return socket;
}

/** Leads HTTP/1.1 connections past node's parser for as long as their requests are plain. */
function quicken(
  server: AnyServer,
  event: 'connection' | 'secureConnection',
  about: { handlers: HttpHandlers; open: Connections; hasClientCa: boolean },
): void {
  const { handlers, open, hasClientCa } = about;
  const [full] = server.listeners(event) as ((this: AnyServer, socket: NetSocket) => void)[];
  if (full === undefined) throw new Error(`the server has no listener of ${event}`);
  server.removeAllListeners(event);
  const quick = {
    handlers,
    peer: (socket: NetSocket) => peerOf(socket as TLSSocket, hasClientCa),
    busy: open.busy,
    closing: () => open.closing,
    full: (socket: NetSocket) => full.call(server, socket),
    maxHeaderSize,
    maxHeaders,
    headersTimeout,
    idleTimeout,
    watch: new RestWatch(),
  };
  server.on('close', () => quick.watch.stop());
  server.on(event, (socket: NetSocket) => {
    const { alpnProtocol } = socket as Partial<TLSSocket>;
    // Without ALPN on TLS the client speaks HTTP/1.1 as well.
    if (event === 'connection' || alpnProtocol === false || alpnProtocol === 'http/1.1') serveQuickly(socket, quick);
    else full.call(server, socket);
  });
}

function create(options: ServeOptions, handlers: HttpHandlers, open: Connections): AnyServer {
  if (options.tls === undefined) {
    const server = http.createServer({
      connectionsCheckingInterval,
      maxHeaderSize,
      headersTimeout,
      requestTimeout: 0,
      keepAliveTimeout: idleTimeout,
      noDelay: true,
    });
    server.maxHeadersCount = maxHeaders;
    handle1(server, handlers, open, false);
    quicken(server, 'connection', { handlers, open, hasClientCa: false });
    return server;
  }
  const { cert, key, clientCa } = options.tls;
  const server = http2.createSecureServer({
    cert,
    key,
    ca: clientCa,
    requestCert: true,
    rejectUnauthorized: false,
    allowHTTP1: true,
    minVersion: 'TLSv1.2',
    handshakeTimeout,
    settings: { maxConcurrentStreams: 250, initialWindowSize: 1024 * 1024, maxHeaderListSize: maxHeaderSize },
    maxHeaderListPairs: maxHeaders,
    maxSessionMemory: 64,
    noDelay: true,
    http1Options: { connectionsCheckingInterval, maxHeaderSize, keepAliveTimeout: idleTimeout },
    maxHeaderSize,
  } as http2.SecureServerOptions);
  const limits = server as http2.Http2SecureServer & {
    headersTimeout: number;
    requestTimeout: number;
    keepAliveTimeout: number;
    maxHeadersCount: number;
  };
  limits.headersTimeout = headersTimeout;
  limits.requestTimeout = 0;
  limits.keepAliveTimeout = idleTimeout;
  limits.maxHeadersCount = maxHeaders;
  handle1(server, handlers, open, clientCa !== undefined);
  handle2(server, handlers, open, clientCa !== undefined);
  quicken(server, 'secureConnection', { handlers, open, hasClientCa: clientCa !== undefined });
  server.on('sessionError', () => {});
  // node leaves a connection that failed or dawdled in its handshake to us.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  // ALPN offered nothing that we speak.
  server.on('unknownProtocol', (socket) => socket.destroy());
  return server;
}

async function close(server: AnyServer, open: Connections, grace: number): Promise<void> {
  open.closing = true;
  const closed = new Promise<void>((resolve) => (server as Server).close(() => resolve()));
  for (const session of open.sessions) session.close(); // GOAWAY; streams in flight may finish
  for (const socket of open.all) if (open.busy.get(socket) === 0) socket.destroySoon();
  const killer = setTimeout(() => {
    for (const session of open.sessions) session.destroy();
    for (const socket of open.all) socket.destroy();
  }, grace);
  await closed;
  clearTimeout(killer);
}

/** Serves until closed. */
export const serveHttp: Net['serveHttp'] = (options, handlers) =>
  new Promise((resolve, reject) => {
    const open: Connections = { busy: new Map(), sessions: new Set(), all: new Set(), closing: false };
    const server = create(options, handlers, open);
    server.on('connection', (socket: NetSocket) => {
      open.all.add(socket);
      socket.once('close', () => {
        open.all.delete(socket);
        open.busy.delete(socket);
      });
    });
    server.once('error', reject);
    (server as Server).listen(options.port, options.host, () => {
      server.off('error', reject);
      server.on('error', () => {});
      const result: HttpServer = {
        port: ((server as Server).address() as AddressInfo).port,
        useCertificate: ({ cert, key }) => {
          if ('setSecureContext' in server) server.setSecureContext({ cert, key, ca: options.tls?.clientCa, minVersion: 'TLSv1.2' });
        },
        close: (grace = 0) => close(server, open, grace),
      };
      resolve(result);
    });
  });
