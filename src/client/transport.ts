// The road to the API server. One method; http and loopback implement it, and the API server's chain *is* one.
import type { HttpHeaders, Socket } from '#base/net.ts';

/** Who asks, where the transport itself vouches for it (loopback). Over http the server works it out. */
export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** Path without query, e.g. `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  /** Raw query without `?`, e.g. `limit=500&labelSelector=a%3Db`. */
  readonly query?: string;
  /** Lower-case names. `content-type` and `accept` as in HTTP. */
  readonly headers?: HttpHeaders;
  /** Encoded body, or (loopback only) the object itself, which is then immutable for both sides. */
  readonly body?: { readonly bytes: Uint8Array } | { readonly object: unknown };
  readonly signal?: AbortSignal;
}

export interface WatchEvent<T = unknown> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

export interface ApiResponse {
  readonly status: number;
  readonly headers: HttpHeaders;
  /** `object`/`events` come only from loopback; `bytes`/`stream` from http and from endpoints that are not objects. */
  readonly body:
    | { readonly object: unknown }
    | { readonly bytes: Uint8Array }
    | { readonly events: AsyncIterable<WatchEvent> }
    | { readonly stream: AsyncIterable<Uint8Array> };
}

export interface Transport {
  /** Sends one request. Resolves for every HTTP status; rejects when no answer can be had. */
  send(request: ApiRequest): Promise<ApiResponse>;
  /** Opens an upgraded connection (exec, attach, port-forward). Rejects with StatusError when refused. */
  upgrade?(request: ApiRequest): Promise<{ readonly socket: Socket; readonly headers: HttpHeaders }>;
  close?(): Promise<void>;
}
