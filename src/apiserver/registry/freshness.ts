// How fresh a read must be: the meaning of resourceVersion and resourceVersionMatch.
import { badRequest, expired, invalid as invalidObject, StatusError } from '#api/status.ts';
import { CompactedError, FutureRevisionError } from '#store/kv.ts';
import type { Registry } from './registry.ts';

/** A resourceVersion of the query as a number; undefined when absent. */
export function parseRevision(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^\d{1,16}$/.test(text)) {
    throw invalidObject({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', [
      {
        type: 'Invalid value',
        field: 'resourceVersion',
        value: text,
        detail: `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
      },
    ]);
  }
  return Number(text);
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

const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' };

function refuse(field: string, detail: string, value?: unknown): StatusError {
  return invalidObject(listOptions, '', [
    value === undefined ? { type: 'Forbidden', field, value: '', detail } : { type: 'Invalid value', field, value, detail },
  ]);
}

/** Reads and checks the freshness parameters of a list. */
export function listFreshness(params: URLSearchParams, continuing: boolean): ListFreshness {
  const revision = parseRevision(params.get('resourceVersion'));
  const match = params.get('resourceVersionMatch') || undefined;
  if (match !== undefined) {
    if (params.get('resourceVersion') === null || params.get('resourceVersion') === '') {
      throw refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden unless resourceVersion is provided');
    }
    if (continuing) throw refuse('resourceVersionMatch', 'resourceVersionMatch is forbidden when continue is provided');
    if (match !== 'Exact' && match !== 'NotOlderThan') {
      throw invalidObject(listOptions, '', [
        { type: 'Unsupported value', field: 'resourceVersionMatch', value: match, detail: 'supported values: "Exact", "NotOlderThan", ""' },
      ]);
    }
    if (match === 'Exact' && revision === 0) {
      throw refuse('resourceVersionMatch', 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"');
    }
  }
  if (continuing && revision !== undefined && revision !== 0) {
    throw badRequest('specifying resource version is not allowed when using continue');
  }
  return { revision, match: match as ListFreshness['match'] };
}
