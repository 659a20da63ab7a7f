// A MutatingAdmissionPolicy ready to change objects: its expressions compiled, and what they write applied.
import type { MutatingAdmissionPolicy, Mutation } from '#api/admissionregistration/v1beta1/mutatingadmissionpolicy.ts';
import type { Struct } from '#api/dsl.ts';
import type { KubeObject } from '#api/object.ts';
import { messageOf } from '#base/errors.ts';
import { type Activation, CelCompileError, CelError, compile, type Program } from '#format/cel/cel.ts';
import type { Env } from '#format/cel/env.ts';
import { toJson } from '#format/cel/native.ts';
import { type CelType, listOf } from '#format/cel/types.ts';
import { CelList, type Value } from '#format/cel/values.ts';
import { isObject } from '#format/own.ts';
import { applyJsonPatch, JsonPatchError, parseJsonPatch } from '#merge/jsonPatch.ts';
import { memberShape, type Shape, shapeOfStruct } from '#merge/shape.ts';
import { mergeTyped } from '#merge/typed.ts';
import { applyType, misplacedType, mutationTypes, patchLibrary, patchType, WrittenObject } from '../../cel/mutationtypes.ts';
import { perCallLimit, requestBudget } from '../../cel/environment.ts';
import type { AdmissionInput } from '../../cel/admissionenv.ts';
import { compileMatchConditions, type MatchConditions } from '../../cel/matchconditions.ts';
import { policyEnvs } from './compiled.ts';
import { VariableSet } from './variables.ts';

/** A mutation cannot be carried out: the failure policy decides what that means. */
export class MutationError extends Error {}

/** The types that mutations give, by patch type. */
export const mutationResults: Readonly<Record<string, readonly CelType[]>> = {
  ApplyConfiguration: [applyType],
  JSONPatch: [listOf(patchType)],
};

/** The environment of mutations: that of a policy's other expressions, and the types to write. */
export function mutationEnv(base: Env): Env {
  return base.extend({ types: mutationTypes, libraries: [patchLibrary] });
}

/** The expression of a mutation. */
export function expressionOf(mutation: Mutation): string {
  return (mutation.patchType === 'JSONPatch' ? mutation.jsonPatch?.expression : mutation.applyConfiguration?.expression) ?? '';
}

type Compiled = Program | CelCompileError;

export class CompiledMutations {
  readonly #conditions: MatchConditions;
  readonly #variables: VariableSet;
  readonly #mutations: readonly { readonly type: string; readonly program: Compiled }[];

  constructor({ spec }: MutatingAdmissionPolicy) {
    const { full } = policyEnvs(spec.paramKind !== undefined);
    this.#conditions = compileMatchConditions(spec.matchConditions ?? [], full);
    this.#variables = new VariableSet(mutationEnv(full), spec.variables ?? []);
    this.#mutations = (spec.mutations ?? []).map((mutation) => {
      const type = mutation.patchType;
      try {
        return { type, program: compile(this.#variables.env, expressionOf(mutation), mutationResults[type] ?? []) };
      } catch (error) {
        if (!(error instanceof CelCompileError)) throw error;
        return { type, program: error };
      }
    });
  }

  get size(): number {
    return this.#mutations.length;
  }

  /** True when the conditions hold. Throws MutationError when that cannot be told. */
  async wants(input: AdmissionInput, variables: Activation): Promise<boolean> {
    const outcome = await this.#conditions.evaluate(input, variables);
    if (outcome.kind === 'error') throw new MutationError(outcome.message);
    return outcome.kind === 'match';
  }

  /** The object after one of the mutations; `variables` shows it as it is before. Throws MutationError. */
  async apply(index: number, object: KubeObject, variables: Activation, struct: Struct): Promise<unknown> {
    const mutation = this.#mutations[index];
    if (!mutation) return object;
    const value = await this.#evaluate(mutation.program, variables);
    return mutation.type === 'JSONPatch' ? patched(object, value) : merged(object, value, struct);
  }

  async #evaluate(program: Compiled, variables: Activation): Promise<Value> {
    if (program instanceof CelCompileError) throw new MutationError(`compilation error: ${program.detail}`);
    let left = requestBudget;
    const all = { ...variables, variables: this.#variables.value(variables, (cost) => (left -= cost)) };
    try {
      const { value, cost } = await program.evaluateAsync(all, perCallLimit);
      if (left < cost)
        throw new MutationError('validation failed due to running out of cost budget, no further validation rules will be run');
      return value;
    } catch (error) {
      if (!(error instanceof CelError)) throw error;
      throw new MutationError(`expression '${program.source}' resulted in error: ${error.message}`);
    }
  }
}

function patched(object: KubeObject, value: Value): unknown {
  if (!(value instanceof CelList)) throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array');
  const operations = Array.from(value, (each) => {
    if (!(each instanceof WrittenObject))
      throw new MutationError('type mismatch: JSONPatchType.expression should evaluate to array of JSONPatch');
    const inner = each.field('value');
    const problem = inner instanceof WrittenObject ? misplacedType(inner, inner.typeName) : undefined;
    if (problem) throw new MutationError(`type mismatch: ${problem}`);
    return toJson(each);
  });
  try {
    return applyJsonPatch(object as never, parseJsonPatch(operations));
  } catch (error) {
    // A test that fails means that nothing is to be done.
    if (error instanceof JsonPatchError && error.kind === 'untrue') return object;
    throw new MutationError(`JSONPath: ${messageOf(error)}`);
  }
}

function merged(object: KubeObject, value: Value, struct: Struct): unknown {
  const problem = misplacedType(value, applyType.name);
  if (problem) throw new MutationError(`type mismatch: ${problem}`);
  const { apiVersion, kind } = object;
  const configuration = {
    ...(toJson(value) as object),
    ...(apiVersion === undefined ? {} : { apiVersion }),
    ...(kind === undefined ? {} : { kind }),
  };
  const shape = shapeOfStruct(struct);
  const atomics = atomicPlaces(configuration, shape, '');
  if (atomics.length > 0) {
    throw new MutationError(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    );
  }
  return mergeTyped(object, configuration, shape);
}

/** Places of a configuration that could only be replaced as a whole: what is not said there would be lost. */
function atomicPlaces(value: unknown, shape: Shape, at: string): string[] {
  if (shape.kind === 'list' && Array.isArray(value)) {
    const inner = value.flatMap((item, index) => atomicPlaces(item, shape.item, `${at}[${index}]`));
    return shape.type === 'atomic' ? [at, ...inner] : inner;
  }
  if ((shape.kind !== 'struct' && shape.kind !== 'map') || !isObject(value)) return [];
  const inner = Object.keys(value).flatMap((name) => atomicPlaces(value[name], memberShape(shape, name), `${at}.${name}`));
  return shape.atomic ? [at, ...inner] : inner;
}
