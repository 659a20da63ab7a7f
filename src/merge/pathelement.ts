// Path elements of managed fields, in the spelling of FieldsV1: `f:name`, `k:{"name":"x"}`, `v:"x"`, `i:0`.
import { goJson } from '#format/goquote.ts';
import { parseExact } from '#format/json.ts';
import { isNumber } from '#format/wholenumber.ts';

/** Default values of key fields that an item may leave out. */
export type KeyDefaults = Readonly<Record<string, unknown>>;

/** The element of a field or a map entry. */
export function fieldElement(name: string): string {
  return `f:${name}`;
}

/** The element of an item of a set. */
export function valueElement(value: unknown): string {
  return `v:${goJson(value)}`;
}

/** The element of an item of a keyed list, by the keys that it has; undefined if it has none. `keys` are sorted. */
export function keyElement(item: Readonly<Record<string, unknown>>, keys: readonly string[], defaults: KeyDefaults): string | undefined {
  let text = 'k:{';
  for (const key of keys) {
    const value = Object.hasOwn(item, key) && item[key] !== undefined ? item[key] : defaults[key];
    if (value === undefined) continue;
    text += `${text.length === 3 ? '' : ','}${goJson(key)}:${goJson(value)}`;
  }
  return text.length === 3 ? undefined : `${text}}`;
}

const kinds = 'fkvi';

function rank(value: unknown): number {
  if (isNumber(value)) return 0;
  if (typeof value === 'string') return 1;
  if (typeof value === 'boolean') return 2;
  return value === null ? 5 : Array.isArray(value) ? 3 : 4;
}

function compareValues(a: unknown, b: unknown): number {
  const kind = rank(a) - rank(b);
  if (kind !== 0) return kind;
  const [left, right] = rank(a) < 3 ? [a as string, b as string] : [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function parsed(element: string): unknown {
  try {
    return parseExact(element.slice(2));
  } catch {
    return element;
  }
}

/** The order of elements in FieldsV1: fields, keyed items, values, indices. */
export function compareElements(a: string, b: string): number {
  const kind = kinds.indexOf(a[0] ?? '') - kinds.indexOf(b[0] ?? '');
  if (kind !== 0) return kind;
  if (a[0] === 'f') return a < b ? -1 : a > b ? 1 : 0;
  if (a[0] === 'i') return Number(a.slice(2)) - Number(b.slice(2));
  if (a[0] === 'v') return compareValues(parsed(a), parsed(b));
  const left = Object.entries(parsed(a) as object);
  const right = Object.entries(parsed(b) as object);
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const [leftKey, leftValue] = left[index] as [string, unknown];
    const [rightKey, rightValue] = right[index] as [string, unknown];
    if (leftKey !== rightKey) return leftKey < rightKey ? -1 : 1;
    const order = compareValues(leftValue, rightValue);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** Whether a key of FieldsV1 is an element at all. */
export function isElement(text: string): boolean {
  if (text.startsWith('f:')) return true;
  if (text.startsWith('i:')) return /^i:-?[0-9]+$/.test(text);
  if (!text.startsWith('k:') && !text.startsWith('v:')) return false;
  try {
    const value: unknown = parseExact(text.slice(2));
    return text.startsWith('v:') || (typeof value === 'object' && value !== null && !Array.isArray(value));
  } catch {
    return false;
  }
}

/** The element as messages show it: `.name`, `[name="x"]`, `[="x"]`, `[0]`. */
export function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('i:')) return `[${rest}]`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  const pairs = Object.entries(parsed(element) as object).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `[${pairs.join(',')}]`;
}

/** A path as messages show it: `.spec.containers[name="x"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}
