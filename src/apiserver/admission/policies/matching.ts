// Which requests the match constraints of a policy, or the match resources of a binding, mean.
import type { MatchResources, NamedRuleWithOperations } from '#api/admissionregistration/v1/common.ts';
import { type Selector, selectorOf } from '#format/selector.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRow } from '../../resources/row.ts';
import type { AdmissionAttributes } from '../plugin.ts';
import { ruleMatches } from '../webhooks/rules.ts';
import { selectorsMatch } from '../webhooks/select.ts';

type Rules = readonly NamedRuleWithOperations[];

/** A version of a resource with the rules that mean it, whatever its objects are called. */
interface Candidate {
  readonly resource: Resource;
  readonly rules: Rules;
}
interface Candidates {
  readonly wanted: readonly Candidate[];
  readonly excluded: readonly Candidate[];
}

/** MatchResources ready to be asked. What its rules say of a kind of request is worked out once. */
export class Matcher {
  readonly namespaces: Selector;
  readonly objects: Selector;
  readonly #spec: MatchResources;
  #generation = -1;
  #known = new WeakMap<ResourceRow, Map<string, Candidates>>();

  /** Absent match resources mean everything. */
  constructor(spec: MatchResources = {}) {
    this.#spec = spec;
    this.namespaces = selectorOf(spec.namespaceSelector ?? {});
    this.objects = selectorOf(spec.objectSelector ?? {});
  }

  #candidates(attributes: AdmissionAttributes): Candidates {
    const { registry, row, operation, subresource } = attributes;
    if (this.#generation !== registry.generation) {
      this.#generation = registry.generation;
      this.#known = new WeakMap();
    }
    let byRequest = this.#known.get(row);
    if (!byRequest) this.#known.set(row, (byRequest = new Map()));
    const key = `${operation}/${subresource}`;
    let found = byRequest.get(key);
    if (!found) {
      const { resourceRules, excludeResourceRules } = this.#spec;
      const own = registry.find(row.group, row.version, row.resource);
      const everything = own ? [{ resource: own, rules: [{}] }] : [];
      found = {
        wanted: resourceRules?.length ? this.#find(resourceRules, attributes) : everything,
        excluded: excludeResourceRules?.length ? this.#find(excludeResourceRules, attributes) : [],
      };
      byRequest.set(key, found);
    }
    return found;
  }

  /** The request's own version first; with policy Equivalent also the others in which the same objects are served. */
  #find(rules: Rules, { registry, row, operation, subresource }: AdmissionAttributes): Candidate[] {
    const own = registry.find(row.group, row.version, row.resource);
    if (!own) return [];
    const others = this.#spec.matchPolicy === 'Exact' ? [] : equivalents(registry, own);
    return [own, ...others].flatMap((resource): Candidate[] => {
      const { group, version, resource: name, namespaced } = resource.row;
      const subject = { operation, group, version, resource: name, subresource, inNamespace: namespaced };
      const matching = rules.filter((rule) => ruleMatches(rule, subject));
      return matching.length > 0 ? [{ resource, rules: matching }] : [];
    });
  }

  /** The resource, in its version that is meant, by the rules alone. */
  ruled(attributes: AdmissionAttributes): Resource | undefined {
    const { wanted, excluded } = this.#candidates(attributes);
    const found = named(wanted, attributes.name);
    return found && named(excluded, attributes.name) ? undefined : found;
  }
}

function named(candidates: readonly Candidate[], name: string): Resource | undefined {
  return candidates.find(({ rules }) => rules.some(({ resourceNames }) => !resourceNames?.length || resourceNames.includes(name)))
    ?.resource;
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

/** The resource that is meant; undefined: the request is none of the policy's business. Throws StatusError. */
export async function match(matcher: Matcher, attributes: AdmissionAttributes): Promise<Resource | undefined> {
  const found = matcher.ruled(attributes);
  if (!found) return undefined;
  if (matcher.namespaces.empty && matcher.objects.empty) return found;
  return (await selectorsMatch(matcher, attributes)) ? found : undefined;
}
