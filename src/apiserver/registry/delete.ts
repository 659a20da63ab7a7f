// DELETE: at once, gracefully, or as soon as the finalizers are gone.
import { conflict, notFound, StatusError } from '#api/status.ts';
import { rfc3339 } from '#base/clock.ts';
import type { KubeObject } from '#api/object.ts';
import type { DeleteOptions } from '#api/meta/v1/options.ts';
import type { Entry } from '../cacher/entry.ts';
import { withMeta } from './meta.ts';
import { erase, fromStore, newest, persist } from './persist.ts';
import type { Registry } from './registry.ts';
import type { WriteRequest } from './request.ts';
import type { Resource } from './resource.ts';

export interface DeleteRequest extends WriteRequest {
  readonly namespace: string;
  readonly name: string;
  readonly options: DeleteOptions;
}

export interface DeleteResult {
  readonly entry: Entry;
  /** False: the object is still there, marked. */
  readonly gone: boolean;
}

const attempts = 50;
const orphan = 'orphan';
const foreground = 'foregroundDeletion';

/** Deletes one object. */
export async function remove(request: DeleteRequest): Promise<DeleteResult> {
  const { registry, resource, namespace, name, options, ctx } = request;
  const key = resource.key(namespace, name);
  let current = await newest(registry, resource, key);
  let verified = false;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (!current) throw notFound(resource.groupResource, name);
    await resource.prepare([current]);
    const old = resource.view(current).object;
    try {
      checkPreconditions(resource, old, options);
      const attributes = {
        operation: 'DELETE' as const,
        row: resource.row,
        subresource: '',
        namespace,
        name,
        object: undefined,
        oldObject: old,
        dryRun: request.dryRun,
        options,
        ctx,
        registry,
      };
      if (!request.admitted) {
        await registry.admission.admit(attributes);
        await registry.admission.validate(attributes);
      }
    } catch (error) {
      if (verified || registry.hub.current || !(error instanceof StatusError)) throw error;
      const fresh = await fromStore(registry, key);
      verified = true;
      if (fresh?.revision === current.revision) throw error;
      current = fresh;
      continue;
    }
    const next = mark(registry, resource, old, options);
    if (next === 'waiting') return { entry: current, gone: false };
    if (request.dryRun) return { entry: current, gone: next === 'gone' };
    const result = next === 'gone' ? await erase(registry, key, current) : await persist(registry, resource, key, next, current.revision);
    if (result.ok) {
      if (next === 'gone') resource.strategy.released?.(old, registry);
      return { entry: result.entry, gone: next === 'gone' };
    }
    current = result.current;
    verified = true;
  }
  throw conflict(resource.groupResource, name, 'the object is changing too fast to be deleted');
}

/** These kinds look at preconditions themselves before they are deleted, in the words of a write. */
const carefulKinds: ReadonlySet<string> = new Set(['Namespace', 'CustomResourceDefinition']);

/** Refuses to delete another object than the one that was meant; the conflict names the kind where most name the resource. */
function checkPreconditions(resource: Resource, old: KubeObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const { name, uid: hasUid = '', resourceVersion: hasVersion = '' } = old.metadata;
  const { groupKind, groupResource } = resource;
  const careful = carefulKinds.has(groupKind.kind);
  const refuse = (what: string, wanted: string, found: string, why: string): StatusError =>
    careful
      ? conflict(groupResource, name, `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${found}`)
      : conflict(
          { group: groupKind.group, resource: groupKind.kind },
          name,
          `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${found}). The object might have been ${why}`,
        );
  if (uid !== undefined && uid !== hasUid) throw refuse('UID', uid, hasUid, 'deleted and then recreated');
  if (resourceVersion !== undefined && resourceVersion !== hasVersion)
    throw refuse('ResourceVersion', resourceVersion, hasVersion, 'modified');
}

/** The marked object, `gone` when nothing keeps it, or `waiting` when it is marked enough already. */
function mark(registry: Registry, resource: Resource, old: KubeObject, options: DeleteOptions): KubeObject | 'gone' | 'waiting' {
  const { strategy } = resource;
  const grace = strategy.grace?.(old, options.gracePeriodSeconds)?.seconds ?? 0;
  const finalizers = nextFinalizers(resource, old, options);
  const before = old.metadata;
  const held = finalizers.length > 0 || strategy.held?.(old) === true;
  const sameFinalizers = finalizers.join('\n') === (before.finalizers ?? []).join('\n');

  if (before.deletionTimestamp) {
    const left = before.deletionGracePeriodSeconds ?? 0;
    // A second deletion counts only if it is sooner.
    const sooner = strategy.grace !== undefined && left > 0 && grace < left && (options.gracePeriodSeconds !== undefined || grace === 0);
    if (!sooner) {
      if (!held && left === 0) return 'gone';
      if (sameFinalizers) return 'waiting';
      return withMeta(old, { finalizers: finalizers.length > 0 ? finalizers : undefined });
    }
    if (grace === 0 && !held) return 'gone';
    // What was to end in no time that can be written began when it was made, at the earliest.
    const started = Math.max(Date.parse(before.deletionTimestamp) - Number(left) * 1000, Date.parse(before.creationTimestamp ?? '') || 0);
    return withMeta(old, {
      deletionTimestamp: rfc3339(started + Number(grace) * 1000),
      deletionGracePeriodSeconds: grace,
      finalizers: finalizers.length > 0 ? finalizers : undefined,
    });
  }
  if (grace === 0 && !held) return 'gone';
  const { generation } = before;
  return withMeta(strategy.marked?.(old, registry.world.clock.now()) ?? old, {
    deletionTimestamp: rfc3339(registry.world.clock.now() + Number(grace) * 1000),
    deletionGracePeriodSeconds: grace,
    finalizers: finalizers.length > 0 ? finalizers : undefined,
    ...(generation ? { generation: generation + 1 } : {}),
  });
}

/** Finalizers that carry the propagation policy to the garbage collector. */
function nextFinalizers(resource: Resource, old: KubeObject, options: DeleteOptions): string[] {
  const own = resource.strategy.deletionFinalizer;
  const before = old.metadata.finalizers ?? [];
  const present = own !== undefined && !old.metadata.deletionTimestamp && !before.includes(own) ? [...before, own] : before;
  const { propagationPolicy, orphanDependents } = options;
  const others = present.filter((name) => name !== orphan && name !== foreground);
  let wanted: string | undefined;
  if (propagationPolicy !== undefined || orphanDependents !== undefined) {
    if (propagationPolicy === 'Orphan' || orphanDependents === true) wanted = orphan;
    else if (propagationPolicy === 'Foreground') wanted = foreground;
  } else if (present.includes(orphan)) wanted = orphan;
  else if (present.includes(foreground)) wanted = foreground;
  else if (resource.row.defaultPropagation === 'Orphan') wanted = orphan;
  if (wanted === undefined) return others;
  if (present.includes(wanted) && others.length + 1 === present.length) return [...present];
  return [...others, wanted];
}
