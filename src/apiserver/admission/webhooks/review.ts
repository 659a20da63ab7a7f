// Pure: what a webhook is asked (AdmissionReview), and what its answer means.
import type { Status } from '#api/meta/v1/status.ts';
import type { KubeObject } from '#api/object.ts';
import { StatusError } from '#api/status.ts';
import { goQuote } from '#format/goquote.ts';
import type { ResourceRow } from '../../resources/row.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import type { HookKind } from './hooks.ts';

interface Gvk {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** The kind of what a request carries: that of the subresource, if it has its own. */
export function kindOf(row: ResourceRow, subresource: string): Gvk {
  const sub = subresource === '' ? undefined : row.subresources.find((candidate) => candidate.name === subresource);
  return { group: sub?.group ?? row.group, version: sub?.version ?? row.version, kind: sub?.kind ?? row.kind };
}

export interface Reviewed {
  readonly uid: string;
  readonly apiVersion: string;
  /** The row whose rules matched; differs from the request's for equivalent resources. */
  readonly row: ResourceRow;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

const optionKinds = { CREATE: 'CreateOptions', UPDATE: 'UpdateOptions', DELETE: 'DeleteOptions', CONNECT: undefined } as const;

/** The AdmissionReview that asks. */
export function reviewOf(attributes: AdmissionAttributes, { uid, apiVersion, row, object, oldObject }: Reviewed): object {
  const { operation, subresource, namespace, name, dryRun, options, ctx, row: asked } = attributes;
  const resourceOf = ({ group, version, resource }: ResourceRow) => ({ group, version, resource });
  const { name: username, uid: userId, groups, extra } = ctx.user;
  const kind = optionKinds[operation];
  return {
    kind: 'AdmissionReview',
    apiVersion,
    request: {
      uid,
      kind: kindOf(row, subresource),
      resource: resourceOf(row),
      ...(subresource ? { subResource: subresource } : {}),
      requestKind: kindOf(asked, subresource),
      requestResource: resourceOf(asked),
      ...(subresource ? { requestSubResource: subresource } : {}),
      ...(name ? { name } : {}),
      ...(asked.namespaced || asked.resource === 'namespaces' ? { namespace: asked.namespaced ? namespace : name } : {}),
      operation,
      userInfo: { username, ...(userId ? { uid: userId } : {}), groups, ...(extra && Object.keys(extra).length > 0 ? { extra } : {}) },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun,
      options: kind ? { kind, apiVersion: 'meta.k8s.io/v1', ...withoutType(options) } : null,
    },
  };
}

function withoutType(options: object): object {
  const { kind: _, apiVersion: __, ...rest } = options as { kind?: unknown; apiVersion?: unknown };
  return rest;
}

/** What a webhook said, once it is sure that it may say so. */
export interface Verdict {
  readonly allowed: boolean;
  readonly status: Status | undefined;
  /** JSON patch text. */
  readonly patch: string;
  readonly warnings: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
}

type Answered = Partial<Record<string, unknown>>;

const isObject = (value: unknown): value is Answered => typeof value === 'object' && value !== null && !Array.isArray(value);
const isGiven = (value: unknown): boolean => value !== undefined && value !== null;
const isText = (value: unknown): value is string => typeof value === 'string';

function gvkText(apiVersion: unknown, kind: unknown): string {
  return `${isText(apiVersion) ? apiVersion : ''}, Kind=${isText(kind) ? kind : ''}`;
}

/** The patch of an answer. v1beta1 is not strict about patchType. */
function patchOf(response: Answered, kind: HookKind, strict: boolean): string {
  const { patch, patchType } = response;
  const given = isText(patch) && patch !== '';
  if (kind === 'validating') {
    if (strict && given) throw new Error('validating webhook may not return response.patch');
    if (strict && isGiven(patchType)) throw new Error('validating webhook may not return response.patchType');
    return '';
  }
  if (strict && given && !isGiven(patchType)) throw new Error('webhook returned response.patch but not response.patchType');
  if (strict && !given && isGiven(patchType)) throw new Error('webhook returned response.patchType but not response.patch');
  if (given && isGiven(patchType) && patchType !== 'JSONPatch') {
    if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
    throw new Error(`unsupported patch type ${goQuote(String(patchType))}`);
  }
  return given ? Buffer.from(patch, 'base64').toString('utf8') : '';
}

/** Reads an answer; throws an Error whose message says what is wrong with it. */
export function verdictOf(answer: unknown, asked: { readonly uid: string; readonly apiVersion: string; readonly kind: HookKind }): Verdict {
  if (!isObject(answer))
    throw new Error(`expected webhook response of ${gvkText(asked.apiVersion, 'AdmissionReview')}, got ${gvkText('', '')}`);
  const { response } = answer;
  if (!isObject(response)) throw new Error('webhook response was absent');
  const strict = asked.apiVersion === 'admission.k8s.io/v1';
  if (strict) {
    if (response['uid'] !== asked.uid) {
      throw new Error(`expected response.uid=${goQuote(asked.uid)}, got ${goQuote(isText(response['uid']) ? response['uid'] : '')}`);
    }
    if (answer['apiVersion'] !== asked.apiVersion || answer['kind'] !== 'AdmissionReview') {
      const expected = gvkText(asked.apiVersion, 'AdmissionReview');
      throw new Error(`expected webhook response of ${expected}, got ${gvkText(answer['apiVersion'], answer['kind'])}`);
    }
  }
  const patch = patchOf(response, asked.kind, strict);
  const { status, warnings, auditAnnotations } = response;
  const annotations = isObject(auditAnnotations)
    ? Object.entries(auditAnnotations).filter((entry): entry is [string, string] => isText(entry[1]))
    : [];
  return {
    allowed: response['allowed'] === true,
    status: isObject(status) ? (status as Status) : undefined,
    patch,
    warnings: Array.isArray(warnings) ? warnings.filter(isText) : [],
    annotations: Object.fromEntries(annotations),
  };
}

/** The refusal that a webhook's status asks for: never a code below 400, never a success. */
export function rejection(name: string, status: Status | undefined): StatusError {
  const { message, reason } = status ?? {};
  const denied = `admission webhook ${goQuote(name)} denied the request`;
  const code = isHttpError(status?.code) ? status.code : 400;
  return new StatusError({
    ...status,
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: message ? `${denied}: ${message}` : reason ? `${denied}: ${reason}` : `${denied} without explanation`,
    code,
  });
}

const isHttpError = (code: unknown): code is number => typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599;
