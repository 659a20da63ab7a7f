// Server-side apply: the configuration of one manager, merged into what others have set.
import { apiVersionOf, type KubeObject } from '#api/object.ts';
import { applyConflict, badRequest, invalid, notFound, StatusError } from '#api/status.ts';
import { type ApplyInput, applyPatch, type ApplyResult, ApplyTypeError, type OwnedObject } from '#merge/apply.ts';
import { decodeValue } from '../body.ts';
import type { ResourceRow } from '../resources/row.ts';
import { merged } from './managed.ts';
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

/** What the body must be: the kind of the endpoint. */
type Target = Pick<ResourceRow, 'struct' | 'group' | 'version' | 'kind'>;

/** The body as a configuration of the object that the URL names. Throws the Status of what is wrong with it. */
export function configuration(
  request: WriteRequest,
  { name, namespace, body }: Pick<ApplyRequest, 'namespace' | 'name' | 'body'>,
  target: Target,
): OwnedObject {
  if (!request.ctx.call.params.get('fieldManager')) {
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [
      { type: 'Required value', field: 'fieldManager', detail: 'is required for apply patch' },
    ]);
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw badRequest('error decoding YAML: the patch must be an object');
  const patch = body as Record<string, unknown>;
  const [apiVersion, kind] = [patch['apiVersion'] ?? '', patch['kind'] ?? ''];
  if (apiVersion !== apiVersionOf(target) || kind !== target.kind) {
    const group = String(apiVersion).includes('/') ? apiVersion : `/${String(apiVersion)}`;
    throw badRequest(`invalid object type: ${String(group)}, Kind=${String(kind)}`);
  }
  const metadata = (patch['metadata'] ?? {}) as Record<string, unknown>;
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) throw badRequest('metadata.managedFields must be nil');
  if (metadata['name'] !== undefined && metadata['name'] !== name)
    throw badRequest(`the name of the object (${String(metadata['name'])}) does not match the name on the URL (${name})`);
  if (metadata['namespace'] !== undefined && metadata['namespace'] !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  return { ...patch, metadata: { ...metadata, name, ...(namespace ? { namespace } : {}) } } as unknown as OwnedObject;
}

/** The error of an apply as Kubernetes has it: what a webhook that converts complains of comes without a reason. */
function refusal(error: unknown): unknown {
  if (error instanceof ApplyTypeError) return badRequest(error.message);
  if (!(error instanceof StatusError) || error.reason !== 'InternalError') return error;
  const message = error.status.details?.causes?.[0]?.message ?? error.message;
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}

/** Lays a configuration over the object. Rejects with the Status of a conflict or of a configuration that does not fit the kind. */
export async function applied(request: WriteRequest, input: Pick<ApplyInput, 'live' | 'patch'>): Promise<OwnedObject> {
  let result: ApplyResult;
  try {
    result = await merged(request, (writer) => applyPatch({ ...writer, ...input, force: isForced(request) }));
  } catch (error) {
    throw refusal(error);
  }
  if (result.conflicts !== undefined) throw applyConflict(result.conflicts.causes, result.conflicts.message);
  return result.object;
}

/** Whether the client takes over what others own. */
const isForced = (request: WriteRequest): boolean => request.ctx.call.params.get('force') === 'true';

/** Applies a configuration for its field manager; creates the object when there is none (not through a subresource). */
export function applyUpdate(request: WriteRequest, apply: ApplyRequest): Promise<UpdateResult> {
  const { resource, ctx, subresource } = request;
  const { row } = resource;
  const target = { struct: row.struct, group: row.group, version: row.version, kind: row.kind };
  const patch = configuration(request, apply, target);
  return update({
    ...request,
    namespace: apply.namespace,
    name: apply.name,
    unconditional: true,
    tracked: true,
    createWhenAbsent: subresource === '',
    mayCreate: apply.mayCreate,
    async next(old): Promise<KubeObject> {
      if (old === undefined && patch.metadata.resourceVersion) throw notFound(resource.groupResource, apply.name);
      const object = await applied(request, { live: old, patch });
      if (apply.duplicates.length > 0) {
        const text = `error converting YAML to JSON: yaml: unmarshal errors:\n  ${apply.duplicates.join('\n  ')}`;
        if (ctx.call.params.get('fieldValidation') === 'Strict') throw badRequest(`error strict decoding YAML: ${text}`);
        if (!ctx.warnings.includes(text)) ctx.warnings.push(text);
      }
      return decodeValue(object, target, 'Ignore', () => undefined);
    },
  });
}
