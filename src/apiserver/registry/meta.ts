// The server's part of metadata.
import { badRequest, type FieldError, invalid, unforeseen } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import type { ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';
import type { Struct } from '#api/dsl.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { emptyStatus } from './schema.ts';

/** Copies an object with some metadata replaced; undefined values remove. */
export function withMeta<T extends KubeObject>(object: T, changes: Partial<ObjectMeta>): T {
  const before = object.metadata as unknown as Readonly<Record<string, unknown>>;
  const after = changes as Readonly<Record<string, unknown>>;
  let removes = false;
  for (const name in after) if (after[name] === undefined && before[name] !== undefined) removes = true;
  // Nothing is deleted from an object: its engine would make a slow one of it, for all its life.
  const metadata: Record<string, unknown> = removes ? {} : { ...before };
  if (removes) for (const name in before) if (!(name in after) || after[name] !== undefined) metadata[name] = before[name];
  for (const name in after) if (after[name] !== undefined) metadata[name] = after[name];
  return { ...object, metadata } as unknown as T;
}

/** Puts the request's namespace into the object, or refuses another one. */
export function alignNamespace<T extends KubeObject>(object: T, resource: Resource, namespace: string): T {
  const own = object.metadata.namespace ?? '';
  if (!resource.row.namespaced) {
    if (own !== '') throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    return object;
  }
  if (own === namespace) return object;
  if (own === '') return withMeta(object, { namespace });
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
}

/** Refuses an object whose name is not the one in the URL; fills in an absent one. */
export function alignName<T extends KubeObject>(object: T, name: string): T {
  const own = object.metadata.name ?? '';
  if (own === name) return object;
  if (own === '') return withMeta(object, { name });
  throw badRequest(`the name of the object (${own}) does not match the name on the URL (${name})`);
}

/** Refuses a new object that claims to have been stored already, or that will never have a name. */
export function checkNewMeta({ metadata }: KubeObject, resource: Resource): void {
  if (metadata.resourceVersion) {
    throw unforeseen('resourceVersion should not be set on objects to be created');
  }
  if (metadata.name || metadata.generateName) return;
  const error: FieldError = { type: 'Required value', field: 'metadata.name', value: '', detail: 'name or generateName is required' };
  throw invalid(resource.groupKind, '', [error]);
}

/** metadata of a new object under its name: what only the server may set is set, what nobody may set is dropped. */
export function prepareNewMeta<T extends KubeObject>(object: T, name: string, registry: Registry, resource: Resource): T {
  return withMeta(object, {
    name,
    uid: registry.world.random.uuid(),
    creationTimestamp: registry.now(),
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
    generation: firstGeneration(resource),
  });
}

/** metadata of a replacement: absent server fields come from the old object. */
export function prepareNextMeta<T extends KubeObject>(object: T, old: KubeObject): T {
  const before = old.metadata;
  return withMeta(object, {
    uid: object.metadata.uid || before.uid,
    creationTimestamp: object.metadata.creationTimestamp || before.creationTimestamp,
    deletionTimestamp: before.deletionTimestamp,
    deletionGracePeriodSeconds: before.deletionGracePeriodSeconds,
    generation: before.generation,
    generateName: object.metadata.generateName ?? before.generateName,
    selfLink: undefined,
  });
}

type Loose = KubeObject & { readonly spec?: unknown; readonly status?: unknown; readonly template?: unknown };

/** Whether a change raises metadata.generation, by the rule in the row. */
export function raisesGeneration(resource: Resource, object: KubeObject, old: KubeObject): boolean {
  const { strategy, row } = resource;
  if (strategy.generationChanged) return strategy.generationChanged(object, old);
  const now = object as Loose;
  const before = old as Loose;
  switch (row.generation) {
    case undefined:
    case '1 on create, constant':
      return false;
    case 'spec':
    case 'spec; 0 on create':
      return !semanticEqual(now.spec, before.spec);
    case 'spec or annotations':
      return !semanticEqual(now.spec, before.spec) || !semanticEqual(now.metadata.annotations, before.metadata.annotations);
    case 'template':
      return !semanticEqual(now.template, before.template);
    case 'webhooks':
      return !semanticEqual((now as { webhooks?: unknown }).webhooks, (before as { webhooks?: unknown }).webhooks);
    default: {
      const { metadata: a, ...left } = now;
      const { metadata: b, ...right } = before;
      return !semanticEqual(a.labels, b.labels) || !semanticEqual(left, right);
    }
  }
}

/** metadata.generation of a new object. */
export function firstGeneration(resource: Resource): number | undefined {
  const rule = resource.row.generation;
  return rule === undefined || rule === 'spec; 0 on create' ? undefined : 1;
}

/** The object with the status of another (none: as nobody has written it). */
export function withStatusOf<T extends KubeObject>(object: T, other: KubeObject | undefined, struct: Struct): T {
  const status = other ? (other as Loose).status : emptyStatus(struct);
  if ((object as Loose).status === status) return object;
  const { status: _, ...rest } = object as Loose;
  return (status === undefined ? rest : { ...rest, status }) as unknown as T;
}
