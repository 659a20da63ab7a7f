// Validation errors about one field, worded as Kubernetes words them.
import { goJson, goQuote } from '#format/goquote.ts';

/** What is wrong with the field; the text starts the message. */
export type FieldErrorType =
  | 'Not found'
  | 'Required value'
  | 'Duplicate value'
  | 'Invalid value'
  | 'Unsupported value'
  | 'Forbidden'
  | 'Too long'
  | 'Too many'
  | 'Internal error';

export interface FieldError {
  readonly type: FieldErrorType;
  /** Path from the object's root: `spec.ports[0].name`, `metadata.labels[app]`. */
  readonly field: string;
  readonly value?: unknown;
  readonly detail: string;
  /** The value is of the wrong JSON type (reason FieldValueTypeInvalid). */
  readonly wrongType?: true;
}

/** An unsigned number as the value of a field. */
export class Unsigned {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

const reasons: Readonly<Record<FieldErrorType, string>> = {
  'Not found': 'FieldValueNotFound',
  'Required value': 'FieldValueRequired',
  'Duplicate value': 'FieldValueDuplicate',
  'Invalid value': 'FieldValueInvalid',
  'Unsupported value': 'FieldValueNotSupported',
  Forbidden: 'FieldValueForbidden',
  'Too long': 'FieldValueTooLong',
  'Too many': 'FieldValueTooMany',
  'Internal error': 'InternalError',
};

/** The machine-readable reason of a cause. */
export function fieldErrorReason(error: FieldError): string {
  return error.wrongType ? 'FieldValueTypeInvalid' : reasons[error.type];
}

function valueText(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  if (typeof value === 'string') return goQuote(value);
  // Go tells unsigned numbers in hexadecimal.
  if (value instanceof Unsigned) return `0x${value.value.toString(16)}`;
  if (typeof value === 'object') return goJson(value);
  return String(value);
}

/** The message without the field's path. */
export function fieldErrorBody(error: FieldError): string {
  const { type, value, detail } = error;
  const bare = type === 'Required value' || type === 'Forbidden' || type === 'Too long' || type === 'Internal error' || !('value' in error);
  const head = bare ? type : `${type}: ${valueText(value)}`;
  return detail === '' ? head : `${head}: ${detail}`;
}

/** The whole message: `spec.x: Invalid value: "abc": detail`. */
export function fieldErrorText(error: FieldError): string {
  return `${error.field}: ${fieldErrorBody(error)}`;
}

/** The value is absent and must not be. */
export function required(field: string, detail = ''): FieldError {
  return { type: 'Required value', field, value: '', detail };
}
/** The value does not obey a rule. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'Invalid value', field, value, detail };
}
/** The value has the wrong JSON type. */
export function typeInvalid(field: string, value: unknown, detail: string): FieldError {
  return { type: 'Invalid value', field, value, detail, wrongType: true };
}
/** The value occurs twice where it must be unique. */
export function duplicate(field: string, value: unknown): FieldError {
  return { type: 'Duplicate value', field, value, detail: '' };
}
/** The value refers to something that does not exist. */
export function absent(field: string, value: unknown): FieldError {
  return { type: 'Not found', field, value, detail: '' };
}
/** The value is none of a closed set; `supported` is listed sorted. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const names = [...supported].sort().map(goQuote).join(', ');
  return { type: 'Unsupported value', field, value, detail: supported.length ? `supported values: ${names}` : '' };
}
/** The value may not be set here, or not by this user. */
export function forbiddenField(field: string, detail: string): FieldError {
  return { type: 'Forbidden', field, value: '', detail };
}
/** The text is longer than `max` bytes. */
export function tooLong(field: string, max: number): FieldError {
  return { type: 'Too long', field, value: '', detail: `may not be more than ${max} ${max === 1 ? 'byte' : 'bytes'}` };
}
/** The list has `actual` items, more than `max`. */
export function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: 'Too many', field, value: actual, detail: `must have at most ${max} ${max === 1 ? 'item' : 'items'}` };
}
/** Something of ours failed while the field was checked. */
export function internalFieldError(field: string, message: string): FieldError {
  return { type: 'Internal error', field, value: '', detail: message };
}
