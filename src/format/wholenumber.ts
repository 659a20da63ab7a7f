// Whole numbers as Kubernetes reads them in JSON of unknown shape: those of 64 bits keep all their digits, larger ones are
// floating. What a number of JavaScript cannot hold exactly is a BigInt here, and is written to JSON as it was read.

const json = JSON as typeof JSON & { rawJSON(text: string): object };

// oxlint-disable-next-line no-extend-native -- JSON.stringify asks here, and refuses BigInts otherwise
Object.defineProperty(BigInt.prototype, 'toJSON', {
  value(this: bigint): object {
    return json.rawJSON(String(this));
  },
  writable: true,
  configurable: true,
});

const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/** The value of a whole number's size. */
export function wholeNumber(value: bigint): number | bigint {
  const rounded = Number(value);
  return Number.isSafeInteger(rounded) || value < least || value > most ? rounded : value;
}

/** The value of digits, with or without a sign. */
export function wholeNumberOf(digits: string): number | bigint {
  const rounded = Number(digits);
  return Number.isSafeInteger(rounded) || Math.abs(rounded) > 2 ** 63 ? rounded : wholeNumber(BigInt(digits));
}

/** A number of either sort. */
export const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';

/** A number without a fraction. */
export const isWhole = (value: unknown): value is number | bigint => typeof value === 'bigint' || Number.isInteger(value);

/** What Go calls the type of a number in JSON of unknown shape. */
export const goNumberType = (value: number | bigint): string => (isWhole(value) ? 'int64' : 'float64');
