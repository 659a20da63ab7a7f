// Errors that the user sees: Status objects with Kubernetes' reasons, codes and messages.
import type { Status, StatusCause, StatusDetails } from './meta/v1/status.ts';
import { type FieldError, fieldErrorBody, fieldErrorReason, fieldErrorText } from './fielderror.ts';
import { goQuote } from '#format/goquote.ts';

export type { FieldError } from './fielderror.ts';

/** A resource as messages name it. */
export interface GroupResource {
  readonly group: string;
  readonly resource: string;
}
/** A kind as messages name it. */
export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

interface Parts {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails;
}

/** An error with the Status that the client gets. */
export class StatusError extends Error {
  readonly status: Status;
  readonly code: number;
  readonly reason: string;

  constructor(status: Status, options?: ErrorOptions) {
    super(status.message ?? status.reason ?? 'unknown', options);
    this.name = 'StatusError';
    this.status = status;
    this.code = status.code ?? 500;
    this.reason = status.reason ?? '';
  }
}

function failure(parts: Parts, cause?: unknown): StatusError {
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: parts.message,
    reason: parts.reason,
    ...(parts.details ? { details: parts.details } : {}),
    code: parts.code,
  };
  return new StatusError(status, cause === undefined ? undefined : { cause });
}

function qualified(type: GroupResource | GroupKind): string {
  const name = 'resource' in type ? type.resource : type.kind;
  return type.group === '' ? name : `${name}.${type.group}`;
}

function detailsOf(type: GroupResource | GroupKind, name: string, extra: Partial<StatusDetails> = {}): StatusDetails {
  const kind = 'resource' in type ? type.resource : type.kind;
  return { ...(name ? { name } : {}), ...(type.group ? { group: type.group } : {}), ...(kind ? { kind } : {}), ...extra };
}

/** The object is not there. */
export function notFound(type: GroupResource, name: string): StatusError {
  const message = `${qualified(type)} ${goQuote(name)} not found`;
  return failure({ code: 404, reason: 'NotFound', message, details: detailsOf(type, name) });
}
/** No such path: what the server says to an unknown URL. */
export function pathNotFound(): StatusError {
  return failure({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} });
}
/** An object of this name exists. */
export function alreadyExists(type: GroupResource, name: string): StatusError {
  const message = `${qualified(type)} ${goQuote(name)} already exists`;
  return failure({ code: 409, reason: 'AlreadyExists', message, details: detailsOf(type, name) });
}
/** No free name was found for a generateName. */
export function generateNameConflict(type: GroupResource, name: string, retryAfterSeconds: number): StatusError {
  const message = `${qualified(type)} ${goQuote(name)} already exists, the server was not able to generate a unique name for the object`;
  return failure({ code: 409, reason: 'AlreadyExists', message, details: detailsOf(type, name, { retryAfterSeconds }) });
}
/** Somebody else changed the object first, or a precondition failed. */
export function conflict(type: GroupResource, name: string, message: string): StatusError {
  const text = `Operation cannot be fulfilled on ${qualified(type)} ${goQuote(name)}: ${message}`;
  return failure({ code: 409, reason: 'Conflict', message: text, details: detailsOf(type, name) });
}
/** What an update with a stale resourceVersion gets. */
export const staleMessage = 'the object has been modified; please apply your changes to the latest version and try again';
/** Server-side apply found fields owned by others. */
export function applyConflict(causes: readonly StatusCause[], message: string): StatusError {
  return failure({ code: 409, reason: 'Conflict', message, details: { causes } });
}
/** The resource or revision is gone for good. */
export function gone(message: string): StatusError {
  return failure({ code: 410, reason: 'Gone', message });
}
/** The revision asked for is compacted, or a continue token is too old. */
export function expired(message: string): StatusError {
  return failure({ code: 410, reason: 'Expired', message });
}

function causeOf(error: FieldError): StatusCause {
  return { reason: fieldErrorReason(error), message: fieldErrorBody(error), field: error.field };
}

/** Several messages as Go's aggregate prints them: duplicates once, brackets around more than one. */
export function aggregateText(messages: readonly string[]): string {
  const unique = [...new Set(messages)];
  return unique.length === 1 ? (unique[0] as string) : `[${unique.join(', ')}]`;
}

