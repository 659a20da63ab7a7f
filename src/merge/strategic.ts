// Strategic merge patch: a merge patch that knows from the schema how lists merge, with its directives
// ($patch, $retainKeys, $setElementOrder/…, $deleteFromPrimitiveList/…).
import type { Field, Json, Struct, TypeNode } from '#api/dsl.ts';
import { goValue } from '#format/govalue.ts';
import { setOwn } from '#format/own.ts';
import { goNumberType, isNumber } from '#format/wholenumber.ts';

/** A patch that makes no sense: `malformed` is answered as BadRequest, `unprocessable` as Invalid. */
export class StrategicPatchError extends Error {
  readonly kind: 'malformed' | 'unprocessable';
  constructor(message: string, kind: StrategicPatchError['kind'] = 'malformed') {
    super(message);
    this.kind = kind;
  }
}

type JsonMap = { readonly [key: string]: Json };
type Shape = { readonly struct?: Struct; readonly values?: TypeNode } | undefined;

const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown): value is readonly Json[] => Array.isArray(value);

const directive = '$patch';
const retainKeys = '$retainKeys';
const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';
const badRetainKeys = 'invalid patch format of retainKeys';
const noListOfLists = 'lists of lists are not supported';

function unknownAction(action: Json, patch: JsonMap): StrategicPatchError {
  return new StrategicPatchError(`unknown patch type: ${goValue(action)} in map: ${goValue(patch)}`);
}

const isDirective = (key: string): boolean =>
  key === directive || key === retainKeys || key.startsWith(orderPrefix) || key.startsWith(deletePrefix);

function shapeOf(type: TypeNode | undefined): Shape {
  if (type?.kind === 'ref') return { struct: type.struct() };
  if (type?.kind === 'map') return { values: type.value };
  return undefined;
}

const fieldOf = (shape: Shape, key: string): Field | undefined => shape?.struct?.fields[key];
const typeOf = (shape: Shape, key: string): TypeNode | undefined => fieldOf(shape, key)?.type ?? shape?.values;
const strategiesOf = (shape: Shape, key: string): readonly string[] => fieldOf(shape, key)?.patchStrategy?.split(',') ?? [];

/** The patch as a value: directives and elements that carry one taken out, nulls left out. */
function plain(value: Json): Json {
  if (isList(value)) return value.filter((item) => !(isMap(item) && item[directive] !== undefined)).map(plain);
  if (!isMap(value)) return value;
  const result: Record<string, Json> = {};
  for (const [key, item] of Object.entries(value)) if (!isDirective(key) && item !== null) setOwn(result, key, plain(item));
  return result;
}

function mergeMap(original: JsonMap, patch: JsonMap, shape: Shape): JsonMap {
  const action = patch[directive];
  if (action === 'replace') return plain(patch) as JsonMap;
  if (action === 'delete') return {};
  if (action !== undefined) throw unknownAction(action, patch);
  const result: Record<string, Json> = { ...original };
  const retained = patch[retainKeys];
  if (retained !== undefined) {
    if (!isList(retained)) throw new StrategicPatchError(badRetainKeys);
    const listed = new Set(retained);
    for (const key of Object.keys(patch))
      if (!isDirective(key) && patch[key] !== null && !listed.has(key)) throw new StrategicPatchError(badRetainKeys);
    for (const key of Object.keys(result)) if (!listed.has(key)) delete result[key];
  }
  const keys = new Set<string>();
  for (const key of Object.keys(patch)) {
    if (key.startsWith(orderPrefix)) keys.add(key.slice(orderPrefix.length));
    else if (key.startsWith(deletePrefix)) keys.add(key.slice(deletePrefix.length));
    else if (!isDirective(key)) keys.add(key);
  }
  for (const key of keys) mergeKeyOf(result, patch, { key, shape });
  return result;
}

function mergeKeyOf(result: Record<string, Json>, patch: JsonMap, { key, shape }: { key: string; shape: Shape }): void {
  const removed = patch[deletePrefix + key];
  const order = patch[orderPrefix + key];
  const value = Object.hasOwn(patch, key) ? patch[key] : undefined;
  if (value === null) {
    delete result[key];
    return;
  }
  const current = Object.hasOwn(result, key) ? result[key] : undefined;
  const strategies = strategiesOf(shape, key);
  if (order !== undefined) checkOrder({ order, current, value }, fieldOf(shape, key)?.patchMergeKey);
  if (isList(current) && (value === undefined || isList(value)) && strategies.includes('merge')) {
    setOwn(result, key, mergeList(current, value ?? [], { field: fieldOf(shape, key), order, removed }));
    return;
  }
  if (value === undefined) return;
  if (current === undefined || !isMap(current) || !isMap(value)) {
    setOwn(result, key, plain(value));
    return;
  }
  const below = shapeOf(typeOf(shape, key));
  // Without a known shape (embedded JSON of unknown kind) maps still merge, as a merge patch would.
  setOwn(result, key, strategies.includes('replace') ? plain(value) : mergeMap(current, value, below));
}

/** Go's name of the type of a JSON value. */
function goType(value: Json | undefined): string {
  if (isList(value)) return '[]interface {}';
  if (isMap(value)) return 'map[string]interface {}';
  if (isNumber(value)) return goNumberType(value);
  return typeof value === 'boolean' ? 'bool' : typeof value === 'string' ? 'string' : '%!s(<nil>)';
}

function notAList(value: Json | undefined): StrategicPatchError {
  return new StrategicPatchError(`expected a []interface {}, but received a ${goType(value)}`);
}

