// `variables.x` of policies: expressions with a name, evaluated when first asked for.
import { CelCompileError, CelError, compile, type Activation, type Program } from '#format/cel/cel.ts';
import type { Env } from '#format/cel/env.ts';
import { type CelType, Dyn, objectType } from '#format/cel/types.ts';
import { CelObject, fail, type Value } from '#format/cel/values.ts';
import { perCallLimit } from '../../cel/environment.ts';

export interface VariableSpec {
  readonly name: string;
  readonly expression: string;
}

const typeName = 'kubernetes.variables';

/** Variables of a policy, compiled in their order: each sees those before it. */
export class VariableSet {
  /** The environment with all of them. */
  readonly env: Env;
  /** What does not compile, by index. */
  readonly errors: ReadonlyMap<number, CelCompileError>;
  readonly #programs = new Map<string, Program | CelCompileError>();

  constructor(base: Env, specs: readonly VariableSpec[]) {
    const fields = new Map<string, CelType>();
    const errors = new Map<number, CelCompileError>();
    this.env = base.extend({
      types: { struct: (name) => (name === typeName ? { name, field: (field) => fields.get(field) } : undefined) },
      variables: [{ name: 'variables', type: objectType(typeName) }],
    });
    for (const [index, { name, expression }] of specs.entries()) {
      try {
        const program = compile(this.env, expression);
        this.#programs.set(name, program);
        fields.set(name, program.type);
      } catch (error) {
        if (!(error instanceof CelCompileError)) throw error;
        this.#programs.set(name, error);
        errors.set(index, error);
        // Others that use it are not blamed for it.
        fields.set(name, Dyn);
      }
    }
    this.errors = errors;
  }

  /** The value of `variables` beside other variables; `spend` is told what evaluating costs. */
  value(others: Activation, spend: (cost: number) => void): Value {
    return new Variables(this.#programs, others, spend);
  }
}

class Variables extends CelObject {
  readonly typeName = typeName;
  readonly #programs: ReadonlyMap<string, Program | CelCompileError>;
  readonly #known = new Map<string, Value>();
  readonly #activation: Activation;
  readonly #spend: (cost: number) => void;

  constructor(programs: ReadonlyMap<string, Program | CelCompileError>, others: Activation, spend: (cost: number) => void) {
    super();
    this.#programs = programs;
    this.#activation = { ...others, variables: this };
    this.#spend = spend;
  }

  field(name: string): Value | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const program = this.#programs.get(name);
    if (!program) return undefined;
    if (program instanceof CelCompileError) return fail(`composited variable "${name}" fails to compile: ${program.detail}`);
    try {
      const { value, cost } = program.evaluate(this.#activation, perCallLimit);
      this.#spend(cost);
      this.#known.set(name, value);
      return value;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      this.#spend(error.cost);
      return fail(`composited variable "${name}" fails to evaluate: ${error.message}`);
    }
  }

  fields(): Iterable<string> {
    return this.#programs.keys();
  }
}
