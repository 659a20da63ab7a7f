// Sockets, HTTP and cryptography as arguments (DESIGN law 1).

/** A byte stream in both directions. Reading is by async iteration; a destroyed peer ends it. */
export interface Socket {
  readonly readable: AsyncIterable<Uint8Array>;
  /** Sends bytes; resolves when they have been handed to the kernel (back-pressure). */
  write(bytes: Uint8Array): Promise<void>;
  /** Half-closes our side. */
  end(): void;
  destroy(error?: Error): void;
  readonly closed: Promise<void>;
  readonly remoteAddress?: string;
  readonly localPort?: number;
}

export interface PeerCertificate {
  /** Subject common name and organizations, i.e. the Kubernetes user and groups. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly serialNumber: string;
  /** DER bytes. */
  readonly raw: Uint8Array;
  /** True when the chain verifies against the client CA. */
  readonly trusted: boolean;
  readonly notAfter: number;
}

export type HttpHeaders = Readonly<Record<string, string | undefined>>;

/** One request as the server sees it. Header names are lower case; repeated headers are joined with ', '. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query, undecoded. */
  readonly url: string;
  readonly headers: HttpHeaders;
  readonly httpVersion: '1.1' | '2';
  readonly remoteAddress: string;
  readonly peer: PeerCertificate | undefined;
  /** Aborted when the client goes away or the response is complete. */
  readonly signal: AbortSignal;
  /** The request body; may be iterated once. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The answer's sink. Either `send` once, or `stream` once. */
export interface HttpReply {
  send(status: number, headers: HttpHeaders, body?: Uint8Array | string): void;
  stream(status: number, headers: HttpHeaders): HttpWriter;
}

export interface HttpWriter {
  /** False when the peer is slow: the data is queued, wait for `drained` before writing more. */
  write(bytes: Uint8Array | string): boolean;
  drained(): Promise<void>;
  /** Bytes queued and not yet taken by the kernel. */
  readonly buffered: number;
  end(): void;
  destroy(): void;
}

export interface HttpHandlers {
  request(request: HttpRequest, reply: HttpReply): void;
  /** HTTP/1.1 Upgrade (WebSocket, SPDY). The handler writes the 101 (or an error) itself. */
  upgrade?(request: HttpRequest, socket: Socket): void;
}

export interface ServeOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** PEM texts; without them plain HTTP/1.1 is served. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
}

export interface HttpServer {
  readonly port: number;
  /** Shows another certificate from the next connection on; does nothing for a server without one. */
  useCertificate(pair: { readonly cert: string; readonly key: string }): void;
  /** Stops accepting, lets in-flight requests finish for `grace` ms, then closes all sockets. */
  close(grace?: number): Promise<void>;
}

export interface TlsClientOptions {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly insecure?: boolean;
}

/** Headers of a request that we send; an array is sent as repeated lines. */
export type SentHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: SentHeaders;
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array>;
  readonly tls?: TlsClientOptions;
  readonly signal?: AbortSignal;
  /** Milliseconds until headers arrive. */
  readonly timeout?: number;
  /** Unix socket to connect to instead of the URL's host. */
  readonly socketPath?: string;
}

export interface FetchResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: AsyncIterable<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  text(): Promise<string>;
}

export interface UdpSocket {
  readonly port: number;
  send(bytes: Uint8Array, port: number, address: string): void;
  close(): Promise<void>;
}

export interface Net {
  serveHttp(options: ServeOptions, handlers: HttpHandlers): Promise<HttpServer>;
  /** An HTTP/1.1 or HTTP/2 request over pooled connections. Redirects are not followed. */
  fetch(url: string, options?: FetchOptions): Promise<FetchResponse>;
  /** Sends an HTTP/1.1 Upgrade request; resolves with the socket after a 101, otherwise with the refusing response. */
  upgrade(url: string, options: FetchOptions): Promise<{ socket: Socket; headers: HttpHeaders } | { refused: FetchResponse }>;
  connect(target: { host: string; port: number; tls?: TlsClientOptions } | { path: string }, timeout?: number): Promise<Socket>;
  listenTcp(host: string, port: number, onSocket: (socket: Socket) => void): Promise<{ port: number; close(): Promise<void> }>;
  listenUdp(host: string, port: number, onMessage: (bytes: Uint8Array, port: number, address: string) => void): Promise<UdpSocket>;
  /** Non-internal addresses of this machine. */
  addresses(): readonly {
    readonly name: string;
    readonly address: string;
    readonly family: 4 | 6;
    readonly internal: boolean;
    readonly prefix: number;
  }[];
}

export interface Digest {
  sha256(bytes: Uint8Array | string): string;
  /** SHA-256 of a stream, in hexadecimal like `sha256`. */
  sha256Of(source: AsyncIterable<Uint8Array>): Promise<string>;
  /** SHA-1 as base64, for the WebSocket handshake only. */
  sha1Base64(text: string): string;
}
