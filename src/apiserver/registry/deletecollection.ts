// DELETE of a collection: every selected object, as if each had been deleted alone.
import { Slices } from '#base/slices.ts';
import { isNotFound } from '#api/status.ts';
import type { DeleteOptions } from '#api/meta/v1/options.ts';
import type { Answer, Encodable } from '../chain.ts';
import { remove } from './delete.ts';
import { list } from './list.ts';
import type { WriteRequest } from './request.ts';

export interface DeleteCollectionRequest extends WriteRequest {
  readonly namespace: string;
  readonly options: DeleteOptions;
}

const parallel = 16;

/** Deletes and answers with the list of what was selected. */
export async function deleteCollection(request: DeleteCollectionRequest, params: URLSearchParams): Promise<Answer> {
  const { registry, resource, namespace } = request;
  const selected = await list({ registry, resource, namespace, params });
  if (selected.kind !== 'list') throw new Error('a list answers with a list');
  const { items } = selected;
  let next = 0;
  const slices = new Slices(registry.world.clock);
  const worker = async () => {
    while (next < items.length) {
      const { name, namespace: own } = (items[next++] as Encodable).object.metadata;
      const pause = slices.pause();
      if (pause) await pause;
      try {
        await remove({ ...request, namespace: own ?? '', name });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(parallel, items.length) }, worker));
  return selected;
}
