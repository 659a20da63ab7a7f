// What controllers are given, and how their parts become one component.
import type { Component, World } from '#base/world.ts';
import { controllerOf, keyOf, type KubeObject } from '#api/object.ts';
import type { Informers, Lister } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import type { ControllerHandle } from '#client/controller.ts';

export interface ControllerDeps {
  /** With the controller's own identity. */
  readonly client: Client;
  /** Shared by all controllers. */
  readonly informers: Informers;
  readonly world: World;
}

/** A controller together with what must be undone when it stops (handlers, recorders, overlays). */
export function withCleanup(handle: ControllerHandle, ...cleanup: readonly (() => unknown)[]): ControllerHandle {
  return {
    ...handle,
    health: () => handle.health(),
    async [Symbol.asyncDispose]() {
      await handle[Symbol.asyncDispose]();
      for (const undo of cleanup) await undo();
    },
  };
}

/** Several components as one. */
export function grouped(parts: readonly Component[]): Component {
  return {
    ready: Promise.all(parts.map((part) => part.ready)).then(() => undefined),
    health: () => parts.map((part) => part.health()).find((problem) => problem !== undefined),
    async [Symbol.asyncDispose]() {
      await Promise.all(parts.map((part) => part[Symbol.asyncDispose]()));
    },
  };
}

/** Resolves when these informers are complete. */
export function allSynced(...informers: readonly { readonly whenSynced: Promise<void> }[]): Promise<void> {
  return Promise.all(informers.map((informer) => informer.whenSynced)).then(() => undefined);
}

/** Key of the object that controls `object`, when that is of this kind and still the very one; else undefined. */
export function controllerKey<T extends KubeObject>(object: KubeObject, kind: string, owners: Pick<Lister<T>, 'get'>): string | undefined {
  const ref = controllerOf(object);
  if (ref?.kind !== kind) return undefined;
  const owner = owners.get(ref.name, object.metadata.namespace);
  return owner !== undefined && owner.metadata.uid === ref.uid ? keyOf(owner) : undefined;
}
