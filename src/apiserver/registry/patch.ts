// PATCH: the four kinds of patch, applied to the newest state of the served version.
import { badRequest, invalid, requestEntityTooLarge, StatusError, unsupportedMediaType } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { strictReason } from '#api/rules.ts';
import { goQuote } from '#format/goquote.ts';
import { parseJson, parseJsonStrict, textOfBytes } from '#format/json.ts';
import { parseYamlStrict } from '#format/yaml.ts';
import { applyJsonPatch, JsonPatchError, parseJsonPatch } from '#merge/jsonPatch.ts';
import { applyMergePatch } from '#merge/mergePatch.ts';
import { applyStrategicPatch, StrategicPatchError } from '#merge/strategic.ts';
import type { KubeObject } from '#api/object.ts';
import { decodeValue, mediaType, parseBody, readBody } from '../body.ts';
import type { Call } from '../chain.ts';
import { fieldValidationOf } from '../options.ts';
import type { ResourceRow } from '../resources/row.ts';
import { applyUpdate } from './apply.ts';
import type { WriteRequest } from './request.ts';
import { update, type UpdateResult } from './update.ts';

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

const types: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
};
const maxOperations = 10_000;

/** A patch as it came in. */
export interface Patch {
  readonly type: PatchType;
  readonly body: unknown;
  /** Keys that the text said twice, in the words of a strict decoder; only looked for when the client asks. */
  readonly duplicates: readonly string[];
}

/** Reads a patch body. */
export async function readPatch(call: Call, { kind, custom }: Pick<ResourceRow, 'kind' | 'custom'>): Promise<Patch> {
  const type = types[mediaType(call.headers['content-type'])];
  // A strategic patch needs merge keys, which schemas of custom resources do not have.
  if (!type || (custom && type === 'strategic')) {
    throw unsupportedMediaType(Object.keys(types).filter((name) => !custom || types[name] !== 'strategic'));
  }
  if (call.object !== undefined) return { type, body: call.object, duplicates: [] };
  const bytes = await readBody(call);
  const strict = call.params.has('fieldValidation') && fieldValidationOf(call.params) !== 'Ignore';
  if (type === 'apply') {
    const body = parseBody(bytes, 'yaml', kind);
    return { type, body, duplicates: strict ? parseYamlStrict(textOfBytes(bytes)).duplicates : [] };
  }
  const body = parsePatch(bytes, type);
  const duplicates = strict && type !== 'json' ? parseJsonStrict(bytes).duplicates : [];
  return { type, body, duplicates: duplicates.map((field) => `duplicate field ${goQuote(field)}`) };
}

function parsePatch(bytes: Uint8Array, type: PatchType): unknown {
  try {
    const value: unknown = parseJson(bytes);
    if (type === 'json' ? !Array.isArray(value) : typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error(
        `json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value} into Go value of type ${type === 'json' ? 'jsonpatch.Patch' : 'map[string]interface {}'}`,
      );
    }
    return value;
  } catch (error) {
    throw badRequest(messageOf(error));
  }
}

/** The 422 for a patch that does not apply. Kubernetes keeps the reason to itself. */
function rejected(): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'the server rejected our request due to an error in our request',
    reason: 'Invalid',
    details: {},
    code: 422,
  });
}

/** The 422 for a patch that a strict reader objects to. */
function notStrict(value: unknown, findings: readonly string[]): StatusError {
  return invalid({ group: '', kind: '' }, '', [
    { type: 'Invalid value', field: 'patch', value: JSON.stringify(value), detail: strictReason(findings) },
  ]);
}

/** The patched value; `struct` steers strategic patches. */
export function patched(current: KubeObject, patch: Patch, struct: Parameters<typeof applyStrategicPatch>[2]): unknown {
  if (patch.type === 'json') {
    if (Array.isArray(patch.body) && patch.body.length > maxOperations) {
      throw requestEntityTooLarge(`The allowed maximum operations in a JSON patch is ${maxOperations}, got ${patch.body.length}`);
    }
    try {
      return applyJsonPatch(current as never, parseJsonPatch(patch.body));
    } catch (error) {
      if (error instanceof JsonPatchError && error.kind === 'malformed') throw badRequest(error.message);
      throw rejected();
    }
  }
  try {
    return patch.type === 'merge'
      ? applyMergePatch(current as never, patch.body as never)
      : applyStrategicPatch(current as never, patch.body as never, struct);
  } catch (error) {
    if (error instanceof StatusError) throw error;
    if (error instanceof StrategicPatchError && error.kind === 'unprocessable') throw rejected();
    throw badRequest(messageOf(error));
  }
}

/** Patches an object or one of its parts. */
export async function patch(request: WriteRequest, namespace: string, name: string, mayCreate: () => Promise<void>): Promise<UpdateResult> {
  const { resource, ctx } = request;
  const { row } = resource;
  const target = { struct: row.struct, group: row.group, version: row.version, kind: row.kind };
  const body = await readPatch(ctx.call, row);
  ctx.audit?.request(body.body);
  if (body.type === 'apply') return applyUpdate(request, { namespace, name, body: body.body, duplicates: body.duplicates, mayCreate });
  const validation = fieldValidationOf(ctx.call.params);
  const warned = ctx.warnings.length;
  return update({
    ...request,
    namespace,
    name,
    unconditional: true,
    createWhenAbsent: false,
    next: (old) => {
      ctx.warnings.length = warned;
      const value = patched(old as KubeObject, body, row.struct);
      const findings = [...body.duplicates];
      const object = decodeValue(value, target, validation === 'Strict' ? 'Warn' : validation, (text) => findings.push(text));
      if (findings.length > 0 && validation === 'Strict') throw notStrict(value, findings);
      if (validation !== 'Ignore') ctx.warnings.push(...findings);
      return object;
    },
  });
}
