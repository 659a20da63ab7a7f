// Expressions of an AuthenticationConfiguration over the claims of a token and over the user made of them.
import { compile, type Program } from '#format/cel/cel.ts';
import { fromJson, toJson } from '#format/cel/native.ts';
import { Dyn } from '#format/cel/types.ts';
import { baseEnv, perCallLimit } from '../cel/environment.ts';

const environments = {
  claims: baseEnv.extend({ variables: [{ name: 'claims', type: Dyn }] }),
  user: baseEnv.extend({ variables: [{ name: 'user', type: Dyn }] }),
};
const programs = new Map<string, Program>();
const mostPrograms = 1000;

/** The value of an expression; throws an Error when it cannot be compiled or evaluated. */
export function evaluateClaims(expression: string, variables: Readonly<Record<string, unknown>>): unknown {
  const kind = 'user' in variables ? 'user' : 'claims';
  const key = `${kind} ${expression}`;
  let program = programs.get(key);
  if (!program) {
    program = compile(environments[kind], expression);
    if (programs.size >= mostPrograms) programs.clear();
    programs.set(key, program);
  }
  const { value } = program.evaluate({ [kind]: fromJson(variables[kind]) }, perCallLimit);
  return toJson(value);
}
