// Kubernetes' library for lists: `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf`.
import { add } from '../arithmetic.ts';
import { compare, equal } from '../compare.ts';
import { type ArgEstimate, type CallEstimate, fn, type FunctionDecl, type Library, method } from '../decls.ts';
import { addSizes, fixed, scale, timesSizes, traversal } from '../sizes.ts';
import { Bool, Bytes, type CelType, Double, Duration, Int, listOf, param, Str, Timestamp, Uint } from '../types.ts';
import { type CelList, DurationValue, fail, UintValue, type Value } from '../values.ts';

const ordered: readonly CelType[] = [Int, Uint, Double, Bool, Duration, Timestamp, Str, Bytes];
const summed: readonly CelType[] = [Int, Uint, Double, Duration];
const T = param('T');

/** One look at every item; texts are compared character by character. */
const once = {
  cost: ([list]: readonly Value[]): number => {
    let cost = 0;
    for (const item of list as CelList) cost += typeof item === 'string' ? Math.floor(item.length * traversal) : 1;
    return cost;
  },
  estimate: ([list]: readonly ArgEstimate[]): CallEstimate | undefined => {
    if (!list) return undefined;
    const { elem } = list;
    const texts = elem && (elem.type.kind === 'string' || elem.type.kind === 'bytes');
    const each = texts ? addSizes(fixed(1), scale(elem.size, traversal)) : fixed(1);
    return { cost: timesSizes(list.size, each) };
  },
};

function isSorted(list: CelList): boolean {
  for (let at = 1; at < list.size; at++) if (compare(list.at(at - 1), list.at(at)) > 0) return false;
  return true;
}

const zeros: Readonly<Record<string, Value>> = { int: 0n, double: 0, uint: new UintValue(0n), duration: new DurationValue(0n) };
function sum(type: CelType): (list: CelList) => Value {
  const zero: Value = zeros[type.kind] ?? 0n;
  return (list) => {
    let total: Value = zero;
    for (const each of list) total = add(total, each);
    return total;
  };
}

function extreme(name: 'min' | 'max'): (list: CelList) => Value {
  const sign = name === 'min' ? -1 : 1;
  return (list) => {
    if (list.size === 0) return fail(`${name} called on empty list`);
    let best = list.at(0);
    for (const each of list) if (compare(each, best) * sign > 0) best = each;
    return best;
  };
}

function indexOf(list: CelList, item: Value): bigint {
  for (let at = 0; at < list.size; at++) if (equal(list.at(at), item)) return BigInt(at);
  return -1n;
}
function lastIndexOf(list: CelList, item: Value): bigint {
  for (let at = list.size - 1; at >= 0; at--) if (equal(list.at(at), item)) return BigInt(at);
  return -1n;
}

const each = (
  name: string,
  types: readonly CelType[],
  result: CelType | 'item',
  impl: (type: CelType) => (list: CelList) => Value,
): FunctionDecl =>
  fn(
    name,
    ...types.map((type) => method(`list_${type.kind}_${name}`, [listOf(type)], result === 'item' ? type : result, impl(type), once)),
  );

export const lists: Library = {
  functions: [
    each('isSorted', ordered, Bool, () => isSorted),
    each('sum', summed, 'item', sum),
    each('min', ordered, 'item', () => extreme('min')),
    each('max', ordered, 'item', () => extreme('max')),
    fn('indexOf', method('list_a_index_of_int', [listOf(T), T], Int, indexOf, once)),
    fn('lastIndexOf', method('list_a_last_index_of_int', [listOf(T), T], Int, lastIndexOf, once)),
  ],
};
