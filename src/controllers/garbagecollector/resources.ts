// What is served, kept current: the kinds that the graph is made of, and how to reach an object of any kind.
import type { World } from '#base/world.ts';
import { messageOf } from '#base/errors.ts';
import { apiVersionOf, type KubeObject, parseApiVersion } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { discover, preferredWith } from '#client/discovery.ts';

/** Kinds without owners worth following, and too many of them. */
const ignored = new Set(['/events', 'events.k8s.io/events']);

const resourceKey = (ref: ResourceRef): string => `${ref.group}/${ref.resource}`;

export interface Changes {
  readonly added: readonly ResourceRef<KubeObject>[];
  readonly removed: readonly ResourceRef<KubeObject>[];
}

/** The served resources that have owners and dependents. */
export class ServedKinds {
  readonly #client: Client;
  readonly #log: World['log'];
  #byKind = new Map<string, ResourceRef<KubeObject>>();
  #watched = new Map<string, ResourceRef<KubeObject>>();

  constructor(client: Client, log: World['log']) {
    this.#client = client;
    this.#log = log;
  }

  /** Asks the server anew; says which resources came and went. */
  async refresh(): Promise<Changes> {
    const discovered = await discover(this.#client.transport);
    const wanted = new Map<string, ResourceRef<KubeObject>>();
    for (const ref of preferredWith(discovered, 'list', 'watch', 'delete'))
      if (!ignored.has(resourceKey(ref))) wanted.set(resourceKey(ref), ref);
    const failed = new Set([...discovered.failed.keys()].map((name) => parseApiVersion(name).group));
    if (failed.size > 0) this.#log.debug('some groups cannot be discovered', { groups: [...failed].join(', ') });
    const added = [...wanted].filter(([key]) => !this.#watched.has(key)).map(([, ref]) => ref);
    // A group that cannot be asked now is not gone.
    const removed = [...this.#watched].filter(([key, ref]) => !wanted.has(key) && !failed.has(ref.group)).map(([, ref]) => ref);
    for (const ref of added) this.#watched.set(resourceKey(ref), ref);
    for (const ref of removed) this.#watched.delete(resourceKey(ref));
    const byKind = new Map<string, ResourceRef<KubeObject>>();
    for (const { ref, preferred } of discovered.resources) {
      const group = `${ref.group}/*/${ref.kind}`;
      if (preferred && !byKind.has(group)) byKind.set(group, ref);
      byKind.set(`${apiVersionOf(ref)}/${ref.kind}`, ref);
    }
    this.#byKind = byKind;
    return { added, removed };
  }

  /** The resource of a kind, in its own version or, where that is no longer served, in another. */
  find(apiVersion: string, kind: string): ResourceRef<KubeObject> | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`) ?? this.#byKind.get(`${parseApiVersion(apiVersion).group}/*/${kind}`);
  }

  /** `find`, asking the server once more before giving up. */
  async require(apiVersion: string, kind: string): Promise<ResourceRef<KubeObject>> {
    const known = this.find(apiVersion, kind);
    if (known !== undefined) return known;
    await this.refresh().catch((error: unknown) => this.#log.debug('discovery failed', { error: messageOf(error) }));
    const found = this.find(apiVersion, kind);
    if (found === undefined) throw new Error(`unable to get REST mapping for ${apiVersion}/${kind}.`);
    return found;
  }
}
