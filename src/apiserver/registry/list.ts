// GET of a collection: from the watch cache when it can answer for the revision asked for, else from the store's history.
import { badRequest, expired, StatusError } from '#api/status.ts';
import { CompactedError } from '#store/kv.ts';
import { Entry } from '../cacher/entry.ts';
import type { Scope } from '../cacher/watch.ts';
import type { Answer, Encodable } from '../chain.ts';
import { decodeContinue, encodeContinue } from './continue.ts';
import { historyError, listFreshness, waitAtLeast } from './freshness.ts';
import type { Registry } from './registry.ts';
import type { Resource } from './resource.ts';
import { scopeOf } from './selection.ts';

export interface ListRequest {
  readonly registry: Registry;
  readonly resource: Resource;
  readonly namespace: string;
  readonly params: URLSearchParams;
}

interface Page {
  readonly items: Encodable[];
  readonly revision: number;
  /** Key at which the next page starts. */
  readonly next?: string;
  readonly remaining?: number;
}

interface PageRequest {
  readonly registry: Registry;
  readonly resource: Resource;
  readonly scope: Scope;
  readonly from: string;
  readonly limit: number;
}

/** Answers a list. */
export async function list(request: ListRequest): Promise<Answer> {
  const { registry, resource, params } = request;
  const scope = scopeOf(resource, {
    namespace: request.namespace,
    labelSelector: params.get('labelSelector'),
    fieldSelector: params.get('fieldSelector'),
  });
  const limit = parseLimit(params.get('limit'));
  const continued = params.get('continue') || undefined;
  const { revision, match } = listFreshness(params, continued !== undefined);
  const page = { registry, resource, scope, from: scope.prefix, limit };
  if (continued !== undefined) return answer(resource, scope, await continuePage(page, continued));
  if (match === 'Exact' || (revision !== undefined && revision > 0 && limit > 0 && match === undefined)) {
    return answer(resource, scope, await pageAt(page, revision as number));
  }
  if (revision === undefined) {
    if (!registry.hub.current) await waitAtLeast(registry, registry.store.revision());
  } else if (revision > 0) await waitAtLeast(registry, revision);
  return answer(resource, scope, await newestPage(page));
}

/** A page of the newest state. Resources that others convert are looked at again when they changed meanwhile. */
async function newestPage(request: PageRequest): Promise<Page> {
  const { registry, resource } = request;
  for (;;) {
    const preparing = resource.prepare(entriesOf(request));
    if (!preparing) return cachedPage(request, registry.hub.revision);
    // oxlint-disable-next-line no-await-in-loop
    await preparing;
  }
}

function entriesOf({ resource, scope, from }: PageRequest): Iterable<Entry> {
  if (scope.key === undefined) return resource.table.range(scope.prefix, from);
  const entry = resource.table.get(scope.key);
  return entry ? [entry] : [];
}

function parseLimit(text: string | null): number {
  if (text === null || text === '') return 0;
  const limit = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(limit)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  }
  return Math.max(limit, 0);
}

function answer(resource: Resource, scope: Scope, page: Page): Answer {
  const next =
    page.next !== undefined ? encodeContinue({ revision: page.revision, start: page.next.slice(scope.prefix.length) }) : undefined;
  return {
    kind: 'list',
    row: resource.row,
    items: page.items,
    listMeta: {
      resourceVersion: String(page.revision),
      ...(next !== undefined ? { continue: next } : {}),
      ...(next !== undefined && page.remaining !== undefined ? { remainingItemCount: page.remaining } : {}),
    },
  };
}

function cachedPage(request: PageRequest, revision: number): Page {
  const { resource, scope, from, limit } = request;
  const { table } = resource;
  const { matches } = scope;
  const items: Encodable[] = [];
  if (scope.key !== undefined) {
    const entry = table.get(scope.key);
    if (entry && entry.key >= from && (!matches || matches(entry))) items.push(resource.view(entry));
    return { items, revision };
  }
  for (const entry of table.range(scope.prefix, from)) {
    if (matches && !matches(entry)) continue;
    if (limit > 0 && items.length === limit) {
      const remaining = matches ? {} : { remaining: table.count(scope.prefix, entry.key) };
      return { items, revision, next: entry.key, ...remaining };
    }
    items.push(resource.view(entry));
  }
  return { items, revision };
}

/** A page of the state at one revision. */
async function pageAt(request: PageRequest, revision: number): Promise<Page> {
  const { registry, resource } = request;
  if (registry.hub.revision < revision) await waitAtLeast(registry, revision);
  await resource.prepare(entriesOf(request));
  if (resource.table.lastChange <= revision) return cachedPage(request, revision);
  try {
    return await storedPage(request, revision);
  } catch (error) {
    throw historyError(error, revision);
  }
}

async function storedPage(request: PageRequest, revision: number): Promise<Page> {
  const { registry, resource, scope, limit } = request;
  const { matches, prefix } = scope;
  const items: Encodable[] = [];
  // With a selection, a page of the store may hold little of what is wanted: read on until the page is full.
  const chunk = limit > 0 ? (matches ? Math.max(limit, 500) : limit + 1) : undefined;
  let from = request.from;
  for (;;) {
    const result = await registry.store.list(prefix, { revision, from, ...(chunk ? { limit: chunk } : {}) });
    const entries = result.entries.map((kv) => new Entry(kv.key, kv.modRevision, kv.value, registry.config.freeze));
    await resource.prepare(entries);
    for (const [i, kv] of result.entries.entries()) {
      const entry = entries[i] as Entry;
      if ((scope.key !== undefined && kv.key !== scope.key) || (matches && !matches(entry))) continue;
      if (limit > 0 && items.length === limit) {
        return { items, revision, next: kv.key, ...(matches ? {} : { remaining: result.count - i }) };
      }
      items.push(resource.view(entry));
    }
    const last = result.entries.at(-1);
    if (!result.more || !last) return { items, revision };
    from = `${last.key}\0`;
  }
}

async function continuePage(request: PageRequest, text: string): Promise<Page> {
  const { registry, scope } = request;
  const token = decodeContinue(text);
  const from = scope.prefix + token.start;
  if (token.revision === -1) {
    await registry.hub.caughtUp();
    return newestPage({ ...request, from });
  }
  if (token.revision < registry.store.compactRevision()) throw expiredToken(token.start);
  try {
    return await pageAt({ ...request, from }, token.revision);
  } catch (error) {
    if (error instanceof CompactedError || (error instanceof StatusError && error.code === 410)) throw expiredToken(token.start);
    throw error;
  }
}

const expiredText =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** The 410 with a token that goes on at the newest revision. */
function expiredToken(start: string): StatusError {
  const { status } = expired(expiredText);
  return new StatusError({ ...status, metadata: { continue: encodeContinue({ revision: -1, start }) } });
}
