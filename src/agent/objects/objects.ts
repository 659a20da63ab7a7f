// ConfigMaps and Secrets for the pods of this node: one single-object watch for each that a pod uses, none for others.
import type { World } from '#base/world.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import type { KubeObject } from '#api/object.ts';
import { ConfigMaps, type ResourceRef, Secrets } from '#api/refs.ts';
import { isNotFound, notFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import type { Informer, Informers } from '#client/cache.ts';
import type { ObjectSource } from '../parts.ts';
import { uidOf } from '../sync/spec.ts';
import { type ObjectRef, podReferences } from './references.ts';

interface Watched {
  readonly informer: Informer<ConfigMap> | Informer<Secret>;
  readonly users: Set<string>;
  readonly release: () => void;
}

/** How long to wait for a new watch before asking directly. */
const patience = 3000;

const selection = (namespace: string, name: string) => ({ namespace, fieldSelector: `metadata.name=${name}` });

export class PodObjects implements ObjectSource {
  readonly #client: Client;
  readonly #informers: Informers;
  readonly #clock: World['clock'];
  readonly #watched = new Map<string, Watched>();
  readonly #keys = new Map<string, readonly string[]>();
  readonly #listeners = new Set<(uid: string) => void>();

  constructor(client: Client, informers: Informers, clock: World['clock']) {
    this.#client = client;
    this.#informers = informers;
    this.#clock = clock;
  }

  /** Starts watching what the pod refers to (again after the pod changed). */
  register(pod: Pod): void {
    const uid = uidOf(pod);
    const namespace = pod.metadata.namespace ?? '';
    const references = podReferences(pod);
    const keys = references.map((ref) => `${ref.kind}/${namespace}/${ref.name}`);
    const before = this.#keys.get(uid) ?? [];
    this.#keys.set(uid, keys);
    for (const [index, ref] of references.entries()) this.#use(keys[index] as string, ref, { namespace, uid });
    for (const key of before) if (!keys.includes(key)) this.#leave(key, uid);
  }

  /** The pod needs nothing any more. */
  unregister(uid: string): void {
    for (const key of this.#keys.get(uid) ?? []) this.#leave(key, uid);
    this.#keys.delete(uid);
  }

  #use(key: string, ref: ObjectRef, about: { namespace: string; uid: string }): void {
    const known = this.#watched.get(key);
    if (known) {
      known.users.add(about.uid);
      return;
    }
    const users = new Set([about.uid]);
    const announce = (): void => {
      for (const uid of users) for (const listener of this.#listeners) listener(uid);
    };
    const follow = <T extends KubeObject>(resource: ResourceRef<T>): { informer: Informer<T>; remove: () => void } => {
      const informer = this.#informers.of(resource, selection(about.namespace, ref.name));
      // The first list is no change; what pods wait for is asked for directly.
      let settled = false;
      void informer.whenSynced.then(
        () => {
          settled = true;
        },
        () => undefined,
      );
      const added = (): void => {
        if (settled) announce();
      };
      return { informer, remove: informer.onChange({ added, updated: announce, deleted: announce }) };
    };
    const { informer, remove } = ref.kind === 'ConfigMap' ? follow(ConfigMaps) : (follow(Secrets) as ReturnType<typeof follow<Secret>>);
    this.#watched.set(key, { informer: informer as Informer<ConfigMap>, users, release: remove });
  }

  #leave(key: string, uid: string): void {
    const watched = this.#watched.get(key);
    if (!watched) return;
    watched.users.delete(uid);
    if (watched.users.size > 0) return;
    this.#watched.delete(key);
    watched.release();
    const [kind = '', namespace = '', name = ''] = key.split('/');
    const resource: ResourceRef = kind === 'ConfigMap' ? ConfigMaps : Secrets;
    void this.#informers.drop(resource, selection(namespace, name)).catch(() => undefined);
  }

  async #read<T extends KubeObject>(resource: ResourceRef<T>, namespace: string, name: string): Promise<T> {
    const watched = this.#watched.get(`${resource.kind}/${namespace}/${name}`);
    if (watched) {
      const informer = watched.informer as unknown as Informer<T>;
      if (!informer.synced) {
        const timeout = new AbortController();
        await Promise.race([
          informer.whenSynced.catch(() => undefined),
          this.#clock.sleep(patience, timeout.signal).catch(() => undefined),
        ]);
        timeout.abort();
      }
      const object = informer.synced ? informer.lister.get(name, namespace) : undefined;
      if (object) return object;
    }
    // Not there as far as we know: it may just have been made, so the server has the last word.
    try {
      return await this.#client.resource(resource).get(name, { namespace });
    } catch (error) {
      // Messages on the node name the kind in the singular.
      throw isNotFound(error) ? notFound({ group: '', resource: resource.kind.toLowerCase() }, name) : error;
    }
  }

  configMap(namespace: string, name: string): Promise<ConfigMap> {
    return this.#read(ConfigMaps, namespace, name);
  }

  secret(namespace: string, name: string): Promise<Secret> {
    return this.#read(Secrets, namespace, name);
  }

  onChange(listener: (podUid: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
