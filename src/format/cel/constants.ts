// What need not be worked out while an expression runs: written lists and maps, conversions of what is written.
import { type CallExpr, type Expr, op } from './ast.ts';
import { equal } from './compare.ts';
import type { Overload } from './decls.ts';
import { absorb, type Step } from './frame.ts';
import { EntryMap, keyOf, type Value } from './values.ts';

/** A name, a field or an item. */
const isAttribute = (expr: Expr): boolean =>
  expr.kind === 'ident' || (expr.kind === 'select' && !expr.test) || (expr.kind === 'call' && expr.fn === op.index);

/** As a branch of a condition or as a key, an attribute's first name is not charged: cel-go resolves it on the way. */
export function unnamed(expr: Expr, step: Step): Step {
  if (!isAttribute(expr)) return step;
  return (frame) => {
    frame.cost--;
    return step(frame);
  };
}

const conversions = new Set(['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'uint']);

/** `duration('1h')` is made once; what fails goes on failing when it is evaluated. */
export function foldConversion(expr: CallExpr, overloads: readonly Overload[]): Step | undefined {
  const [arg] = expr.args;
  const impl = overloads[0]?.impl as ((value: Value) => Value) | undefined;
  if (expr.target || expr.args.length !== 1 || !conversions.has(expr.fn) || arg?.kind !== 'const' || !impl) return undefined;
  try {
    const value = impl(arg.value);
    return () => value;
  } catch (error) {
    absorb(error);
    return undefined;
  }
}

/** The items of a written list of constants. */
export function constantItems(expr: Expr): readonly Value[] | undefined {
  if (expr.kind !== 'list' || expr.optional.size > 0) return undefined;
  const items = expr.elements.map((element) => (element.kind === 'const' ? element.value : undefined));
  return items.every((item): item is Exclude<typeof item, undefined> => item !== undefined) ? items : undefined;
}

/** Looks a value up in constants. */
export function constantMembership(item: Step, constants: readonly Value[]): Step {
  const keys = constants.map(keyOf);
  const known = keys.every((key) => key !== undefined) ? new Set(keys) : undefined;
  return (frame) => {
    const value = item(frame);
    if (!known) return constants.some((constant) => equal(constant, value));
    const key = keyOf(value);
    return key !== undefined && known.has(key);
  };
}

/** A written map of constants; undefined when it is none, or has a key twice. */
export function constantMap({ entries }: Extract<Expr, { kind: 'map' }>): EntryMap | undefined {
  const map = new EntryMap();
  for (const { key, value, optional } of entries) {
    if (optional || key.kind !== 'const' || value.kind !== 'const') return undefined;
    const text = keyOf(key.value);
    if (text === undefined || map.entries.has(text)) return undefined;
    map.entries.set(text, { key: key.value, value: value.value });
  }
  return map;
}
