// The scale of custom resources: replicas and selector are where the definition says.
import type { CustomResourceSubresourceScale } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { KubeObject } from '#api/object.ts';
import { internal } from '#api/status.ts';
import { isObject } from '#format/own.ts';
import type { Scaling } from '../registry/strategy.ts';

const segments = (path: string): string[] => path.split('.').filter((part) => part !== '');

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const part of path) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

function withValue(object: unknown, path: readonly string[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  const base = isObject(object) ? object : {};
  return { ...base, [first]: withValue(base[first], rest, value) };
}

/** Reads and writes the scale by the paths of a definition. */
export function customScaling(scale: CustomResourceSubresourceScale): Scaling {
  const replicas = segments(scale.specReplicasPath);
  const current = segments(scale.statusReplicasPath);
  const selector = segments(scale.labelSelectorPath ?? '');
  const count = (object: KubeObject, path: readonly string[]): number | undefined => {
    const value = valueAt(object, path);
    if (typeof value === 'bigint') return Number(BigInt.asIntN(32, value)); // as Go makes an int32 of it
    return typeof value === 'number' ? value : undefined;
  };
  return {
    read(object) {
      const wanted = count(object, replicas);
      if (wanted === undefined) throw internal(`the spec replicas field ${JSON.stringify(scale.specReplicasPath)} does not exist`);
      const text = selector.length > 0 ? valueAt(object, selector) : undefined;
      return { replicas: wanted, current: count(object, current) ?? 0, selector: typeof text === 'string' ? text : '' };
    },
    find: (object) => count(object, replicas),
    write: (object, wanted) => withValue(object, replicas, wanted) as KubeObject,
  };
}
