// What is wrong with the expressions of webhooks and policies when they are written. Loaded when the first one is.
import type { MutatingAdmissionPolicySpec } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import type { ValidatingAdmissionPolicySpec } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import { type FieldError, invalid } from '#api/fielderror.ts';
import { CelCompileError, compile } from '#format/cel/cel.ts';
import type { Env } from '#format/cel/env.ts';
import type { CelType } from '#format/cel/types.ts';
import { checkMatchConditions, type MatchCondition } from '../../cel/matchconditions.ts';
import { expressionTypes, policyEnvs } from './compiled.ts';
import { expressionOf, mutationEnv, mutationResults } from './mutations.ts';
import { VariableSet, type VariableSpec } from './variables.ts';

function check(env: Env, expression: string | undefined, at: string, result: readonly CelType[]): FieldError[] {
  if (!expression?.trim()) return [];
  try {
    compile(env, expression, result);
    return [];
  } catch (error) {
    if (!(error instanceof CelCompileError)) throw error;
    return [invalid(at, expression, error.detail)];
  }
}

/** Problems of the expressions of a ValidatingAdmissionPolicy. */
export function checkPolicySpec(spec: ValidatingAdmissionPolicySpec): FieldError[] {
  const { full, message } = policyEnvs(spec.paramKind !== undefined);
  const specs = spec.variables ?? [];
  const variables = new VariableSet(full, specs);
  const messages = new VariableSet(message, specs).env;
  return [
    ...checkMatchConditions(spec.matchConditions ?? [], 'spec.matchConditions', full),
    ...variableProblems(variables, specs),
    ...(spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
      ...check(variables.env, expression, `spec.validations[${index}].expression`, expressionTypes.validation),
      ...check(messages, messageExpression, `spec.validations[${index}].messageExpression`, expressionTypes.message),
    ]),
    ...(spec.auditAnnotations ?? []).flatMap(({ valueExpression }, index) =>
      check(variables.env, valueExpression, `spec.auditAnnotations[${index}].valueExpression`, expressionTypes.annotation),
    ),
  ];
}

/** Problems of the expressions of a MutatingAdmissionPolicy. */
export function checkMutatingSpec(spec: MutatingAdmissionPolicySpec): FieldError[] {
  const { full } = policyEnvs(spec.paramKind !== undefined);
  const specs = spec.variables ?? [];
  const variables = new VariableSet(mutationEnv(full), specs);
  return [
    ...checkMatchConditions(spec.matchConditions ?? [], 'spec.matchConditions', full),
    ...variableProblems(variables, specs),
    ...(spec.mutations ?? []).flatMap((mutation, index) => {
      const field = mutation.patchType === 'JSONPatch' ? 'jsonPatch' : 'applyConfiguration';
      const results = mutationResults[mutation.patchType];
      return results ? check(variables.env, expressionOf(mutation), `spec.mutations[${index}].${field}.expression`, results) : [];
    }),
  ];
}

function variableProblems({ errors }: VariableSet, specs: readonly VariableSpec[]): FieldError[] {
  return specs.flatMap(({ expression }, index) => {
    const error = expression.trim() === '' ? undefined : errors.get(index);
    return error ? [invalid(`spec.variables[${index}].expression`, expression, error.detail)] : [];
  });
}

/** Problems of the match conditions of webhooks. */
export function checkWebhooks(webhooks: readonly { readonly matchConditions?: readonly MatchCondition[] }[]): FieldError[] {
  return webhooks.flatMap(({ matchConditions = [] }, index) => checkMatchConditions(matchConditions, `webhooks[${index}].matchConditions`));
}
