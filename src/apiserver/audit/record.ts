// The record of one request, and the events that it becomes.
import { apiVersionOf } from '#api/object.ts';
import { rfc3339Micro } from '#base/clock.ts';
import type { UserInfo } from '#client/transport.ts';
import { userInfoOf } from '../authn/groups.ts';
import type { Answer, Call, RequestInfo } from '../chain.ts';
import { listObject } from '../negotiate.ts';
import type { Ruling, Stage } from './policy.ts';

export interface AuditedRequest {
  readonly call: Call;
  readonly info: RequestInfo;
  /** Who sent the request; undefined: somebody who could not say who he is. */
  readonly user: UserInfo | undefined;
  /** As whom it is served, when that is somebody else. */
  readonly impersonated: UserInfo | undefined;
}

export interface RecordOptions {
  readonly id: string;
  readonly ruling: Ruling;
  now(): number;
  emit(event: object): void;
}

function referenceOf({ info }: AuditedRequest): object | undefined {
  if (!info.isResource) return undefined;
  const { resource, namespace, name, group, version, subresource } = info;
  return {
    resource,
    ...(namespace ? { namespace } : {}),
    ...(name ? { name } : {}),
    ...(group ? { apiGroup: group } : {}),
    apiVersion: version,
    ...(subresource ? { subresource } : {}),
  };
}

/** Objects without who owns their fields, where the policy wants that. */
function withoutOwners(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const object = value as { metadata?: { managedFields?: unknown }; items?: readonly unknown[] };
  const strip = (metadata: object): object => Object.fromEntries(Object.entries(metadata).filter(([key]) => key !== 'managedFields'));
  return {
    ...object,
    ...(object.metadata ? { metadata: strip(object.metadata) } : {}),
    ...(Array.isArray(object.items) ? { items: object.items.map(withoutOwners) } : {}),
  };
}

function responseOf(answer: Answer): unknown {
  if (answer.kind === 'object') return answer.object;
  return answer.kind === 'list' ? listObject(answer.row, answer.listMeta, answer.items) : undefined;
}

function statusOf(answer: Answer): object {
  const code = 'status' in answer ? answer.status : 200;
  const said =
    answer.kind === 'object' ? (answer.object as { kind?: unknown; status?: unknown; message?: unknown; reason?: unknown }) : undefined;
  if (said?.kind !== 'Status' || code < 400) return { metadata: {}, code };
  const { status, message, reason } = said;
  return { metadata: {}, ...(status ? { status } : {}), ...(message ? { message } : {}), ...(reason ? { reason } : {}), code };
}

export class AuditRecord {
  readonly id: string;
  readonly #request: AuditedRequest;
  readonly #options: RecordOptions;
  readonly #received: number;
  #body: unknown;

  constructor(request: AuditedRequest, options: RecordOptions) {
    this.id = options.id;
    this.#request = request;
    this.#options = options;
    this.#received = options.now();
    // Of a stranger nothing is noted but that he was sent away.
    if (request.user) this.#emit('RequestReceived', {});
  }

  /** The request was refused for its credentials. */
  unauthorized(message: string): void {
    this.#emit('ResponseStarted', { responseStatus: { metadata: {}, message, code: 401 } });
  }

  /** Notes what the client sent; only kept where the policy wants bodies. */
  request(body: unknown): void {
    if (this.#options.ruling.level === 'Request' || this.#options.ruling.level === 'RequestResponse') this.#body = body;
  }

  /** The headers of a long answer are sent. */
  started(answer: Answer, annotations: ReadonlyMap<string, string> | undefined): void {
    this.#emit('ResponseStarted', this.#about(answer, annotations));
  }

  /** The answer is given. */
  completed(answer: Answer, annotations: ReadonlyMap<string, string> | undefined): void {
    const { level } = this.#options.ruling;
    const response = level === 'RequestResponse' ? responseOf(answer) : undefined;
    this.#emit('ResponseComplete', {
      ...this.#about(answer, annotations),
      ...(response === undefined ? {} : { responseObject: this.#shown(response) }),
    });
  }

  #shown(value: unknown): unknown {
    return this.#options.ruling.omitManagedFields ? withoutOwners(value) : value;
  }

  #about(answer: Answer, annotations: ReadonlyMap<string, string> | undefined): Readonly<Record<string, unknown>> {
    return {
      responseStatus: statusOf(answer),
      ...(this.#body === undefined ? {} : { requestObject: this.#shown(this.#body) }),
      ...(annotations?.size ? { annotations: Object.fromEntries(annotations) } : {}),
    };
  }

  #emit(stage: Stage, more: Readonly<Record<string, unknown>> & { readonly annotations?: object }): void {
    const { ruling, id, now, emit } = this.#options;
    if (ruling.omitStages.includes(stage)) return;
    const { call, info, user, impersonated } = this.#request;
    const forwarded = (call.headers['x-forwarded-for'] ?? '').split(',').map((text) => text.trim());
    const reference = referenceOf(this.#request);
    const { annotations, ...rest } = more;
    emit({
      kind: 'Event',
      apiVersion: apiVersionOf({ group: 'audit.k8s.io', version: 'v1' }),
      level: ruling.level,
      auditID: id,
      stage,
      requestURI: call.query ? `${call.path}?${call.query}` : call.path,
      verb: info.verb,
      user: user ? userInfoOf(user) : {},
      ...(impersonated ? { impersonatedUser: userInfoOf(impersonated) } : {}),
      sourceIPs: [...forwarded.filter((text) => text !== ''), call.remoteAddress],
      ...(call.headers['user-agent'] ? { userAgent: call.headers['user-agent'] } : {}),
      ...(reference ? { objectRef: reference } : {}),
      ...rest,
      requestReceivedTimestamp: rfc3339Micro(this.#received),
      stageTimestamp: rfc3339Micro(now()),
      ...(annotations ? { annotations } : {}),
    });
  }
}
