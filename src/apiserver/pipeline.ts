// The chain: what every request passes through, from sockets and from the loopback alike.
import { isUnauthorized, pathNotFound, StatusError, statusOf, tooManyRequests, unauthorized } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import type { UserInfo } from '#client/transport.ts';
import { admitOther, connectOptions } from './admission/other.ts';
import { annotate } from './annotations.ts';
import type { Auditor } from './audit/auditor.ts';
import { anonymous } from './authn/groups.ts';
import { impersonate } from './authn/impersonation.ts';
import { forbiddenError } from './authz/authorizer.ts';
import type { Answer, Authenticator, Authorizer, AuthzAttributes, Backend, Call, Context, RequestInfo } from './chain.ts';
import type { FlowControl, Seat } from './flow/flow.ts';
import { widthOf } from './flow/width.ts';
import { pageNotFound } from './discovery/plug.ts';
import type { Endpoint, PathEndpoint } from './endpoint.ts';
import type { RequestMetrics } from './metrics.ts';
import type { Registry } from './registry/registry.ts';
import { parseRequestInfo } from './requestinfo.ts';
import { storeFailure } from './storefailure.ts';
import { type Router, takesMethod } from './router.ts';
import { serveResource } from './verbs.ts';

export interface PipelineOptions {
  readonly registry: Registry;
  readonly backend: Backend;
  readonly router: Router;
  readonly authenticators: readonly Authenticator[];
  readonly authorizer: Authorizer;
  readonly auditor: Auditor | undefined;
  readonly metrics: RequestMetrics;
  readonly flow: FlowControl;
}

/** What a request has become when it may be served. */
export interface Admitted {
  readonly ctx: Context;
  /** Undefined: the registry serves it. */
  readonly endpoint: Endpoint | undefined;
}

export interface Outcome {
  readonly answer: Answer;
  readonly warnings: readonly string[];
  /** How flow control classified the request; its seats are to be released when the answer is sent. */
  readonly seat: Seat | undefined;
  /** Identity of the request in the audit log. */
  readonly auditId?: string;
  /** To be called when the whole answer is sent. */
  sent?(): void;
}

