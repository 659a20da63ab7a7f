// cel-go's strings extension, version 2: what Kubernetes offers.
import { readCost, readEstimate } from '../costs.ts';
import { type ArgEstimate, type CallEstimate, fn, free, type Library, method } from '../decls.ts';
import { addSizes, fixed, scale, type Size, timesSizes, traversal, unbounded } from '../sizes.ts';
import { Dyn, Int, listOf, Str } from '../types.ts';
import { ArrayList, type CelList, fail, noSuchOverload, sizeOf, type Value } from '../values.ts';
import { format } from './stringformat.ts';

const ascii = /^[\0-\x7f]*$/;
/** Code points; a text of ASCII is its own list. */
const points = (text: string): string | string[] => (ascii.test(text) ? text : Array.from(text));
const join = (part: string | string[]): string => (typeof part === 'string' ? part : part.join(''));

function charAt(text: string, index: bigint): string {
  const all = points(text);
  const at = Number(index);
  if (at < 0 || at > all.length) return fail(`index out of range: ${index}`);
  return all[at] ?? '';
}

/** Offset in UTF-16 units of a code point's index, and back. */
function unitsOf(text: string, index: number): number {
  return ascii.test(text) ? index : Array.from(text).slice(0, index).join('').length;
}
function pointsBefore(text: string, unit: number): bigint {
  return BigInt(unit < 0 ? -1 : ascii.test(text) ? unit : Array.from(text.slice(0, unit)).length);
}

function indexOf(text: string, part: string, from = 0n): bigint {
  const size = sizeOf(text);
  if (from < 0n || from > BigInt(size)) return fail(`index out of range: ${from}`);
  return pointsBefore(text, text.indexOf(part, unitsOf(text, Number(from))));
}

function lastIndexOf(text: string, part: string, from?: bigint): bigint {
  if (from === undefined) return pointsBefore(text, text.lastIndexOf(part));
  if (from < 0n || from > BigInt(sizeOf(text))) return fail(`index out of range: ${from}`);
  return pointsBefore(text, text.lastIndexOf(part, unitsOf(text, Number(from))));
}

function replace(text: string, old: string, by: string, count = -1n): string {
  if (count === 0n) return text;
  if (count < 0n && old !== '') return text.replaceAll(old, () => by);
  const limit = count < 0n ? Number.POSITIVE_INFINITY : Number(count);
  if (old === '') {
    // Between all characters and at both ends, as Go does.
    let result = '';
    let done = 0;
    for (const char of text) {
      result += done++ < limit ? by + char : char;
    }
    return done < limit ? result + by : result;
  }
  let result = '';
  let at = 0;
  for (let done = 0; done < limit; done++) {
    const next = text.indexOf(old, at);
    if (next < 0) break;
    result += text.slice(at, next) + by;
    at = next + old.length;
  }
  return result + text.slice(at);
}

function split(text: string, separator: string, limit = -1n): Value {
  if (limit === 0n) return new ArrayList([]);
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (limit > 0n && BigInt(parts.length) > limit) {
    const keep = Number(limit) - 1;
    return new ArrayList([...parts.slice(0, keep), parts.slice(keep).join(separator)]);
  }
  return new ArrayList(parts);
}

function substring(text: string, from: bigint, to?: bigint): string {
  const all = points(text);
  const size = BigInt(all.length);
  if (from < 0n || from > size) return fail(`index out of range: ${from}`);
  if (to === undefined) return join(all.slice(Number(from)));
  if (to < 0n || to > size) return fail(`index out of range: ${to}`);
  if (from > to) return fail(`invalid substring range. start: ${from}, end: ${to}`);
  return join(all.slice(Number(from), Number(to)));
}

function joinList(list: CelList, separator = ''): string {
  const parts: string[] = [];
  for (const each of list) parts.push(typeof each === 'string' ? each : noSuchOverload());
  return parts.join(separator);
}

/** White space as Unicode defines it; JavaScript's own idea holds the byte order mark as well. */
const spaces = /^\p{White_Space}+|\p{White_Space}+$/gu;
const lower = (text: string): string => text.replace(/[A-Z]+/g, (part) => part.toLowerCase());
const upper = (text: string): string => text.replace(/[a-z]+/g, (part) => part.toUpperCase());

const escapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
  '"': '\\"',
};
function quote(text: string): string {
  // oxlint-disable-next-line no-control-regex -- these are the characters that have an escape
  return `"${text.toWellFormed().replace(/[\x07\b\f\n\r\t\v\\"]/g, (char) => escapes[char] ?? char)}"`;
}

function replaceEstimate(args: readonly ArgEstimate[]): CallEstimate {
  const [text, old, by] = args.map((arg) => arg.size) as [Size, Size, Size];
  const most = (): number => {
    if (old.min === 0) return (text.max + 1) * by.max + text.max;
    return by.max <= old.min ? text.max : Math.ceil(text.max / old.min) * by.max;
  };
  const least = (): number => {
    if (old.max === 0) return (text.min + 1) * by.min + text.min;
    return old.max <= by.min ? text.min : Math.ceil(text.min / old.max) * by.min;
  };
  return { cost: scale(text, 2 * traversal), size: { min: Math.min(least(), unbounded), max: Math.min(most(), unbounded) } };
}

function joinListEstimate(args: readonly ArgEstimate[]): CallEstimate {
  const [list, separator] = args as [ArgEstimate, ArgEstimate | undefined];
  let size = list.elem ? timesSizes(list.size, list.elem.size) : fixed(0);
  if (separator) {
    const count = { min: Math.max(list.size.min - 1, 0), max: Math.max(list.size.max - 1, 0) };
    size = addSizes(size, timesSizes(separator.size, count));
  }
  return { cost: scale(size, traversal), size };
}

/** Searches go through the text once. */
const search = { cost: ([text]: readonly Value[]) => Math.floor((text as string).length * traversal), estimate: readEstimate(0) };
const read = { cost: readCost(0), estimate: readEstimate(0, 1, true) };
const twice = { cost: readCost(0, 2), estimate: replaceEstimate };
const parts = {
  cost: readCost(0, 2),
  estimate: (args: readonly ArgEstimate[]): CallEstimate => {
    const size = args[0]?.size ?? fixed(0);
    return { cost: scale(size, 2 * traversal), size: { min: 0, max: size.max } };
  },
};
const joined = { cost: (_: readonly Value[], result: Value) => Math.ceil(sizeOf(result) * 2 * traversal), estimate: joinListEstimate };
const formatted = {
  cost: readCost(0),
  estimate: (args: readonly ArgEstimate[]): CallEstimate => ({ cost: scale(args[0]?.size ?? fixed(0), traversal) }),
};

export const strings: Library = {
  functions: [
    fn('charAt', method('string_char_at_int', [Str, Int], Str, charAt)),
    fn(
      'indexOf',
      method('string_index_of_string', [Str, Str], Int, indexOf, search),
      method('string_index_of_string_int', [Str, Str, Int], Int, indexOf, search),
    ),
    fn(
      'lastIndexOf',
      method('string_last_index_of_string', [Str, Str], Int, lastIndexOf, search),
      method('string_last_index_of_string_int', [Str, Str, Int], Int, lastIndexOf, search),
    ),
    fn('lowerAscii', method('string_lower_ascii', [Str], Str, lower, read)),
    fn('upperAscii', method('string_upper_ascii', [Str], Str, upper, read)),
    fn(
      'trim',
      method('string_trim', [Str], Str, (text: string) => text.replace(spaces, ''), read),
    ),
    fn(
      'substring',
      method('string_substring_int', [Str, Int], Str, substring, read),
      method('string_substring_int_int', [Str, Int, Int], Str, substring, read),
    ),
    fn(
      'replace',
      method('string_replace_string_string', [Str, Str, Str], Str, replace, twice),
      method('string_replace_string_string_int', [Str, Str, Str, Int], Str, replace, twice),
    ),
    fn(
      'split',
      method('string_split_string', [Str, Str], listOf(Str), split, parts),
      method('string_split_string_int', [Str, Str, Int], listOf(Str), split, parts),
    ),
    fn(
      'join',
      method('list_join', [listOf(Str)], Str, joinList, joined),
      method('list_join_string', [listOf(Str), Str], Str, joinList, joined),
    ),
    fn('format', method('string_format', [Str, listOf(Dyn)], Str, format, formatted)),
    fn('strings.quote', free('strings_quote', [Str], Str, quote, { cost: readCost(0), estimate: readEstimate(0, 1, true) })),
  ],
};
