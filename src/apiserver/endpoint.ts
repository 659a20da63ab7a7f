// Endpoints: whatever answers a request once the chain has let it through. Resources of rows are served by the generic
// registry; everything else (discovery, OpenAPI, reviews, streaming subresources, /version …) plugs in as one of these.
import type { Socket } from '#base/net.ts';
import type { KubeObject } from '#api/object.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Answer, Backend, Context, RequestInfo } from './chain.ts';
import type { ResourceRow } from './resources/row.ts';

export interface Endpoint {
  /** Answers a request; throws StatusError to refuse. */
  handle(ctx: Context): Answer | Promise<Answer>;
  /** HTTP/1.1 Upgrade. Writes the 101 itself. Throwing StatusError before anything is written refuses with that Status. */
  upgrade?(ctx: Context, socket: Socket): Promise<void>;
  /** Opens a connection to somewhere else: admission sees it as CONNECT. */
  readonly connects?: boolean;
  /** Not counted by the in-flight limit and not timed out (exec, log -f, proxy). */
  readonly longRunning?: boolean;
}

/** Serves a non-resource path; with `below` also every path under it. The longest match wins. */
export interface PathEndpoint extends Endpoint {
  readonly path: string;
  readonly below?: boolean;
  /** GET (and HEAD) when absent. */
  readonly methods?: readonly string[];
}

/** Serves a resource or subresource instead of the generic registry. Verbs are those of the row. */
export interface ResourceEndpoint extends Endpoint {
  readonly group: string;
  /** Absent: every version. */
  readonly version?: string;
  readonly resource: string;
  /** Empty: the resource itself. */
  readonly subresource: string;
}

/** What a plug-in module contributes; made once, when the server is composed. */
export interface Plug {
  readonly paths?: readonly PathEndpoint[];
  readonly resources?: readonly ResourceEndpoint[];
  /** Asked before everything else: who answers here although rows or other plugs may know the path, too. */
  claims?(info: RequestInfo): Endpoint | undefined;
  /** Work beside requests; called when the server can serve, disposed of with it. `user` is the server's own identity. */
  start?(user: UserInfo): Promise<AsyncDisposable>;
}
export type PlugFactory = (backend: Backend) => Plug;

/** Renders objects as a meta.k8s.io/v1 Table; `includeObject` is None, Metadata or Object. */
export type TablePrinter = (
  row: ResourceRow,
  objects: readonly KubeObject[],
  options: { readonly includeObject: 'None' | 'Metadata' | 'Object'; readonly noHeaders: boolean; readonly now: number },
) => TableParts;

export interface TableParts {
  readonly columnDefinitions: readonly object[];
  readonly rows: readonly object[];
}

/** A JSON object answer. */
export function objectAnswer(object: object, status = 200): Answer {
  return { kind: 'object', status, object };
}

/** A plain-text answer. */
export function textAnswer(text: string, status = 200): Answer {
  return {
    kind: 'bytes',
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    bytes: text,
  };
}
