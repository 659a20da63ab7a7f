// The type checker: finds the type of every node and what every name and call refers to.
import type { CallExpr, Expr, FoldExpr, ListExpr, MapExpr, SelectExpr, StructExpr } from './ast.ts';
import { op } from './ast.ts';
import type { Overload, Variable } from './decls.ts';
import type { Env } from './env.ts';
import { CelCompileError, type Issue } from './source.ts';
import {
  Bool,
  Bytes,
  type CelType,
  Double,
  Dyn,
  ErrorType,
  Int,
  isDyn,
  isDynOrError,
  listOf,
  mapOf,
  Null,
  optionalElement,
  optionalOf,
  sameType,
  Str,
  typeText,
  Uint,
} from './types.ts';
import { Bindings, widest } from './unify.ts';
import { type Constant, UintValue } from './values.ts';

/** What a node refers to. */
export type Reference =
  | { readonly kind: 'variable'; readonly variable: Variable }
  | { readonly kind: 'local'; readonly name: string }
  | { readonly kind: 'call'; readonly fn: string; readonly overloads: readonly Overload[] };

export interface Checked {
  readonly source: string;
  readonly expr: Expr;
  readonly type: CelType;
  /** By node id; every node has one. */
  readonly types: ReadonlyMap<number, CelType>;
  /** By node id: idents and calls, and selects that are really qualified names. */
  readonly references: ReadonlyMap<number, Reference>;
}

/** Checks a parsed expression; throws `CelCompileError` with all that is wrong. */
export function check(env: Env, source: string, expr: Expr): Checked {
  const checker = new Checker(env);
  checker.visit(expr);
  if (checker.issues.length > 0) throw new CelCompileError(source, checker.issues);
  const types = checker.finalTypes();
  return { source, expr, type: types.get(expr.id) ?? Dyn, types, references: checker.references };
}

class Checker {
  readonly issues: Issue[] = [];
  readonly references = new Map<number, Reference>();
  readonly #env: Env;
  readonly #bindings = new Bindings();
  readonly #types = new Map<number, CelType>();
  readonly #locals: { readonly name: string; readonly type: CelType }[] = [];

  constructor(env: Env) {
    this.#env = env;
  }

  finalTypes(): Map<number, CelType> {
    return new Map([...this.#types].map(([id, type]) => [id, this.#bindings.resolve(type, true)]));
  }

  visit(expr: Expr): CelType {
    const type = this.#infer(expr);
    this.#types.set(expr.id, type);
    return type;
  }

  #infer(expr: Expr): CelType {
    switch (expr.kind) {
      case 'const':
        return constantType(expr.value);
      case 'ident':
        return this.#ident(expr.id, expr.at, expr.name) ?? this.#undeclared(expr.at, expr.name);
      case 'select':
        return this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#struct(expr);
      default:
        return this.#fold(expr);
    }
  }

  #complain(at: number, message: string): CelType {
    this.issues.push({ at, message });
    return ErrorType;
  }

