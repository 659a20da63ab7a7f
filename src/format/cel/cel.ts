// The Common Expression Language: compile once, evaluate often. Follows cel-go, whose words clients see.
import { check, type Checked } from './checker.ts';
import type { Env } from './env.ts';
import { checkLiterals } from './literalcheck.ts';
import { parse } from './parser.ts';
import { plan } from './planner.ts';
import type { Activation, Step } from './frame.ts';
import { CelCompileError } from './source.ts';
import { type CelType, isDynOrError, sameType, typeText } from './types.ts';
import { CostError, EvalError, Pending, runtimeTypeName, type Value } from './values.ts';

export type { Activation } from './frame.ts';
export { CelCompileError } from './source.ts';

/** An evaluation failed: an error of the expression, or its cost limit. */
export class CelError extends Error {
  /** True when the expression was stopped because of its cost. */
  readonly exceeded: boolean;
  /** What was used up until then. */
  readonly cost: number;
  constructor(message: string, cost: number, exceeded = false) {
    super(message);
    this.name = 'CelError';
    this.cost = cost;
    this.exceeded = exceeded;
  }
}

export interface Outcome {
  readonly value: Value;
  /** In cel-go's units: about one for every small operation. */
  readonly cost: number;
}

/** A compiled expression. */
export interface Program {
  readonly source: string;
  readonly type: CelType;
  readonly checked: Checked;
  /**
   * Evaluates; throws `CelError`. `limit` is the most that it may cost. A function that must wait (the authorizer) throws
   * `Pending` through: use `evaluateAsync` where such functions are declared.
   */
  evaluate(variables: Activation, limit?: number): Outcome;
  /** The same, waiting where a function must. */
  evaluateAsync(variables: Activation, limit?: number): Promise<Outcome>;
}

/** How often an expression may wait: every call of a waiting function waits once. */
const maxWaits = 1000;

/** Parses and checks; throws `CelCompileError`. */
export function checkExpression(env: Env, source: string): Checked {
  const checked = check(env, source, parse(source, env.syntax));
  if (env.checkLiterals) checkLiterals(checked);
  return checked;
}

/** Compiles an expression. With `result` its type must be one of these. Throws `CelCompileError`. */
export function compile(env: Env, source: string, result?: readonly CelType[]): Program {
  const checked = checkExpression(env, source);
  const { type } = checked;
  if (result && !isDynOrError(type) && !result.some((wanted) => isDynOrError(wanted) || sameType(wanted, type))) {
    throw new ResultTypeError(result, type);
  }
  return new Planned(source, checked, plan(env, checked));
}

/** The expression gives something else than what is needed here. */
export class ResultTypeError extends CelCompileError {
  readonly found: CelType;
  constructor(wanted: readonly CelType[], found: CelType) {
    super('', []);
    const names = wanted.map((type) => (type.kind === 'list' ? typeText(type) : runtimeTypeName(type)));
    this.message = names.length === 1 ? `must evaluate to ${names[0]}` : `must evaluate to one of [${names.join(' ')}]`;
    this.found = found;
  }
  override get detail(): string {
    return this.message;
  }
}

class Planned implements Program {
  readonly source: string;
  readonly checked: Checked;
  readonly #step: Step;

  constructor(source: string, checked: Checked, step: Step) {
    this.source = source;
    this.checked = checked;
    this.#step = step;
  }
  get type(): CelType {
    return this.checked.type;
  }

  evaluate(variables: Activation, limit = Number.POSITIVE_INFINITY): Outcome {
    const frame = { variables, locals: [], cost: 0, limit, visited: 0 };
    try {
      return { value: this.#step(frame), cost: frame.cost };
    } catch (error) {
      if (error instanceof EvalError) throw new CelError(error.message, frame.cost);
      if (error instanceof CostError) throw new CelError(error.message, frame.cost, true);
      throw error;
    }
  }

  async evaluateAsync(variables: Activation, limit?: number): Promise<Outcome> {
    for (let waits = 0; ; waits++) {
      try {
        return this.evaluate(variables, limit);
      } catch (error) {
        if (!(error instanceof Pending) || waits >= maxWaits) throw error;
        await error.promise;
      }
    }
  }
}
