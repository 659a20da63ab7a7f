// Pure: which FlowSchema a request belongs to, and which flow within it.
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from '#api/flowcontrol/v1/flowschema.ts';
import type { UserInfo } from '#client/transport.ts';
import { serviceAccountPrefix, serviceAccountUser } from '../authn/groups.ts';
import type { RequestInfo } from '../chain.ts';

const has = (list: readonly string[], value: string): boolean => list.includes('*') || list.includes(value);

function subjectMatches({ kind, user, group, serviceAccount }: Subject, who: UserInfo): boolean {
  if (kind === 'User') return user !== undefined && (user.name === '*' || user.name === who.name);
  if (kind === 'Group') return group !== undefined && (group.name === '*' || who.groups.includes(group.name));
  if (!serviceAccount) return false;
  const { namespace, name } = serviceAccount;
  if (name !== '*') return who.name === serviceAccountUser(namespace, name);
  return who.name.startsWith(`${serviceAccountPrefix}${namespace}:`);
}

function resourceMatches(rule: ResourcePolicyRule, info: RequestInfo): boolean {
  if (!has(rule.verbs, info.verb) || !has(rule.apiGroups, info.group)) return false;
  const name = info.subresource ? `${info.resource}/${info.subresource}` : info.resource;
  if (!has(rule.resources, name)) return false;
  return info.namespace === '' ? rule.clusterScope === true : has(rule.namespaces ?? [], info.namespace);
}

function pathMatches(rule: NonResourcePolicyRule, info: RequestInfo): boolean {
  if (!has(rule.verbs, info.verb)) return false;
  return rule.nonResourceURLs.some(
    (url) => url === '*' || url === info.path || (url.endsWith('/*') && info.path.startsWith(url.slice(0, -1))),
  );
}

function ruleMatches({ subjects, resourceRules, nonResourceRules }: PolicyRulesWithSubjects, who: UserInfo, info: RequestInfo): boolean {
  if (!subjects.some((subject) => subjectMatches(subject, who))) return false;
  if (info.isResource) return resourceRules?.some((rule) => resourceMatches(rule, info)) === true;
  return nonResourceRules?.some((rule) => pathMatches(rule, info)) === true;
}

export function schemaMatches({ spec }: FlowSchema, who: UserInfo, info: RequestInfo): boolean {
  return spec.rules?.some((rule) => ruleMatches(rule, who, info)) === true;
}

/** Schemas in the order in which they are tried. */
export function inPrecedence(schemas: readonly FlowSchema[]): FlowSchema[] {
  return schemas.toSorted(
    (a, b) => (a.spec.matchingPrecedence ?? 1000) - (b.spec.matchingPrecedence ?? 1000) || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}

/** What tells flows of one schema apart: the user, the namespace, or nothing. */
export function distinguisher({ spec }: FlowSchema, who: UserInfo, info: RequestInfo): string {
  if (spec.distinguisherMethod?.type === 'ByUser') return who.name;
  return spec.distinguisherMethod?.type === 'ByNamespace' ? info.namespace : '';
}
