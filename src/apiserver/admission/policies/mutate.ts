// MutatingAdmissionPolicies applied to one request. Loaded when the first policy is.
import type { MatchResources } from '#api/admissionregistration/v1/common.ts';
import type { MutatingAdmissionPolicy } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import type { MutatingAdmissionPolicyBinding } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicybinding.ts';
import type { KubeObject } from '#api/object.ts';
import { aggregateText, forbidden, StatusError } from '#api/status.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { fromJson } from '#format/cel/native.ts';
import { decodeValue } from '../../body.ts';
import { admissionVariables } from '../../cel/admissionenv.ts';
import type { Resource } from '../../registry/resource.ts';
import { celInput } from '../celinput.ts';
import { type AdmissionAttributes, Round, shownName } from '../plugin.ts';
import { convert } from '../webhooks/call.ts';
import { namespaceOf } from '../webhooks/select.ts';
import type { Bound } from './bound.ts';
import { Matcher, match } from './matching.ts';
import { CompiledMutations, MutationError } from './mutations.ts';
import { collectParams, ConfigurationError } from './params.ts';

/** A policy with its bindings, ready to be applied; what is compiled is kept. */
export class MutationHook implements Bound<MutatingAdmissionPolicy> {
  readonly policy: MutatingAdmissionPolicy;
  readonly matcher: Matcher;
  readonly bindings: readonly { readonly binding: MutatingAdmissionPolicyBinding; readonly matcher: Matcher }[];
  #compiled: CompiledMutations | undefined;

  constructor(policy: MutatingAdmissionPolicy, bindings: readonly MutatingAdmissionPolicyBinding[], before?: MutationHook) {
    this.#compiled = before ? before.#compiled : undefined;
    this.policy = policy;
    this.matcher = new Matcher(policy.spec.matchConstraints as MatchResources | undefined);
    this.bindings = bindings.map((binding) => ({
      binding,
      matcher: new Matcher(binding.spec.matchResources as MatchResources | undefined),
    }));
  }
  get compiled(): CompiledMutations {
    return (this.#compiled ??= new CompiledMutations(this.policy));
  }
}

// Policies keep account of their rounds by themselves: webhooks have their own.
const rounds = new WeakMap<Round, Round>();

/** Applies policies one after the other; answers with the changed object, if it changed. Throws StatusError. */
export async function mutate(
  hooks: readonly MutationHook[],
  attributes: AdmissionAttributes,
  round: Round,
): Promise<KubeObject | undefined> {
  const own = rounds.get(round) ?? new Round();
  rounds.set(round, own);
  // Called again: only policies that wish it, and only those after which the object has changed.
  if (round.again && attributes.object !== own.lastOutput) own.requireAgain();
  const run = new Mutating(attributes, own, round.again);
  for (const hook of hooks) await run.hook(hook);
  if (run.errors.length > 0) throw refusal(run.errors, attributes);
  own.lastOutput = run.object;
  if (run.object === attributes.object) return undefined;
  round.changed = true;
  return run.object;
}

function refusal(messages: readonly string[], { row, name, object }: AdmissionAttributes): StatusError {
  const text = aggregateText(messages);
  const called = name || (object?.metadata && shownName(object)) || 'Unknown';
  const { status } = forbidden({ group: row.group, resource: row.resource }, called, text);
  return new StatusError({ ...status, reason: 'Invalid', code: 422, details: { ...status.details, causes: [{ message: text }] } });
}

class Mutating {
  readonly errors: string[] = [];
  object: KubeObject | undefined;
  readonly #attributes: AdmissionAttributes;
  readonly #round: Round;
  readonly #again: boolean;

  constructor(attributes: AdmissionAttributes, round: Round, again: boolean) {
    this.#attributes = attributes;
    this.object = attributes.object;
    this.#round = round;
    this.#again = again;
  }

  get #now(): AdmissionAttributes {
    return { ...this.#attributes, object: this.object };
  }

  async hook(hook: MutationHook): Promise<void> {
    if (!hook.matcher.ruled(this.#attributes)) return;
    const resource = await match(hook.matcher, this.#now);
    if (!resource) return;
    const { spec, metadata } = hook.policy;
    const { registry, row, namespace } = this.#attributes;
    for (const { binding, matcher } of hook.bindings) {
      if (!(await match(matcher, this.#now))) continue;
      const fail = (message: string): void => {
        if (spec.failurePolicy !== 'Ignore')
          this.errors.push(`policy '${metadata.name}' with binding '${binding.metadata.name}' denied request: ${message}`);
      };
      try {
        const params = await collectParams({
          registry,
          namespace: row.namespaced ? namespace : '',
          kind: spec.paramKind,
          ref: binding.spec.paramRef,
        });
        for (const param of params) {
          const key = `${metadata.name}/${binding.metadata.name}/${param?.metadata.namespace ?? ''}/${param?.metadata.name ?? ''}`;
          if (!this.#again || this.#round.wantsAgain(key)) await this.#apply(hook, resource, { param, key, fail });
        }
      } catch (error) {
        if (!(error instanceof ConfigurationError)) throw error;
        fail(`failed to configure binding: ${error.message}`);
      }
    }
  }

  async #apply(
    { policy, compiled }: MutationHook,
    resource: Resource,
    { param, key, fail }: { param: KubeObject | undefined; key: string; fail(message: string): void },
  ): Promise<void> {
    const { row, registry } = this.#attributes;
    const namespaceObject = fromJson((row.namespaced ? await namespaceOf(this.#now) : undefined) ?? null);
    const more = { params: fromJson(param ?? null), namespaceObject };
    const own = registry.find(row.group, row.version, row.resource);
    const before = this.object;
    try {
      const first = await celInput(this.#now, resource);
      if (!first.object || !(await compiled.wants(first, admissionVariables(first, more)))) return;
      for (let index = 0; index < compiled.size; index++) {
        const input = await celInput(this.#now, resource);
        const view = input.object as KubeObject;
        const next = await compiled.apply(index, view, admissionVariables(input, more), resource.row.struct);
        const { struct, group, version, kind } = resource.row;
        const decoded = decodeValue(next, { struct, group, version, kind }, 'Ignore', () => {});
        if (!semanticEqual(decoded, view))
          this.object = keepOwners((await convert(decoded, own && resource, own ?? resource)) as KubeObject, this.object);
      }
    } catch (error) {
      if (!(error instanceof MutationError)) throw error;
      fail(error.message);
      return;
    }
    if (this.object !== before) this.#round.requireAgain();
    if (policy.spec.reinvocationPolicy === 'IfNeeded') this.#round.called(key);
  }
}

/** Who owns which field is not for policies to say. */
function keepOwners(changed: KubeObject, before: KubeObject | undefined): KubeObject {
  const { managedFields: _, ...metadata } = changed.metadata;
  const managedFields = before?.metadata.managedFields;
  return { ...changed, metadata: { ...metadata, ...(managedFields ? { managedFields } : {}) } };
}
