// matchConditions of webhooks and policies: all must hold for the hook to be called.
import { type FieldError, invalid } from '#api/fielderror.ts';
import { CelCompileError, CelError, compile, type Program } from '#format/cel/cel.ts';
import type { Env } from '#format/cel/env.ts';
import { Bool } from '#format/cel/types.ts';
import type { Activation } from '#format/cel/cel.ts';
import { type AdmissionInput, admissionEnv, admissionVariables } from './admissionenv.ts';
import { matchConditionsBudget, perCallLimit } from './environment.ts';

export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** Whether the hook is to be called; an error is left to its failure policy. */
export type MatchOutcome =
  | { readonly kind: 'match' }
  | { readonly kind: 'no-match'; readonly condition: string }
  | { readonly kind: 'error'; readonly message: string };

/** Conditions ready to be evaluated. */
export interface MatchConditions {
  /** `variables` replaces the values made from `input` where the caller has them already. */
  evaluate(input: AdmissionInput, variables?: Activation): Promise<MatchOutcome>;
}

const matched: MatchOutcome = { kind: 'match' };
const always: MatchConditions = { evaluate: () => Promise.resolve(matched) };

/** Compiles conditions. One that does not compile is an error whenever it is evaluated. */
export function compileMatchConditions(conditions: readonly MatchCondition[], env: Env = admissionEnv()): MatchConditions {
  if (conditions.length === 0) return always;
  const programs = conditions.map(({ name, expression }) => ({ name, program: compileOrError(env, expression) }));
  return { evaluate: (input, variables) => evaluate(programs, variables ?? admissionVariables(input)) };
}

function compileOrError(env: Env, expression: string): Program | string {
  try {
    return compile(env, expression, [Bool]);
  } catch (error) {
    if (error instanceof CelCompileError) return error.detail;
    throw error;
  }
}

async function evaluate(
  programs: readonly { readonly name: string; readonly program: Program | string }[],
  variables: Activation,
): Promise<MatchOutcome> {
  const errors: string[] = [];
  let budget = matchConditionsBudget;
  for (const { name, program } of programs) {
    if (typeof program === 'string') {
      errors.push(program);
      continue;
    }
    try {
      const { value, cost } = await program.evaluateAsync(variables, Math.min(perCallLimit, budget));
      budget -= cost;
      // One that is false decides, whatever others raise.
      if (value !== true) return { kind: 'no-match', condition: name };
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      budget -= error.cost;
      errors.push(`expression '${program.source}' resulted in error: ${error.message}`);
      if (budget <= 0)
        return { kind: 'error', message: `validation failed due to running out of cost budget, no further validation rules will be run` };
    }
  }
  if (errors.length === 0) return matched;
  return { kind: 'error', message: errors.length === 1 ? (errors[0] as string) : `[${errors.join(', ')}]` };
}

/** What is wrong with the expressions of conditions, in the words of the API. */
export function checkMatchConditions(conditions: readonly MatchCondition[], at: string, env: Env = admissionEnv()): FieldError[] {
  return conditions.flatMap(({ expression }, index) => {
    const error = expression.trim() === '' ? undefined : compileOrError(env, expression);
    return typeof error === 'string' ? [invalid(`${at}[${index}].expression`, expression, error)] : [];
  });
}
