// GET of a collection: from the watch cache when it can answer for the revision asked for, else from the store's history.
import { expired, StatusError } from '#api/status.ts';
import { Slices } from '#base/slices.ts';
import { CompactedError } from '#store/kv.ts';
import { Entry } from '../cacher/entry.ts';
import type { Scope } from '../cacher/watch.ts';
import type { Answer, Encodable } from '../chain.ts';
import { decodeContinue, encodeContinue } from './continue.ts';
import { historyError, listFreshness, waitAtLeast } from './freshness.ts';
import { checkListOptions } from './listoptions.ts';
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
  const { limit } = checkListOptions(params, 'list');
  const scope = scopeOf(resource, {
    namespace: request.namespace,
    labelSelector: params.get('labelSelector'),
    fieldSelector: params.get('fieldSelector'),
  });
  const continued = params.get('continue') || undefined;
  const { revision, match } = listFreshness(params, continued !== undefined);
  const page = { registry, resource, scope, from: scope.prefix, limit };
  if (continued !== undefined) return answer(resource, scope, await continuePage(page, continued));
  if (match === 'Exact' || (revision !== undefined && revision > 0 && limit > 0 && match === undefined)) {
    return answer(resource, scope, await pageAt(page, revision as number));
  }
  if (revision === undefined) {
    if (!registry.hub.current) await waitAtLeast(registry, await registry.store.newest());
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

/** Objects that are looked at before somebody asks for the time. */
const stride = 128;

/** Fills a page; `take` is true when it is full and the object is the first of the next one. */
class PageFiller {
  readonly items: Encodable[] = [];
  readonly #request: PageRequest;
  readonly #slices: Slices;
  #looked = 0;

  constructor(request: PageRequest) {
    this.#request = request;
    this.#slices = new Slices(request.registry.world.clock);
  }

  take(entry: Entry): boolean {
    const { resource, scope, limit } = this.#request;
    if (scope.matches && !scope.matches(entry)) return false;
    if (limit > 0 && this.items.length === limit) return true;
    this.items.push(resource.view(entry));
    return false;
  }

  /** What to wait for before the next object, so that others have their turn. */
  pause(): Promise<void> | undefined {
    return ++this.#looked % stride === 0 ? this.#slices.pause() : undefined;
  }
}

/** A page of the watch cache, of the state in which it is now. */
async function cachedPage(request: PageRequest, revision: number): Promise<Page> {
  const { resource, scope, from } = request;
  const { table } = resource;
  const page = new PageFiller(request);
  const { items } = page;
  if (scope.key !== undefined) {
    const entry = table.get(scope.key);
    if (entry && entry.key >= from) page.take(entry);
    return { items, revision };
  }
  const full = (entry: Entry, remaining: () => number): Page => ({
    items,
    revision,
    next: entry.key,
    ...(scope.matches ? {} : { remaining: remaining() }),
  });
  for (const entry of table.range(scope.prefix, from)) {
    const pause = page.pause();
    // The table changes while others have their turn: from here on it is what it was before.
    if (pause) return restOf(entry, pause);
    if (page.take(entry)) return full(entry, () => table.count(scope.prefix, entry.key));
  }
  return { items, revision };

  async function restOf(first: Entry, pause: Promise<void>): Promise<Page> {
    const rest = table.slice(scope.prefix, first.key);
    await pause;
    for (const [i, entry] of rest.entries()) {
      if (page.take(entry)) return full(entry, () => rest.length - i);
      const next = page.pause();
      if (next) await next;
    }
    return { items, revision };
  }
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

/** Objects that are read from the store in one go. */
const storeChunk = 500;

async function storedPage(request: PageRequest, revision: number): Promise<Page> {
  const { registry, resource, scope, limit } = request;
  const { matches, prefix } = scope;
  const page = new PageFiller(request);
  const { items } = page;
  // With a selection, a page of the store may hold little of what is wanted: read on until the page is full.
  const chunk = limit > 0 && !matches ? Math.min(limit + 1, storeChunk) : storeChunk;
  let from = request.from;
  for (;;) {
    const result = await registry.store.list(prefix, { revision, from, limit: chunk });
    const entries = result.entries.map((kv) => new Entry(kv.key, kv.modRevision, kv.value, registry.config.freeze));
    await resource.prepare(entries);
    for (const [i, kv] of result.entries.entries()) {
      const entry = entries[i] as Entry;
      const pause = page.pause();
      if (pause) await pause;
      if (scope.key !== undefined && kv.key !== scope.key) continue;
      if (page.take(entry)) return { items, revision, next: kv.key, ...(matches ? {} : { remaining: result.count - i }) };
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
