// POST: one algorithm for every kind.
import { alreadyExists, generateNameConflict, invalid, isAlreadyExists } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import type { AdmissionAttributes } from '../admission/plugin.ts';
import { dropGated } from '#api/walk/gates.ts';
import { encodeStored } from '../cacher/codec.ts';
import { Entry } from '../cacher/entry.ts';
import { trackCreate } from './managed.ts';
import { checkNewMeta, prepareNewMeta, withStatusOf } from './meta.ts';
import { persist } from './persist.ts';
import { validateNew } from './schema.ts';
import type { Resource } from './resource.ts';
import type { Reservation } from './strategy.ts';
import { type WriteRequest, writeContext } from './request.ts';
import { isFateUnknown } from '../storefailure.ts';

const nameAttempts = 8;

/**
 * Creates an object that was decoded and aligned with the URL; answers with what was written. Mutating admission sees it as it
 * was sent, without a name if that is still to be generated; should the generated name be taken, only what follows is repeated.
 */
export async function create(request: WriteRequest, draft: KubeObject): Promise<Entry> {
  const { resource } = request;
  checkNewMeta(draft, resource);
  const tracked = trackCreate(request, withoutStatus(resource, draft));
  const admitted = await admitNew(request, tracked instanceof Promise ? await tracked : tracked);
  const object = withoutStatus(resource, admitted);
  const { name, generateName } = object.metadata;
  if (name || !generateName) return createOnce(request, draft, object, name);
  for (let attempt = 1; ; attempt++) {
    const generated = request.registry.generateName(generateName);
    try {
      return await createOnce(request, draft, object, generated);
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      if (attempt >= nameAttempts) throw generateNameConflict(resource.groupResource, generated, 1);
    }
  }
}

/** What a client says about the status of a new object counts for nothing. */
const withoutStatus = (resource: Resource, object: KubeObject): KubeObject =>
  resource.hasStatus && !resource.strategy.keepsStatus ? withStatusOf(object, undefined, resource.row.struct) : object;

function attributesOf({ registry, resource, ctx, dryRun, options }: WriteRequest, object: KubeObject): AdmissionAttributes {
  return {
    operation: 'CREATE',
    row: resource.row,
    subresource: '',
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name ?? '',
    object,
    oldObject: undefined,
    dryRun,
    options,
    ctx,
    registry,
  };
}

const admitNew = async (request: WriteRequest, object: KubeObject): Promise<KubeObject> =>
  (await request.registry.admission.admit(attributesOf(request, object))) ?? object;

/** `sent`: as the client has it; `draft`: as admission left it. */
async function createOnce(request: WriteRequest, sent: KubeObject, draft: KubeObject, name: string): Promise<Entry> {
  const { registry, resource, ctx } = request;
  const { strategy } = resource;
  const write = writeContext(request);
  let object = prepareNewMeta(draft, name, registry, resource);
  object = dropGated(resource.row.struct, object, { open: registry.gates });
  if (strategy.prepareCreate) object = strategy.prepareCreate(object, write);
  object = registry.siblings.share(resource.row.struct, sent, object);

  let reservation: Reservation | undefined;
  let undo: (() => void) | undefined;
  let written = false;
  let unknown = false;
  try {
    const found = strategy.validateCreate?.(object, write) ?? [];
    const errors = [...validateNew(resource.row, object), ...(found instanceof Promise ? await found : found)];
    if (errors.length > 0) throw invalid(resource.groupKind, object.metadata.name, errors);
    for (const text of strategy.warnings?.(object, undefined, write) ?? []) ctx.warnings.push(text);
    if (strategy.reserve) ({ object, reservation } = await strategy.reserve(object, undefined, write));
    undo = await registry.admission.validate(attributesOf(request, object));
    const key = resource.key(object.metadata.namespace ?? '', object.metadata.name);
    if (request.dryRun) {
      if (resource.table.get(key)) throw alreadyExists(resource.groupResource, object.metadata.name);
      return new Entry(key, 0, encodeStored(await resource.toStorage(object)), registry.config.freeze);
    }
    const result = await persist(registry, resource, key, object, 0);
    if (!result.ok) throw alreadyExists(resource.groupResource, object.metadata.name);
    written = true;
    return result.entry;
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