/** Whether the items of a patch stand in the order that the patch itself asks for; items that it deletes do not count. */
function checkOrder(
  { order, current, value }: { order: Json; current: Json | undefined; value: Json | undefined },
  mergeKey: string | undefined,
): void {
  for (const list of [order, current, value]) if (list !== undefined && !isList(list)) throw notAList(list);
  if (!isList(value)) return;
  const idOf = (item: Json): Json | undefined => (mergeKey === undefined || !isMap(item) ? item : item[mergeKey]);
  const named = (order as readonly Json[]).map(idOf);
  let at = 0;
  for (const item of value) {
    if (mergeKey !== undefined && isMap(item) && item[directive] !== undefined) continue;
    if (mergeKey !== undefined && isMap(item)) keyOf(item, mergeKey);
    at = named.indexOf(idOf(item), at) + 1;
    if (at === 0)
      throw new StrategicPatchError(
        `The order in patch list:\n${goValue(value)}\n doesn't match ${orderPrefix.slice(0, -1)} list:\n${goValue(order)}\n`,
      );
  }
}

/** Refuses lists whose items cannot be merged: of several types, or lists themselves. */
function checkItems(current: readonly Json[], patch: readonly Json[]): void {
  const types = new Set([...current, ...patch].map(goType));
  if (types.has('[]interface {}') && isList([...current, ...patch][0])) throw new StrategicPatchError(noListOfLists, 'unprocessable');
  if (types.size > 1) throw new StrategicPatchError(`list element types are not identical: [${goValue(current)} ${goValue(patch)}]`);
}

interface ListFacts {
  readonly field: Field | undefined;
  readonly order: Json | undefined;
  readonly removed: Json | undefined;
}

function mergeList(current: readonly Json[], patch: readonly Json[], { field, order, removed }: ListFacts): readonly Json[] {
  checkItems(current, patch);
  const mergeKey = field?.patchMergeKey;
  const itemType = field?.type.kind === 'list' ? field.type.item : undefined;
  if (mergeKey === undefined) return mergePrimitives(current, patch, { order, removed });
  const shape = shapeOf(itemType);
  let base = current;
  let replace = false;
  const changes: JsonMap[] = [];
  for (const item of patch) {
    if (!isMap(item)) throw noMergeKey(item, mergeKey);
    const action = item[directive];
    if (action === undefined) changes.push(item);
    else if (action === 'replace') replace = true;
    else if (action === 'delete') {
      const key = keyOf(item, mergeKey);
      base = base.filter((existing) => !(isMap(existing) && existing[mergeKey] === key));
    } else if (action === 'merge') throw new StrategicPatchError('merging lists cannot yet be specified in the patch');
    else throw unknownAction(action, item);
  }
  // One such element says that the elements without directives are the whole list.
  if (replace) return changes.map(plain);
  const merged = [...base];
  const places = new Map(
    base.map((item, index) => [isMap(item) ? item[mergeKey] : undefined, index]).reverse() as [Json | undefined, number][],
  );
  for (const change of changes) {
    const key = keyOf(change, mergeKey);
    const at = places.get(key);
    if (at === undefined) {
      places.set(key, merged.length);
      merged.push(plain(change));
    } else merged[at] = mergeMap(merged[at] as JsonMap, change, shape);
  }
  const wanted = (isList(order) ? order : changes).map((item) => (isMap(item) ? item[mergeKey] : item));
  return arrange(merged, current, { wanted, idOf: (item) => (isMap(item) ? item[mergeKey] : item) });
}

function noMergeKey(item: Json, mergeKey: string): StrategicPatchError {
  return new StrategicPatchError(`map: ${goValue(item)} does not contain declared merge key: ${mergeKey}`);
}

function keyOf(item: JsonMap, mergeKey: string): Json {
  const key = item[mergeKey];
  if (key === undefined) throw noMergeKey(item, mergeKey);
  return key;
}

function mergePrimitives(current: readonly Json[], patch: readonly Json[], { order, removed }: Omit<ListFacts, 'field'>): readonly Json[] {
  const gone = new Set(isList(removed) ? removed : []);
  const merged = [...new Set([...current.filter((item) => !gone.has(item)), ...patch])];
  return arrange(merged, current, { wanted: isList(order) ? order : patch, idOf: (item) => item });
}

/**
 * Orders a merged list: what the patch names stands in the patch's order; what only the server has keeps its place
 * relative to the named items that it knew.
 */
function arrange(
  merged: readonly Json[],
  current: readonly Json[],
  { wanted, idOf }: { wanted: readonly (Json | undefined)[]; idOf: (item: Json) => Json | undefined },
): readonly Json[] {
  const rank = new Map(wanted.map((id, index) => [id, index]));
  const known = new Map(current.map((item, index) => [idOf(item), index]));
  const named = merged
    .filter((item) => rank.has(idOf(item)))
    .toSorted((a, b) => (rank.get(idOf(a)) as number) - (rank.get(idOf(b)) as number));
  const others = merged.filter((item) => !rank.has(idOf(item)));
  const result: Json[] = [];
  let left = 0;
  let right = 0;
  while (left < others.length && right < named.length) {
    const other = known.get(idOf(others[left] as Json));
    const name = known.get(idOf(named[right] as Json));
    const otherFirst = other !== undefined && name !== undefined && other < name;
    result.push((otherFirst ? others[left++] : named[right++]) as Json);
  }
  return [...result, ...named.slice(right), ...others.slice(left)];
}

/** Applies a strategic merge patch to an object of the given type. Throws `StrategicPatchError`. */
export function applyStrategicPatch(document: Json, patch: Json, struct: Struct): Json {
  if (!isMap(patch)) throw new StrategicPatchError('invalid JSON document');
  return mergeMap(isMap(document) ? document : {}, patch, { struct });
}
