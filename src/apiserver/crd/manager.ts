// Custom resources: follows the definitions, gives them their names, serves what is established, and cleans up after those
// that go. Definitions are the truth, and every server that shares a store comes to the same rows by itself.
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import { isNotFound } from '#api/status.ts';
import type { World } from '#base/world.ts';
import type { Client } from '#client/client.ts';
import { type ControllerHandle, startController } from '#client/controller.ts';
import type { Change, Table } from '../cacher/table.ts';
import type { Backend } from '../chain.ts';
import { remove } from '../registry/delete.ts';
import type { Registry } from '../registry/registry.ts';
import type { Resource } from '../registry/resource.ts';
import { isTrueCondition, withConditions } from './conditions.ts';
import { deletionContext } from './context.ts';
import { cleanupFinalizer } from './definition.ts';
import { nextStatus } from './naming.ts';
import { storagePrefixOf } from './rows.ts';
import { serveDefinition, type ServedDefinition, signatureOf } from './served.ts';

export interface ManagerOptions {
  readonly registry: Registry;
  readonly world: World;
  readonly backend: Backend;
  /** Acts as the server itself. */
  readonly client: Client;
}

export class CustomResources implements AsyncDisposable {
  readonly #options: ManagerOptions;
  readonly #definitions: Resource;
  readonly #served = new Map<string, ServedDefinition>();
  readonly #controller: ControllerHandle;
  readonly #stopping = new AbortController();
  readonly #unsubscribe: () => void;
  readonly #watchers = new Map<string, () => void>();

