// Informers: list once, then follow the watch from there, for ever. No polling, no resync.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { keyOf, type KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import { isBadRequest, isGone, isInvalid } from '#api/status.ts';
import type { Handlers, Informer, Informers, Lister } from './cache.ts';
import type { Client, ResourceClient, Selection } from './client.ts';
import { ObjectCache } from './objectcache.ts';
import type { WatchEvent } from './transport.ts';

type Outside = Pick<World, 'clock' | 'random' | 'log'>;

export interface InformerOptions {
  /** How the first state comes: one list (cheapest over the loopback), or streamed by the watch itself. Default `list`. */
  readonly initial?: 'list' | 'stream';
}

/** Milliseconds between two attempts, before chance adds up to as much again: a node's silence is judged after 50 seconds. */
const firstDelay = 100;
const longestDelay = 15_000;

class SharedInformer<T extends KubeObject> implements Informer<T> {
  readonly ref: ResourceRef<T>;
  readonly #cache = new ObjectCache<T>();
  readonly #handlers = new Set<Handlers<T>>();
  readonly #client: ResourceClient<T>;
  readonly #selection: Selection;
  readonly #world: Outside;
  readonly #abort = new AbortController();
  /** Ends the present list or watch. */
  #round = new AbortController();
  #relisting: PromiseWithResolvers<void> | undefined;
  readonly whenSynced: Promise<void>;
  #resolveSynced: () => void = () => {};
  #running: Promise<void> | undefined;
  #stream: boolean;
  #version = '';
  /** The next list must be at least as new as the store itself: the cached revision is gone. */
  #mustBeNewest = false;
  synced = false;

  constructor(client: Client, target: { ref: ResourceRef<T>; selection: Selection }, world: Outside, options: InformerOptions) {
    this.ref = target.ref;
    this.#selection = target.selection;
    this.#client = client.resource(target.ref);
    this.#world = world;
    this.#stream = options.initial === 'stream';
    this.whenSynced = new Promise((resolve) => {
      this.#resolveSynced = resolve;
    });
  }

  get lister(): Lister<T> {
    return this.#cache;
  }

  get resourceVersion(): string {
    return this.#version;
  }

