// Ranges of sizes and costs, for estimates that are made before anything runs. Numbers saturate at 2^64-1.

/** From `min` to `max`, both possible. */
export interface Size {
  readonly min: number;
  readonly max: number;
}

/** Larger than every limit; stands for "unbounded". */
export const unbounded = 2 ** 64;
const cap = (value: number): number => (value > unbounded ? unbounded : value);

export const fixed = (value: number): Size => ({ min: value, max: value });
export const unknownSize: Size = { min: 0, max: unbounded };
export const addSizes = (a: Size, b: Size): Size => ({ min: cap(a.min + b.min), max: cap(a.max + b.max) });
export const timesSizes = (a: Size, b: Size): Size => ({ min: product(a.min, b.min), max: product(a.max, b.max) });
/** Rounded up, as costs are. */
export const scale = (a: Size, factor: number): Size => ({ min: scaled(a.min, factor), max: scaled(a.max, factor) });
export const unionSizes = (a: Size, b: Size): Size => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });

function product(a: number, b: number): number {
  return a === 0 || b === 0 ? 0 : cap(a * b);
}
function scaled(value: number, factor: number): number {
  return value > 0 && factor > 0 && value > unbounded / factor ? unbounded : cap(Math.ceil(value * factor));
}

/** A text's characters, each. */
export const traversal = 0.1;
/** A regular expression's characters, each. */
export const regexFactor = 0.25;
