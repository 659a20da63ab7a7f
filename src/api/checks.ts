// Small checks that many kinds share.
import { type FieldError, invalid } from './fielderror.ts';
import {
  between,
  dns1123Label,
  dns1123Subdomain,
  labelValue,
  nonNegativeText,
  percent,
  portName,
  portNumber,
  qualifiedName,
} from './formats.ts';

type Errors = FieldError[];

/** Go does not tell an empty text from an absent one. */
export function absentOr(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** Reports everything that `format` finds wrong with a text. */
export function checkFormat(format: (value: string) => string[], value: string, at: string, errors: Errors): void {
  for (const text of format(value)) errors.push(invalid(at, value, text));
}
/** As checkFormat with a DNS name, when the text is there. */
export function checkSubdomain(value: string | undefined, at: string, errors: Errors): void {
  if (value) checkFormat(dns1123Subdomain, value, at, errors);
}
/** As checkFormat with a DNS label, when the text is there. */
export function checkLabel(value: string | undefined, at: string, errors: Errors): void {
  if (value) checkFormat(dns1123Label, value, at, errors);
}
/** Keys and values of labels. */
export function checkLabels(labels: Readonly<Record<string, string>> | undefined, at: string, errors: Errors): void {
  for (const key in labels) {
    const value = labels[key] as string;
    checkFormat(qualifiedName, key, at, errors);
    checkFormat(labelValue, value, at, errors);
  }
}
/** Reports a negative number. */
export function checkNonNegative(value: number | undefined, at: string, errors: Errors): void {
  if (value !== undefined && value < 0) errors.push(invalid(at, value, nonNegativeText));
}
/** Reports a number outside a range. */
export function checkRange(value: number | undefined, range: readonly [number, number], at: string, errors: Errors): void {
  if (value !== undefined && (value < range[0] || value > range[1])) errors.push(invalid(at, value, between(range[0], range[1])));
}
/** A port by number or name. */
export function checkPort(port: number | string, at: string, errors: Errors): void {
  for (const text of typeof port === 'number' ? portNumber(port) : portName(port)) errors.push(invalid(at, port, text));
}
/** A count or a percentage: not negative, well-formed. */
export function checkCountOrPercent(value: number | string | undefined, at: string, errors: Errors): void {
  if (typeof value === 'string') checkFormat(percent, value, at, errors);
  else checkNonNegative(value, at, errors);
}
/** The number before the `%`, or undefined when the value is no percentage. */
export function percentOf(value: number | string | undefined): number | undefined {
  return typeof value === 'string' && /^\d+%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}
/** Reports a percentage above 100. */
export function checkAtMostAll(value: number | string | undefined, at: string, errors: Errors): void {
  if ((percentOf(value) ?? 0) > 100) errors.push(invalid(at, value, 'must not be greater than 100%'));
}
/** The names of those members that are set. */
export function present(object: object, names: readonly string[]): string[] {
  return names.filter((name) => (object as Readonly<Record<string, unknown>>)[name] !== undefined);
}