  addIndex(name: string, keys: (object: T) => readonly string[]): void {
    if (!this.#cache.hasIndex(name)) this.#cache.addIndex(name, keys);
  }

  onChange(handlers: Handlers<T>): () => void {
    this.#handlers.add(handlers);
    for (const object of this.#cache.list()) this.#isolated(() => handlers.added?.(object));
    return () => this.#handlers.delete(handlers);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  relist(): Promise<void> {
    this.#relisting ??= Promise.withResolvers();
    this.#version = '';
    this.#round.abort(new Error('listing again'));
    return this.#relisting.promise;
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('informer stops'));
    this.#round.abort(this.#abort.signal.reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    const { clock, random, log } = this.#world;
    let failures = 0;
    while (!signal.aborted) {
      const began = clock.monotonic();
      const round = new AbortController();
      this.#round = round;
      try {
        if (this.#version === '' && this.#stream) await this.#follow(true);
        else {
          if (this.#version === '') await this.#list();
          if (!round.signal.aborted) await this.#follow(false);
        }
        if (round.signal.aborted) continue;
        // A watch that lived ended normally (time-out of the server): go on at once.
        if (clock.monotonic() - began >= 1000) failures = 0;
        else failures++;
      } catch (error) {
        if (signal.aborted) return;
        if (round.signal.aborted) continue;
        if (isGone(error)) {
          this.#mustBeNewest = this.#version !== '';
          this.#version = '';
          if (failures === 0) {
            failures++;
            continue;
          }
        } else if (this.#stream && (isInvalid(error) || isBadRequest(error))) this.#stream = false;
        failures++;
        const level = failures > 3 ? 'warn' : 'debug';
        log[level]('list and watch failed', { resource: this.ref.resource, group: this.ref.group, error: messageOf(error) });
      }
      if (failures === 0) continue;
      const delay = Math.min(longestDelay, firstDelay * 2 ** Math.min(failures - 1, 20));
      await clock.sleep(delay * (1 + random.next()), signal).catch(() => undefined);
    }
  }

  async #list(): Promise<void> {
    const { signal } = this.#round;
    const result = await this.#client.list({ ...this.#selection, ...(this.#mustBeNewest ? {} : { resourceVersion: '0' }), signal });
    if (signal.aborted) return;
    this.#mustBeNewest = false;
    this.#replace(result.items, result.metadata.resourceVersion ?? '');
  }

  async #follow(initial: boolean): Promise<void> {
    const { signal } = this.#round;
    const events = this.#client.watch({
      ...this.#selection,
      ...(initial ? { sendInitialEvents: true } : { resourceVersion: this.#version }),
      allowWatchBookmarks: true,
      // Half-open connections are found at the latest when this is over.
      timeoutSeconds: 300 + Math.floor(this.#world.random.next() * 300),
      signal,
    });
    let first: Map<string, T> | undefined = initial ? new Map() : undefined;
    for await (const event of events) {
      if (first === undefined) {
        this.#apply(event);
        continue;
      }
      const object = event.object;
      if (event.type === 'DELETED') first.delete(keyOf(object));
      else if (event.type !== 'BOOKMARK') first.set(keyOf(object), object);
      else if (object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true') {
        this.#replace([...first.values()], object.metadata.resourceVersion ?? '');
        first = undefined;
      }
    }
  }

  #apply(event: WatchEvent<T>): void {
    const { object } = event;
    // The events of a watch are in the order of their versions: what is older was said before, and has been outdated since.
    // Versions that are no numbers cannot be compared.
    if (Number(object.metadata.resourceVersion) < Number(this.#version)) return;
    if (event.type === 'ADDED' || event.type === 'MODIFIED') this.#put(object);
    else if (event.type === 'DELETED') this.#remove(keyOf(object), object);
    this.#version = object.metadata.resourceVersion ?? this.#version;
  }

  #replace(items: readonly T[], version: string): void {
    this.#version = version;
    const present = new Set<string>();
    for (const object of items) present.add(keyOf(object));
    for (const key of this.#cache.keys()) if (!present.has(key)) this.#remove(key);
    for (const object of items) this.#put(object);
    this.synced = true;
    this.#resolveSynced();
    this.#relisting?.resolve();
    this.#relisting = undefined;
  }

  #put(object: T): void {
    const key = keyOf(object);
    const known = this.#cache.getByKey(key);
    if (known?.metadata.uid === object.metadata.uid && known?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    // Another object of the same name: its predecessor's deletion fell into a gap.
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) this.#remove(key);
    const previous = this.#cache.put(object);
    for (const handlers of this.#handlers) {
      this.#isolated(() => (previous === undefined ? handlers.added?.(object) : handlers.updated?.(object, previous)));
    }
  }

  #remove(key: string, last?: T): void {
    const previous = this.#cache.remove(key);
    if (previous === undefined) return;
    // The event carries the object's last state, which may be newer than the cached one.
    for (const handlers of this.#handlers) this.#isolated(() => handlers.deleted?.(last ?? previous));
  }

  #isolated(run: () => void): void {
    try {
      run();
    } catch (error) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#world.log.error('a handler failed', { resource: this.ref.resource, error: messageOf(error), stack });
    }
  }
}

class InformerSet implements Informers {
  readonly #informers = new Map<string, SharedInformer<KubeObject>>();
  readonly #client: Client;
  readonly #world: Outside;
  readonly #options: InformerOptions;
  #started = false;
  #stopped = false;

  constructor(client: Client, world: Outside, options: InformerOptions) {
    this.#client = client;
    this.#world = world;
    this.#options = options;
  }

  of<T extends KubeObject>(ref: ResourceRef<T>, selection: Selection = {}): Informer<T> {
    const key = this.#key(ref, selection);
    let informer = this.#informers.get(key) as SharedInformer<T> | undefined;
    if (informer === undefined) {
      informer = new SharedInformer(this.#client, { ref, selection }, this.#world, this.#options);
      this.#informers.set(key, informer as unknown as SharedInformer<KubeObject>);
      if (this.#started && !this.#stopped) informer.start();
    }
    return informer;
  }

  start(): void {
    this.#started = true;
    if (!this.#stopped) for (const informer of this.#informers.values()) informer.start();
  }

  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.whenSynced));
  }

  async drop(ref: ResourceRef, selection: Selection = {}): Promise<void> {
    const key = this.#key(ref, selection);
    const informer = this.#informers.get(key);
    this.#informers.delete(key);
    await informer?.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#informers.values()].map((informer) => informer.stop()));
  }

  #key(ref: Pick<ResourceRef, 'group' | 'version' | 'resource'>, selection: Selection): string {
    const { namespace = '', labelSelector = '', fieldSelector = '' } = selection;
    return JSON.stringify([ref.group, ref.version, ref.resource, namespace, labelSelector, fieldSelector]);
  }
}

/** One set of shared informers over a client. */
export function createInformers(client: Client, world: Outside, options: InformerOptions = {}): Informers {
  return new InformerSet(client, world, options);
}
