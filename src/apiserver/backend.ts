// What plug-ins see of the server.
import { notFound } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Transport, UserInfo } from '#client/transport.ts';
import { admitOther } from './admission/other.ts';
import type { Change } from './cacher/table.ts';
import type { Authorizer, Backend } from './chain.ts';
import { newest } from './registry/persist.ts';
import type { Registry } from './registry/registry.ts';
import type { Resource } from './registry/resource.ts';

export interface BackendOptions {
  readonly registry: Registry;
  /** Late: the chain is built after the backend. */
  transport(user: UserInfo): Transport;
  authorizer(): Authorizer;
}

/** Makes the backend. */
export function createBackend({ registry, transport, authorizer }: BackendOptions): Backend {
  const resourceOf = (ref: ResourceRef): Resource => registry.must(ref.group, ref.version, ref.resource);
  return {
    world: registry.world,
    config: registry.config,
    rows: () => registry.rows,
    rowsGeneration: () => registry.generation,
    async get<T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace = ''): Promise<T> {
      const resource = resourceOf(ref);
      const entry = await newest(registry, resource, resource.key(namespace, name));
      if (!entry) throw notFound(resource.groupResource, name);
      return (await resource.load(entry)).object as T;
    },
    peek: <T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace = '') =>
      registry.peek(resourceOf(ref), namespace, name) as T | undefined,
    list<T extends KubeObject>(ref: ResourceRef<T>, namespace = ''): readonly T[] {
      const resource = resourceOf(ref);
      return Array.from(resource.table.range(resource.keyPrefix(namespace)), (entry) => resource.view(entry).object as T);
    },
    onChange(ref, changed, lost) {
      const resource = resourceOf(ref);
      return resource.table.subscribe({
        key: undefined,
        trigger: undefined,
        notify: (change: Change) => changed(resource.view(change.entry).object, change.type),
        interrupted: () => lost?.(),
      });
    },
    admit: (ctx, request) => admitOther(registry, ctx, request),
    transport,
    get authorizer() {
      return authorizer();
    },
  };
}
