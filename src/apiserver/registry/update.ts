// PUT and PATCH: one algorithm for every kind and subresource. The next state is made from the present one and written
// if nobody was faster; otherwise it is made again from the newer state.
import { Unsigned } from '#api/fielderror.ts';
import { conflict, type FieldError, invalid, notFound, staleMessage, StatusError } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import { encodeStored } from '../cacher/codec.ts';
import { Entry } from '../cacher/entry.ts';
import { create } from './create.ts';
import { deepEqual } from '#api/walk/equal.ts';
import { dropGated } from '#api/walk/gates.ts';
import { metaAfterStatus, trackUpdate } from './managed.ts';
import { alignName, alignNamespace, prepareNextMeta, raisesGeneration, withMeta, withStatusOf } from './meta.ts';
import { erase, fromStore, newest, persist } from './persist.ts';
import { type WriteRequest, writeContext } from './request.ts';
import { validateNext } from './schema.ts';
import { shareWith } from './share.ts';
import type { Reservation } from './strategy.ts';
import { isFateUnknown } from '../storefailure.ts';

export interface UpdateRequest extends WriteRequest {
  readonly namespace: string;
  readonly name: string;
  /** Makes the next state; called again after a lost race. Undefined present state: the object does not exist. */
  next(old: KubeObject | undefined): KubeObject | Promise<KubeObject>;
  /** What an absent object means: 404, or creation (checked for permission by the caller's `mayCreate`). */
  readonly createWhenAbsent: boolean;
  mayCreate?(): Promise<void>;
  /** managedFields were already computed (apply). */
  readonly tracked?: boolean;
  /** A patch without resourceVersion: retried on lost races like one. */
  readonly unconditional?: boolean;
}

export interface UpdateResult {
  readonly entry: Entry;
  readonly created: boolean;
}

const attempts = 50;

export async function update(request: UpdateRequest): Promise<UpdateResult> {
  const { registry, resource, namespace, name } = request;
  const key = resource.key(namespace, name);
  let current = await newest(registry, resource, key);
  let verified = false;
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (!current) {
      if (!request.createWhenAbsent) throw notFound(resource.groupResource, name);
      try {
        return await createAbsent(request);
      } catch (error) {
        if (!(error instanceof StatusError) || error.reason !== 'AlreadyExists') throw error;
        current = await fromStore(registry, key);
        if (!current) throw error;
        continue;
      }
    }
    try {
      const result = await attemptUpdate(request, key, current);
      if (result.ok) return { entry: result.entry, created: false };
      current = result.current;
      verified = true;
    } catch (error) {
      // The refusal may come from a stale cache: only the store's word is final.
      if (verified || registry.hub.current || !(error instanceof StatusError)) throw error;
      const fresh = await fromStore(registry, key);
      verified = true;
      if (fresh?.revision === current?.revision) throw error;
      current = fresh;
    }
  }
  throw conflict(resource.groupResource, name, staleMessage);
}