  constructor(options: ManagerOptions) {
    this.#options = options;
    const { registry, world } = options;
    this.#definitions = registry.must(
      CustomResourceDefinitions.group,
      CustomResourceDefinitions.version,
      CustomResourceDefinitions.resource,
    );
    this.#controller = startController({
      name: 'customresourcedefinitions',
      world,
      // Names are given one at a time.
      workers: 1,
      synced: Promise.resolve(),
      queue: { qps: 1000, burst: 1000 },
      reconcile: (name) => this.#reconcile(name),
    });
    this.#unsubscribe = this.#definitions.table.subscribe({
      key: undefined,
      trigger: undefined,
      notify: (change) => this.#notice(change),
      interrupted: () => this.#all(),
    });
  }

  /** Serves what is established already. The watch cache must be filled. */
  async start(): Promise<void> {
    const established = [...this.#list()].filter((crd) => isTrueCondition(crd, 'Established'));
    await Promise.all(established.map((crd) => this.#serve(crd)));
    this.#all();
  }

  *#list(): Generator<CustomResourceDefinition> {
    for (const entry of this.#definitions.table.range(this.#definitions.table.prefix)) yield entry.object as CustomResourceDefinition;
  }

  #all(): void {
    for (const crd of this.#list()) this.#controller.enqueue(crd.metadata.name);
  }

  #notice({ type, entry }: Change): void {
    const crd = entry.object as CustomResourceDefinition;
    const { name } = crd.metadata;
    const served = this.#served.get(name);
    // What can be changed at once is: who reads their own write finds it in force.
    if (served && type === 'DELETED') this.#drop(name);
    else if (served && isTrueCondition(crd, 'Established')) this.#replace(crd, served);
    this.#controller.enqueue(name);
  }

  async #reconcile(name: string): Promise<void> {
    const { registry, client } = this.#options;
    const crd = registry.peek(this.#definitions, '', name) as CustomResourceDefinition | undefined;
    if (!crd) {
      this.#drop(name);
      this.#reconsider(name);
      return;
    }
    if (isTrueCondition(crd, 'Established')) await this.#serve(crd);
    if (crd.metadata.deletionTimestamp) return this.#cleanUp(crd);
    const status = nextStatus(crd, this.#list(), registry.now());
    if (!status) return;
    const next = { ...crd, status };
    // Served first, said afterwards: who sees the condition can rely on it.
    if (isTrueCondition(next, 'Established')) await this.#serve(next);
    await client.resource(CustomResourceDefinitions).updateStatus(next);
    this.#reconsider(name);
  }

  /** A name may have become free for the others of the group. */
  #reconsider(name: string): void {
    const group = name.slice(name.indexOf('.') + 1);
    for (const crd of this.#list()) {
      if (crd.spec.group === group && crd.metadata.name !== name && !isTrueCondition(crd, 'NamesAccepted')) {
        this.#controller.enqueue(crd.metadata.name);
      }
    }
  }

  async #serve(crd: CustomResourceDefinition): Promise<void> {
    const { registry } = this.#options;
    const { name, uid } = crd.metadata;
    const served = this.#served.get(name);
    if (served && served.uid === uid) return this.#replace(crd, served);
    if (served) this.#drop(name);
    const table = registry.hub.table(`/registry/${storagePrefixOf(crd)}/`);
    await registry.hub.fill(table);
    const made = this.#make(crd, table);
    registry.replace([], made.resources);
    this.#served.set(name, made);
    this.#watchers.set(
      name,
      table.subscribe({
        key: undefined,
        trigger: undefined,
        notify: ({ type }) => {
          if (type === 'DELETED' && table.size === 0) this.#controller.enqueue(name);
        },
        interrupted() {},
      }),
    );
  }

  /** What is built in stays what it is: a definition of the same name is not served. */
  #make(crd: CustomResourceDefinition, table: Table): ServedDefinition {
    const { registry, backend } = this.#options;
    const made = serveDefinition(crd, table, backend);
    const isFree = ({ row }: Resource): boolean => {
      const present = registry.find(row.group, row.version, row.resource);
      return !present || present.row.custom !== undefined;
    };
    return { ...made, resources: made.resources.filter(isFree) };
  }

  #replace(crd: CustomResourceDefinition, served: ServedDefinition): void {
    if (served.signature === signatureOf(crd)) return;
    const { registry } = this.#options;
    const made = this.#make(crd, served.table);
    registry.replace(
      served.resources.map(({ row }) => row),
      made.resources,
    );
    this.#served.set(crd.metadata.name, made);
    // Watches go on with the schema that they began with: they must begin anew.
    served.table.interrupt();
  }

  #drop(name: string): void {
    const served = this.#served.get(name);
    if (!served) return;
    this.#served.delete(name);
    this.#watchers.get(name)?.();
    this.#watchers.delete(name);
    const { registry } = this.#options;
    registry.replace(
      served.resources.map(({ row }) => row),
      [],
    );
    registry.hub.forget(served.table.prefix);
  }

  /** Deletes the instances of a definition that goes, then lets it go. */
  async #cleanUp(crd: CustomResourceDefinition): Promise<void> {
    const finalizers = crd.metadata.finalizers ?? [];
    if (!finalizers.includes(cleanupFinalizer)) return;
    const { client, registry } = this.#options;
    const definitions = client.resource(CustomResourceDefinitions);
    const served = this.#served.get(crd.metadata.name);
    // What another server has acknowledged counts, too.
    if (!(await registry.hub.caughtUp())) throw new Error('the cache is behind the store');
    if (served && served.table.size > 0) {
      const conditions = withConditions(
        crd.status.conditions ?? [],
        [
          {
            type: 'Terminating',
            status: 'True',
            reason: 'InstanceDeletionInProgress',
            message: 'CustomResource deletion is in progress',
          },
        ],
        registry.now(),
      );
      if (crd.status.conditions?.some((condition) => condition.reason === 'InstanceDeletionInProgress') !== true) {
        await definitions.updateStatus({ ...crd, status: { ...crd.status, conditions } });
      }
      await this.#deleteInstances(served);
      // The last one to go enqueues the definition again.
      if (served.table.size > 0) return;
    }
    const left = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
    const current = await definitions.get(crd.metadata.name);
    await definitions.patch(
      crd.metadata.name,
      { metadata: { resourceVersion: current.metadata.resourceVersion, finalizers: left.length > 0 ? left : null } },
      { type: 'merge' },
    );
  }

  async #deleteInstances({ storage, table }: ServedDefinition): Promise<void> {
    const { registry, backend } = this.#options;
    const ctx = deletionContext(backend, storage.row, this.#stopping.signal);
    for (const entry of Array.from(table.range(table.prefix))) {
      const { name, namespace = '', deletionTimestamp } = entry.object.metadata;
      if (deletionTimestamp) continue;
      try {
        const request = { registry, resource: storage, ctx, subresource: '', dryRun: false, fieldManager: '', options: {} };
        // oxlint-disable-next-line no-await-in-loop
        await remove({ ...request, namespace, name });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    await registry.hub.caughtUp();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#unsubscribe();
    for (const stop of this.#watchers.values()) stop();
    this.#stopping.abort();
    await this.#controller[Symbol.asyncDispose]();
  }
}
