// POST: one algorithm for every kind.
import { alreadyExists, generateNameConflict, invalid, isAlreadyExists } from '#api/status.ts';
import type { KubeObject } from '#api/object.ts';
import { encodeStored } from '../cacher/codec.ts';
import { Entry } from '../cacher/entry.ts';
import { trackCreate } from './managed.ts';
import { firstGeneration, prepareNewMeta, withMeta, withStatusOf } from './meta.ts';
import { persist } from './persist.ts';
import { validateNew } from './schema.ts';
import type { Reservation } from './strategy.ts';
import { type WriteRequest, writeContext } from './request.ts';

const nameAttempts = 8;

/** Creates an object that was decoded and aligned with the URL; answers with what was written. */
export async function create(request: WriteRequest, draft: KubeObject): Promise<Entry> {
  const { resource } = request;
  const generated = !draft.metadata.name && draft.metadata.generateName;
  if (!generated) return createOnce(request, draft);
  for (let attempt = 1; ; attempt++) {
    const name = request.registry.generateName(generated);
    try {
      return await createOnce(request, withMeta(draft, { name }));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      if (attempt >= nameAttempts) throw generateNameConflict(resource.groupResource, name, 1);
    }
  }
}

async function createOnce(request: WriteRequest, draft: KubeObject): Promise<Entry> {
  const { registry, resource, ctx } = request;
  const { strategy } = resource;
  const write = writeContext(request);
  let object = prepareNewMeta(draft, registry, resource);
  if (resource.hasStatus && !strategy.keepsStatus) object = withStatusOf(object, undefined, resource.row.struct);
  object = trackCreate(request, object);
  const attributes = {
    operation: 'CREATE' as const,
    row: resource.row,
    subresource: '',
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    oldObject: undefined,
    dryRun: request.dryRun,
    options: request.options,
    ctx,
    registry,
  };
  object = (await registry.admission.admit({ ...attributes, object })) ?? object;
  if (resource.hasStatus && !strategy.keepsStatus) object = withStatusOf(object, undefined, resource.row.struct);
  const generation = firstGeneration(resource);
  if (generation !== undefined) object = withMeta(object, { generation });
  if (strategy.prepareCreate) object = strategy.prepareCreate(object, write);

  let reservation: Reservation | undefined;
  let undo: (() => void) | undefined;
  let written = false;
  try {
    const found = strategy.validateCreate?.(object, write) ?? [];
    const errors = [...validateNew(resource.row, object), ...(found instanceof Promise ? await found : found)];
    if (errors.length > 0) throw invalid(resource.groupKind, object.metadata.name, errors);
    for (const text of strategy.warnings?.(object, undefined, write) ?? []) ctx.warnings.push(text);
    if (strategy.reserve) ({ object, reservation } = await strategy.reserve(object, undefined, write));
    undo = await registry.admission.validate({ ...attributes, object });
    const key = resource.key(object.metadata.namespace ?? '', object.metadata.name);
    if (request.dryRun) {
      if (resource.table.get(key)) throw alreadyExists(resource.groupResource, object.metadata.name);
      return new Entry(key, 0, encodeStored(await resource.toStorage(object)), registry.config.freeze);
    }
    const result = await persist(registry, resource, key, object, 0);
    if (!result.ok) throw alreadyExists(resource.groupResource, object.metadata.name);
    written = true;
    return result.entry;
  } finally {
    if (written) reservation?.commit();
    else {
      reservation?.rollback();
      undo?.();
    }
  }
}