/** The object breaks validation rules. */
export function invalid(type: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const head = `${qualified(type)} ${goQuote(name)} is invalid`;
  const message = errors.length ? `${head}: ${aggregateText(errors.map(fieldErrorText))}` : head;
  const causes = errors.map(causeOf);
  return failure({ code: 422, reason: 'Invalid', message, details: detailsOf(type, name, causes.length ? { causes } : {}) });
}
/** The request makes no sense. */
export function badRequest(message: string): StatusError {
  return failure({ code: 400, reason: 'BadRequest', message });
}
/** The user may not do this; pass an undefined resource for requests that name none. */
export function forbidden(type: GroupResource | undefined, name: string, message: string): StatusError {
  if (!type || type.resource === '') return failure({ code: 403, reason: 'Forbidden', message: `forbidden: ${message}`, details: {} });
  const head = name === '' ? qualified(type) : `${qualified(type)} ${goQuote(name)}`;
  return failure({ code: 403, reason: 'Forbidden', message: `${head} is forbidden: ${message}`, details: detailsOf(type, name) });
}
/** The user is unknown. */
export function unauthorized(message = 'Unauthorized'): StatusError {
  return failure({ code: 401, reason: 'Unauthorized', message });
}
/** The verb is not offered on this resource. */
export function methodNotSupported(type: GroupResource, action: string): StatusError {
  const message = `${action} is not supported on resources of kind ${goQuote(qualified(type))}`;
  return failure({ code: 405, reason: 'MethodNotAllowed', message, details: detailsOf(type, '') });
}
/** The HTTP method means nothing at this path. */
export function methodNotAllowed(): StatusError {
  const message = 'the server does not allow this method on the requested resource';
  return failure({ code: 405, reason: 'MethodNotAllowed', message, details: {} });
}
/** Come back later: too much is asked at once. */
export function tooManyRequests(message: string, retryAfterSeconds = 1): StatusError {
  return failure({ code: 429, reason: 'TooManyRequests', message, details: { retryAfterSeconds } });
}
/** The request took too long. */
export function timeout(message: string, retryAfterSeconds = 0): StatusError {
  return failure({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: ${message}`,
    details: retryAfterSeconds ? { retryAfterSeconds } : {},
  });
}
/** The server could not do it in time, though it could later. */
export function serverTimeout(type: GroupResource, operation: string, retryAfterSeconds = 0): StatusError {
  const message = `The ${operation} operation against ${qualified(type)} could not be completed at this time, please try again.`;
  const details = detailsOf(type, operation, retryAfterSeconds ? { retryAfterSeconds } : {});
  return failure({ code: 500, reason: 'ServerTimeout', message, details });
}
/** Something is not ready to serve. */
export function serviceUnavailable(message: string): StatusError {
  return failure({ code: 503, reason: 'ServiceUnavailable', message });
}
/** What Kubernetes has no name for: the bare message, without a reason. */
export function unforeseen(message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code: 500 });
}
/** A fault of ours; `cause` is kept for the log. */
export function internal(message: string, cause?: unknown): StatusError {
  const parts = { code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}`, details: { causes: [{ message }] } };
  return failure(parts, cause);
}
/** The body's content type is not understood. */
export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return failure({ code: 415, reason: 'UnsupportedMediaType', message });
}
/** None of the accepted answer types is offered. */
export function notAcceptable(accepted: readonly string[]): StatusError {
  const message = `only the following media types are accepted: ${accepted.join(', ')}`;
  return failure({ code: 406, reason: 'NotAcceptable', message });
}
/** The body is too big. */
export function requestEntityTooLarge(message: string): StatusError {
  return failure({ code: 413, reason: 'RequestEntityTooLarge', message: `Request entity too large: ${message}` });
}

/** A StatusError from a Status that a server sent. */
export function fromStatus(status: Status): StatusError {
  return new StatusError(status);
}
/** The Status of anything thrown: a bug becomes a 500. */
export function statusOf(error: unknown): Status {
  if (error instanceof StatusError) return error.status;
  return internal(error instanceof Error ? error.message : String(error)).status;
}

function hasReason(error: unknown, ...reasons: readonly string[]): boolean {
  return error instanceof StatusError && reasons.includes(error.reason);
}
export const isNotFound = (error: unknown): boolean => hasReason(error, 'NotFound');
export const isAlreadyExists = (error: unknown): boolean => hasReason(error, 'AlreadyExists');
export const isConflict = (error: unknown): boolean => hasReason(error, 'Conflict');
export const isInvalid = (error: unknown): boolean => hasReason(error, 'Invalid');
/** True for both ways of saying that a revision is no longer there. */
export const isGone = (error: unknown): boolean => hasReason(error, 'Gone', 'Expired');
export const isExpired = isGone;
export const isForbidden = (error: unknown): boolean => hasReason(error, 'Forbidden');
export const isUnauthorized = (error: unknown): boolean => hasReason(error, 'Unauthorized');
export const isBadRequest = (error: unknown): boolean => hasReason(error, 'BadRequest');
export const isTooManyRequests = (error: unknown): boolean => hasReason(error, 'TooManyRequests');
export const isTimeout = (error: unknown): boolean => hasReason(error, 'Timeout', 'ServerTimeout');
export const isServiceUnavailable = (error: unknown): boolean => hasReason(error, 'ServiceUnavailable');
export const isInternal = (error: unknown): boolean => hasReason(error, 'InternalError');
export const isMethodNotSupported = (error: unknown): boolean => hasReason(error, 'MethodNotAllowed');
/** True when a namespace refuses new objects because it is going away. */
export function hasCause(error: unknown, reason: string): boolean {
  return error instanceof StatusError && (error.status.details?.causes ?? []).some((cause) => cause.reason === reason);
}
