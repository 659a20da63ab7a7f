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
  /** What somebody was told to follow. */
  readonly #watched = new Map<string, ResourceRef<KubeObject>>();

  constructor(client: Client, log: World['log']) {
    this.#client = client;
    this.#log = log;
  }

  /** Asks the server anew; says which resources came and went since it was asked for that last. */
  async refresh(): Promise<Changes> {
    const { wanted, served, failed } = await this.#ask();
    const isServed = (ref: ResourceRef<KubeObject>): boolean => served.has(`${ref.version}/${resourceKey(ref)}`);
    // A group that cannot be asked now is not gone. A version that is gone is followed in another.
    const removed = [...this.#watched].filter(([, ref]) => !isServed(ref) && !failed.has(ref.group)).map(([, ref]) => ref);
    for (const ref of removed) this.#watched.delete(resourceKey(ref));
    const added = [...wanted].filter(([key]) => !this.#watched.has(key)).map(([, ref]) => ref);
    for (const ref of added) this.#watched.set(resourceKey(ref), ref);
    return { added, removed };
  }

  async #ask(): Promise<{
    readonly wanted: ReadonlyMap<string, ResourceRef<KubeObject>>;
    readonly served: ReadonlySet<string>;
    readonly failed: ReadonlySet<string>;
  }> {
    const discovered = await discover(this.#client.transport);
    const wanted = new Map<string, ResourceRef<KubeObject>>();
    for (const ref of preferredWith(discovered, 'list', 'watch', 'delete'))
      if (!ignored.has(resourceKey(ref))) wanted.set(resourceKey(ref), ref);
    const failed = new Set([...discovered.failed.keys()].map((name) => parseApiVersion(name).group));
    if (failed.size > 0) this.#log.debug('some groups cannot be discovered', { groups: [...failed].join(', ') });
    const byKind = new Map<string, ResourceRef<KubeObject>>();
    const served = new Set<string>();
    for (const { ref, preferred } of discovered.resources) {
      served.add(`${ref.version}/${resourceKey(ref)}`);
      const group = `${ref.group}/*/${ref.kind}`;
      if (preferred && !byKind.has(group)) byKind.set(group, ref);
      byKind.set(`${apiVersionOf(ref)}/${ref.kind}`, ref);
    }
    this.#byKind = byKind;
    return { wanted, served, failed };
  }

  /** The resource of a kind, in its own version or, where that is no longer served, in another. */
  find(apiVersion: string, kind: string): ResourceRef<KubeObject> | undefined {
    return this.#byKind.get(`${apiVersion}/${kind}`) ?? this.#byKind.get(`${parseApiVersion(apiVersion).group}/*/${kind}`);
  }

  /** `find`, asking the server once more before giving up. */
  async require(apiVersion: string, kind: string): Promise<ResourceRef<KubeObject>> {
    const known = this.find(apiVersion, kind);
    if (known !== undefined) return known;
    await this.#ask().catch((error: unknown) => this.#log.debug('discovery failed', { error: messageOf(error) }));
    const found = this.find(apiVersion, kind);
    if (found === undefined) throw new Error(`unable to get REST mapping for ${apiVersion}/${kind}.`);
    return found;
  }
}