const mutating = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export class Pipeline {
  readonly #options: PipelineOptions;
  #reads = 0;
  #writes = 0;
  #closing = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  /** Requests being served. */
  get inFlight(): { readonly reading: number; readonly mutating: number } {
    return { reading: this.#reads, mutating: this.#writes };
  }

  close(): void {
    this.#closing = true;
  }

  /** Serves one request to its answer; never rejects. */
  async run(call: Call): Promise<Outcome> {
    const warnings: string[] = [];
    let ctx: Context | undefined;
    let answer: Answer;
    let seat: Seat | undefined;
    let leave: (() => void) | undefined;
    let info: RequestInfo | undefined;
    const { clock } = this.#options.backend.world;
    const started = clock.monotonic();
    try {
      info = parseRequestInfo(call.method, call.path, call.params);
      leave = this.#enter(info);
      const { user, asked, endpoint } = await this.#identify(call, info);
      ctx = this.#context(call, info, user, asked, warnings);
      if (!call.user) {
        const entered = this.#seat(call, info, user, endpoint);
        seat = entered instanceof Promise ? await entered : entered;
      }
      await this.#authorize(ctx, info.verb);
      answer = await this.#serve(ctx, endpoint);
    } catch (error) {
      answer = this.#refusal(error, call);
    }
    leave?.();
    const code = 'status' in answer ? answer.status : 200;
    if (info) this.#options.metrics.observe(call, info, code, (clock.monotonic() - started) / 1000);
    const audit = ctx?.audit;
    if (!audit) return { answer, warnings, seat };
    const annotations = ctx?.annotations;
    if (answer.kind === 'watch' || answer.kind === 'stream') audit.started(answer, annotations);
    return { answer, warnings, seat, auditId: audit.id, sent: () => audit.completed(answer, annotations) };
  }

  /** The stages up to authorization, for upgrades: the endpoint takes over the socket. Rejects with StatusError. */
  async admit(call: Call): Promise<Admitted> {
    const info = parseRequestInfo(call.method, call.path, call.params);
    const { user, asked, endpoint } = await this.#identify(call, info);
    const ctx = this.#context(call, info, user, asked, []);
    await this.#authorize(ctx, info.verb);
    if (endpoint?.connects) await this.#connect(ctx);
    return { ctx, endpoint };
  }

  async #connect(ctx: Context): Promise<void> {
    const { registry } = this.#options;
    await admitOther(registry, ctx, { operation: 'CONNECT', object: connectOptions(registry, ctx) });
  }

  /** Who asks, and what answers. */
  async #identify(
    call: Call,
    info: RequestInfo,
  ): Promise<{ readonly user: UserInfo; readonly asked: UserInfo; readonly endpoint: Endpoint | undefined }> {
    const { authorizer, router } = this.#options;
    const asked = call.user ?? (await this.#authenticate(call, info));
    const user = hasImpersonation(call) ? await impersonate(asked, call.headers, authorizer) : asked;
    return { user, asked, endpoint: router.endpoint(info) };
  }

  #context(call: Call, info: RequestInfo, user: UserInfo, asked: UserInfo, warnings: string[]): Context {
    const { auditor, backend } = this.#options;
    const audit = auditor?.begin({ call, info, user: asked, impersonated: user === asked ? undefined : user });
    return { call, info, user, warnings, backend, audit };
  }

  /** Waits for the request's turn. What lasts (watches, exec, proxies) takes no seats. */
  #seat(call: Call, info: RequestInfo, user: UserInfo, endpoint: Endpoint | undefined): Seat | Promise<Seat> {
    const { flow } = this.#options;
    if (info.verb === 'watch' || endpoint?.longRunning === true) return flow.note(user, info);
    return flow.enter({ user, info, call, seats: endpoint ? 1 : widthOf(info, call.params, this.#objects) });
  }

  readonly #objects = ({ group, version, resource, namespace }: RequestInfo): number => {
    const found = this.#options.registry.find(group, version, resource);
    if (!found) return 0;
    return namespace === '' ? found.table.size : found.table.count(found.keyPrefix(namespace));
  };

  async #authenticate(call: Call, info: RequestInfo): Promise<UserInfo> {
    try {
      return await this.#recognize(call);
    } catch (error) {
      if (isUnauthorized(error)) this.#options.auditor?.unauthorized(call, info);
      throw error;
    }
  }

  async #recognize(call: Call): Promise<UserInfo> {
    for (const authenticator of this.#options.authenticators) {
      const user = await authenticator(call);
      if (user) return user;
    }
    const { anonymous: allowed, anonymousPaths } = this.#options.backend.config;
    if (!allowed || call.headers['authorization'] || anonymousPaths?.includes(call.path) === false) throw unauthorized();
    return anonymous;
  }

  async #authorize(ctx: Context, verb: string): Promise<void> {
    const { info, user, call } = ctx;
    const attributes: AuthzAttributes = {
      user,
      verb,
      isResource: info.isResource,
      group: info.group,
      version: info.version,
      resource: info.resource,
      subresource: info.subresource,
      namespace: info.namespace,
      name: info.name,
      path: info.isResource ? '' : info.path,
      ...selectors(call, verb),
    };
    const decided = this.#options.authorizer.authorize(attributes);
    const { decision, reason } = decided instanceof Promise ? await decided : decided;
    if (ctx.audit) {
      annotate(ctx, 'authorization.k8s.io/decision', decision === 'allow' ? 'allow' : 'forbid');
      annotate(ctx, 'authorization.k8s.io/reason', reason ?? '');
    }
    if (decision === 'allow') return;
    // A component of this process that lacks a right is a fault of ours: nobody else would be told.
    if (call.user?.name.startsWith('system:'))
      this.#options.backend.world.log.warn('component forbidden', {
        user: user.name,
        verb,
        path: call.path,
        ...(reason ? { reason } : {}),
      });
    // Somebody without credentials is asked for them only when anonymous requests are off; else it is plainly forbidden.
    throw forbiddenError(attributes, reason);
  }

  async #serve(ctx: Context, endpoint: Endpoint | undefined): Promise<Answer> {
    const { info, call } = ctx;
    if (!info.isResource) {
      if (!endpoint) return pageNotFound();
      if ('path' in endpoint && !takesMethod(endpoint as PathEndpoint, call.method))
        return { kind: 'bytes', status: 405, headers: { 'content-type': 'text/plain; charset=utf-8' }, bytes: 'Method Not Allowed\n' };
      return endpoint.handle(ctx);
    }
    if (endpoint) {
      if (endpoint.connects) await this.#connect(ctx);
      return endpoint.handle(ctx);
    }
    const { registry } = this.#options;
    const resource = registry.find(info.group, info.version, info.resource);
    if (!resource) {
      // Of a version of ours a missing resource is told as a Status; of another it is a page that is not there.
      if (registry.rows.some((row) => row.group === info.group && row.version === info.version)) throw pathNotFound();
      return pageNotFound();
    }
    return serveResource(registry, resource, ctx, (again, verb) => this.#authorize(again, verb));
  }

  /** Counts a request in; the returned function counts it out. */
  #enter({ verb }: RequestInfo): () => void {
    if (this.#closing)
      throw new StatusError({ ...tooManyRequests('The apiserver is shutting down').status, code: 503, reason: 'ServiceUnavailable' });
    if (mutating.has(verb)) {
      this.#writes++;
      return () => {
        this.#writes--;
      };
    }
    this.#reads++;
    return () => {
      this.#reads--;
    };
  }

  #refusal(thrown: unknown, call: Call): Answer {
    const error = storeFailure(thrown);
    const status = statusOf(error);
    if (!(error instanceof StatusError)) {
      this.#options.backend.world.log.error('request failed', {
        method: call.method,
        path: call.path,
        error: messageOf(error),
        stack: error instanceof Error ? error.stack : undefined,
      });
    }
    const retry = status.details?.retryAfterSeconds;
    return { kind: 'object', status: status.code ?? 500, object: status, ...(retry ? { headers: { 'retry-after': String(retry) } } : {}) };
  }
}

function hasImpersonation(call: Call): boolean {
  for (const name in call.headers) if (name.startsWith('impersonate-')) return true;
  return false;
}

function selectors(call: Call, verb: string): { fieldSelector?: string; labelSelector?: string } {
  if (verb !== 'list' && verb !== 'watch' && verb !== 'deletecollection') return {};
  const fieldSelector = call.params.get('fieldSelector');
  const labelSelector = call.params.get('labelSelector');
  return { ...(fieldSelector ? { fieldSelector } : {}), ...(labelSelector ? { labelSelector } : {}) };
}
