// Kubernetes' library for regular expressions: `find` and `findAll`.
import { regexCost, regexEstimate } from '../costs.ts';
import { type ArgEstimate, type CallEstimate, fn, type Library, method } from '../decls.ts';
import { regexOf } from '../regex.ts';
import { Int, listOf, Str } from '../types.ts';
import { ArrayList, type Value } from '../values.ts';

function find(text: string, pattern: string): string {
  const matcher = regexOf(pattern).matcher(text);
  return matcher.find() ? (matcher.group() ?? '') : '';
}

function findAll(text: string, pattern: string, limit = -1n): Value {
  const found: Value[] = [];
  const matcher = regexOf(pattern).matcher(text);
  while ((limit < 0n || BigInt(found.length) < limit) && matcher.find()) found.push(matcher.group() ?? '');
  return new ArrayList(found);
}

const costs = {
  cost: regexCost,
  estimate: (args: readonly ArgEstimate[]): CallEstimate => ({ cost: regexEstimate(args), size: { min: 0, max: args[0]?.size.max ?? 0 } }),
};

export const regexes: Library = {
  functions: [
    fn('find', method('string_find_string', [Str, Str], Str, find, costs)),
    fn(
      'findAll',
      method('string_find_all_string', [Str, Str], listOf(Str), findAll, costs),
      method('string_find_all_string_int', [Str, Str, Int], listOf(Str), findAll, costs),
    ),
  ],
};
