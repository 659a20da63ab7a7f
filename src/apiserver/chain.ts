// The types that every request meets on its way: the call (one shape for HTTP and loopback), what it asks for, and the
// plug points of the chain's stages. The stages run in order: request info → authn → audit → impersonation → authz →
// endpoint (decode → admission → verb). See server.ts for the composition.
import type { HttpHeaders, PeerCertificate } from '#base/net.ts';
import type { World } from '#base/world.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Transport, UserInfo } from '#client/transport.ts';
import type { AuditRecord } from './audit/record.ts';
import type { OtherRequest } from './admission/other.ts';
import type { ServerConfig } from './config.ts';
import type { ResourceRow } from './resources/row.ts';

/** One request, from a socket or from the loopback. */
export interface Call {
  readonly method: string;
  /** Path without query, undecoded. */
  readonly path: string;
  /** Raw query without `?`. */
  readonly query: string;
  /** Parsed query. */
  readonly params: URLSearchParams;
  readonly headers: HttpHeaders;
  readonly httpVersion: '1.1' | '2' | 'loopback';
  readonly remoteAddress: string;
  readonly peer: PeerCertificate | undefined;
  readonly signal: AbortSignal;
  /** Identity that the loopback vouches for; undefined over HTTP. */
  readonly user: UserInfo | undefined;
  /** Body handed over as an object (loopback only); immutable. */
  readonly object: unknown;
  /** Raw body, to be iterated once (streaming endpoints); `readBody` in body.ts for bounded reads. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What a path asks for (the API path grammar). */
export interface RequestInfo {
  readonly isResource: boolean;
  /** Decoded path. */
  readonly path: string;
  /** get, list, watch, create, update, patch, delete, deletecollection, or the lower-case method for non-resource paths. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Path segments after the subresource, decoded (proxy paths). */
  readonly rest: readonly string[];
}

/** A request on its way through the chain. */
export interface Context {
  readonly call: Call;
  readonly info: RequestInfo;
  /** Who asks; after authentication and impersonation. */
  readonly user: UserInfo;
  /** Texts for Warning headers; append with `warn`. */
  readonly warnings: string[];
  readonly backend: Backend;
  /** Notes for the audit log; see `annotate`. */
  annotations?: Map<string, string>;
  /** The request's record in the audit log, if the policy wants one. */
  readonly audit?: AuditRecord | undefined;
}

/** What an endpoint answers. The edge (negotiate.ts) encodes it for HTTP; the loopback hands it over. */
export type Answer =
  | {
      readonly kind: 'object';
      readonly status: number;
      readonly object: object;
      /** `object` with the encodings that are at hand. */
      readonly item?: Encodable;
      readonly headers?: HttpHeaders;
      /** Row and list-ness for Table and PartialObjectMetadata conversion; absent: not convertible. */
      readonly row?: ResourceRow;
    }
  | {
      readonly kind: 'list';
      readonly row: ResourceRow;
      readonly listMeta: ListMetaValues;
      readonly items: readonly Encodable[];
    }
  | { readonly kind: 'watch'; readonly row: ResourceRow; readonly events: WatchEvents }
  | { readonly kind: 'bytes'; readonly status: number; readonly headers: HttpHeaders; readonly bytes: Uint8Array | string }
  | { readonly kind: 'stream'; readonly status: number; readonly headers: HttpHeaders; readonly stream: AsyncIterable<Uint8Array> };

export interface ListMetaValues {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

/** An object with its JSON encoding made at most once. */
export interface Encodable {
  readonly object: KubeObject;
  /** Its protobuf message without the envelope, once somebody has asked for it: see `messageOf`. */
  message?: Uint8Array | undefined;
  json(): Uint8Array;
}

export interface EncodableEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly item: Encodable;
}

/** The events of a watch, in batches: either iterated, or pushed. */
export interface WatchEvents extends AsyncIterable<readonly EncodableEvent[]> {
  /**
   * Gives `sink` every batch as soon as it is its turn among all watchers; nothing more before the promise that it may return is
   * resolved. Resolves when the watch has ended; rejects, and ends it, when the sink does not want any more.
   */
  push(sink: (batch: readonly EncodableEvent[]) => Promise<void> | undefined): Promise<void>;
}

/**
 * Authenticates a call over HTTP: a user, or undefined when the call carries nothing that this authenticator knows.
 * Throws StatusError 401 for credentials that are its own but bad. The chain ends with `system:anonymous` (or 401).
 */
export type Authenticator = (call: Call) => UserInfo | undefined | Promise<UserInfo | undefined>;

/** What authorization decides on. */
export interface AuthzAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Non-resource path. */
  readonly path: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

export interface Decision {
  readonly decision: 'allow' | 'deny' | 'no-opinion';
  readonly reason?: string;
}

export interface Authorizer {
  authorize(attributes: AuthzAttributes): Decision | Promise<Decision>;
}

/** What endpoints and plug-ins may use of the server. Reads skip authorization: the caller is the server itself. */
export interface Backend {
  readonly world: World;
  readonly config: ServerConfig;
  /** The rows that are served, those of CRDs included. */
  rows(): readonly ResourceRow[];
  /** Changes whenever `rows()` changes. */
  rowsGeneration(): number;
  /** The newest state; throws StatusError NotFound. */
  get<T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string): Promise<T>;
  /** From the watch cache, without waiting. */
  peek<T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string): T | undefined;
  list<T extends KubeObject>(ref: ResourceRef<T>, namespace?: string): readonly T[];
  /**
   * Calls `changed` after every change of a resource in the watch cache, and `lost` when some may have been missed: what was made
   * of the objects is to be made anew. Returns the remover.
   */
  onChange(ref: ResourceRef, changed: (object: KubeObject, type: 'ADDED' | 'MODIFIED' | 'DELETED') => void, lost?: () => void): () => void;
  /** Loopback transport with an identity, through the whole chain. */
  transport(user: UserInfo): Transport;
  /** Admission of what the registry does not write itself; see admission/other.ts. */
  admit(ctx: Context, request: OtherRequest): Promise<object>;
  readonly authorizer: Authorizer;
}
