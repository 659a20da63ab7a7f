// Most clusters that start have no custom resources: what serves them is loaded with the first definition.
import { CustomResourceDefinitions } from '#api/refs.ts';
import { messageOf } from '#base/errors.ts';
import type { CustomResources, ManagerOptions } from './manager.ts';

/** Serves custom resources from now on. Resolves when those that are there already are served. */
export async function startCustomResources(options: ManagerOptions): Promise<AsyncDisposable> {
  const { registry, world } = options;
  const { group, version, resource } = CustomResourceDefinitions;
  const { table } = registry.must(group, version, resource);
  let manager: Promise<CustomResources> | undefined;
  const start = async (): Promise<CustomResources> => {
    const { CustomResources: Manager } = await import('./manager.ts');
    const made = new Manager(options);
    await made.start();
    return made;
  };
  let unsubscribe = (): void => {};
  const begin = (): Promise<CustomResources> => {
    unsubscribe();
    manager ??= start();
    return manager;
  };
  if (table.size > 0) await begin();
  else {
    unsubscribe = table.subscribe({
      key: undefined,
      trigger: undefined,
      notify() {
        begin().catch((error: unknown) => world.log.error('custom resources cannot be served', { error: messageOf(error) }));
      },
      interrupted() {},
    });
  }
  return {
    async [Symbol.asyncDispose]() {
      unsubscribe();
      await (await manager)?.[Symbol.asyncDispose]();
    },
  };
}
