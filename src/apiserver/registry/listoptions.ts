// The query of a list or a watch (ListOptions): what may not be said together, and numbers in it.
import { type FieldError, invalid } from '#api/status.ts';
import { goInteger } from '../options.ts';

const listOptions = { group: 'meta.k8s.io', kind: 'ListOptions' };
const matches: readonly string[] = ['Exact', 'NotOlderThan'];

const forbidden = (field: string, detail: string): FieldError => ({ type: 'Forbidden', field, value: '', detail });
const notSupported = (value: string, supported: readonly string[]): FieldError => ({
  type: 'Unsupported value',
  field: 'resourceVersionMatch',
  value,
  detail: `supported values: ${supported.map((one) => JSON.stringify(one)).join(', ')}`,
});

function listErrors(params: URLSearchParams): FieldError[] {
  const errors: FieldError[] = [];
  const match = params.get('resourceVersionMatch');
  if (match) {
    const field = 'resourceVersionMatch';
    if (!params.get('resourceVersion')) errors.push(forbidden(field, `${field} is forbidden unless resourceVersion is provided`));
    if (params.get('continue')) errors.push(forbidden(field, `${field} is forbidden when continue is provided`));
    if (!matches.includes(match)) errors.push(notSupported(match, [...matches, '']));
    if (match === 'Exact' && params.get('resourceVersion') === '0')
      errors.push(forbidden(field, `${field} "exact" is forbidden for resourceVersion "0"`));
  }
  if (params.has('sendInitialEvents')) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return errors;
}

function watchErrors(params: URLSearchParams): FieldError[] {
  const errors: FieldError[] = [];
  const field = 'resourceVersionMatch';
  const match = params.get(field);
  const initial = params.has('sendInitialEvents');
  if (initial && match !== 'NotOlderThan') errors.push(forbidden(field, `sendInitialEvents requires setting ${field} to NotOlderThan`));
  if (!match) return errors;
  if (!initial) errors.push(forbidden(field, `${field} is forbidden for watch unless sendInitialEvents is provided`));
  if (match !== 'NotOlderThan') errors.push(notSupported(match, ['NotOlderThan']));
  if (params.get('continue')) errors.push(forbidden(field, `${field} is forbidden when continue is provided`));
  return errors;
}

/** The numbers of a query; `limit` is never below 0, `timeoutSeconds` undefined when it says nothing. */
export interface ListNumbers {
  readonly limit: number;
  readonly timeoutSeconds: number | undefined;
}

/** Checks the options of a list or a watch. Throws a 400 for what is no number, a 422 that names all that does not go together. */
export function checkListOptions(params: URLSearchParams, verb: 'list' | 'watch'): ListNumbers {
  if (params.size === 0) return { limit: 0, timeoutSeconds: undefined };
  const timeoutSeconds = goInteger(params.get('timeoutSeconds'));
  const limit = Math.max(goInteger(params.get('limit')) ?? 0, 0);
  const errors = verb === 'list' ? listErrors(params) : watchErrors(params);
  if (errors.length > 0) throw invalid(listOptions, '', errors);
  return { limit, timeoutSeconds };
}
