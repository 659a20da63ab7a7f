// A ValidatingAdmissionPolicy ready to judge: its expressions compiled, its verdicts in Kubernetes' words.
import type { ValidatingAdmissionPolicy, Validation } from '#api/admissionregistration/v1/validatingadmissionpolicy.ts';
import { byteLength } from '#api/formats.ts';
import { type Activation, CelCompileError, CelError, compile, type Program } from '#format/cel/cel.ts';
import type { Env } from '#format/cel/env.ts';
import { Bool, type CelType, Dyn, Null, Str } from '#format/cel/types.ts';
import { typeNameOf, type Value } from '#format/cel/values.ts';
import { type AdmissionInput, admissionEnv } from '../../cel/admissionenv.ts';
import { perCallLimit, requestBudget } from '../../cel/environment.ts';
import { compileMatchConditions, type MatchConditions } from '../../cel/matchconditions.ts';
import { VariableSet } from './variables.ts';

const maxMessage = 5 * 1024;
const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run';

/** What one validation says. */
export interface Verdict {
  readonly denied: boolean;
  readonly message: string;
  readonly reason: string;
}
/** An audit annotation, or why there is none. */
export type Annotation = { readonly key: string; readonly value: string } | { readonly key: string; readonly error: string };

export interface Judgement {
  /** By index of the validation. */
  readonly verdicts: readonly Verdict[];
  readonly annotations: readonly Annotation[];
}

type Compiled = Program | CelCompileError;

function attempt(env: Env, expression: string, result: readonly CelType[]): Compiled {
  try {
    return compile(env, expression, result);
  } catch (error) {
    if (error instanceof CelCompileError) return error;
    throw error;
  }
}

/** The environments of a policy's expressions. */
export function policyEnvs(hasParams: boolean): { full: Env; message: Env } {
  const params = hasParams ? { params: Dyn } : {};
  return {
    full: admissionEnv({ ...params, namespaceObject: true }),
    message: admissionEnv({ ...params, namespaceObject: true, authorizer: false }),
  };
}

/** The types that expressions must have. */
export const expressionTypes = { validation: [Bool], message: [Str], annotation: [Str, Null] } as const;

/** Spends a budget over several expressions. */
class Budget {
  #left = requestBudget;
  spend(cost: number): void {
    this.#left -= cost;
  }
  get limit(): number {
    return Math.max(0, Math.min(perCallLimit, this.#left));
  }
  get empty(): boolean {
    return this.#left < 0;
  }
}

type Result = { readonly value: Value } | { readonly error: string };

async function run(program: Compiled, variables: Activation, budget: Budget): Promise<Result> {
  if (program instanceof CelCompileError) return { error: `compilation error: ${program.detail}` };
  if (budget.empty) return { error: outOfBudget };
  try {
    const { value, cost } = await program.evaluateAsync(variables, budget.limit);
    budget.spend(cost);
    return budget.empty ? { error: outOfBudget } : { value };
  } catch (error) {
    if (!(error instanceof CelError)) throw error;
    budget.spend(error.cost);
    return { error: budget.empty ? outOfBudget : `expression '${program.source}' resulted in error: ${error.message}` };
  }
}

export class CompiledPolicy {
  readonly #conditions: MatchConditions;
  readonly #variables: VariableSet;
  readonly #validations: readonly { readonly spec: Validation; readonly program: Compiled; readonly message: Compiled | undefined }[];
  readonly #annotations: readonly { readonly key: string; readonly program: Compiled; readonly expression: string }[];
  readonly #ignoreErrors: boolean;

  constructor({ spec }: ValidatingAdmissionPolicy) {
    const { full, message } = policyEnvs(spec.paramKind !== undefined);
    this.#ignoreErrors = spec.failurePolicy === 'Ignore';
    this.#conditions = compileMatchConditions(spec.matchConditions ?? [], full);
    this.#variables = new VariableSet(full, spec.variables ?? []);
    const { env } = this.#variables;
    const messages = new VariableSet(message, spec.variables ?? []).env;
    this.#validations = (spec.validations ?? []).map((each) => ({
      spec: each,
      program: attempt(env, each.expression, expressionTypes.validation),
      message: each.messageExpression ? attempt(messages, each.messageExpression, expressionTypes.message) : undefined,
    }));
    this.#annotations = (spec.auditAnnotations ?? []).map(({ key, valueExpression }) => ({
      key,
      program: attempt(env, valueExpression, expressionTypes.annotation),
      expression: valueExpression,
    }));
  }

  #error(message: string): Verdict {
    return { denied: !this.#ignoreErrors, message, reason: '' };
  }

  /** Judges a request; `variables` holds all variables but `variables`. */
  async judge(input: AdmissionInput, variables: Activation): Promise<Judgement> {
    const matched = await this.#conditions.evaluate(input, variables);
    if (matched.kind === 'no-match') return { verdicts: [], annotations: [] };
    if (matched.kind === 'error') return { verdicts: [this.#error(matched.message)], annotations: [] };
    const budget = new Budget();
    const all = { ...variables, variables: this.#variables.value(variables, (cost) => budget.spend(cost)) };
    const verdicts: Verdict[] = [];
    for (const { spec, program, message } of this.#validations) {
      const result = await run(program, all, budget);
      if ('error' in result) verdicts.push(this.#error(result.error));
      else if (result.value === true) verdicts.push({ denied: false, message: '', reason: '' });
      else verdicts.push({ denied: true, message: await messageOf(spec, message, all, budget), reason: spec.reason ?? 'Invalid' });
    }
    const annotations: Annotation[] = [];
    for (const { key, program, expression } of this.#annotations) {
      const annotation = annotationOf(key, expression, await run(program, all, budget));
      if (annotation && !('error' in annotation && this.#ignoreErrors)) annotations.push(annotation);
    }
    return { verdicts, annotations };
  }
}

async function messageOf(spec: Validation, program: Compiled | undefined, variables: Activation, budget: Budget): Promise<string> {
  if (program) {
    const result = await run(program, variables, budget);
    const text = 'value' in result && typeof result.value === 'string' ? result.value.trim() : '';
    if (text !== '' && byteLength(text) <= maxMessage && !text.includes('\n')) return text;
  }
  return spec.message?.trim() || `failed expression: ${spec.expression.trim()}`;
}

function annotationOf(key: string, expression: string, result: Result): Annotation | undefined {
  if ('error' in result) return { key, error: result.error };
  const { value } = result;
  if (value === null) return undefined;
  if (typeof value === 'string') return value.trim() === '' ? undefined : { key, value: value.trim() };
  return {
    key,
    error: `valueExpression '${expression}' resulted in unsupported return type: ${typeNameOf(value)}. Return type must be either string or null.`,
  };
}
