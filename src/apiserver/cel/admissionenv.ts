// Environments and values of expressions in webhooks and admission policies.
import type { UserInfo } from '#client/transport.ts';
import type { KubeObject } from '#api/object.ts';
import type { Activation } from '#format/cel/cel.ts';
import type { Env } from '#format/cel/env.ts';
import type { AccessDecider } from '#format/cel/lib/authorizers.ts';
import { authorizerType, authorizerValue, requestResourceValue, resourceCheckType } from '#format/cel/lib/authorizers.ts';
import { fromJson } from '#format/cel/native.ts';
import { type CelType, Dyn } from '#format/cel/types.ts';
import type { Value } from '#format/cel/values.ts';
import type { AuthzAttributes, Context } from '../chain.ts';
import { baseEnv } from './environment.ts';
import { namespaceType, requestType, requestTypes } from './requesttypes.ts';

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}
export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}
/** What `request` shows: an AdmissionRequest without its objects. */
export interface AdmissionRequestInfo {
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subResource?: string;
  readonly requestKind: GroupVersionKind;
  readonly requestResource: GroupVersionResource;
  readonly requestSubResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly operation: string;
  readonly userInfo: object;
  readonly dryRun?: boolean;
  readonly options?: object;
}

/** What an expression is evaluated on. */
export interface AdmissionInput {
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
  readonly request: AdmissionRequestInfo;
  /** For the variable `authorizer`. */
  readonly ctx: Pick<Context, 'user' | 'backend'>;
}

export interface EnvOptions {
  readonly params?: CelType;
  readonly namespaceObject?: boolean;
  readonly authorizer?: boolean;
  /** Type of `object` and `oldObject`; absent: anything. */
  readonly object?: CelType;
}

const made = new Map<string, Env>();

/** The environment with the variables of admission. */
export function admissionEnv(options: EnvOptions = {}): Env {
  const { params, namespaceObject = false, authorizer = true, object = Dyn } = options;
  const plain = object === Dyn && (params === undefined || params === Dyn);
  const key = `${params !== undefined} ${namespaceObject} ${authorizer}`;
  const known = plain ? made.get(key) : undefined;
  if (known) return known;
  const env = baseEnv.extend({
    types: requestTypes,
    variables: [
      { name: 'object', type: object },
      { name: 'oldObject', type: object },
      { name: 'request', type: requestType },
      ...(params ? [{ name: 'params', type: params }] : []),
      ...(namespaceObject ? [{ name: 'namespaceObject', type: namespaceType }] : []),
      ...(authorizer
        ? [
            { name: 'authorizer', type: authorizerType },
            { name: 'authorizer.requestResource', type: resourceCheckType },
          ]
        : []),
    ],
  });
  if (plain) made.set(key, env);
  return env;
}

/** Asks the server's authorizer in the name of the request's user. */
export function accessDecider(ctx: AdmissionInput['ctx']): AccessDecider {
  return (question) => {
    const account = question.serviceAccount;
    const user: UserInfo = account
      ? {
          name: `system:serviceaccount:${account.namespace}:${account.name}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`, 'system:authenticated'],
        }
      : ctx.user;
    const attributes: AuthzAttributes = { ...question, user };
    const answer = ctx.backend.authorizer.authorize(attributes);
    const read = ({ decision, reason = '' }: Awaited<typeof answer>) => ({ allowed: decision === 'allow', reason, error: '' });
    return answer instanceof Promise ? answer.then(read) : read(answer);
  };
}

/** Values of the variables. */
export function admissionVariables(input: AdmissionInput, more: Readonly<Record<string, Value>> = {}): Activation {
  const { object, oldObject, request, ctx } = input;
  const authorizer = authorizerValue(accessDecider(ctx));
  return {
    object: fromJson(object ?? null),
    oldObject: fromJson(oldObject ?? null),
    request: fromJson(request),
    authorizer,
    'authorizer.requestResource': requestResourceValue(authorizer, {
      group: request.requestResource.group,
      version: request.requestResource.version,
      resource: request.requestResource.resource,
      subresource: request.requestSubResource ?? '',
      namespace: request.namespace ?? '',
      name: request.name ?? '',
    }),
    ...more,
  };
}
