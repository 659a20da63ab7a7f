// Literals that can only fail are refused while compiling: patterns, durations, timestamps.
import type { Expr } from './ast.ts';
import type { Checked } from './checker.ts';
import { toDuration, toTimestamp } from './convert.ts';
import { compileRegex } from './regex.ts';
import { CelCompileError, type Issue } from './source.ts';

const attempts: Readonly<Record<string, (text: string) => void>> = {
  matches: (text) => void compileRegex(text),
  find: (text) => void compileRegex(text),
  findAll: (text) => void compileRegex(text),
  duration: (text) => void toDuration(text),
  timestamp: (text) => void toTimestamp(text),
};

/** Tries the literals of a checked expression; throws `CelCompileError`. */
export function checkLiterals(checked: Checked): void {
  const issues: Issue[] = [];
  walk(checked.expr, (expr) => {
    if (expr.kind !== 'call' || !Object.hasOwn(attempts, expr.fn)) return;
    const attempt = attempts[expr.fn];
    const pattern = expr.fn === 'duration' || expr.fn === 'timestamp' ? expr.args[0] : expr.args[expr.target ? 0 : 1];
    if (!attempt || pattern?.kind !== 'const' || typeof pattern.value !== 'string') return;
    try {
      attempt(pattern.value);
    } catch {
      issues.push({ at: pattern.at, message: `invalid ${expr.fn} argument` });
    }
  });
  if (issues.length > 0) throw new CelCompileError(checked.source, issues);
}

/** Calls `visit` for an expression and everything in it. */
export function walk(expr: Expr, visit: (expr: Expr) => void): void {
  visit(expr);
  for (const child of childrenOf(expr)) walk(child, visit);
}

function childrenOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'select':
      return [expr.operand];
    case 'call':
      return expr.target ? [expr.target, ...expr.args] : expr.args;
    case 'list':
      return expr.elements;
    case 'map':
      return expr.entries.flatMap(({ key, value }) => [key, value]);
    case 'struct':
      return expr.fields.map(({ value }) => value);
    case 'fold':
      return [expr.range, expr.init, expr.condition, expr.step, expr.result];
    default:
      return [];
  }
}
