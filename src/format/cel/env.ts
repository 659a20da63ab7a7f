// An environment: what expressions may mention. Environments are made once and extended cheaply.
import type { FunctionDecl, Library, Overload, StructType, TypeProvider, Variable } from './decls.ts';
import type { ParseOptions } from './parser.ts';
import { type CelType, typeOf } from './types.ts';
import { runtimeTypeName, TypeValue } from './values.ts';

export interface EnvOptions {
  readonly libraries?: readonly Library[];
  readonly variables?: readonly Variable[];
  readonly types?: TypeProvider;
  /** Namespace in which names are looked up first: `a.b`. */
  readonly container?: string;
  readonly syntax?: Partial<ParseOptions>;
  /** Items of a written list, and values of a written map, must be of one type. */
  readonly homogeneous?: boolean;
  /** Regular expressions, durations and timestamps that are written out are tried while compiling. */
  readonly checkLiterals?: boolean;
}

/** What a name stands for. */
export type Declared = Variable;

export class Env {
  readonly syntax: ParseOptions;
  readonly homogeneous: boolean;
  readonly checkLiterals: boolean;
  readonly container: string;
  readonly #functions: ReadonlyMap<string, FunctionDecl>;
  readonly #variables: ReadonlyMap<string, Declared>;
  readonly #types: readonly TypeProvider[];

  constructor(options: EnvOptions, parent?: Env) {
    this.syntax = { optionals: false, twoVariables: false, ...parent?.syntax, ...options.syntax };
    this.homogeneous = options.homogeneous ?? parent?.homogeneous ?? false;
    this.checkLiterals = options.checkLiterals ?? parent?.checkLiterals ?? false;
    this.container = options.container ?? parent?.container ?? '';
    this.#types = [...(options.types ? [options.types] : []), ...(parent ? parent.#types : [])];
    this.#functions =
      options.libraries?.length || !parent
        ? mergeFunctions(parent ? parent.#functions : undefined, options.libraries ?? [])
        : parent.#functions;
    const variables = new Map(parent ? parent.#variables : []);
    for (const library of options.libraries ?? []) {
      for (const type of library.types ?? []) variables.set(...typeName(type));
      for (const variable of library.variables ?? []) variables.set(variable.name, variable);
    }
    for (const variable of options.variables ?? []) variables.set(variable.name, variable);
    this.#variables = variables;
  }

  /** An environment with more in it. */
  extend(options: EnvOptions): Env {
    return new Env(options, this);
  }

  /** The full names that a name may mean, the innermost namespace first; a leading dot means just that name. */
  candidates(name: string): readonly string[] {
    if (name.startsWith('.')) return [name.slice(1)];
    if (this.container === '') return [name];
    const names: string[] = [];
    for (let scope = this.container; scope !== ''; scope = scope.slice(0, Math.max(0, scope.lastIndexOf('.'))))
      names.push(`${scope}.${name}`);
    return [...names, name];
  }

  variable(name: string): Declared | undefined {
    for (const candidate of this.candidates(name)) {
      const found = this.#variables.get(candidate);
      if (found) return found;
      const struct = this.struct(candidate);
      if (struct) return { name: candidate, type: typeOf({ kind: 'object', name: struct.name }), value: new TypeValue(struct.name) };
    }
    return undefined;
  }

  function(name: string): FunctionDecl | undefined {
    for (const candidate of this.candidates(name)) {
      const found = this.#functions.get(candidate);
      if (found) return found;
    }
    return undefined;
  }

  /** A type by its full name. */
  struct(name: string): StructType | undefined {
    for (const types of this.#types) {
      const found = types.struct(name);
      if (found) return found;
    }
    return undefined;
  }
}

function typeName(type: CelType): [string, Declared] {
  const name = runtimeTypeName(type);
  return [name, { name, type: typeOf(type), value: new TypeValue(name) }];
}

function mergeFunctions(base: ReadonlyMap<string, FunctionDecl> | undefined, libraries: readonly Library[]): Map<string, FunctionDecl> {
  const merged = new Map(base);
  for (const { functions } of libraries) {
    for (const { name, overloads } of functions) {
      const known: readonly Overload[] = merged.get(name)?.overloads ?? [];
      merged.set(name, { name, overloads: [...known, ...overloads] });
    }
  }
  return merged;
}
