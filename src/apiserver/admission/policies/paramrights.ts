// Who writes a policy or binding with parameters must be able to read them: expressions could tell what is in them.
import type { ParamKind } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import type { ParamRef } from '#api/admissionregistration/v1/validatingadmissionpolicybinding.ts';
import { type FieldError, forbiddenField } from '#api/fielderror.ts';
import { type KubeObject, parseApiVersion } from '#api/object.ts';
import { MutatingAdmissionPolicies, type ResourceRef, ValidatingAdmissionPolicies } from '#api/refs.ts';
import { deepEqual } from '#api/walk/equal.ts';
import type { UserInfo } from '#client/transport.ts';
import { mastersGroup } from '../../authn/groups.ts';
import type { Registry } from '../../registry/registry.ts';
import type { AdmissionAttributes } from '../plugin.ts';

interface WithParams extends KubeObject {
  readonly spec: { readonly paramKind?: ParamKind; readonly paramRef?: ParamRef; readonly policyName?: string };
}

const policiesOf: Readonly<Record<string, ResourceRef<WithParams>>> = {
  validatingadmissionpolicybindings: ValidatingAdmissionPolicies as ResourceRef<WithParams>,
  mutatingadmissionpolicybindings: MutatingAdmissionPolicies as ResourceRef<WithParams>,
};

/** A user as Go prints one. */
const userText = ({ name, uid = '', groups }: UserInfo): string => `&{${name} ${uid} [${groups.join(' ')}] map[]}`;

/** What of the API a kind of parameters is; `*` where that is not known. */
function target(registry: Registry, kind: ParamKind | undefined): { group: string; version: string; resource: string } {
  if (!kind) return { group: '*', version: '*', resource: '*' };
  const { group, version } = parseApiVersion(kind.apiVersion ?? '');
  const row = registry.rows.find((each) => each.group === group && each.version === version && each.kind === kind.kind);
  return { group, version, resource: row?.resource ?? '*' };
}

async function mayGet(
  { ctx, registry }: AdmissionAttributes,
  kind: ParamKind | undefined,
  namespace: string,
  name: string,
): Promise<boolean> {
  const asked = { user: ctx.user, verb: 'get', isResource: true, ...target(registry, kind), subresource: '', namespace, name, path: '' };
  return (await ctx.backend.authorizer.authorize(asked)).decision === 'allow';
}

/** What the writer of a policy or binding may not read of its parameters. */
export async function checkParamRights(attributes: AdmissionAttributes): Promise<FieldError[]> {
  const { row, ctx } = attributes;
  if (ctx.user.groups.includes(mastersGroup)) return [];
  const { spec } = attributes.object as WithParams;
  const before = (attributes.oldObject as WithParams | undefined)?.spec;
  const { paramKind, paramRef, policyName = '' } = spec;
  if (paramKind && !deepEqual(before?.paramKind, paramKind) && !(await mayGet(attributes, paramKind, '*', '*'))) {
    const { kind = '', apiVersion = '' } = paramKind;
    const text = `user ${userText(ctx.user)} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`;
    return [forbiddenField('spec.paramKind', text)];
  }
  const policies = policiesOf[row.resource];
  if (!paramRef || !policies || (deepEqual(before?.paramRef, paramRef) && before?.policyName === policyName)) return [];
  const kind = ctx.backend.peek(policies, policyName)?.spec.paramKind;
  if (await mayGet(attributes, kind, paramRef.namespace ?? '', paramRef.name ?? '')) return [];
  return [
    forbiddenField('spec.paramRef', `user ${userText(ctx.user)} does not have "get" permission on the object referenced by paramRef`),
  ];
}
