// GET with watch=true: the changes after a revision, as they happen.
import type { KubeObject } from '#api/object.ts';
import { encodable, type Entry } from '../cacher/entry.ts';
import { type Scope, Watch } from '../cacher/watch.ts';
import type { Answer } from '../chain.ts';
import { isTrue } from '../requestinfo.ts';
import { parseRevision, waitAtLeast } from './freshness.ts';
import type { ListRequest } from './list.ts';
import { checkListOptions } from './listoptions.ts';
import { attachSince } from './replay.ts';
import type { Resource } from './resource.ts';
import { scopeOf } from './selection.ts';

export interface WatchRequest extends ListRequest {
  /** Name in a legacy watch path. */
  readonly name: string;
  readonly signal: AbortSignal;
}

const minTimeout = 1_800_000;

/** Answers a watch. */
export async function watch(request: WatchRequest): Promise<Answer> {
  const { registry, resource, params, signal } = request;
  const { hub, world } = registry;
  const { timeoutSeconds = 0 } = checkListOptions(params, 'watch');
  const scope = scopeOf(resource, {
    namespace: request.namespace,
    name: request.name,
    labelSelector: params.get('labelSelector'),
    fieldSelector: params.get('fieldSelector'),
  });
  const revision = parseRevision(params.get('resourceVersion'));
  const bookmarks = isTrue(params.get('allowWatchBookmarks'));
  const initial = initialEvents(params, revision);

  const { table, row } = resource;
  const watcher = new Watch({
    scope,
    clock: world.clock,
    fanout: hub.fanout,
    signal,
    timeout: timeoutSeconds > 0 ? timeoutSeconds * 1000 : Math.round(minTimeout * (1 + world.random.next())),
    bookmarks,
    after: initial === 'none' && revision !== undefined ? revision : 0,
    revision: () => hub.revision,
    bookmark: (at, initialEnd) => bookmark(resource.apiVersion, row.kind, at, initialEnd),
    ...(resource.conversion ? { view: (entry) => resource.view(entry) } : {}),
    ...(resource.conversion?.convert ? { prepare: (entries) => resource.prepare(entries) } : {}),
  });

  // Changes after a revision that is yet to come are waited for; the state at one must be there soon.
  if (initial !== 'none' && revision !== undefined && revision > 0) await waitAtLeast(registry, revision);
  else if (initial === 'consistent' && !hub.current) await waitAtLeast(registry, await registry.store.newest());

  if (initial !== 'none') await prepared(resource, scope);
  // From here to attach nothing may await: the state below and the changes after it must meet.
  if (initial === 'none' && revision !== undefined && revision > 0) {
    try {
      await attachSince(registry, table, watcher, scope, revision);
    } catch (error) {
      watcher.fail(error);
    }
  } else if (initial === 'none') {
    watcher.attach(table, []);
  } else {
    const told = bookmarks && params.get('sendInitialEvents') !== null;
    const end = told ? encodable(bookmark(resource.apiVersion, row.kind, hub.revision, true)) : undefined;
    watcher.begin(table, present(resource, scope), end && { type: 'BOOKMARK', item: end });
  }
  return { kind: 'watch', row, events: watcher };
}

/** Converts what a watch begins with, where others convert; what changes meanwhile is converted in another round. */
async function prepared(resource: Resource, scope: Scope): Promise<void> {
  const prepare = (): Promise<void> | undefined => (resource.conversion?.convert ? resource.prepare(present(resource, scope)) : undefined);
  // oxlint-disable-next-line no-await-in-loop
  for (let waiting = prepare(); waiting; waiting = prepare()) await waiting;
}

/** What a watch may begin with. */
function present({ table }: Resource, { key, prefix, trigger, matches }: Scope): readonly Entry[] {
  if (key !== undefined) return [table.get(key)].filter((entry) => entry !== undefined);
  const entries = table.slice(prefix);
  // Thousands of nodes look for their own pods, which are few: none of them shall keep a list of all.
  return trigger !== undefined && matches ? entries.filter(matches) : entries;
}

/** Whether, and how fresh, the present state comes first as ADDED events. */
function initialEvents(params: URLSearchParams, revision: number | undefined): 'none' | 'cached' | 'consistent' {
  const wanted = params.get('sendInitialEvents');
  // Without sendInitialEvents, no version and version 0 start with synthetic ADDED events.
  if (wanted === null) return revision === undefined ? 'consistent' : revision === 0 ? 'cached' : 'none';
  if (!isTrue(wanted)) return 'none';
  return revision === undefined ? 'consistent' : 'cached';
}

function bookmark(apiVersion: string, kind: string, revision: number, initialEnd: boolean): KubeObject {
  const metadata = {
    resourceVersion: String(revision),
    ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  };
  return { kind, apiVersion, metadata } as unknown as KubeObject;
}
