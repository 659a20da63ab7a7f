// Kubernetes quantities: exact numbers with a suffix, such as `500m`, `1Gi`, `12e6`. Nothing is smaller than one
// nano; what is finer is rounded away from zero, so that a little of a resource never becomes none of it.

/** How a quantity is written: `1Gi`, `1G`, `1e9`. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent';

/** An exact amount; immutable. */
export interface Quantity {
  /** The amount in units of 10^-9. */
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

/** What the functions here take: text, a JSON number, or a parsed quantity. */
export type QuantityLike = string | number | Quantity;

/** The text is not a quantity. */
export class QuantityError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantityError';
  }
}

const wrongFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const wrongSuffix = "unable to parse quantity's suffix";
const wrongNumber = 'unable to parse numeric part of quantity';

const billion = 1_000_000_000n;
const million = 1_000_000n;
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const maxBinary = (2n ** 63n - 1n) * billion;
/** Larger exponents and longer numbers than this make no sense and would only cost time. */
const maxExponent = 1000;
const maxDigits = 1000;

const shape = /^([+-]?)([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)$/;

const tenTo: bigint[] = [];
function powerOfTen(exponent: number): bigint {
  return (tenTo[exponent] ??= 10n ** BigInt(exponent));
}

function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  return quotient * divisor === value ? quotient : value < 0n ? quotient - 1n : quotient + 1n;
}

function suffixOf(suffix: string): { base: 2 | 10; exponent: number; format: QuantityFormat } {
  const decimal = Object.hasOwn(decimalExponents, suffix) ? decimalExponents[suffix] : undefined;
  if (decimal !== undefined) return { base: 10, exponent: decimal, format: 'DecimalSI' };
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { base: 2, exponent: binary * 10, format: 'BinarySI' };
  if (/^[eE][+-]?[0-9]+$/.test(suffix)) {
    const exponent = Number(suffix.slice(1));
    if (exponent <= maxExponent) return { base: 10, exponent: Math.max(exponent, -2 * maxExponent), format: 'DecimalExponent' };
  }
  throw new QuantityError(wrongSuffix);
}

function parseText(text: string): Quantity {
  if (text === '') throw new QuantityError(wrongFormat);
  const match = shape.exec(text);
  if (!match) throw new QuantityError(wrongFormat);
  const [, sign, whole = '', fraction = '', suffix = ''] = match;
  if (whole.length + fraction.length > maxDigits) throw new QuantityError(wrongNumber);
  const { base, exponent, format } = suffixOf(suffix);
  let mantissa = BigInt(whole + fraction);
  if (mantissa === 0n) return { nano: 0n, format };
  if (base === 2) mantissa <<= BigInt(exponent);
  const shift = 9 - fraction.length + (base === 10 ? exponent : 0);
  let nano = shift >= 0 ? mantissa * powerOfTen(shift) : -shift > 2 * maxDigits ? 1n : divideUp(mantissa, powerOfTen(-shift));
  if (format === 'BinarySI' && nano > maxBinary) nano = maxBinary;
  return { nano: sign === '-' ? -nano : nano, format: format === 'BinarySI' && nano < billion ? 'DecimalSI' : format };
}

/** Texts repeat endlessly (`100m`, `128Mi`), so parsed ones are kept; the cache is emptied when it is full. */
const cache = new Map<string, Quantity>();
const canonicalCache = new Map<string, string>();
const maxCached = 4096;

/** Parses a quantity; throws `QuantityError` with Kubernetes' words. */
export function parseQuantity(value: QuantityLike): Quantity {
  if (typeof value === 'object') return value;
  const text = String(value);
  const known = cache.get(text);
  if (known) return known;
  const parsed = parseText(text);
  if (cache.size >= maxCached) cache.clear();
  if (text.length <= 64) cache.set(text, parsed);
  return parsed;
}

/** The amount in thousandths, rounded up. */
export function quantityMilli(value: QuantityLike): number {
  return Number(divideUp(parseQuantity(value).nano, million));
}

/** The amount in whole units, rounded up. */
export function quantityValue(value: QuantityLike): number {
  return Number(divideUp(parseQuantity(value).nano, billion));
}

