// The typed client: one request per method, the same over http and over the loopback.
import { apiVersionOf, type Draft, type KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import { eventsOf, objectOf } from './body.ts';
import type {
  Client,
  DeleteParams,
  ListParams,
  ListResult,
  PatchParams,
  ResourceClient,
  Selection,
  WatchParams,
  WriteParams,
} from './client.ts';
import { queryOf, resourcePath } from './path.ts';
import type { ApiRequest, Transport, WatchEvent } from './transport.ts';

const json = { accept: 'application/json', 'content-type': 'application/json' } as const;

const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

function selectionOf(params: Selection): Record<string, string | undefined> {
  return { labelSelector: params.labelSelector, fieldSelector: params.fieldSelector };
}

function writeQuery(params: WriteParams | undefined): Record<string, string | boolean | undefined> {
  return { fieldManager: params?.fieldManager, dryRun: params?.dryRun ? 'All' : undefined };
}

class TypedClient<T extends KubeObject> implements ResourceClient<T> {
  readonly ref: ResourceRef<T>;
  readonly #transport: Transport;
  readonly #type: { apiVersion: string; kind: string };

  constructor(transport: Transport, ref: ResourceRef<T>) {
    this.#transport = transport;
    this.ref = ref;
    this.#type = { apiVersion: apiVersionOf(ref), kind: ref.kind };
  }

  async get(
    name: string,
    params: { namespace?: string; resourceVersion?: string; subresource?: string; signal?: AbortSignal } = {},
  ): Promise<T> {
    const answer = await this.#send('GET', {
      path: resourcePath(this.ref, { ...params, name }),
      query: queryOf({ resourceVersion: params.resourceVersion }),
      signal: params.signal,
    });
    return answer as T;
  }

  async list(params: ListParams = {}): Promise<ListResult<T>> {
    const answer = (await this.#send('GET', {
      path: resourcePath(this.ref, params),
      query: queryOf({
        ...selectionOf(params),
        limit: params.limit,
        continue: params.continue,
        resourceVersion: params.resourceVersion,
        resourceVersionMatch: params.resourceVersionMatch,
      }),
      signal: params.signal,
    })) as { items?: readonly T[] | null; metadata?: ListResult<T>['metadata'] };
    const items = answer.items ?? [];
    // Items of a typed list carry no apiVersion and kind over http.
    const typed = items.length > 0 && items[0]?.kind === undefined ? items.map((item) => ({ ...this.#type, ...item })) : items;
    return { items: typed, metadata: answer.metadata ?? {} };
  }

  async *watch(params: WatchParams): AsyncGenerator<WatchEvent<T>> {
    const { signal } = params;
    if (signal.aborted) return;
    let response;
    try {
      response = await this.#transport.send({
        method: 'GET',
        path: resourcePath(this.ref, params),
        query: queryOf({
          ...selectionOf(params),
          watch: true,
          resourceVersion: params.resourceVersion,
          allowWatchBookmarks: params.allowWatchBookmarks,
          sendInitialEvents: params.sendInitialEvents,
          resourceVersionMatch: params.sendInitialEvents ? 'NotOlderThan' : undefined,
          timeoutSeconds: params.timeoutSeconds,
        }),
        headers: { accept: 'application/json' },
        signal,
      });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    yield* eventsOf(response, signal) as AsyncGenerator<WatchEvent<T>>;
  }

  async create(object: Draft<T>, params?: WriteParams & { name?: string }): Promise<T> {
    const metadata = (object as Partial<KubeObject>).metadata;
    const namespace = params?.namespace ?? metadata?.namespace;
    const path = resourcePath(this.ref, { namespace, name: params?.name, subresource: params?.subresource });
    return (await this.#write('POST', path, { ...this.#type, ...object }, params)) as T;
  }

  async update(object: T, params?: WriteParams): Promise<T> {
    const { name, namespace } = object.metadata;
    const path = resourcePath(this.ref, { namespace: params?.namespace ?? namespace, name, subresource: params?.subresource });
    const body = object.kind === undefined && params?.subresource === undefined ? { ...this.#type, ...object } : object;
    return (await this.#write('PUT', path, body, params)) as T;
  }

  updateStatus(object: T, params?: WriteParams): Promise<T> {
    return this.update(object.kind === undefined ? { ...this.#type, ...object } : object, { ...params, subresource: 'status' });
  }

  async patch(name: string, body: unknown, params: PatchParams): Promise<T> {
    const answer = await this.#send('PATCH', {
      path: resourcePath(this.ref, { namespace: params.namespace, name, subresource: params.subresource }),
      query: queryOf({ ...writeQuery(params), force: params.force }),
      headers: { ...json, 'content-type': patchTypes[params.type] },
      body: { object: body },
      signal: params.signal,
    });
    return answer as T;
  }

  delete(name: string, params?: DeleteParams): Promise<unknown> {
    const path = resourcePath(this.ref, { namespace: params?.namespace, name, subresource: params?.subresource });
    return this.#remove(path, {}, params);
  }

  async deleteCollection(selection: Selection, params?: DeleteParams): Promise<void> {
    await this.#remove(resourcePath(this.ref, { namespace: selection.namespace ?? params?.namespace }), selectionOf(selection), params);
  }

  async createSub<B, R = B>(name: string, subresource: string, body: B, params?: WriteParams): Promise<R> {
    const path = resourcePath(this.ref, { namespace: params?.namespace, name, subresource });
    return (await this.#write('POST', path, body, params)) as R;
  }

  #remove(path: string, query: Record<string, string | undefined>, params?: DeleteParams): Promise<unknown> {
    const options = params?.options && { kind: 'DeleteOptions', apiVersion: 'v1', ...params.options };
    return this.#send('DELETE', {
      path,
      query: queryOf({ ...query, ...writeQuery(params) }),
      ...(options ? { body: { object: options }, headers: json } : {}),
      signal: params?.signal,
    });
  }

  #write(method: 'POST' | 'PUT', path: string, body: unknown, params?: WriteParams): Promise<unknown> {
    return this.#send(method, { path, query: queryOf(writeQuery(params)), headers: json, body: { object: body }, signal: params?.signal });
  }

  async #send(method: ApiRequest['method'], request: Omit<ApiRequest, 'method'>): Promise<unknown> {
    return objectOf(await this.#transport.send({ method, headers: { accept: 'application/json' }, ...request }));
  }
}

/** A client over any transport. Bodies are handed over as objects; a transport over a wire encodes them itself. */
export function createClient(transport: Transport): Client {
  return { transport, resource: (ref) => new TypedClient(transport, ref) };
}
