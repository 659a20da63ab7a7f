// Server-side apply: the configuration of one manager, merged into what others have set.
import type { KubeObject } from '#api/object.ts';
import { applyConflict, badRequest, invalid, notFound } from '#api/status.ts';
import { applyPatch, ApplyTypeError, type OwnedObject } from '#merge/apply.ts';
import { checkType, decodeValue } from '../body.ts';
import { writerOf } from './managed.ts';
import type { WriteRequest } from './request.ts';
import { update, type UpdateResult } from './update.ts';

export interface ApplyRequest {
  readonly namespace: string;
  readonly name: string;
  readonly body: unknown;
  /** Keys that the text said twice, such as `line 3: key "a" already set in map`. */
  readonly duplicates: readonly string[];
  mayCreate(): Promise<void>;
}

function checked(request: WriteRequest, { name, namespace, body }: ApplyRequest): OwnedObject {
  const { row } = request.resource;
  if (!request.ctx.call.params.get('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { type: 'Required value', field: 'fieldManager', detail: 'is required for apply patch' },
    ]);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('error decoding YAML: the patch must be an object');
  const patch = body as Record<string, unknown>;
  checkType(patch, { struct: row.struct, group: row.group, version: row.version, kind: row.kind });
  const metadata = (patch['metadata'] ?? {}) as Record<string, unknown>;
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) throw badRequest('metadata.managedFields must be nil');
  if (metadata['name'] !== undefined && metadata['name'] !== name)
    throw badRequest(`the name of the object (${String(metadata['name'])}) does not match the name on the URL (${name})`);
  if (metadata['namespace'] !== undefined && metadata['namespace'] !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  return { ...patch, metadata: { ...metadata, name, ...(namespace ? { namespace } : {}) } } as unknown as OwnedObject;
}

/** Applies a configuration for its field manager; creates the object when there is none (not through a subresource). */
export function applyUpdate(request: WriteRequest, apply: ApplyRequest): Promise<UpdateResult> {
  const { resource, ctx, subresource } = request;
  const { row } = resource;
  const patch = checked(request, apply);
  const force = ctx.call.params.get('force') === 'true';
  const target = { struct: row.struct, group: row.group, version: row.version, kind: row.kind };
  return update({
    ...request,
    namespace: apply.namespace,
    name: apply.name,
    unconditional: true,
    tracked: true,
    createWhenAbsent: subresource === '',
    mayCreate: apply.mayCreate,
    next(old): KubeObject {
      const { resourceVersion, uid } = patch.metadata;
      if (old === undefined && (resourceVersion || uid)) throw notFound(resource.groupResource, apply.name);
      let result: ReturnType<typeof applyPatch>;
      try {
        result = applyPatch({ ...writerOf(request), live: old, patch, force });
      } catch (error) {
        if (error instanceof ApplyTypeError) throw badRequest(error.message);
        throw error;
      }
      if (apply.duplicates.length > 0) {
        const text = `error converting YAML to JSON: yaml: unmarshal errors:\n  ${apply.duplicates.join('\n  ')}`;
        if (ctx.call.params.get('fieldValidation') === 'Strict') throw badRequest(`error strict decoding YAML: ${text}`);
        if (!ctx.warnings.includes(text)) ctx.warnings.push(text);
      }
      if (result.conflicts !== undefined) throw applyConflict(result.conflicts.causes, result.conflicts.message);
      return decodeValue(result.object, target, 'Ignore', () => undefined);
    },
  });
}