/** The amount as a floating-point number, for arithmetic where the last digits do not matter. */
export function quantityFloat(value: QuantityLike): number {
  const { nano } = parseQuantity(value);
  return Number(nano / billion) + Number(nano % billion) / 1e9;
}

/** The quantity of so many thousandths. */
export function quantityFromMilli(milli: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nano: BigInt(Math.ceil(milli)) * million, format };
}

/** The quantity of so many whole units. */
export function quantityFromValue(value: number, format: QuantityFormat = 'DecimalSI'): Quantity {
  return { nano: BigInt(Math.ceil(value)) * billion, format };
}

function formatDecimal(nano: bigint, format: QuantityFormat): string {
  let mantissa = nano;
  let exponent = -9;
  // Suffixes end at E; the exponent form goes on.
  const most = format === 'DecimalSI' ? 18 : maxExponent + maxDigits;
  while (exponent + 3 <= most && mantissa % 1000n === 0n) {
    mantissa /= 1000n;
    exponent += 3;
  }
  if (format === 'DecimalSI') return `${mantissa}${decimalSuffixes[exponent / 3 + 3] ?? ''}`;
  return exponent === 0 ? `${mantissa}` : `${mantissa}e${exponent}`;
}

function formatBinary(nano: bigint): string {
  let mantissa = nano / billion;
  let step = 0;
  while (step + 1 < binarySuffixes.length && (mantissa & 1023n) === 0n) {
    mantissa /= 1024n;
    step += 1;
  }
  return `${mantissa}${binarySuffixes[step]}`;
}

/** The canonical text: the largest suffix that needs no fraction. */
export function formatQuantity(quantity: Quantity): string {
  const { nano, format } = quantity;
  if (nano === 0n) return '0';
  if (format !== 'BinarySI') return formatDecimal(nano, format);
  const small = nano > -1024n * billion && nano < 1024n * billion;
  return small || nano % billion !== 0n ? formatDecimal(nano, 'DecimalSI') : formatBinary(nano);
}

/** Rewrites a quantity in canonical form: `0.5` becomes `500m`, `1024Mi` becomes `1Gi`. */
export function canonicalQuantity(value: QuantityLike): string {
  if (typeof value === 'object') return formatQuantity(value);
  const text = String(value);
  const known = canonicalCache.get(text);
  if (known !== undefined) return known;
  const canonical = formatQuantity(parseQuantity(text));
  if (canonicalCache.size >= maxCached) canonicalCache.clear();
  if (text.length <= 64) canonicalCache.set(text, canonical);
  return canonical;
}

/** The canonical text of a quantity rounded up to thousandths, as resource lists are stored. */
export function roundUpToMilli(value: QuantityLike): string {
  const quantity = parseQuantity(value);
  if (quantity.nano % million === 0n) return canonicalQuantity(value);
  return formatQuantity({ nano: divideUp(quantity.nano, million) * million, format: quantity.format });
}

/** Negative, zero or positive as `a` is less than, equal to or greater than `b`. */
export function compareQuantity(a: QuantityLike, b: QuantityLike): number {
  const left = parseQuantity(a).nano;
  const right = parseQuantity(b).nano;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** -1, 0 or 1. */
export function signOfQuantity(value: QuantityLike): number {
  const { nano } = parseQuantity(value);
  return nano < 0n ? -1 : nano > 0n ? 1 : 0;
}

/** The sum in the format of `a`, or of `b` when `a` is zero. */
export function sumQuantity(a: QuantityLike, b: QuantityLike): Quantity {
  const left = parseQuantity(a);
  const right = parseQuantity(b);
  return { nano: left.nano + right.nano, format: left.nano === 0n ? right.format : left.format };
}

/** The canonical text of `a + b`. */
export function addQuantity(a: QuantityLike, b: QuantityLike): string {
  return formatQuantity(sumQuantity(a, b));
}

/** The canonical text of `a - b`. */
export function subQuantity(a: QuantityLike, b: QuantityLike): string {
  const right = parseQuantity(b);
  return formatQuantity(sumQuantity(a, { nano: -right.nano, format: right.format }));
}
