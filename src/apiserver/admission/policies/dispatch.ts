// Policies and bindings applied to one request. Loaded when the first policy is.
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import type { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validatingadmissionpolicybinding.ts';
import type { KubeObject } from '#api/object.ts';
import { forbidden, StatusError } from '#api/status.ts';
import { annotate } from '../../annotations.ts';
import type { Activation } from '#format/cel/cel.ts';
import { type AdmissionInput, admissionVariables } from '../../cel/admissionenv.ts';
import { fromJson } from '#format/cel/native.ts';
import { goJson } from '#format/goquote.ts';
import type { Resource } from '../../registry/resource.ts';
import { celInput } from '../celinput.ts';
import { type AdmissionAttributes, shownName } from '../plugin.ts';
import { namespaceOf } from '../webhooks/select.ts';
import type { Bound } from './bound.ts';
import { CompiledPolicy, type Verdict } from './compiled.ts';
import { Matcher, match } from './matching.ts';
import { collectParams, ConfigurationError } from './params.ts';

/** A policy with its bindings, ready to be asked; what is compiled is kept. */
export class PolicyHook implements Bound<ValidatingAdmissionPolicy> {
  readonly policy: ValidatingAdmissionPolicy;
  readonly matcher: Matcher;
  readonly bindings: readonly { readonly binding: ValidatingAdmissionPolicyBinding; readonly matcher: Matcher }[];
  #compiled: CompiledPolicy | undefined;

  constructor(policy: ValidatingAdmissionPolicy, bindings: readonly ValidatingAdmissionPolicyBinding[], before?: PolicyHook) {
    this.#compiled = before ? before.#compiled : undefined;
    this.policy = policy;
    this.matcher = new Matcher(policy.spec.matchConstraints);
    this.bindings = bindings.map((binding) => ({ binding, matcher: new Matcher(binding.spec.matchResources) }));
  }
  get compiled(): CompiledPolicy {
    return (this.#compiled ??= new CompiledPolicy(this.policy));
  }
}

interface Denial {
  readonly policy: string;
  readonly binding: string | undefined;
  readonly message: string;
  readonly reason: string;
}

const codes: Readonly<Record<string, number>> = { Unauthorized: 401, Forbidden: 403, RequestEntityTooLarge: 413, Invalid: 422 };
const maxAnnotation = 10 * 1024;

/** Applies policies to a request; throws StatusError for the first denial. */
export async function dispatch(hooks: readonly PolicyHook[], attributes: AdmissionAttributes): Promise<void> {
  const denials: Denial[] = [];
  const seen = new Seen(attributes);
  for (const hook of hooks) {
    if (!hook.matcher.ruled(attributes)) continue;
    const resource = await match(hook.matcher, attributes);
    if (resource) await apply(hook, resource, seen, denials);
  }
  const [first] = denials;
  if (first) throw denialError(first, attributes);
}

function denialError({ policy, binding, message, reason }: Denial, { row, name, object }: AdmissionAttributes): StatusError {
  const by = binding === undefined ? '' : ` with binding '${binding}'`;
  const text = `ValidatingAdmissionPolicy '${policy}'${by} denied request: ${message}`;
  const called = name || (object?.metadata && shownName(object)) || 'Unknown';
  const { status } = forbidden({ group: row.group, resource: row.resource }, called, text);
  const given = reason || 'Invalid';
  return new StatusError({
    ...status,
    reason: given,
    code: codes[given] ?? 422,
    details: { ...status.details, causes: [{ message: text }] },
  });
}

/** What expressions see of the request, made once for all policies. */
class Seen {
  readonly attributes: AdmissionAttributes;
  readonly #inputs = new Map<Resource, { readonly input: AdmissionInput; readonly variables: Activation }>();
  constructor(attributes: AdmissionAttributes) {
    this.attributes = attributes;
  }
  /** As a version of the resource shows it. */
  async as(resource: Resource): Promise<{ readonly input: AdmissionInput; readonly variables: Activation }> {
    let known = this.#inputs.get(resource);
    if (!known) {
      const input = await celInput(this.attributes, resource);
      const namespace = this.attributes.row.namespaced ? await namespaceOf(this.attributes) : undefined;
      known = { input, variables: admissionVariables(input, { namespaceObject: fromJson(namespace ?? null) }) };
      this.#inputs.set(resource, known);
    }
    return known;
  }
}

async function apply(hook: PolicyHook, resource: Resource, seen: Seen, denials: Denial[]): Promise<void> {
  const { policy } = hook;
  const { attributes } = seen;
  const { ctx, row, registry } = attributes;
  const policyName = policy.metadata.name;
  const notes = new Map<string, Set<string>>();
  for (const { binding, matcher } of hook.bindings) {
    if (!(await match(matcher, attributes))) continue;
    const bindingName = binding.metadata.name;
    const deny = (message: string, reason = ''): void => {
      denials.push({ policy: policyName, binding: bindingName, message, reason });
    };
    const { paramRef: ref, validationActions: actions = [] } = binding.spec;
    let params: readonly (KubeObject | undefined)[];
    try {
      params = await collectParams({ registry, namespace: row.namespaced ? attributes.namespace : '', kind: policy.spec.paramKind, ref });
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      if (policy.spec.failurePolicy !== 'Ignore') deny(`failed to configure binding: ${error.message}`);
      continue;
    }
    const { input, variables: shared } = await seen.as(resource);
    for (const param of params) {
      const variables = { ...shared, params: fromJson(param ?? null) };
      const { verdicts, annotations } = await hook.compiled.judge(input, variables);
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict.denied) act(verdict, index, { binding, actions, attributes, deny });
      }
      for (const annotation of annotations) {
        if ('error' in annotation) deny(annotation.error);
        else
          (notes.get(annotation.key) ?? notes.set(annotation.key, new Set()).get(annotation.key))?.add(
            annotation.value.slice(0, maxAnnotation),
          );
      }
    }
  }
  for (const [key, values] of notes) annotate(ctx, `${policyName}/${key}`, [...values].join(', '));
}

interface Acting {
  readonly binding: ValidatingAdmissionPolicyBinding;
  readonly actions: readonly string[];
  readonly attributes: AdmissionAttributes;
  deny(message: string, reason: string): void;
}

function act({ message, reason }: Verdict, index: number, { binding, actions, attributes, deny }: Acting): void {
  const { ctx } = attributes;
  const { policyName = '' } = binding.spec;
  if (actions.includes('Deny')) deny(message, reason);
  if (actions.includes('Warn')) {
    ctx.warnings.push(
      `Validation failed for ValidatingAdmissionPolicy '${policyName}' with binding '${binding.metadata.name}': ${message}`,
    );
  }
  if (actions.includes('Audit')) {
    const failure = { message, policy: policyName, binding: binding.metadata.name, expressionIndex: index, validationActions: actions };
    annotate(ctx, 'validation.policy.admission.k8s.io/validation_failure', goJson([failure]));
  }
}
