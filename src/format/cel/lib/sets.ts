// cel-go's sets extension.
import { type ArgEstimate, type CallEstimate, fn, free, type Library } from '../decls.ts';
import { equal } from '../compare.ts';
import { addSizes, fixed, timesSizes } from '../sizes.ts';
import { Bool, listOf, param } from '../types.ts';
import { type CelList, sizeOf, type Value } from '../values.ts';

const T = param('T');
const list = listOf(T);

function has(whole: CelList, item: Value): boolean {
  for (let at = 0; at < whole.size; at++) if (equal(whole.at(at), item)) return true;
  return false;
}
function contains(whole: CelList, part: CelList): boolean {
  for (let at = 0; at < part.size; at++) if (!has(whole, part.at(at))) return false;
  return true;
}
function intersects(a: CelList, b: CelList): boolean {
  for (let at = 0; at < a.size; at++) if (has(b, a.at(at))) return true;
  return false;
}

/** Every item may be compared with every other. */
const pairs = (times: number) => ({
  cost: (args: readonly Value[]) => times * sizeOf(args[0] as Value) * sizeOf(args[1] as Value) + 1,
  estimate: (args: readonly ArgEstimate[]): CallEstimate => {
    const [a, b] = args as [ArgEstimate, ArgEstimate];
    return { cost: addSizes(timesSizes(fixed(times), timesSizes(a.size, b.size)), fixed(1)) };
  },
});

export const sets: Library = {
  functions: [
    fn('sets.contains', free('list_sets_contains_list', [list, list], Bool, contains, pairs(1))),
    fn(
      'sets.equivalent',
      free('list_sets_equivalent_list', [list, list], Bool, (a: CelList, b: CelList) => contains(a, b) && contains(b, a), pairs(2)),
    ),
    fn('sets.intersects', free('list_sets_intersects_list', [list, list], Bool, intersects, pairs(1))),
  ],
};
