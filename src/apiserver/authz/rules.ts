// Does a rule of a role allow what is asked for?
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import type { AuthzAttributes } from '../chain.ts';

const has = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.some((entry) => entry === '*' || entry === wanted) ?? false;

function resourceMatches(rule: PolicyRule, attributes: AuthzAttributes): boolean {
  const { resource, subresource } = attributes;
  const full = subresource ? `${resource}/${subresource}` : resource;
  return rule.resources?.some((entry) => entry === '*' || entry === full || (subresource !== '' && entry === `*/${subresource}`)) ?? false;
}

function pathMatches(rule: PolicyRule, path: string): boolean {
  return (
    rule.nonResourceURLs?.some(
      (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1).replace(/\*+$/, ''))),
    ) ?? false
  );
}

/** True when the rule allows the request. */
export function ruleAllows(rule: PolicyRule, attributes: AuthzAttributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  if (!attributes.isResource) return pathMatches(rule, attributes.path);
  return (
    has(rule.apiGroups, attributes.group) &&
    resourceMatches(rule, attributes) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(attributes.name))
  );
}

/** A rule on resources, in short form. */
export function allow(verbs: string, groups: string, resources: string, ...resourceNames: string[]): PolicyRule {
  const words = (text: string): string[] => text.split(' ');
  return {
    verbs: words(verbs),
    apiGroups: groups.split(' ').map((group) => (group === 'core' ? '' : group)),
    resources: words(resources),
    ...(resourceNames.length ? { resourceNames } : {}),
  };
}

/** A rule on paths. */
export function allowPaths(verbs: string, ...paths: string[]): PolicyRule {
  return { verbs: verbs.split(' '), nonResourceURLs: paths };
}
