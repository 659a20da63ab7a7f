// Subresources that show the whole object and write a part of it: status, finalize, approval, ephemeralcontainers, resize.
import { badRequest, methodNotAllowed } from '#api/status.ts';
import type { Answer } from '../chain.ts';
import { decodeBody } from '../body.ts';
import { patch } from '../registry/patch.ts';
import { update } from '../registry/update.ts';
import { entryAnswer, getEntry, writeRequest } from '../entries.ts';
import type { SubresourceRequest } from './subresource.ts';

/** Serves get, update and patch. */
export async function servePart({ registry, resource, ctx }: SubresourceRequest): Promise<Answer> {
  const { info, call } = ctx;
  const { row } = resource;
  const namespace = row.namespaced ? info.namespace : '';
  switch (info.verb) {
    case 'get':
      return entryAnswer(resource, await getEntry(registry, resource, namespace, info.name, call.params));
    case 'update': {
      const object = await decodeBody(ctx, { struct: row.struct, group: row.group, version: row.version, kind: row.kind });
      if (object.metadata.name && object.metadata.name !== info.name) {
        throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${info.name})`);
      }
      const request = writeRequest(registry, resource, ctx, 'UpdateOptions');
      const { entry } = await update({ ...request, namespace, name: info.name, next: () => object, createWhenAbsent: false });
      return entryAnswer(resource, entry);
    }
    case 'patch': {
      const request = writeRequest(registry, resource, ctx, 'PatchOptions');
      const { entry } = await patch(request, namespace, info.name, () => Promise.resolve());
      return entryAnswer(resource, entry);
    }
    default:
      throw methodNotAllowed();
  }
}
