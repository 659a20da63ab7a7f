// Pure: an audit policy (audit.k8s.io/v1) and what it says about a request.
import type { UserInfo } from '#client/transport.ts';
import type { RequestInfo } from '../chain.ts';

export type Level = 'None' | 'Metadata' | 'Request' | 'RequestResponse';
export type Stage = 'RequestReceived' | 'ResponseStarted' | 'ResponseComplete' | 'Panic';

const levels: readonly string[] = ['None', 'Metadata', 'Request', 'RequestResponse'];
const stages: readonly string[] = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'];

export interface PolicyRule {
  readonly level: Level;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly {
    readonly group?: string;
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
  }[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly Stage[];
  readonly omitManagedFields?: boolean;
}

export interface Policy {
  readonly rules: readonly PolicyRule[];
  readonly omitStages: readonly Stage[];
  readonly omitManagedFields: boolean;
}

/** What is to be noted of a request. */
export interface Ruling {
  readonly level: Level;
  readonly omitStages: readonly Stage[];
  readonly omitManagedFields: boolean;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function texts(value: unknown, at: string, allowed?: readonly string[]): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) throw new Error(`${at} must be a list of strings`);
  const wrong = (value as string[]).find((item) => allowed && !allowed.includes(item));
  if (wrong !== undefined) throw new Error(`${at}: unsupported value ${JSON.stringify(wrong)}, supported are ${allowed?.join(', ')}`);
  return value as string[];
}

/** Reads a policy; throws an Error that says where it is wrong. */
export function parsePolicy(value: unknown): Policy {
  if (!isObject(value) || value['kind'] !== 'Policy' || value['apiVersion'] !== 'audit.k8s.io/v1') {
    throw new Error('an audit policy has apiVersion audit.k8s.io/v1 and kind Policy');
  }
  const { rules } = value;
  if (!Array.isArray(rules) || rules.length === 0) throw new Error('an audit policy must have rules');
  return {
    omitStages: texts(value['omitStages'], 'omitStages', stages) as readonly Stage[],
    omitManagedFields: value['omitManagedFields'] === true,
    rules: rules.map((rule: unknown, index): PolicyRule => {
      const at = `rules[${index}]`;
      if (!isObject(rule) || !levels.includes(rule['level'] as string)) throw new Error(`${at}.level must be one of ${levels.join(', ')}`);
      for (const key of ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs']) texts(rule[key], `${at}.${key}`);
      texts(rule['omitStages'], `${at}.omitStages`, stages);
      const { resources = [] } = rule;
      if (!Array.isArray(resources) || !resources.every(isObject)) throw new Error(`${at}.resources must be a list`);
      for (const resource of resources as readonly Record<string, unknown>[]) {
        texts(resource['resources'], `${at}.resources.resources`);
        texts(resource['resourceNames'], `${at}.resources.resourceNames`);
      }
      return rule as unknown as PolicyRule;
    }),
  };
}

const some = (list: readonly string[] | undefined): list is readonly string[] => list !== undefined && list.length > 0;

function resourceMatches(pattern: string, { resource, subresource }: RequestInfo): boolean {
  const full = subresource ? `${resource}/${subresource}` : resource;
  if (pattern === '*' || pattern === full) return true;
  if (pattern.startsWith('*/')) return subresource !== '' && pattern.slice(2) === subresource;
  return pattern.endsWith('/*') && subresource !== '' && pattern.slice(0, -2) === resource;
}

function placeMatches(rule: PolicyRule, info: RequestInfo): boolean {
  if (!some(rule.namespaces) && !(rule.resources?.length ?? 0) && !some(rule.nonResourceURLs)) return true;
  if (!info.isResource) {
    return (
      some(rule.nonResourceURLs) &&
      rule.nonResourceURLs.some((url) => url === info.path || url === '*' || (url.endsWith('*') && info.path.startsWith(url.slice(0, -1))))
    );
  }
  if (some(rule.nonResourceURLs) && !(rule.resources?.length ?? 0) && !some(rule.namespaces)) return false;
  if (some(rule.namespaces) && !rule.namespaces.includes(info.namespace)) return false;
  if (!(rule.resources?.length ?? 0)) return true;
  return (
    rule.resources?.some(
      ({ group = '', resources, resourceNames }) =>
        group === info.group &&
        (!some(resources) ||
          (resources.some((pattern) => resourceMatches(pattern, info)) && (!some(resourceNames) || resourceNames.includes(info.name)))),
    ) === true
  );
}

/** The first rule that means the request decides; without one nothing is noted. No rule for certain users means an unknown one. */
export function rulingFor(policy: Policy, user: UserInfo | undefined, info: RequestInfo): Ruling {
  for (const rule of policy.rules) {
    if (some(rule.users) && !(user && rule.users.includes(user.name))) continue;
    if (some(rule.userGroups) && !rule.userGroups.some((group) => user?.groups.includes(group))) continue;
    if (some(rule.verbs) && !rule.verbs.includes(info.verb) && !rule.verbs.includes('*')) continue;
    if (!placeMatches(rule, info)) continue;
    return {
      level: rule.level,
      omitStages: [...policy.omitStages, ...(rule.omitStages ?? [])],
      omitManagedFields: rule.omitManagedFields ?? policy.omitManagedFields,
    };
  }
  return { level: 'None', omitStages: [], omitManagedFields: false };
}
