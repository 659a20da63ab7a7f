// Flunders in memory, with what an API server does to objects: versions, watches, selectors by labels.
export interface Flunder {
  readonly apiVersion: string;
  readonly kind: 'Flunder';
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels?: Readonly<Record<string, string>> } & Record<
    string,
    unknown
  >;
  readonly spec?: unknown;
}

type EventType = 'ADDED' | 'MODIFIED' | 'DELETED';
type Watcher = (type: EventType, object: Flunder) => void;

export class Flunders {
  readonly apiVersion: string;
  readonly #all = new Map<string, Flunder>();
  readonly #watchers = new Set<Watcher>();
  #revision = 1;

  constructor(apiVersion: string) {
    this.apiVersion = apiVersion;
  }

  get revision(): string {
    return String(this.#revision);
  }

  get(namespace: string, name: string): Flunder | undefined {
    return this.#all.get(`${namespace}/${name}`);
  }

  /** Those of a namespace (empty: of all), with every label of `selector` (`a=b,c=d`). */
  list(namespace: string, selector: string): Flunder[] {
    const wanted = selector === '' ? [] : selector.split(',').map((one) => one.split('='));
    return [...this.#all.values()].filter(
      ({ metadata }) =>
        (namespace === '' || metadata.namespace === namespace) && wanted.every(([key = '', value]) => metadata.labels?.[key] === value),
    );
  }

  /** Writes one; gives it as it is then. */
  put(namespace: string, name: string, object: Partial<Flunder>): Flunder {
    const before = this.get(namespace, name);
    const kept = before?.metadata ?? { uid: crypto.randomUUID(), creationTimestamp: `${new Date().toISOString().slice(0, 19)}Z` };
    const metadata = { ...kept, ...object.metadata, name, namespace, resourceVersion: String(++this.#revision) };
    const written: Flunder = { ...object, apiVersion: this.apiVersion, kind: 'Flunder', metadata };
    this.#all.set(`${namespace}/${name}`, written);
    this.#tell(before ? 'MODIFIED' : 'ADDED', written);
    return written;
  }

  remove(flunder: Flunder): void {
    this.#revision++;
    this.#all.delete(`${flunder.metadata.namespace}/${flunder.metadata.name}`);
    this.#tell('DELETED', flunder);
  }

  /** Calls with every change until the function that is returned is called. */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #tell(type: EventType, object: Flunder): void {
    for (const watcher of this.#watchers) watcher(type, object);
  }
}
