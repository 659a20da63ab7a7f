// A whole cluster on simulated nodes in this process, and clients that speak to it as the conformance suite's do: typed
// ones in protobuf, dynamic ones in JSON, over https.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { World } from '#base/world.ts';
import type { Draft, KubeObject } from '#api/object.ts';
import { ConfigMaps, Namespaces, type ResourceRef, ServiceAccounts } from '#api/refs.ts';
import { isConflict, isNotFound } from '#api/status.ts';
import { eventsOf } from '#client/body.ts';
import type { Client, ListResult, PatchParams, Selection } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { queryOf, resourcePath } from '#client/path.ts';
import type { Transport, WatchEvent } from '#client/transport.ts';
import { upOptions } from '#cmd/options.ts';
import { up } from '#cmd/up.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';
import { type Kubectl, kubectlFor } from './kubectl.ts';
import { protobufTransport } from './protobuf.ts';
import { until } from './until.ts';
import { type Wire, wireOver } from './wire.ts';

export interface Suite extends AsyncDisposable {
  /** Speaks protobuf. */
  readonly client: Client;
  /** Speaks JSON. */
  readonly dynamic: Client;
  readonly wire: Wire;
  readonly kubectl: Kubectl;
  readonly kubeconfig: string;
  readonly world: World;
  /** A directory that goes away with the cluster. */
  readonly dir: string;
  /** Acts as somebody else. */
  as(user: string): Client;
  /** Runs a test in a namespace of its own, furnished as the suite waits for it; it is deleted afterwards. */
  inNamespace(base: string, test: (namespace: string) => Promise<void>): Promise<void>;
}

let count = 0;

/** Starts one with so many simulated nodes. Disposing of it waits until every namespace of its tests is gone. */
export async function startSuite(nodes = 1): Promise<Suite> {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-suite-'));
  const world = createWorld({ logLevel: 'warn' });
  const options = upOptions(
    { nodes: nodes === 0 ? 'none' : `sim:${nodes}`, apiPort: '0' },
    { dataDir: dir, hostName: 'suite', root: false },
  );
  const running = await up(world, options, () => undefined);
  await running.ready;
  const { kubeconfig } = running.where;
  const access = await loadKubeconfig(world.fs, kubeconfig);
  const json = httpTransport(world.net, { server: access.server, tls: access.tls });
  const impersonating = (user: string): Transport => ({
    send: (request) => json.send({ ...request, headers: { ...request.headers, 'impersonate-user': user } }),
  });
  const client = createClient(protobufTransport(json));
  const used: string[] = [];
  const exists = async (name: string): Promise<boolean> => (await find(client, Namespaces, name)) !== undefined;
  return {
    client,
    dynamic: createClient(json),
    wire: wireOver(json),
    kubectl: kubectlFor(kubeconfig),
    kubeconfig,
    world,
    dir,
    as: (user) => createClient(protobufTransport(impersonating(user))),
    async inNamespace(base, test) {
      const name = `${base}-${++count}`;
      const labels = { 'e2e-framework': base, 'pod-security.kubernetes.io/enforce': 'privileged' };
      await client.resource(Namespaces).create({ metadata: { name, labels } });
      used.push(name);
      await until('its account', async () => find(client, ServiceAccounts, 'default', name));
      await until('its root certificate', async () => find(client, ConfigMaps, 'kube-root-ca.crt', name));
      try {
        await test(name);
      } finally {
        if (await exists(name)) await client.resource(Namespaces).delete(name);
      }
    },
    async [Symbol.asyncDispose]() {
      try {
        for (const name of used) await until(`namespace ${name} is gone`, async () => !(await exists(name)));
      } finally {
        await running[Symbol.asyncDispose]();
        await closeAgents();
        rmSync(dir, { recursive: true, force: true });
      }
    },
  };
}

