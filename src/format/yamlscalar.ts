// What plain YAML scalars mean: YAML 1.1 as go-yaml v2 reads it, because that is how Kubernetes' files are read.
import { wholeNumber } from './wholenumber.ts';

const words = new Map<string, boolean | null>();
for (const text of ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON']) words.set(text, true);
for (const text of ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF']) words.set(text, false);
for (const text of ['', '~', 'null', 'Null', 'NULL']) words.set(text, null);

const floats = new Map<string, number>();
for (const text of ['.nan', '.NaN', '.NAN']) floats.set(text, Number.NaN);
for (const text of ['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF']) floats.set(text, Number.POSITIVE_INFINITY);
for (const text of ['-.inf', '-.Inf', '-.INF']) floats.set(text, Number.NEGATIVE_INFINITY);

const integer = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/;
const float = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

function integerOf(text: string): number | bigint | undefined {
  const match = integer.exec(text);
  if (!match) return undefined;
  const [, sign, hex, binary, octal, decimal] = match;
  const size =
    hex !== undefined
      ? BigInt(`0x${hex}`)
      : binary !== undefined
        ? BigInt(`0b${binary}`)
        : octal !== undefined
          ? BigInt(`0o${octal}`)
          : BigInt(decimal ?? 0);
  const value = sign === '-' ? -size : size;
  return value < -(2n ** 63n) || value >= 2n ** 64n ? undefined : wholeNumber(value);
}

/** The value of a plain scalar. */
export function resolvePlain(text: string): string | number | bigint | boolean | null {
  const first = text.charCodeAt(0);
  const numeric = (first >= 48 && first <= 57) || first === 43 || first === 45 || first === 46;
  if (!numeric) {
    const word = text.length <= 5 ? words.get(text) : undefined;
    return word === undefined ? text : word;
  }
  if (text.length > 400) return text;
  const special = floats.get(text);
  if (special !== undefined) return special;
  const plain = text.includes('_') ? text.replaceAll('_', '') : text;
  const whole = integerOf(plain);
  if (whole !== undefined) return whole;
  if (!float.test(plain)) return text;
  const value = Number(plain);
  return Number.isFinite(value) ? value : text;
}
