// Which requests the match constraints of a policy, or the match resources of a binding, mean.
import type { MatchResources, NamedRuleWithOperations } from '#api/admissionregistration/v1/common.ts';
import { type Selector, selectorOf } from '#format/selector.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRow } from '../../resources/row.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { ruleMatches } from '../webhooks/rules.ts';
import { selectorsMatch } from '../webhooks/select.ts';

/** MatchResources ready to be asked. */
export interface Matcher {
  readonly spec: MatchResources;
  readonly namespaces: Selector;
  readonly objects: Selector;
}

/** Absent match resources mean everything. */
export function matcherOf(spec: MatchResources = {}): Matcher {
  return { spec, namespaces: selectorOf(spec.namespaceSelector ?? {}), objects: selectorOf(spec.objectSelector ?? {}) };
}

/** Other versions of what is served from the same place. */
function equivalents(registry: Registry, resource: Resource): Resource[] {
  const found: Resource[] = [];
  for (const { group, version, resource: name } of registry.rows) {
    const other = registry.find(group, version, name);
    if (other && other !== resource && other.table === resource.table) found.push(other);
  }
  return found;
}

function anyRule(rules: readonly NamedRuleWithOperations[] | undefined, row: ResourceRow, attributes: AdmissionAttributes): boolean {
  const { operation, subresource, name } = attributes;
  const { group, version, resource, namespaced } = row;
  const subject = { operation, group, version, resource, subresource, inNamespace: namespaced };
  return rules?.some((rule) => ruleMatches(rule, subject) && (!rule.resourceNames?.length || rule.resourceNames.includes(name))) === true;
}

/** The resource whose rules mean the request: its own, or with policy Equivalent one in another version. */
function ruled(
  rules: readonly NamedRuleWithOperations[] | undefined,
  { spec }: Matcher,
  attributes: AdmissionAttributes,
): Resource | undefined {
  const { registry, row } = attributes;
  const own = registry.find(row.group, row.version, row.resource);
  if (!own || !rules?.length) return undefined;
  if (anyRule(rules, row, attributes)) return own;
  if (spec.matchPolicy === 'Exact') return undefined;
  return equivalents(registry, own).find((other) => anyRule(rules, other.row, attributes));
}

/** The resource that is meant; undefined: the request is none of the policy's business. Throws StatusError. */
export async function match(matcher: Matcher, attributes: AdmissionAttributes): Promise<Resource | undefined> {
  const { spec } = matcher;
  const { registry, row } = attributes;
  const found = spec.resourceRules?.length
    ? ruled(spec.resourceRules, matcher, attributes)
    : registry.find(row.group, row.version, row.resource);
  if (!found || ruled(spec.excludeResourceRules, matcher, attributes)) return undefined;
  return (await selectorsMatch(matcher, attributes)) ? found : undefined;
}
