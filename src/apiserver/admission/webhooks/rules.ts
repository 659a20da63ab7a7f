// Pure: which requests the rules of a webhook (or of a policy) mean.
import type { RuleWithOperations } from '#api/admissionregistration/v1/common.ts';
import type { Operation } from '../plugin.ts';

/** A request as rules see it. */
export interface RuleSubject {
  readonly operation: Operation;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  /** False for namespaces themselves. */
  readonly inNamespace: boolean;
}

const any = (list: readonly string[] | undefined, value: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(value));

function resourceMatches(pattern: string, { resource, subresource }: RuleSubject): boolean {
  const slash = pattern.indexOf('/');
  const wantedResource = slash < 0 ? pattern : pattern.slice(0, slash);
  const wantedSub = slash < 0 ? '' : pattern.slice(slash + 1);
  return (wantedResource === '*' || wantedResource === resource) && (wantedSub === '*' || wantedSub === subresource);
}

/** True when the rule means the request. A star means all resources without their subresources, star/star everything. */
export function ruleMatches(rule: RuleWithOperations, subject: RuleSubject): boolean {
  if (rule.scope === 'Namespaced' && !subject.inNamespace) return false;
  if (rule.scope === 'Cluster' && subject.inNamespace) return false;
  return (
    any(rule.operations, subject.operation) &&
    any(rule.apiGroups, subject.group) &&
    any(rule.apiVersions, subject.version) &&
    rule.resources?.some((pattern) => resourceMatches(pattern, subject)) === true
  );
}

const configurationKinds = new Set([
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
]);

/** True for the objects that configure admission: nothing that they configure applies to themselves, or nobody could repair them. */
export function isAdmissionConfiguration(group: string, resource: string): boolean {
  return group === 'admissionregistration.k8s.io' && configurationKinds.has(resource);
}