async function createAbsent(request: UpdateRequest): Promise<UpdateResult> {
  await request.mayCreate?.();
  const { resource, namespace, name } = request;
  const object = alignName(alignNamespace(await request.next(undefined), resource, namespace), name);
  const { uid } = object.metadata;
  if (uid) {
    const reason = request.unconditional
      ? `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
      : `Precondition failed: UID in precondition: ${uid}, UID in object meta: `;
    throw conflict(resource.groupResource, name, reason);
  }
  return { entry: await create(request, object), created: true };
}

type Attempt = { readonly ok: true; readonly entry: Entry } | { readonly ok: false; readonly current: Entry | undefined };

async function attemptUpdate(request: UpdateRequest, key: string, current: Entry): Promise<Attempt> {
  const { registry, resource, ctx, subresource, name } = request;
  const { strategy, row } = resource;
  await resource.prepare([current]);
  const old = resource.view(current).object;
  const write = writeContext(request);
  const part = subresource === '' || subresource === 'status' ? undefined : strategy.parts?.[subresource];

  let object = shareWith(alignName(alignNamespace(await request.next(old), resource, request.namespace), name), old);
  checkPreconditions(request, object, old);
  object = withMeta(prepareNextMeta(object, old), { resourceVersion: old.metadata.resourceVersion });
  object = part ? part.merge(object, old, write) : keepForeignParts(request, object, old);
  if (!request.tracked) {
    const tracked = trackUpdate(request, object, old);
    object = tracked instanceof Promise ? await tracked : tracked;
  }
  const attributes = {
    operation: 'UPDATE' as const,
    row,
    subresource,
    namespace: request.namespace,
    name,
    oldObject: old,
    dryRun: request.dryRun,
    options: request.options,
    ctx,
    registry,
  };
  const admitted = request.admitted ? undefined : await registry.admission.admit({ ...attributes, object });
  if (admitted && admitted !== object) object = part ? part.merge(admitted, old, write) : keepForeignParts(request, admitted, old);
  object = dropGated(row.struct, object, { old, open: registry.gates });
  if (subresource === 'status') object = strategy.prepareStatus?.(object, old, write) ?? object;
  else if (!part) object = strategy.prepareUpdate?.(object, old, write) ?? object;
  // Where a pod runs is no change of what is wanted: a binding leaves the generation as it is.
  const counts = subresource !== 'status' && subresource !== 'binding';
  if (counts && raisesGeneration(resource, object, old)) {
    object = withMeta(object, { generation: (old.metadata.generation ?? 0) + 1 });
  }

  let reservation: Reservation | undefined;
  let undo: (() => void) | undefined;
  let written = false;
  let unknown = false;
  try {
    const found = strategy.validateUpdate?.(object, old, write) ?? [];
    const errors: FieldError[] = [...validateNext(row, object, old, subresource), ...(found instanceof Promise ? await found : found)];
    if (errors.length > 0) throw invalid(resource.groupKind, name, errors);
    for (const text of strategy.warnings?.(object, old, write) ?? []) ctx.warnings.push(text);
    if (strategy.reserve && subresource === '') ({ object, reservation } = await strategy.reserve(object, old, write));
    if (!request.admitted) undo = await registry.admission.validate({ ...attributes, object });
    if (unchanged(object, old)) {
      written = true;
      return { ok: true, entry: current };
    }
    const done = finished(request, object, old);
    if (request.dryRun) {
      return { ok: true, entry: new Entry(key, current.revision, encodeStored(await resource.toStorage(object)), registry.config.freeze) };
    }
    // Without its last finalizer the object is deleted instead of written.
    const result = done ? await erase(registry, key, current) : await persist(registry, resource, key, object, current.revision);
    if (!result.ok) return result;
    written = true;
    if (done) strategy.released?.(object, registry);
    return result;
  } catch (error) {
    unknown = isFateUnknown(error);
    throw error;
  } finally {
    if (written) reservation?.commit();
    else if (!unknown) {
      reservation?.rollback();
      undo?.();
    }
  }
}

function checkPreconditions(request: UpdateRequest, object: KubeObject, old: KubeObject): void {
  const { resource, name } = request;
  const { resourceVersion, uid } = object.metadata;
  if (uid && uid !== old.metadata.uid) {
    // A replacement is for the object with that uid; a patch would give the object another one.
    if (request.unconditional) {
      const error: FieldError = { type: 'Invalid value', field: 'metadata.uid', value: uid, detail: 'field is immutable' };
      throw invalid(resource.groupKind, name, [error]);
    }
    throw conflict(
      resource.groupResource,
      name,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid ?? ''}`,
    );
  }
  if (!resourceVersion || resourceVersion === '0') {
    if (!resource.row.unconditionalUpdate && !request.unconditional) {
      const error: FieldError = {
        type: 'Invalid value',
        field: 'metadata.resourceVersion',
        value: new Unsigned(0),
        detail: 'must be specified for an update',
      };
      throw invalid(resource.groupKind, name, [error]);
    }
  } else if (resourceVersion !== old.metadata.resourceVersion) {
    throw conflict(resource.groupResource, name, staleMessage);
  }
}

/** A write to the object leaves its status alone; a write to the status leaves everything else alone. */
function keepForeignParts(request: UpdateRequest, object: KubeObject, old: KubeObject): KubeObject {
  if (request.subresource === 'status') {
    const metadata = metaAfterStatus(request.resource.row, object, old);
    return withStatusOf({ ...old, metadata }, object, request.resource.row.struct);
  }
  return request.resource.hasStatus ? withStatusOf(object, old, request.resource.row.struct) : object;
}

function unchanged(object: KubeObject, old: KubeObject): boolean {
  const { metadata, ...rest } = object;
  const { metadata: before, ...oldRest } = old;
  if (!deepEqual(rest, oldRest)) return false;
  const { managedFields, ...meta } = metadata;
  const { managedFields: oldManaged, ...oldMeta } = before;
  if (!deepEqual(meta, oldMeta)) return false;
  const timeless = (entries: typeof managedFields) => entries?.map(({ time: _, ...entry }) => entry);
  return deepEqual(timeless(managedFields), timeless(oldManaged));
}

/** True when this write takes away the last thing that kept a deleted object alive. */
function finished(request: UpdateRequest, object: KubeObject, old: KubeObject): boolean {
  const { strategy } = request.resource;
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = object.metadata;
  if (!deletionTimestamp || (finalizers?.length ?? 0) > 0 || strategy.held?.(object)) return false;
  if ((deletionGracePeriodSeconds ?? 0) > 0) return false;
  return (old.metadata.finalizers?.length ?? 0) > 0 || strategy.held?.(old) === true;
}
