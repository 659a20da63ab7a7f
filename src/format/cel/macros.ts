// Macros: calls that stand for a larger expression.
import { accumulator, type Expr, op } from './ast.ts';
import type { Nodes } from './nodes.ts';

export interface MacroOptions {
  /** Comprehensions over (index, value) and (key, value); `transformList`, `transformMap`. */
  readonly twoVariables: boolean;
  /** `optMap` and `optFlatMap`. */
  readonly optionals: boolean;
  /** `cel.bind(name, value, expression)`. */
  readonly bindings?: boolean;
}

interface MacroCall {
  readonly at: number;
  readonly fn: string;
  readonly target: Expr | undefined;
  readonly args: readonly Expr[];
}

/** The expansion; undefined when the call is no macro. */
export function expandMacro(nodes: Nodes, call: MacroCall, options: MacroOptions): Expr | undefined {
  const { fn, target, args } = call;
  if (!target) return fn === 'has' && args.length === 1 ? has(nodes, call) : undefined;
  const key = `${fn}/${args.length}`;
  switch (key) {
    case 'all/2':
    case 'exists/2':
    case 'exists_one/2':
    case 'existsOne/2':
      return quantifier(nodes, call, 1);
    case 'map/2':
    case 'map/3':
    case 'filter/2':
      return collect(nodes, call);
    default:
  }
  if (options.twoVariables) {
    switch (key) {
      case 'all/3':
      case 'exists/3':
      case 'exists_one/3':
      case 'existsOne/3':
        return quantifier(nodes, call, 2);
      case 'transformList/3':
      case 'transformList/4':
      case 'transformMap/3':
      case 'transformMap/4':
      case 'transformMapEntry/3':
      case 'transformMapEntry/4':
        return transform(nodes, call);
      default:
    }
  }
  if (options.optionals && (key === 'optMap/2' || key === 'optFlatMap/2')) return optionalMap(nodes, call);
  if (options.bindings && key === 'bind/3' && target.kind === 'ident' && target.name === 'cel') return bind(nodes, call);
  return undefined;
}

function has(nodes: Nodes, { at, args }: MacroCall): Expr {
  const [arg] = args as [Expr];
  if (arg.kind === 'select' && !arg.test) return nodes.select(at, arg.operand, arg.field, true);
  nodes.complain(arg.at, 'invalid argument to has() macro');
  return nodes.literal(at, false);
}

/** The name of an iteration variable. */
function variable(nodes: Nodes, expr: Expr, message: string): string {
  if (expr.kind === 'ident' && !expr.name.startsWith('.')) {
    if (expr.name === accumulator || expr.name === '__result__')
      nodes.complain(expr.at, 'iteration variable overwrites accumulator variable');
    return expr.name;
  }
  nodes.complain(expr.at, message);
  return '_';
}

function twoVariables(nodes: Nodes, args: readonly Expr[]): { iter: string; iter2: string } {
  const [first, second] = args as [Expr, Expr];
  const iter = variable(nodes, first, 'argument must be a simple name');
  const iter2 = variable(nodes, second, 'argument must be a simple name');
  if (iter === iter2 && first.kind === 'ident') nodes.complain(second.at, `duplicate variable name: ${iter}`);
  return { iter, iter2 };
}

function quantifier(nodes: Nodes, { at, fn, target, args }: MacroCall, variables: 1 | 2): Expr {
  const range = target as Expr;
  const names =
    variables === 2
      ? twoVariables(nodes, args)
      : { iter: variable(nodes, args[0] as Expr, 'argument must be a simple name'), iter2: undefined };
  const predicate = args[variables] as Expr;
  const accu = () => nodes.ident(at, accumulator);
  const base = { range, ...names, accu: accumulator };
  if (fn === 'all') {
    return nodes.fold(at, {
      ...base,
      init: nodes.literal(at, true),
      condition: nodes.call(at, op.notStrictlyFalse, accu()),
      step: nodes.call(at, op.and, accu(), predicate),
      result: accu(),
    });
  }
  if (fn === 'exists') {
    return nodes.fold(at, {
      ...base,
      init: nodes.literal(at, false),
      condition: nodes.call(at, op.notStrictlyFalse, nodes.call(at, op.not, accu())),
      step: nodes.call(at, op.or, accu(), predicate),
      result: accu(),
    });
  }
  return nodes.fold(at, {
    ...base,
    init: nodes.literal(at, 0n),
    condition: nodes.literal(at, true),
    step: nodes.call(at, op.conditional, predicate, nodes.call(at, op.add, accu(), nodes.literal(at, 1n)), accu()),
    result: nodes.call(at, op.equals, accu(), nodes.literal(at, 1n)),
  });
}

