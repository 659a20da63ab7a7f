// What the verbs and the subresources share: the write part of a request, entries as answers, the version to answer with.
import { notFound } from '#api/status.ts';
import type { Entry } from './cacher/entry.ts';
import type { Answer, Context } from './chain.ts';
import { checkWriteOptions, fieldManagerOf, isDryRun } from './options.ts';
import { parseRevision, waitAtLeast } from './registry/freshness.ts';
import { newest } from './registry/persist.ts';
import type { Registry } from './registry/registry.ts';
import type { WriteRequest } from './registry/request.ts';
import type { Resource } from './registry/resource.ts';

/** The write part of a request. */
export function writeRequest(registry: Registry, resource: Resource, ctx: Context, kind: string): WriteRequest {
  const { call, info } = ctx;
  checkWriteOptions(call.params, kind);
  const dryRun = isDryRun(call.params);
  const fieldManager = fieldManagerOf(call);
  return {
    registry,
    resource,
    ctx,
    subresource: info.subresource,
    dryRun,
    fieldManager,
    options: { kind, apiVersion: 'meta.k8s.io/v1', ...(dryRun ? { dryRun: ['All'] } : {}), ...(fieldManager ? { fieldManager } : {}) },
  };
}

/** An object as an answer, with the bytes that the cache has or the write made. */
export async function entryAnswer(resource: Resource, entry: Entry, status = 200): Promise<Answer> {
  const view = await resource.load(entry);
  return { kind: 'object', status, object: view.object, item: view, row: resource.row };
}

/** The version of an object that a GET with these parameters may answer with. */
export async function getEntry(
  registry: Registry,
  resource: Resource,
  namespace: string,
  name: string,
  params: URLSearchParams,
): Promise<Entry> {
  const revision = parseRevision(params.get('resourceVersion'));
  const key = resource.key(namespace, name);
  if (revision !== undefined && revision > 0) await waitAtLeast(registry, revision);
  const entry = revision === undefined ? await newest(registry, resource, key) : resource.table.get(key);
  if (!entry) throw notFound(resource.groupResource, name);
  return entry;
}
