// The objects as they are in the API server, at once and without a network: what invariants judge by.
import { keyOf, type KubeObject } from '#api/object.ts';
import {
  ConfigMaps,
  ControllerRevisions,
  CronJobs,
  DaemonSets,
  Deployments,
  EndpointSlices,
  HorizontalPodAutoscalers,
  Jobs,
  Leases,
  Namespaces,
  Nodes,
  PersistentVolumeClaims,
  PersistentVolumes,
  PodDisruptionBudgets,
  Pods,
  ReplicaSets,
  ResourceQuotas,
  type ResourceRef,
  Services,
  StatefulSets,
} from '#api/refs.ts';
import type { Client } from '#client/client.ts';

const followed: readonly ResourceRef<KubeObject>[] = [
  Namespaces,
  Nodes,
  Pods,
  ReplicaSets,
  Deployments,
  StatefulSets,
  DaemonSets,
  Jobs,
  CronJobs,
  HorizontalPodAutoscalers,
  PersistentVolumes,
  PersistentVolumeClaims,
  PodDisruptionBudgets,
  ResourceQuotas,
  Services,
  EndpointSlices,
  ConfigMaps,
  ControllerRevisions,
  Leases,
];

/** `next` is undefined when the object is gone. */
export type Seen<T> = (next: T | undefined, previous: T | undefined) => void;

interface Table {
  readonly ref: ResourceRef<KubeObject>;
  readonly objects: Map<string, KubeObject>;
  readonly readers: Set<Seen<KubeObject>>;
}

export class Truth {
  readonly #tables = new Map<string, Table>(followed.map((ref) => [ref.resource, { ref, objects: new Map(), readers: new Set() }]));
  readonly #byUid = new Map<string, KubeObject>();
  readonly #dead = new Map<string, KubeObject>();
  readonly #damaged: (what: string) => void;
  #stop = new AbortController();

  /** `damaged` hears of what was lost although it had been acknowledged. */
  constructor(damaged: (what: string) => void) {
    this.#damaged = damaged;
  }

  list<T extends KubeObject>(ref: ResourceRef<T>): T[] {
    return [...this.#table(ref).objects.values()] as T[];
  }

  get<T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string): T | undefined {
    return this.#table(ref).objects.get(namespace ? `${namespace}/${name}` : name) as T | undefined;
  }

  /** An object of any followed kind that is there. */
  byUid(uid: string | undefined): KubeObject | undefined {
    return this.#byUid.get(uid ?? '');
  }

  /** The last state of an object that is gone. */
  lastOf(uid: string | undefined): KubeObject | undefined {
    return this.#byUid.get(uid ?? '') ?? this.#dead.get(uid ?? '');
  }

  /** The last state of the newest object that was deleted under this name. */
  buried(ref: ResourceRef, key: string): KubeObject | undefined {
    return [...this.#dead.values()].findLast((object) => object.kind === ref.kind && keyOf(object) === key);
  }

  all(): readonly KubeObject[] {
    return [...this.#byUid.values()];
  }

  on<T extends KubeObject>(ref: ResourceRef<T>, seen: Seen<T>): void {
    this.#table(ref).readers.add(seen as Seen<KubeObject>);
  }

  /** The server is down: nothing changes until `follow`. */
  pause(): void {
    this.#stop.abort(new Error('the server is down'));
  }

  /**
   * Reads a server that has just started and follows it. Everything that was known must still be there; keys in `pending`
   * (`resource/namespace/name`) were being written when the server died and may be in any state.
   */
  async follow(client: Client, pending: ReadonlySet<string> = new Set()): Promise<void> {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    await Promise.all(
      [...this.#tables.values()].map(async (table) => {
        const { items, metadata } = await client.resource(table.ref).list();
        const present = new Map(items.map((object) => [keyOf(object), object]));
        for (const [key, object] of table.objects) {
          const found = present.get(key);
          const version = (one: KubeObject): number => Number(one.metadata.resourceVersion);
          // Heartbeats may be lost.
          if (table.ref !== Leases && !pending.has(`${table.ref.resource}/${key}`)) {
            if (found === undefined) this.#damaged(`${object.kind} ${key} is lost`);
            else if (version(found) < version(object))
              this.#damaged(`${object.kind} ${key} fell back from revision ${version(object)} to ${version(found)}`);
          }
          if (found?.metadata.uid !== object.metadata.uid) this.#apply(table, key, undefined);
        }
        for (const [key, object] of present) this.#apply(table, key, object);
        void this.#watch(table, client, metadata.resourceVersion ?? '', signal);
      }),
    );
  }

  async #watch(table: Table, client: Client, from: string, signal: AbortSignal): Promise<void> {
    let resourceVersion = from;
    while (!signal.aborted) {
      for await (const { type, object } of client.resource(table.ref).watch({ resourceVersion, signal, allowWatchBookmarks: true })) {
        if (signal.aborted) return;
        resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
        if (type === 'BOOKMARK') continue;
        this.#apply(table, keyOf(object), type === 'DELETED' ? undefined : object, object);
      }
    }
  }

  #apply(table: Table, key: string, next: KubeObject | undefined, last: KubeObject | undefined = next): void {
    const previous = table.objects.get(key);
    if (next === undefined && previous === undefined) return;
    if (next !== undefined && next.metadata.resourceVersion === previous?.metadata.resourceVersion) return;
    if (previous !== undefined && previous.metadata.uid !== next?.metadata.uid) {
      this.#byUid.delete(previous.metadata.uid ?? '');
      const final = last?.metadata.uid === previous.metadata.uid ? last : previous;
      this.#dead.set(previous.metadata.uid ?? '', final as KubeObject);
    }
    if (next === undefined) table.objects.delete(key);
    else {
      table.objects.set(key, next);
      this.#byUid.set(next.metadata.uid ?? '', next);
    }
    if (previous !== undefined && next !== undefined && previous.metadata.uid !== next.metadata.uid) {
      for (const seen of table.readers) seen(undefined, previous);
      for (const seen of table.readers) seen(next, undefined);
    } else for (const seen of table.readers) seen(next, previous);
  }

  #table(ref: ResourceRef): Table {
    const table = this.#tables.get(ref.resource);
    if (table === undefined) throw new Error(`${ref.resource} are not followed`);
    return table;
  }
}
