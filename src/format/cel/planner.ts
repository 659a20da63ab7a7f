// Tree to closures: everything that can be decided beforehand is, so that evaluation only computes.
import { index, optionalIndex, present, selectField, selectOptional, selectPath } from './access.ts';
import { type CallExpr, type Expr, type FoldExpr, op, type SelectExpr } from './ast.ts';
import type { Checked, Reference } from './checker.ts';
import { constantItems, constantMap, constantMembership, foldConversion, unnamed } from './constants.ts';
import type { Env } from './env.ts';
import { formOf, single } from './forms.ts';
import { absorb, charge, type Frame, type Step } from './frame.ts';
import { equality, logic, membership, order } from './operators.ts';
import { ArrayList, CelList, CelMap, EntryMap, type EvalError, fail, keyOf, noSuchOverload, OptionalValue, type Value } from './values.ts';

const listCost = 10;
const mapCost = 30;
const structCost = 40;

/** Compiles a checked expression. */
export function plan(env: Env, checked: Checked): Step {
  return new Planner(env, checked).plan(checked.expr);
}

interface Local {
  readonly name: string;
  readonly slot: number;
  /** The accumulator is a list or map that only this comprehension sees: it grows in place. */
  readonly grows?: boolean;
}

class Planner {
  readonly #env: Env;
  readonly #references: ReadonlyMap<number, Reference>;
  readonly #locals: Local[] = [];
  #slots = 0;

  constructor(env: Env, checked: Checked) {
    this.#env = env;
    this.#references = checked.references;
  }

  plan(expr: Expr): Step {
    switch (expr.kind) {
      case 'const': {
        const { value } = expr;
        return () => value;
      }
      case 'ident':
        return this.#reference(expr.id, expr.name);
      case 'select':
        return this.#references.has(expr.id) ? this.#reference(expr.id, expr.field) : this.#select(expr);
      case 'call':
        return this.#call(expr);
      case 'list':
        return this.#list(expr.elements, expr.optional);
      case 'map':
        return this.#map(expr);
      case 'struct':
        return this.#struct(expr);
      default:
        return this.#fold(expr);
    }
  }

  #local(name: string): Local | undefined {
    for (let at = this.#locals.length - 1; at >= 0; at--) if (this.#locals[at]?.name === name) return this.#locals[at];
    return undefined;
  }

