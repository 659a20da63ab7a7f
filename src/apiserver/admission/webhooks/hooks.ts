// The webhooks of a server in the order in which they are called, kept ready to match.
import type { MutatingWebhook, MutatingWebhookConfiguration } from '#api/admissionregistration/v1/mutatingwebhookconfiguration.ts';
import type { ValidatingWebhook } from '#api/admissionregistration/v1/validatingwebhookconfiguration.ts';
import type { ResourceRef } from '#api/refs.ts';
import { MutatingWebhookConfigurations, ValidatingWebhookConfigurations } from '#api/refs.ts';
import type { KubeObject } from '#api/object.ts';
import { type Selector, selectorOf } from '#format/selector.ts';
import type { Backend } from '../../chain.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Resource } from '../../registry/resource.ts';
import type { ResourceRow } from '../../resources/row.ts';
import { type WebhookTarget, targetOf } from '../../webhook/client.ts';
import type { Operation } from '../plugin.ts';
import { ruleMatches } from './rules.ts';

export type HookKind = 'mutating' | 'validating';

/** One webhook of one configuration. */
export interface Hook {
  /** Unlike every other's, and the same as long as the configuration keeps its name. */
  readonly id: string;
  readonly spec: ValidatingWebhook & Pick<MutatingWebhook, 'reinvocationPolicy'>;
  readonly configuration: string;
  readonly namespaces: Selector;
  readonly objects: Selector;
  readonly target: WebhookTarget;
}

/** A webhook that wants a request, and the version of the resource that its rules name. */
export interface Invocation {
  readonly hook: Hook;
  /** Differs from the request's own resource when only an equivalent one matches. */
  readonly resource: Resource;
}

const refs: Readonly<Record<HookKind, ResourceRef<KubeObject>>> = {
  mutating: MutatingWebhookConfigurations,
  validating: ValidatingWebhookConfigurations,
};
const none: readonly Invocation[] = [];

/** Other versions in which the objects of a resource are served, the nearest first. */
function equivalents(registry: Registry, resource: Resource): Resource[] {
  const found: Resource[] = [];
  for (const { group, version, resource: name } of registry.rows) {
    const other = registry.find(group, version, name);
    if (other && other !== resource && other.table === resource.table) found.push(other);
  }
  return found;
}

/** The webhooks of one kind. Configurations count from the moment in which the watch cache has them. */
export class Hooks {
  readonly #kind: HookKind;
  readonly #backend: Backend;
  #hooks: readonly Hook[] | undefined;
  #wanted = new WeakMap<ResourceRow, Map<string, readonly Invocation[]>>();
  #generation = -1;

  constructor(kind: HookKind, backend: Backend) {
    this.#kind = kind;
    this.#backend = backend;
    const forget = (): void => {
      this.#hooks = undefined;
    };
    backend.onChange(refs[kind], forget, forget);
  }

  #load(): readonly Hook[] {
    const configurations = this.#backend.list(refs[this.#kind]) as readonly MutatingWebhookConfiguration[];
    const sorted = configurations.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    this.#wanted = new WeakMap();
    return sorted.flatMap(({ metadata, webhooks }) =>
      (webhooks ?? []).map((spec, index): Hook => {
        return {
          id: `${metadata.name}/${spec.name}/${index}`,
          spec,
          configuration: metadata.name,
          namespaces: selectorOf(spec.namespaceSelector ?? {}),
          objects: selectorOf(spec.objectSelector ?? {}),
          target: targetOf(this.#backend, spec.clientConfig),
        };
      }),
    );
  }

  /** The webhooks whose rules mean a request; selectors and conditions are not looked at yet. */
  wanting(registry: Registry, row: ResourceRow, operation: Operation, subresource: string): readonly Invocation[] {
    this.#hooks ??= this.#load();
    if (this.#hooks.length === 0) return none;
    if (this.#generation !== registry.generation) {
      this.#generation = registry.generation;
      this.#wanted = new WeakMap();
    }
    let known = this.#wanted.get(row);
    if (!known) this.#wanted.set(row, (known = new Map()));
    const key = `${operation}/${subresource}`;
    let wanting = known.get(key);
    if (!wanting) known.set(key, (wanting = this.#match(registry, row, operation, subresource)));
    return wanting;
  }

  #match(registry: Registry, row: ResourceRow, operation: Operation, subresource: string): readonly Invocation[] {
    const own = registry.find(row.group, row.version, row.resource);
    if (!own) return none;
    const matches = ({ spec }: Hook, { group, version, resource, namespaced }: ResourceRow): boolean =>
      spec.rules?.some((rule) => ruleMatches(rule, { operation, group, version, resource, subresource, inNamespace: namespaced })) === true;
    return (this.#hooks ?? []).flatMap((hook): Invocation[] => {
      if (matches(hook, row)) return [{ hook, resource: own }];
      if (hook.spec.matchPolicy !== 'Equivalent') return [];
      const other = equivalents(registry, own).find((candidate) => matches(hook, candidate.row));
      return other ? [{ hook, resource: other }] : [];
    });
  }
}