function collect(nodes: Nodes, { at, fn, target, args }: MacroCall): Expr {
  const first = args[0] as Expr;
  const iter = variable(nodes, first, 'argument is not an identifier');
  const accu = () => nodes.ident(at, accumulator);
  const condition = fn === 'filter' || args.length === 3 ? (args[1] as Expr) : undefined;
  const item = fn === 'filter' ? first : (args.at(-1) as Expr);
  const added = nodes.call(at, op.add, accu(), nodes.list(at, [item]));
  return nodes.fold(at, {
    range: target as Expr,
    iter,
    iter2: undefined,
    accu: accumulator,
    init: nodes.list(at),
    condition: nodes.literal(at, true),
    step: condition ? nodes.call(at, op.conditional, condition, added, accu()) : added,
    result: accu(),
  });
}

function transform(nodes: Nodes, { at, fn, target, args }: MacroCall): Expr {
  const names = twoVariables(nodes, args);
  const accu = () => nodes.ident(at, accumulator);
  const condition = args.length === 4 ? args[2] : undefined;
  const item = args.at(-1) as Expr;
  const list = fn === 'transformList';
  let added: Expr;
  if (list) added = nodes.call(at, op.add, accu(), nodes.list(at, [item]));
  else if (fn === 'transformMap') added = nodes.call(at, op.mapInsert, accu(), nodes.ident(at, names.iter), item);
  else added = nodes.call(at, op.mapInsert, accu(), item);
  return nodes.fold(at, {
    range: target as Expr,
    ...names,
    accu: accumulator,
    init: list ? nodes.list(at) : { kind: 'map', id: nodes.id(), at, entries: [] },
    condition: nodes.literal(at, true),
    step: condition ? nodes.call(at, op.conditional, condition, added, accu()) : added,
    result: accu(),
  });
}

/** A fold over nothing, whose accumulator is the variable. */
function letIn(nodes: Nodes, at: number, parts: { name: string; value: Expr; body: Expr }): Expr {
  return nodes.fold(at, {
    range: nodes.list(at),
    iter: '#unused',
    iter2: undefined,
    accu: parts.name,
    init: parts.value,
    condition: nodes.literal(at, false),
    step: nodes.ident(at, parts.name),
    result: parts.body,
  });
}

function bind(nodes: Nodes, { at, args }: MacroCall): Expr {
  const [name, value, body] = args as [Expr, Expr, Expr];
  if (name.kind !== 'ident') {
    nodes.complain(name.at, 'cel.bind() variable names must be simple identifiers');
    return nodes.literal(at, false);
  }
  return letIn(nodes, at, { name: name.name, value, body });
}

function optionalMap(nodes: Nodes, { at, fn, target, args }: MacroCall): Expr {
  const [name, body] = args as [Expr, Expr];
  if (name.kind !== 'ident') {
    nodes.complain(name.at, `${fn}() variable name must be a simple identifier`);
    return nodes.literal(at, false);
  }
  // The operand is named first, so that it is evaluated once.
  const held = `@target${nodes.id()}`;
  const operand = () => nodes.ident(at, held);
  const inner = letIn(nodes, at, { name: name.name, value: nodes.member(at, operand(), 'value'), body });
  const mapped = fn === 'optMap' ? nodes.call(at, 'optional.of', inner) : inner;
  const whole = nodes.call(at, op.conditional, nodes.member(at, operand(), 'hasValue'), mapped, nodes.call(at, 'optional.none'));
  return letIn(nodes, at, { name: held, value: target as Expr, body: whole });
}
