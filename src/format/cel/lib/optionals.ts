// Optional values: `optional.of(x)`, `a.?b.orValue(c)`.
import { op } from '../ast.ts';
import { fn, free, type Library, method } from '../decls.ts';
import { Bool, Int, listOf, mapOf, optionalOf, param } from '../types.ts';
import { fail, none, CelList, CelMap, type OptionalValue, OptionalValue as Optional, ArrayList, UintValue, type Value } from '../values.ts';

const V = param('V');
const K = param('K');
const optional = optionalOf(V);

/** Zero of its type: what `ofNonZeroValue` leaves out. */
function isZero(value: Value): boolean {
  if (value === null || value === false || value === '' || value === 0n || value === 0) return true;
  if (value instanceof CelList || value instanceof CelMap) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  return value instanceof UintValue && value.value === 0n;
}

export const optionals: Library = {
  types: [optional],
  functions: [
    fn(
      'optional.of',
      free('optional_of', [V], optional, (value: Value) => new Optional(value)),
    ),
    fn(
      'optional.ofNonZeroValue',
      free('optional_ofNonZeroValue', [V], optional, (value: Value) => (isZero(value) ? none : new Optional(value))),
    ),
    fn(
      'optional.none',
      free('optional_none', [], optional, () => none),
    ),
    fn('optional.unwrap', free('optional_unwrap', [listOf(optional)], listOf(V), unwrapAll)),
    fn('unwrapOpt', method('optional_unwrapOpt', [listOf(optional)], listOf(V), unwrapAll)),
    fn(
      'value',
      method(
        'optional_value',
        [optional],
        V,
        (value: OptionalValue) => value.value ?? (value.value === null ? null : fail('optional.none() dereference')),
      ),
    ),
    fn(
      'hasValue',
      method('optional_hasValue', [optional], Bool, (value: OptionalValue) => value.value !== undefined),
    ),
    fn('or', method('optional_or_optional', [optional, optional], optional)),
    fn('orValue', method('optional_orValue_value', [optional, V], V)),
    fn(
      op.optIndex,
      free('list_optindex_optional_int', [listOf(V), Int], optional),
      free('map_optindex_optional_value', [mapOf(K, V), K], optional),
      free('optional_list_optindex_optional_int', [optionalOf(listOf(V)), Int], optional),
      free('optional_map_optindex_optional_value', [optionalOf(mapOf(K, V)), K], optional),
    ),
    fn(
      op.index,
      free('optional_list_index_int', [optionalOf(listOf(V)), Int], optional),
      free('optional_map_index_value', [optionalOf(mapOf(K, V)), K], optional),
    ),
  ],
};

function unwrapAll(list: CelList): Value {
  const items: Value[] = [];
  for (const each of list) if (each instanceof Optional && each.value !== undefined) items.push(each.value);
  return new ArrayList(items);
}
