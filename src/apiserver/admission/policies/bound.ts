// Policies with their bindings, kept ready to be asked. Changes count from the moment in which the watch cache has them.
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Backend } from '../../chain.ts';

interface Binding extends KubeObject {
  readonly spec: { readonly policyName?: string };
}

/** A policy with its bindings, and what was compiled of it. */
export interface Bound<P> {
  readonly policy: P;
}

export interface BoundOptions<P extends KubeObject, B extends Binding, H extends Bound<P>> {
  readonly policies: ResourceRef<P>;
  readonly bindings: ResourceRef<B>;
  /** Makes a hook; `before` is that of the same policy in the same generation, whose compiled parts can be used again. */
  make(policy: P, bindings: readonly B[], before: H | undefined): Promise<H>;
}

const generationOf = ({ metadata }: KubeObject): string => `${metadata.uid ?? ''}/${metadata.generation ?? 0}`;

/** All bound policies of one kind, in the order of their names. */
export class BoundPolicies<P extends KubeObject, B extends Binding, H extends Bound<P>> {
  readonly #backend: Backend;
  readonly #options: BoundOptions<P, B, H>;
  /** Undefined: to be put together again; null: nothing is bound. */
  #hooks: Promise<readonly H[]> | null | undefined;
  #before: readonly H[] = [];

  constructor(backend: Backend, options: BoundOptions<P, B, H>) {
    this.#backend = backend;
    this.#options = options;
    const { group, version, resource } = options.policies;
    if (!backend.rows().some((row) => row.group === group && row.version === version && row.resource === resource)) {
      // Kinds that are not stable are served only where somebody asks for them.
      this.#hooks = null;
      return;
    }
    const changed = (): void => {
      this.#hooks = undefined;
    };
    backend.onChange(options.policies, changed, changed);
    backend.onChange(options.bindings, changed, changed);
  }

  /** Null while nothing is bound. */
  get hooks(): Promise<readonly H[]> | null {
    if (this.#hooks === undefined) this.#hooks = this.#load();
    return this.#hooks;
  }

  #load(): Promise<readonly H[]> | null {
    const { policies, bindings } = this.#options;
    const byPolicy = Map.groupBy(this.#backend.list(bindings), ({ spec }) => spec.policyName ?? '');
    const bound = this.#backend.list(policies).filter(({ metadata }) => byPolicy.has(metadata.name));
    if (bound.length === 0) return null;
    return this.#make(bound, byPolicy);
  }

  async #make(policies: readonly P[], bindings: ReadonlyMap<string, readonly B[]>): Promise<readonly H[]> {
    const before = new Map(this.#before.map((hook) => [generationOf(hook.policy), hook]));
    const sorted = policies.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    const hooks = await Promise.all(
      sorted.map((policy) => this.#options.make(policy, bindings.get(policy.metadata.name) ?? [], before.get(generationOf(policy)))),
    );
    this.#before = hooks;
    return hooks;
  }
}
