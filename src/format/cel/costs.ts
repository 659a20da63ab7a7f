// Costs and estimates that several functions share.
import type { ArgEstimate, CallEstimate } from './decls.ts';
import { addSizes, fixed, regexFactor, scale, type Size, timesSizes, traversal } from './sizes.ts';
import { sizeOf, type Value } from './values.ts';

/** Reading the argument at `index` once, or `times` times. */
export function readCost(index: number, times = 1): (args: readonly Value[]) => number {
  return (args) => {
    const arg = args[index] as Value;
    return Math.ceil((typeof arg === 'string' ? arg.length : sizeOf(arg)) * times * traversal);
  };
}
export function readEstimate(index: number, times = 1, sized = false): (args: readonly ArgEstimate[]) => CallEstimate {
  return (args) => {
    const { size } = args[index] as ArgEstimate;
    return { cost: scale(size, times * traversal), ...(sized ? { size } : {}) };
  };
}
/** Looking through a text with a regular expression. */
export function regexCost(args: readonly Value[]): number {
  return Math.ceil((1 + sizeOf(args[0] as Value)) * traversal) * Math.ceil(sizeOf(args[1] as Value) * regexFactor);
}
export function regexEstimate(args: readonly ArgEstimate[]): Size {
  const text = scale(addSizes((args[0] as ArgEstimate).size, fixed(1)), traversal);
  return timesSizes(text, scale((args[1] as ArgEstimate).size, regexFactor));
}
/** Comparing two values up to the end of the shorter one. */
export function compareCost(a: Value, b: Value): number {
  // Counting code points would cost more than comparing.
  if (typeof a === 'string' && typeof b === 'string') return Math.ceil(Math.min(a.length, b.length) * traversal);
  if (typeof a !== 'object' || typeof b !== 'object') return 1;
  return Math.ceil(Math.min(sizeOf(a), sizeOf(b)) * traversal);
}
export function compareEstimate(args: readonly ArgEstimate[]): CallEstimate {
  const max = Math.min((args[0] as ArgEstimate).size.max, (args[1] as ArgEstimate).size.max);
  return { cost: scale({ min: max > 0 ? 1 : 0, max }, traversal) };
}
/** Both arguments, one after the other. */
export function joinEstimate(args: readonly ArgEstimate[]): CallEstimate {
  const size = addSizes((args[0] as ArgEstimate).size, (args[1] as ArgEstimate).size);
  return { cost: scale(size, traversal), size };
}
export function joinCost(args: readonly Value[]): number {
  const [a, b] = args;
  if (typeof a === 'string' && typeof b === 'string') return Math.ceil((a.length + b.length) * traversal);
  if (!(a instanceof Uint8Array)) return 1;
  return Math.ceil((sizeOf(args[0] as Value) + sizeOf(args[1] as Value)) * traversal);
}
