// The resource endpoint: from a request that the chain let through to the registry's algorithms.
import { apiVersionOf } from '#api/object.ts';
import { badRequest, methodNotAllowed, methodNotSupported, pathNotFound } from '#api/status.ts';
import type { Entry } from './cacher/entry.ts';
import { entryAnswer, getEntry, writeRequest } from './entries.ts';
import { decodeBody } from './body.ts';
import type { Answer, Context } from './chain.ts';
import { deleteOptionsOf } from './deleteoptions.ts';
import { checkAcceptable, checkStreamable, checkTableOptions } from './negotiate.ts';
import { create } from './registry/create.ts';
import { remove } from './registry/delete.ts';
import { deleteCollection } from './registry/deletecollection.ts';
import { list } from './registry/list.ts';
import { alignNamespace } from './registry/meta.ts';
import { patch } from './registry/patch.ts';
import type { Registry } from './registry/registry.ts';
import type { Resource } from './registry/resource.ts';
import { update } from './registry/update.ts';
import { watch } from './registry/watch.ts';
import type { Verb } from './resources/row.ts';
import { subresources } from './subresources/all.ts';

/** Checks that somebody may do something else than what was asked, e.g. create by PUT. */
export type Recheck = (ctx: Context, verb: string) => Promise<void>;

const actions: Readonly<Record<string, Verb>> = {
  get: 'get',
  list: 'list',
  watch: 'watch',
  create: 'create',
  update: 'update',
  patch: 'patch',
  delete: 'delete',
  deletecollection: 'deletecollection',
};

/** Serves one request on a resource of the registry. */
export async function serveResource(registry: Registry, resource: Resource, ctx: Context, recheck: Recheck): Promise<Answer> {
  const { info, call } = ctx;
  const { row } = resource;
  if (row.custom?.deprecation) ctx.warnings.push(row.custom.deprecation);
  const verb = actions[info.verb];
  // What is built in knows no HEAD; a custom resource takes it for a GET.
  if (!verb || (call.method === 'HEAD' && !row.custom)) throw methodNotAllowed();
  checkAcceptable(call.headers['accept'], row);
  if (call.params.size > 0) checkTableOptions(call.headers['accept'], call.params);
  if (verb === 'watch') checkStreamable(call.headers['accept']);
  if (row.namespaced && info.namespace === '' && verb !== 'list' && verb !== 'watch') {
    if (verb === 'create' || verb === 'deletecollection') throw methodNotAllowed();
    throw pathNotFound();
  }
  if (!row.namespaced && info.namespace !== '' && row.resource !== 'namespaces') throw pathNotFound();
  if (info.subresource !== '') {
    const sub = row.subresources.find((candidate) => candidate.name === info.subresource);
    const serve = subresources.get(`${row.group}/${row.resource}/${info.subresource}`) ?? subresources.get(`*/${info.subresource}`);
    if (!sub || !serve) throw pathNotFound();
    if (!sub.verbs.includes(verb)) throw methodNotAllowed();
    return serve({ registry, resource, ctx, recheck, sub });
  }
  if (!row.verbs.includes(verb))
    throw info.name === '' || verb === 'deletecollection' ? methodNotAllowed() : methodNotSupported(resource.groupResource, verb);
  if (info.name === '' && (verb === 'update' || verb === 'patch')) throw methodNotAllowed();
  const namespace = row.namespaced ? info.namespace : '';
  const target = { struct: row.struct, group: row.group, version: row.version, kind: row.kind };
  switch (verb) {
    case 'get':
      return entryAnswer(resource, await getEntry(registry, resource, namespace, info.name, call.params));
    case 'list':
      return list({ registry, resource, namespace, params: call.params });
    case 'watch':
      // The name may come from a field selector, which the scope has anyway, or from a legacy path.
      return watch({
        registry,
        resource,
        namespace,
        params: call.params,
        name: call.path.includes('/watch/') ? info.name : '',
        signal: call.signal,
      });
    case 'create': {
      if (info.name !== '') throw methodNotAllowed();
      const request = writeRequest(registry, resource, ctx, 'CreateOptions');
      const object = alignNamespace(await decodeBody(ctx, target), resource, namespace);
      return entryAnswer(resource, await create(request, object), 201);
    }
    case 'update': {
      const request = writeRequest(registry, resource, ctx, 'UpdateOptions');
      const object = await decodeBody(ctx, target);
      if (!object.metadata.name) throw badRequest('name must be provided');
      if (object.metadata.name !== info.name) {
        throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${info.name})`);
      }
      const { entry, created } = await update({
        ...request,
        namespace,
        name: info.name,
        next: () => object,
        createWhenAbsent: row.createOnUpdate,
        mayCreate: () => recheck(ctx, 'create'),
      });
      return entryAnswer(resource, entry, created ? 201 : 200);
    }
    case 'patch': {
      const { entry, created } = await patch(writeRequest(registry, resource, ctx, 'PatchOptions'), namespace, info.name, () =>
        recheck(ctx, 'create'),
      );
      return entryAnswer(resource, entry, created ? 201 : 200);
    }
    case 'delete': {
      const options = await deleteOptionsOf(ctx);
      const request = writeRequest(registry, resource, ctx, 'DeleteOptions');
      const dryRun = request.dryRun || options.dryRun?.includes('All') === true;
      const { entry, gone } = await remove({ ...request, dryRun, namespace, name: info.name, options });
      if (!gone || resource.strategy.returnsDeleted)
        return entryAnswer(resource, entry, !gone && options.orphanDependents === false ? 202 : 200);
      return deletedAnswer(resource, entry);
    }
    case 'deletecollection': {
      const options = await deleteOptionsOf(ctx);
      const request = writeRequest(registry, resource, ctx, 'DeleteOptions');
      const dryRun = request.dryRun || options.dryRun?.includes('All') === true;
      return deleteCollection({ ...request, dryRun, namespace, options }, call.params);
    }
  }
}

/** The Status that a completed deletion answers with. */
export function deletedAnswer(resource: Resource, entry: Entry): Answer {
  const { name, uid } = entry.object.metadata;
  const { group, resource: kind } = resource.row;
  return {
    kind: 'object',
    status: 200,
    object: {
      kind: 'Status',
      apiVersion: apiVersionOf({ group: '', version: 'v1' }),
      metadata: {},
      status: 'Success',
      details: { name, ...(group ? { group } : {}), kind, uid },
    },
  };
}
