// Deletes what is in a namespace: pods first, the rest when no pod is left, so that nothing is taken away under a running pod.
import { messageOf } from '#base/errors.ts';
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import { isMethodNotSupported, isNotFound } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { discover, type ServedResource } from '#client/discovery.ts';
import type { Findings } from './plan.ts';

const parallel = 8;

interface Left {
  readonly count: number;
  readonly finalizers: ReadonlyMap<string, number>;
}

const labelOf = (ref: ResourceRef): string => `${ref.resource}.${ref.group}`;

/** Deletes all objects of one resource; says what is left. */
async function empty(client: Client, served: ServedResource, target: { namespace: string; signal: AbortSignal }): Promise<Left> {
  const resource = client.resource(served.ref);
  const { namespace, signal } = target;
  const options = { propagationPolicy: 'Background' };
  let items = (await resource.list({ namespace, signal })).items;
  if (items.length === 0) return { count: 0, finalizers: new Map() };
  let collected = false;
  if (served.verbs.includes('deletecollection')) {
    try {
      await resource.deleteCollection({ namespace }, { options, signal });
      collected = true;
    } catch (error) {
      if (!isMethodNotSupported(error) && !isNotFound(error)) throw error;
    }
  }
  if (!collected) {
    for (const { metadata } of items) {
      if (metadata.deletionTimestamp !== undefined) continue;
      await resource.delete(metadata.name, { namespace, options, signal }).catch((error: unknown) => {
        if (!isNotFound(error) && !isMethodNotSupported(error)) throw error;
      });
    }
  }
  items = (await resource.list({ namespace, signal })).items;
  const finalizers = new Map<string, number>();
  for (const name of items.flatMap((item: KubeObject) => item.metadata.finalizers ?? []))
    finalizers.set(name, (finalizers.get(name) ?? 0) + 1);
  return { count: items.length, finalizers };
}

/** One pass over everything in a namespace. */
export async function deleteContent(client: Client, namespace: string, signal: AbortSignal): Promise<Findings> {
  const { resources, failed } = await discover(client.transport);
  const targets = resources.filter(
    ({ ref, verbs, preferred }) => preferred && ref.namespaced && verbs.includes('delete') && verbs.includes('list'),
  );
  const errors: string[] = [];
  const remaining = new Map<string, number>();
  const finalizers = new Map<string, number>();

  async function pass(batch: readonly ServedResource[]): Promise<void> {
    const line = [...batch];
    const work = async (): Promise<void> => {
      for (let served = line.shift(); served !== undefined; served = line.shift()) {
        try {
          const left = await empty(client, served, { namespace, signal });
          if (left.count === 0) continue;
          remaining.set(labelOf(served.ref), left.count);
          for (const [name, count] of left.finalizers) finalizers.set(name, (finalizers.get(name) ?? 0) + count);
        } catch (error) {
          if (signal.aborted) throw error;
          if (!isNotFound(error)) errors.push(messageOf(error));
        }
      }
    };
    await Promise.all(Array.from({ length: parallel }, work));
  }

  const isPods = ({ ref }: ServedResource): boolean => ref.group === '' && ref.resource === 'pods';
  await pass(targets.filter(isPods));
  if (remaining.size === 0 && errors.length === 0) await pass(targets.filter((served) => !isPods(served)));
  return { discoveryFailed: failed, deletionErrors: errors, remaining, finalizers };
}
