// The typed client's contract. `createClient` (create.ts) implements it over any Transport.
import type { Draft, KubeObject } from '#api/object.ts';
import type { DeleteOptions } from '#api/meta/v1/options.ts';
import type { ListMeta } from '#api/meta/v1/objectmeta.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Transport, WatchEvent } from './transport.ts';

export interface ListResult<T> {
  readonly items: readonly T[];
  readonly metadata: ListMeta;
}

export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListParams extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
  readonly signal?: AbortSignal;
}

export interface WatchParams extends Selection {
  readonly resourceVersion?: string;
  readonly allowWatchBookmarks?: boolean;
  readonly sendInitialEvents?: boolean;
  readonly timeoutSeconds?: number;
  readonly signal: AbortSignal;
}

export interface WriteParams {
  readonly namespace?: string;
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  /** e.g. `status`, `scale`, `binding`, `eviction`, `token`. */
  readonly subresource?: string;
  readonly signal?: AbortSignal;
}

export interface PatchParams extends WriteParams {
  readonly type: 'json' | 'merge' | 'strategic' | 'apply';
  readonly force?: boolean;
}

export interface DeleteParams extends WriteParams {
  readonly options?: Draft<DeleteOptions>;
}

/** Every method rejects with StatusError (#api/status.ts) when the server refuses. Objects are immutable. */
export interface ResourceClient<T extends KubeObject> {
  readonly ref: ResourceRef<T>;
  get(name: string, params?: { namespace?: string; resourceVersion?: string; subresource?: string; signal?: AbortSignal }): Promise<T>;
  list(params?: ListParams): Promise<ListResult<T>>;
  /** Events until the server ends the watch or the signal aborts. An ERROR event is thrown as StatusError. */
  watch(params: WatchParams): AsyncIterable<WatchEvent<T>>;
  create(object: Draft<T>, params?: WriteParams & { name?: string }): Promise<T>;
  /** Replaces; namespace, name and resourceVersion come from the object. */
  update(object: T, params?: WriteParams): Promise<T>;
  updateStatus(object: T, params?: WriteParams): Promise<T>;
  patch(name: string, body: unknown, params: PatchParams): Promise<T>;
  /** The last state, or the Status that the server answered. */
  delete(name: string, params?: DeleteParams): Promise<unknown>;
  deleteCollection(selection: Selection, params?: DeleteParams): Promise<void>;
  /** POST to a subresource whose body is of another kind (binding, eviction, token). */
  createSub<B, R = B>(name: string, subresource: string, body: B, params?: WriteParams): Promise<R>;
}

export interface Client {
  readonly transport: Transport;
  resource<T extends KubeObject>(ref: ResourceRef<T>): ResourceClient<T>;
}
