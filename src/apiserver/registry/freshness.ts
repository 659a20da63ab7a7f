// How fresh a read must be: the meaning of resourceVersion and resourceVersionMatch.
import { badRequest, expired, type FieldError, invalid, StatusError } from '#api/status.ts';
import { goQuote } from '#format/goquote.ts';
import { CompactedError, FutureRevisionError } from '#store/kv.ts';
import type { Registry } from './registry.ts';

/** A resourceVersion of the query as a number, NaN for what is none; undefined when absent. */
function revisionOf(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  return /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
}

/** Why a text is no number without a sign, in Go's words. */
const notUnsigned = (text: string): string => `strconv.ParseUint: parsing ${goQuote(text)}: invalid syntax`;

/** The version that a get or a watch asks for; undefined when absent. Throws a 422 for what is no number. */
export function parseRevision(text: string | null): number | undefined {
  const revision = revisionOf(text);
  if (!Number.isNaN(revision)) return revision;
  const error: FieldError = { type: 'Invalid value', field: 'resourceVersion', value: text ?? '', detail: notUnsigned(text ?? '') };
  throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [error]);
}

/** Waits until the cache has everything up to `revision`; a revision that does not come is refused as Kubernetes does. */
export async function waitAtLeast(registry: Registry, revision: number): Promise<void> {
  if (await registry.hub.waitFor(revision)) return;
  throw tooLarge(revision, registry.hub.revision);
}

function tooLarge(wanted: number, present: number): StatusError {
  return new StatusError({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Timeout: Too large resource version: ${wanted}, current: ${present}`,
    reason: 'Timeout',
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
    code: 504,
  });
}

/** What a read below or above the store's history becomes. */
export function historyError(error: unknown, wanted: number): unknown {
  if (error instanceof CompactedError) return expired(`The resourceVersion for the provided list is too old.`);
  if (error instanceof FutureRevisionError) return tooLarge(wanted, error.currentRevision);
  return error;
}

/** The 410 that a watch gets whose start is no longer kept. */
export function tooOld(wanted: number, oldest: number): StatusError {
  return expired(`too old resource version: ${wanted} (${oldest})`);
}

export interface ListFreshness {
  readonly revision: number | undefined;
  readonly match: 'Exact' | 'NotOlderThan' | undefined;
}

/** Reads the freshness parameters of a list, which were checked. Throws the 400 of a version that is no number. */
export function listFreshness(params: URLSearchParams, continuing: boolean): ListFreshness {
  const text = params.get('resourceVersion');
  if (continuing) {
    if (text && text !== '0') throw badRequest('specifying resource version is not allowed when using continue');
    return { revision: undefined, match: undefined };
  }
  const revision = revisionOf(text);
  if (Number.isNaN(revision))
    throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${goQuote(text ?? '')}: ${notUnsigned(text ?? '')}`);
  return { revision, match: (params.get('resourceVersionMatch') || undefined) as ListFreshness['match'] };
}
