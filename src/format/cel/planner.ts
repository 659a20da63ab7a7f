// Tree to closures: everything that can be decided beforehand is, so that evaluation only computes.
import { type CallExpr, type Expr, type FoldExpr, op, type SelectExpr } from './ast.ts';
import type { Checked, Reference } from './checker.ts';
import { compare, equal } from './compare.ts';
import { compareCost } from './costs.ts';
import type { Overload } from './decls.ts';
import type { Env } from './env.ts';
import { traversal } from './sizes.ts';
import { type Guard, guardOf } from './guards.ts';
import { absorb, charge, type Frame, type Step } from './frame.ts';
import { index, optionalIndex, present, selectField, selectOptional, selectPath } from './access.ts';
import { ArrayList, CelList, CelMap, EntryMap, EvalError, fail, keyOf, noSuchOverload, OptionalValue, type Value } from './values.ts';

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

/** A name, a field or an item. */
const isAttribute = (expr: Expr): boolean =>
  expr.kind === 'ident' || (expr.kind === 'select' && !expr.test) || (expr.kind === 'call' && expr.fn === op.index);

/** As a branch of a condition or as a key, an attribute's first name is not charged: cel-go resolves it on the way. */
function unnamed(expr: Expr, step: Step): Step {
  if (!isAttribute(expr)) return step;
  return (frame) => {
    frame.cost--;
    return step(frame);
  };
}

const conversions = new Set(['bool', 'bytes', 'double', 'duration', 'int', 'string', 'timestamp', 'uint']);

/** `duration('1h')` is made once; what fails goes on failing when it is evaluated. */
function foldConversion(expr: CallExpr, overloads: readonly Overload[]): Step | undefined {
  const [arg] = expr.args;
  const impl = overloads[0]?.impl as ((value: Value) => Value) | undefined;
  if (expr.target || expr.args.length !== 1 || !conversions.has(expr.fn) || arg?.kind !== 'const' || !impl) return undefined;
  try {
    const value = impl(arg.value);
    return () => value;
  } catch (error) {
    absorb(error);
    return undefined;
  }
}

/** The items of a written list of constants. */
function constantItems(expr: Expr): readonly Value[] | undefined {
  if (expr.kind !== 'list' || expr.optional.size > 0) return undefined;
  const items = expr.elements.map((element) => (element.kind === 'const' ? element.value : undefined));
  return items.every((item): item is Exclude<typeof item, undefined> => item !== undefined) ? items : undefined;
}

/** Looks a value up in constants. */
function constantMembership(item: Step, constants: readonly Value[]): Step {
  const keys = constants.map(keyOf);
  const known = keys.every((key) => key !== undefined) ? new Set(keys) : undefined;
  return (frame) => {
    const value = item(frame);
    if (!known) return constants.some((constant) => equal(constant, value));
    const key = keyOf(value);
    return key !== undefined && known.has(key);
  };
}

/** A written map of constants; undefined when it is none, or has a key twice. */
function constantMap({ entries }: Extract<Expr, { kind: 'map' }>): EntryMap | undefined {
  const map = new EntryMap();
  for (const { key, value, optional } of entries) {
    if (optional || key.kind !== 'const' || value.kind !== 'const') return undefined;
    const text = keyOf(key.value);
    if (text === undefined || map.entries.has(text)) return undefined;
    map.entries.set(text, { key: key.value, value: value.value });
  }
  return map;
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

/** `&&` and `||`: whichever side decides counts, whatever the other raises. */
function logic(first: Step, second: Step, decisive: boolean): Step {
  return (frame) => {
    let raised: EvalError | undefined;
    try {
      const left = first(frame);
      if (left === decisive) return decisive;
      if (typeof left !== 'boolean') raised = new EvalError('no such overload');
    } catch (error) {
      raised = absorb(error);
    }
    if (raised === undefined) {
      const right = second(frame);
      return typeof right === 'boolean' ? right : noSuchOverload();
    }
    try {
      if (second(frame) === decisive) return decisive;
    } catch (error) {
      absorb(error);
    }
    throw raised;
  };
}

function equality(first: Step, second: Step, wanted: boolean): Step {
  return (frame) => {
    const left = first(frame);
    const right = second(frame);
    charge(frame, compareCost(left, right));
    frame.visited = 0;
    const same = equal(left, right, frame);
    if (frame.visited > 0) charge(frame, Math.ceil(frame.visited * traversal));
    return same === wanted;
  };
}

function order(first: Step, second: Step, holds: (order: number) => boolean): Step {
  return (frame) => {
    const left = first(frame);
    const right = second(frame);
    charge(frame, compareCost(left, right));
    return holds(compare(left, right));
  };
}

function membership(first: Step, second: Step): Step {
  return (frame) => {
    const item = first(frame);
    const whole = second(frame);
    if (whole instanceof CelList) {
      charge(frame, whole.size);
      frame.visited = 0;
      let found = false;
      for (let at = 0; at < whole.size && !found; at++) found = equal(whole.at(at), item, frame);
      if (frame.visited > 0) charge(frame, Math.ceil(frame.visited * traversal));
      return found;
    }
    charge(frame, 1);
    return whole instanceof CelMap ? whole.get(item) !== undefined : noSuchOverload();
  };
}

interface Form {
  readonly guards: readonly Guard[];
  readonly cost: Overload['cost'];
  readonly impl: (...args: Value[]) => Value;
  accepts(values: readonly Value[]): boolean;
  run(frame: Frame, values: readonly Value[]): Value;
}

function formOf(overload: Overload): Form {
  const guards = overload.params.map(guardOf);
  const impl = (overload.impl ?? (() => fail(`unbound function: ${overload.id}`))) as (...args: Value[]) => Value;
  const { cost } = overload;
  return {
    guards,
    cost,
    impl,
    accepts: (values) => guards.every((guard, at) => guard(values[at] as Value)),
    run(frame, values) {
      const result = impl(...values);
      charge(frame, cost ? cost(values, result) : 1);
      return result;
    },
  };
}

/** A call whose form is known; the usual numbers of arguments go without a list of them. */
function single(form: Form, args: readonly Step[], unguarded: boolean): Step {
  const { impl, cost } = form;
  const guards: readonly Guard[] = unguarded ? form.guards.map(() => () => true) : form.guards;
  const [first, second] = args as [Step, Step];
  const [one, two] = guards as [Guard, Guard];
  if (args.length === 1) {
    return (frame) => {
      const a = first(frame);
      if (!one(a)) return noSuchOverload();
      const result = impl(a);
      charge(frame, cost ? cost([a], result) : 1);
      return result;
    };
  }
  if (args.length === 2) {
    return (frame) => {
      const a = first(frame);
      const b = second(frame);
      if (!one(a) || !two(b)) return noSuchOverload();
      const result = impl(a, b);
      charge(frame, cost ? cost([a, b], result) : 1);
      return result;
    };
  }
  return (frame) => {
    const values = args.map((arg) => arg(frame));
    return unguarded || form.accepts(values) ? form.run(frame, values) : noSuchOverload();
  };
}