/** The object, if there is one. */
export async function find<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  name: string,
  namespace?: string,
): Promise<T | undefined> {
  try {
    return await client.resource(ref).get(name, namespace ? { namespace } : {});
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** A resource in one namespace, or in none: what tests say of it in one short line each. */
export interface At<T extends KubeObject> {
  create(object: Draft<T>): Promise<T>;
  get(name: string, subresource?: string): Promise<T>;
  find(name: string): Promise<T | undefined>;
  list(selection?: Omit<Selection, 'namespace'>): Promise<ListResult<T>>;
  update(object: T): Promise<T>;
  updateStatus(object: T): Promise<T>;
  patch(name: string, type: PatchParams['type'], body: unknown, subresource?: string): Promise<T>;
  /** Reads, changes and writes until nobody else was quicker. */
  change(name: string, edit: (object: T) => T, subresource?: string): Promise<T>;
  remove(name: string, options?: object): Promise<void>;
  removeAll(labelSelector: string): Promise<void>;
  watch(params?: WatchStart): Promise<Watching<T>>;
}

export interface WatchStart {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly resourceVersion?: string | undefined;
}

export interface Watching<T> {
  /** The next event of the type that satisfies `check`; those before it are left out. */
  next(type: WatchEvent['type'], check?: (object: T) => unknown): Promise<T>;
  /** Every event that came so far and was not asked for. */
  waiting(): readonly WatchEvent<T>[];
  stop(): void;
}

/** Binds a resource to a namespace; without one it is cluster-wide. */
export function at<T extends KubeObject>(client: Client, ref: ResourceRef<T>, namespace?: string): At<T> {
  const resource = client.resource(ref);
  const place = namespace ? { namespace } : {};
  const get: At<T>['get'] = (name, subresource) => resource.get(name, { ...place, ...(subresource ? { subresource } : {}) });
  return {
    get,
    create: (object) => resource.create(object, place),
    find: (name) => find(client, ref, name, namespace),
    list: (selection = {}) => resource.list({ ...place, ...selection }),
    update: (object) => resource.update(object, place),
    updateStatus: (object) => resource.updateStatus(object, place),
    patch: (name, type, body, subresource) =>
      resource.patch(name, body, {
        ...place,
        type,
        ...(type === 'apply' ? { fieldManager: 'test-apply', force: true } : {}),
        ...(subresource ? { subresource } : {}),
      }),
    async change(name, edit, subresource) {
      for (let left = 20; ; left--) {
        try {
          return await resource.update(edit(await get(name)), { ...place, ...(subresource ? { subresource } : {}) });
        } catch (error) {
          if (!isConflict(error) || left === 0) throw error;
        }
      }
    },
    remove: async (name, options) => {
      await resource.delete(name, { ...place, ...(options ? { options } : {}) });
    },
    removeAll: (labelSelector) => resource.deleteCollection({ ...place, labelSelector }),
    watch: (start = {}) => openWatch(client, ref, { ...place, ...start }),
  };
}

/** How long a watch waits for an event. */
const patience = 180_000;

/** Resolves when the server has answered; events are kept from then on. */
async function openWatch<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  params: WatchStart & { readonly namespace?: string },
): Promise<Watching<T>> {
  const abort = new AbortController();
  const { resourceVersion, labelSelector, fieldSelector } = params;
  const response = await client.transport.send({
    method: 'GET',
    path: resourcePath(ref, params),
    query: queryOf({ watch: true, resourceVersion, labelSelector, fieldSelector, timeoutSeconds: 300 }) ?? '',
    headers: { accept: 'application/json' },
    signal: abort.signal,
  });
  const events: WatchEvent<T>[] = [];
  let failure: unknown;
  void (async () => {
    for await (const event of eventsOf(response, abort.signal)) events.push(event as WatchEvent<T>);
  })().catch((error: unknown) => {
    failure = error;
  });
  return {
    async next(type, check = () => true) {
      const seen: string[] = [];
      const take = (): T | undefined => {
        if (failure !== undefined) throw failure;
        for (;;) {
          const event = events.shift();
          if (event === undefined) return undefined;
          if (event.type === type && check(event.object)) return event.object;
          seen.push(`${event.type} ${event.object.metadata.name}`);
        }
      };
      return until(`${type} is seen`, take, patience).catch((error: unknown) => {
        throw new Error(`seen instead: ${seen.join(', ')}`, { cause: error });
      });
    },
    waiting: () => events,
    stop: () => abort.abort(),
  };
}

/** Fails unless the versions grow: decimal numbers, comparable across objects. */
export function assertNewer(after: KubeObject, before: KubeObject): void {
  const [late, early] = [after, before].map(({ metadata }) => metadata.resourceVersion ?? '');
  assert.match(late ?? '', /^[1-9]\d*$/);
  assert.match(early ?? '', /^[1-9]\d*$/);
  assert.ok(BigInt(late ?? '') > BigInt(early ?? ''), `${late} after ${early}`);
}
