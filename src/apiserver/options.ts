// Query parameters of writes.
import type { FieldError } from '#api/fielderror.ts';
import { badRequest, invalid } from '#api/status.ts';
import { goQuote } from '#format/goquote.ts';
import type { Call } from './chain.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

const maxManager = 128;

/** A whole number of a query as Go's ParseInt reads it; undefined when it is not given. Throws a 400 in Go's words. */
export function goInteger(text: string | null): number | undefined {
  if (text === null) return undefined;
  const fails = (why: string) => badRequest(`strconv.ParseInt: parsing ${goQuote(text)}: ${why}`);
  if (!/^[+-]?\d+$/.test(text)) throw fails('invalid syntax');
  const value = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(64, value) !== value) throw fails('value out of range');
  return Number(value);
}

/** A value that is none of the supported ones. */
export function unsupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  return { type: 'Unsupported value', field, value, detail: `supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}` };
}

/** Checks the options that a write may carry in its query; a 422 of `kind` (e.g. CreateOptions) for wrong ones. */
export function checkWriteOptions(params: URLSearchParams, kind: string): void {
  if (params.size === 0) return;
  const errors: FieldError[] = [];
  const manager = params.get('fieldManager') ?? '';
  if (manager.length > maxManager)
    errors.push({ type: 'Too long', field: 'fieldManager', value: '', detail: `may not be more than ${maxManager} bytes` });
  if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(manager))
    errors.push({ type: 'Invalid value', field: 'fieldManager', value: manager, detail: 'should only contain printable characters' });
  const dryRun = params.getAll('dryRun').filter((value) => value !== '');
  if (dryRun.some((value) => value !== 'All')) errors.push(unsupported('dryRun', dryRun, ['All']));
  const validation = params.get('fieldValidation') ?? '';
  if (validation !== '' && !isFieldValidation(validation))
    errors.push(unsupported('fieldValidation', validation, ['Ignore', 'Strict', 'Warn']));
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', errors);
}

function isFieldValidation(value: string): value is FieldValidation {
  return value === 'Ignore' || value === 'Warn' || value === 'Strict';
}

/** dryRun=All. */
export function isDryRun(params: URLSearchParams): boolean {
  return params.getAll('dryRun').includes('All');
}

/** What to do with fields that a kind does not have; Warn when the query says nothing. */
export function fieldValidationOf(params: URLSearchParams): FieldValidation {
  const value = params.get('fieldValidation') ?? '';
  return isFieldValidation(value) ? value : 'Warn';
}

/** Who writes: the fieldManager parameter, or what the user agent starts with. */
export function fieldManagerOf(call: Call): string {
  const given = call.params.get('fieldManager');
  if (given) return given;
  const agent = call.headers['user-agent'] ?? '';
  const slash = agent.indexOf('/');
  return (slash < 0 ? agent : agent.slice(0, slash)).slice(0, maxManager) || 'unknown';
}