  #undeclared(at: number, name: string): CelType {
    return this.#complain(at, `undeclared reference to '${name}' (in container '${this.#env.container}')`);
  }

  #text(type: CelType): string {
    return typeText(this.#bindings.resolve(type, true));
  }

  #ident(id: number, _at: number, name: string): CelType | undefined {
    for (let index = this.#locals.length - 1; index >= 0; index--) {
      const local = this.#locals[index];
      if (local?.name !== name) continue;
      this.references.set(id, { kind: 'local', name });
      return local.type;
    }
    const variable = this.#env.variable(name);
    if (!variable) return undefined;
    this.references.set(id, { kind: 'variable', variable });
    return variable.type;
  }

  #isLocal(name: string): boolean {
    return this.#locals.some((local) => local.name === name);
  }

  #select(expr: SelectExpr): CelType {
    if (!expr.test) {
      // `a.b.c` may be one name; the longest that is declared wins.
      const name = qualifiedName(expr);
      if (name !== undefined && !this.#isLocal(name.slice(0, name.indexOf('.')))) {
        const type = this.#ident(expr.id, expr.at, name);
        if (type) return type;
      }
    }
    const operand = this.#bindings.resolve(this.visit(expr.operand));
    const inner = optionalElement(operand);
    const field = this.#field(expr, inner ?? operand, expr.field);
    if (expr.test) return Bool;
    return inner && optionalElement(field) === undefined ? optionalOf(field) : field;
  }

  #field(expr: Expr, target: CelType, field: string): CelType {
    const type = this.#bindings.resolve(target);
    switch (type.kind) {
      case 'map':
        return type.value;
      case 'object': {
        const struct = this.#env.struct(type.name);
        const found = struct?.field(field);
        if (found) return found;
        return this.#complain(expr.at, struct ? `undefined field '${field}'` : `unexpected failed resolution of '${type.name}'`);
      }
      case 'param':
        this.#bindings.assign(Dyn, type);
        return Dyn;
      default:
        if (isDynOrError(type)) return Dyn;
        return this.#complain(expr.at, `type '${typeText(type)}' does not support field selection`);
    }
  }

  #call(expr: CallExpr): CelType {
    const { fn, target, args } = expr;
    if (fn === op.optSelect) return this.#optionalSelect(expr);
    if (fn === op.and || fn === op.or) {
      for (const arg of args) this.#must(arg, Bool);
      this.references.set(expr.id, { kind: 'call', fn, overloads: [] });
      return Bool;
    }
    if (!target) {
      const found = this.#env.function(fn);
      const types = args.map((arg) => this.visit(arg));
      if (!found) return this.#undeclared(expr.at, fn);
      return this.#overload(expr, found.name, { overloads: found.overloads, types, member: false });
    }
    // `a.b.f(x)` may be the function `a.b.f`.
    const prefix = qualifiedName(target);
    if (prefix !== undefined && !this.#isLocal(prefix.split('.')[0] ?? '')) {
      const found = this.#env.function(`${prefix}.${fn}`);
      if (found) {
        const types = args.map((arg) => this.visit(arg));
        return this.#overload(expr, found.name, { overloads: found.overloads, types, member: false });
      }
    }
    const types = [this.visit(target), ...args.map((arg) => this.visit(arg))];
    const found = this.#env.function(fn);
    if (!found) return this.#undeclared(expr.at, fn);
    return this.#overload(expr, found.name, { overloads: found.overloads, types, member: true });
  }

  #overload(
    expr: CallExpr,
    fn: string,
    { overloads, types, member }: { overloads: readonly Overload[]; types: readonly CelType[]; member: boolean },
  ): CelType {
    const chosen: Overload[] = [];
    let result: CelType | undefined;
    for (const overload of overloads) {
      if (overload.member !== member || overload.params.length !== types.length) continue;
      const renamed = new Map<string, CelType>();
      const params = overload.params.map((type) => this.#instantiate(type, renamed));
      if (!this.#bindings.assignAll(types, params)) continue;
      chosen.push(overload);
      const own = this.#bindings.resolve(this.#instantiate(overload.result, renamed));
      if (result === undefined) result = own;
      else if (!isDyn(result) && !sameType(own, result)) result = Dyn;
    }
    if (!result) {
      for (const type of types) if (this.#bindings.resolve(type).kind === 'error') return ErrorType;
      const texts = types.map((type) => this.#text(type));
      const applied = member ? `${texts[0]}.(${texts.slice(1).join(', ')})` : `(${texts.join(', ')})`;
      return this.#complain(expr.at, `found no matching overload for '${fn}' applied to '${applied}'`);
    }
    this.references.set(expr.id, { kind: 'call', fn, overloads: chosen });
    return result;
  }

  #instantiate(type: CelType, renamed: Map<string, CelType>): CelType {
    switch (type.kind) {
      case 'param': {
        let own = renamed.get(type.name);
        if (!own) renamed.set(type.name, (own = this.#bindings.fresh()));
        return own;
      }
      case 'list':
        return listOf(this.#instantiate(type.elem, renamed));
      case 'map':
        return mapOf(this.#instantiate(type.key, renamed), this.#instantiate(type.value, renamed));
      case 'opaque':
        return { ...type, params: type.params.map((each) => this.#instantiate(each, renamed)) };
      case 'type':
        return type.of ? { kind: 'type', of: this.#instantiate(type.of, renamed) } : type;
      default:
        return type;
    }
  }

  #optionalSelect(expr: CallExpr): CelType {
    const [operand, field] = expr.args as [Expr, Expr];
    const type = this.#bindings.resolve(this.visit(operand));
    this.#types.set(field.id, Str);
    const name = field.kind === 'const' && typeof field.value === 'string' ? field.value : '';
    const found = this.#field(expr, optionalElement(type) ?? type, name);
    this.references.set(expr.id, { kind: 'call', fn: op.optSelect, overloads: [] });
    return optionalElement(found) ? found : optionalOf(found);
  }

  /** The type of things that stand side by side. */
  #join(at: number, previous: CelType | undefined, current: CelType): CelType {
    if (!previous) return current;
    if (this.#bindings.assign(previous, current) || this.#bindings.assign(current, previous)) {
      return widest(this.#bindings.resolve(previous), this.#bindings.resolve(current));
    }
    if (!this.#env.homogeneous) return Dyn;
    return this.#complain(at, `expected type '${this.#text(previous)}' but found '${this.#text(current)}'`);
  }

  #maybeOptional(expr: Expr, optional: boolean): CelType {
    const type = this.visit(expr);
    if (!optional) return type;
    const resolved = this.#bindings.resolve(type);
    const inner = optionalElement(resolved);
    if (inner) return inner;
    if (isDynOrError(resolved)) return Dyn;
    return this.#complain(expr.at, `expected type 'optional_type(${this.#text(type)})' but found '${this.#text(type)}'`);
  }

  #list(expr: ListExpr): CelType {
    let type: CelType | undefined;
    for (const [index, element] of expr.elements.entries()) {
      type = this.#join(element.at, type, this.#maybeOptional(element, expr.optional.has(index)));
    }
    return listOf(type ?? this.#bindings.fresh());
  }

  #map(expr: MapExpr): CelType {
    let key: CelType | undefined;
    let value: CelType | undefined;
    for (const entry of expr.entries) {
      key = this.#join(entry.key.at, key, this.visit(entry.key));
      value = this.#join(entry.value.at, value, this.#maybeOptional(entry.value, entry.optional));
    }
    return mapOf(key ?? this.#bindings.fresh(), value ?? this.#bindings.fresh());
  }

  #struct(expr: StructExpr): CelType {
    for (const candidate of this.#env.candidates(expr.name)) {
      const struct = this.#env.struct(candidate);
      if (!struct) continue;
      if (!struct.construct) return this.#complain(expr.at, `'${struct.name}' is not a message type`);
      const type: CelType = { kind: 'object', name: struct.name };
      for (const each of expr.fields) {
        const given = this.#maybeOptional(each.value, each.optional);
        const wanted = struct.field(each.field);
        if (!wanted) this.#complain(each.at, `undefined field '${each.field}'`);
        else if (!this.#bindings.assign(given, wanted)) {
          this.#complain(
            each.at,
            `expected type of field '${each.field}' is '${this.#text(wanted)}' but provided type is '${this.#text(given)}'`,
          );
        }
      }
      this.references.set(expr.id, { kind: 'variable', variable: { name: struct.name, type } });
      return type;
    }
    for (const each of expr.fields) this.visit(each.value);
    const declared = this.#env.variable(expr.name);
    if (declared?.type.kind === 'type')
      return this.#complain(expr.at, `'${typeText(declared.type.of ?? declared.type)}' is not a message type`);
    if (declared) return this.#complain(expr.at, `'${typeText(declared.type)}' is not a type`);
    return this.#undeclared(expr.at, expr.name);
  }

  #fold(expr: FoldExpr): CelType {
    const range = this.#bindings.resolve(this.visit(expr.range));
    const init = this.visit(expr.init);
    let first: CelType;
    let second: CelType = Dyn;
    switch (range.kind) {
      case 'list':
        first = expr.iter2 === undefined ? range.elem : Int;
        second = range.elem;
        break;
      case 'map':
        first = range.key;
        second = range.value;
        break;
      case 'param':
        this.#bindings.assign(Dyn, range);
        first = Dyn;
        break;
      default:
        first = Dyn;
        if (!isDynOrError(range)) {
          this.#complain(
            expr.range.at,
            `expression of type '${this.#text(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
          );
          first = ErrorType;
        }
    }
    const depth = this.#locals.length;
    this.#locals.push({ name: expr.accu, type: init });
    this.#locals.push({ name: expr.iter, type: first });
    if (expr.iter2 !== undefined) this.#locals.push({ name: expr.iter2, type: second });
    this.#must(expr.condition, Bool);
    this.#must(expr.step, init);
    this.#locals.length = depth + 1;
    const result = this.visit(expr.result);
    this.#locals.length = depth;
    return result;
  }

  #must(expr: Expr, wanted: CelType): void {
    const type = this.visit(expr);
    if (!this.#bindings.assign(type, wanted)) {
      this.#complain(expr.at, `expected type '${this.#text(wanted)}' but found '${this.#text(type)}'`);
    }
  }
}

/** `a.b.c` as text when the expression is only names and dots. */
export function qualifiedName(expr: Expr): string | undefined {
  if (expr.kind === 'ident') return expr.name;
  if (expr.kind !== 'select' || expr.test) return undefined;
  const operand = qualifiedName(expr.operand);
  return operand === undefined ? undefined : `${operand}.${expr.field}`;
}

function constantType(value: Constant): CelType {
  switch (typeof value) {
    case 'bigint':
      return Int;
    case 'number':
      return Double;
    case 'string':
      return Str;
    case 'boolean':
      return Bool;
    default:
      if (value === null) return Null;
      return value instanceof UintValue ? Uint : Bytes;
  }
}
