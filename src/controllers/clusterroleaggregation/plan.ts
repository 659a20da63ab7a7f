// Pure: the rules of a ClusterRole that is made of others.
import type { ClusterRole } from '#api/rbac/v1/clusterrole.ts';
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import { selectorOf } from '#format/selector.ts';
import { semanticEqual } from '../equal.ts';

/** The union of the rules of all roles that its selectors match, in order of their names; undefined when it is so already. */
export function planAggregation(role: ClusterRole, all: readonly ClusterRole[]): readonly PolicyRule[] | undefined {
  if (role.aggregationRule === undefined) return undefined;
  const rules: PolicyRule[] = [];
  const seen = new Set<string>();
  for (const labelSelector of role.aggregationRule.clusterRoleSelectors ?? []) {
    const selector = selectorOf(labelSelector);
    const matching = all.filter(({ metadata }) => metadata.name !== role.metadata.name && selector.matches(metadata.labels ?? {}));
    for (const source of matching.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))) {
      for (const rule of source.rules ?? []) {
        const text = JSON.stringify(rule, Object.keys(rule).toSorted());
        if (seen.has(text)) continue;
        seen.add(text);
        rules.push(rule);
      }
    }
  }
  return semanticEqual(role.rules, rules) ? undefined : rules;
}