  #reference(id: number, fallback: string): Step {
    const reference = this.#references.get(id);
    if (reference?.kind === 'local') {
      const slot = this.#local(reference.name)?.slot ?? 0;
      return (frame) => {
        charge(frame, 1);
        return frame.locals[slot] as Value;
      };
    }
    const variable = reference?.kind === 'variable' ? reference.variable : undefined;
    const value = variable?.value;
    if (value !== undefined) return () => value;
    const name = variable?.name ?? fallback;
    return (frame) => {
      charge(frame, 1);
      const found = frame.variables[name];
      return found === undefined ? fail(`no such attribute(s): ${name}`) : found;
    };
  }

  #select(expr: SelectExpr): Step {
    const { field } = expr;
    if (expr.test) {
      // Looking is free; finding what is looked into is not.
      const operand = this.plan(expr.operand);
      return (frame) => present(operand(frame), field);
    }
    const path = [field];
    let start = expr.operand;
    while (start.kind === 'select' && !start.test && !this.#references.has(start.id)) {
      path.unshift(start.field);
      start = start.operand;
    }
    const operand = this.plan(start);
    if (path.length === 1) {
      return (frame) => {
        const target = operand(frame);
        charge(frame, 1);
        return selectField(target, field);
      };
    }
    const steps = path.length;
    return (frame) => {
      const target = operand(frame);
      charge(frame, steps);
      return selectPath(target, path);
    };
  }

  #call(expr: CallExpr): Step {
    const args = expr.args.map((arg) => this.plan(arg));
    const [first, second, third] = args as [Step, Step, Step];
    switch (expr.fn) {
      case op.and:
        return logic(first, second, false);
      case op.or:
        return logic(first, second, true);
      case op.not:
        return (frame) => {
          const value = first(frame);
          charge(frame, 1);
          return typeof value === 'boolean' ? !value : noSuchOverload();
        };
      case op.conditional: {
        const yes = unnamed(expr.args[1] as Expr, second);
        const no = unnamed(expr.args[2] as Expr, third);
        return (frame) => {
          const condition = first(frame);
          if (typeof condition !== 'boolean') return noSuchOverload();
          return condition ? yes(frame) : no(frame);
        };
      }
      case op.equals:
        return equality(first, second, true);
      case op.notEquals:
        return equality(first, second, false);
      case op.less:
        return order(first, second, (o) => o < 0);
      case op.lessEquals:
        return order(first, second, (o) => o <= 0);
      case op.greater:
        return order(first, second, (o) => o > 0);
      case op.greaterEquals:
        return order(first, second, (o) => o >= 0);
      case op.in: {
        const constants = constantItems(expr.args[1] as Expr);
        return constants ? constantMembership(first, constants) : membership(first, second);
      }
      case op.index: {
        const at = unnamed(expr.args[1] as Expr, second);
        return (frame) => {
          const target = first(frame);
          const key = at(frame);
          charge(frame, 1);
          return index(target, key);
        };
      }
      case op.optIndex:
        return (frame) => {
          const target = first(frame);
          const key = second(frame);
          charge(frame, 1);
          return optionalIndex(target, key);
        };
      case op.optSelect: {
        const field = expr.args[1];
        const name = field?.kind === 'const' && typeof field.value === 'string' ? field.value : '';
        return (frame) => {
          const target = first(frame);
          charge(frame, 1);
          return selectOptional(target, name);
        };
      }
      case 'or':
      case 'orValue':
        if (expr.target) return this.#optionalOr(expr, this.plan(expr.target), first);
        break;
      default:
    }
    return this.#function(expr, args);
  }

  /** `a.or(b)` looks at b only when a is empty. */
  #optionalOr(expr: CallExpr, target: Step, alternative: Step): Step {
    const unwrap = expr.fn === 'orValue';
    return (frame) => {
      const value = target(frame);
      charge(frame, 1);
      if (!(value instanceof OptionalValue)) return noSuchOverload();
      if (value.value === undefined) return alternative(frame);
      return unwrap ? value.value : value;
    };
  }

  #function(expr: CallExpr, planned: readonly Step[]): Step {
    const reference = this.#references.get(expr.id);
    if (reference?.kind !== 'call') return () => fail(`unbound function: ${expr.fn}`);
    const { overloads } = reference;
    const folded = foldConversion(expr, overloads);
    if (folded) return folded;
    // A namespaced function has no receiver, though it is written like one.
    const member = overloads[0]?.member === true && expr.target !== undefined;
    const args = member ? [this.plan(expr.target as Expr), ...planned] : planned;
    const forms = overloads.map(formOf);
    const [only] = forms;
    // Forms that share an implementation are told apart by it.
    if (only && (forms.length === 1 || (overloads[0]?.dispatches && forms.every(({ impl }) => impl === only.impl)))) {
      return single(only, args, forms.length > 1);
    }
    return (frame) => {
      const values = args.map((arg) => arg(frame));
      for (const form of forms) if (form.accepts(values)) return form.run(frame, values);
      return noSuchOverload();
    };
  }

  #list(elements: readonly Expr[], optional: ReadonlySet<number>): Step {
    const steps = elements.map((element) => this.plan(element));
    // Lists of constants are made once, and cost nothing.
    if (optional.size === 0 && elements.every((element) => element.kind === 'const')) {
      const whole = new ArrayList(elements.map((element) => (element as { value: Value }).value));
      return () => whole;
    }
    return (frame) => {
      const items: Value[] = [];
      for (const [at, step] of steps.entries()) {
        const value = step(frame);
        if (!optional.has(at)) items.push(value);
        else if (!(value instanceof OptionalValue)) noSuchOverload();
        else if (value.value !== undefined) items.push(value.value);
      }
      charge(frame, listCost);
      return new ArrayList(items);
    };
  }

  #map(expr: Extract<Expr, { kind: 'map' }>): Step {
    const entries = expr.entries.map(({ key, value, optional }) => ({ key: this.plan(key), value: this.plan(value), optional }));
    const constant = constantMap(expr);
    if (constant) return () => constant;
    return (frame) => {
      const map = new EntryMap();
      for (const entry of entries) {
        const key = entry.key(frame);
        let value = entry.value(frame);
        if (entry.optional) {
          if (!(value instanceof OptionalValue)) return noSuchOverload();
          if (value.value === undefined) continue;
          ({ value } = value as { value: Value });
        }
        insert(map, key, value);
      }
      charge(frame, mapCost);
      return map;
    };
  }

  #struct(expr: Extract<Expr, { kind: 'struct' }>): Step {
    const reference = this.#references.get(expr.id);
    const struct = reference?.kind === 'variable' ? this.#env.struct(reference.variable.name) : undefined;
    const fields = expr.fields.map(({ field, value, optional }) => ({ field, value: this.plan(value), optional }));
    return (frame) => {
      const values = new Map<string, Value>();
      for (const { field, value: step, optional } of fields) {
        const value = step(frame);
        if (!optional) values.set(field, value);
        else if (!(value instanceof OptionalValue)) return noSuchOverload();
        else if (value.value !== undefined) values.set(field, value.value);
      }
      charge(frame, structCost);
      return struct?.construct?.(values) ?? fail(`unknown type: ${expr.name}`);
    };
  }

  #slot(name: string, grows = false): Local {
    const local = { name, slot: this.#slots++, grows };
    this.#locals.push(local);
    return local;
  }

  #fold(expr: FoldExpr): Step {
    const range = this.plan(expr.range);
    const init = this.plan(expr.init);
    const depth = this.#locals.length;
    const grown =
      (expr.init.kind === 'list' && expr.init.elements.length === 0) || (expr.init.kind === 'map' && expr.init.entries.length === 0);
    const grows = grown && expr.accu.startsWith('@');
    const accu = this.#slot(expr.accu, grows).slot;
    if (expr.range.kind === 'list' && expr.range.elements.length === 0 && expr.condition.kind === 'const') {
      // cel.bind and optMap: a name for a value.
      const result = this.plan(expr.result);
      this.#locals.length = depth;
      return (frame) => {
        frame.locals[accu] = init(frame);
        return result(frame);
      };
    }
    const iter = this.#slot(expr.iter).slot;
    const iter2 = expr.iter2 === undefined ? -1 : this.#slot(expr.iter2).slot;
    const condition = this.#condition(expr.condition);
    const step = grows ? this.#grow(expr.step, accu) : this.#strict(expr.step);
    this.#locals.length = depth + 1;
    const result = this.plan(expr.result);
    this.#locals.length = depth;
    return (frame) => {
      const over = range(frame);
      const { locals } = frame;
      locals[accu] = grows ? (expr.init.kind === 'list' ? new ArrayList([]) : new EntryMap()) : init(frame);
      if (over instanceof CelList) {
        for (let at = 0; at < over.size; at++) {
          if (iter2 < 0) locals[iter] = over.at(at);
          else {
            locals[iter] = BigInt(at);
            locals[iter2] = over.at(at);
          }
          if (!condition(frame)) break;
          locals[accu] = step(frame);
        }
      } else if (over instanceof CelMap) {
        for (const key of over.keys()) {
          locals[iter] = key;
          if (iter2 >= 0) locals[iter2] = over.get(key) as Value;
          if (!condition(frame)) break;
          locals[accu] = step(frame);
        }
      } else return noSuchOverload();
      const final = locals[accu] as Value | Failed;
      if (final instanceof Failed) throw final.error;
      return result(frame);
    };
  }

  /** Whether to go on; errors in the accumulator do not stop a quantifier. */
  #condition(expr: Expr): (frame: Frame) => boolean {
    if (expr.kind === 'const') return () => expr.value === true;
    const inner = expr.kind === 'call' && expr.fn === op.notStrictlyFalse ? (expr.args[0] as Expr) : expr;
    // The accumulator of `all` and `exists`: stop when it is decided.
    const negated = inner.kind === 'call' && inner.fn === op.not;
    const held = this.#local('@result')?.slot ?? 0;
    return (frame) => {
      charge(frame, negated ? 3 : 2);
      return frame.locals[held] !== negated;
    };
  }

  /** The step of a quantifier keeps an error as the accumulator's value: a later item may still decide. */
  #strict(expr: Expr): Step {
    const quantifies = expr.kind === 'call' && (expr.fn === op.and || expr.fn === op.or);
    if (!quantifies) return this.plan(expr);
    const held = this.#local('@result')?.slot ?? 0;
    const predicate = this.plan(expr.args[1] as Expr);
    const decisive = expr.fn === op.or;
    return (frame) => {
      charge(frame, 1);
      const before = frame.locals[held] as Value | Failed;
      try {
        const value = predicate(frame);
        if (value === decisive) return decisive;
        if (typeof value !== 'boolean') noSuchOverload();
        return before as Value;
      } catch (error) {
        return (before instanceof Failed ? before : new Failed(absorb(error))) as unknown as Value;
      }
    };
  }

  /** `accu + [x]`, `insert(accu, k, v)` and the same under a condition, in place. */
  #grow(expr: Expr, accu: number): Step {
    if (expr.kind === 'call' && expr.fn === op.conditional) {
      const condition = this.plan(expr.args[0] as Expr);
      const step = this.#grow(expr.args[1] as Expr, accu);
      return (frame) => {
        const value = condition(frame);
        if (typeof value !== 'boolean') return noSuchOverload();
        return value ? step(frame) : (frame.locals[accu] as Value);
      };
    }
    if (expr.kind === 'call' && expr.fn === op.add && expr.args[1]?.kind === 'list') {
      const item = this.plan(expr.args[1].elements[0] as Expr);
      return (frame) => {
        const value = item(frame);
        charge(frame, listCost + 2);
        const list = frame.locals[accu] as ArrayList;
        list.items.push(value);
        return list;
      };
    }
    const args = (expr as CallExpr).args.slice(1).map((arg) => this.plan(arg));
    return (frame) => {
      const [key, value] = args.map((arg) => arg(frame));
      charge(frame, 2);
      const map = frame.locals[accu] as EntryMap;
      if (value !== undefined) insert(map, key as Value, value);
      else if (key instanceof CelMap) for (const each of key.keys()) insert(map, each, key.get(each) as Value);
      else noSuchOverload();
      return map;
    };
  }
}

/** An error that a quantifier holds back until it knows that no other item decides. */
class Failed {
  readonly error: EvalError;
  constructor(error: EvalError) {
    this.error = error;
  }
}

function insert(map: EntryMap, key: Value, value: Value): void {
  const text = keyOf(key);
  if (text === undefined) fail('unsupported key type');
  if (map.entries.has(text as string)) fail(`insert failed: key ${String(text)} already exists`);
  map.entries.set(text as string, { key, value });
}
