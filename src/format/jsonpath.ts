// JSONPath as kubectl and printer columns use it: `.spec.containers[*].name`, `{.status.conditions[?(@.type=="Ready")].status}`.
import { isNumber, wholeNumberOf } from './wholenumber.ts';

/** The text is not a JSONPath of this kind. */
export class JsonPathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonPathError';
  }
}

type Literal = string | number | bigint | boolean | null;
type Operand = { readonly path: readonly Step[] } | { readonly literal: Literal };
interface Filter {
  readonly left: Operand;
  readonly operator: '==' | '!=' | '<' | '<=' | '>' | '>=' | 'exists';
  readonly right?: Operand;
}
type Step =
  | { readonly kind: 'field'; readonly name: string }
  | { readonly kind: 'wildcard' }
  | { readonly kind: 'recursive' }
  | { readonly kind: 'slice'; readonly start?: number; readonly end?: number; readonly step: number }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'union'; readonly steps: readonly Step[] }
  | { readonly kind: 'filter'; readonly filter: Filter };

/** A parsed path. */
export interface JsonPath {
  /** All values that the path leads to, in order; none when it leads nowhere. */
  find(value: unknown): unknown[];
}

const maxLength = 4096;
const maxResults = 100_000;

class Parser {
  readonly text: string;
  at = 0;

  constructor(text: string) {
    this.text = text;
  }

  fail(what: string): never {
    throw new JsonPathError(`${what} in jsonpath ${JSON.stringify(this.text)}`);
  }

  accept(token: string): boolean {
    if (!this.text.startsWith(token, this.at)) return false;
    this.at += token.length;
    return true;
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  steps(): Step[] {
    const steps: Step[] = [];
    for (;;) {
      if (this.accept('..')) {
        steps.push({ kind: 'recursive' });
        if (this.text[this.at] !== '[') steps.push(this.name());
      } else if (this.accept('.')) {
        if (this.text[this.at] === '[') continue;
        if (this.at >= this.text.length || this.text[this.at] === '}') return steps;
        steps.push(this.name());
      } else if (this.accept('[')) steps.push(this.bracket());
      else return steps;
    }
  }

  name(): Step {
    if (this.accept('*')) return { kind: 'wildcard' };
    const raw = this.match(/(?:\\.|[^.[\]{}()\s=!<>|&,'"\\])+/y);
    if (raw === undefined) this.fail(`unexpected ${JSON.stringify(this.text[this.at] ?? 'end')}`);
    return { kind: 'field', name: raw.replace(/\\(.)/g, '$1') };
  }

  bracket(): Step {
    this.match(/\s*/y);
    if (this.accept('?(')) {
      const filter = this.filter();
      this.match(/\s*/y);
      if (!this.accept(')')) this.fail('unterminated filter');
      this.close();
      return { kind: 'filter', filter };
    }
    const steps = [this.item()];
    while (this.match(/\s*,\s*/y) !== undefined) steps.push(this.item());
    this.close();
    return steps.length === 1 ? (steps[0] as Step) : { kind: 'union', steps };
  }

  close(): void {
    this.match(/\s*/y);
    if (!this.accept(']')) this.fail('unterminated array');
  }

  item(): Step {
    this.match(/\s*/y);
    if (this.accept('*')) return { kind: 'wildcard' };
    const quoted = this.quoted();
    if (quoted !== undefined) return { kind: 'field', name: quoted };
    const slice = this.match(/-?[0-9]*\s*:\s*-?[0-9]*(?:\s*:\s*-?[0-9]+)?/y);
    if (slice !== undefined) {
      const [start, end, step] = slice.split(':').map((part) => (part.trim() === '' ? undefined : Number(part)));
      if (step !== undefined && step <= 0) this.fail('step must be > 0');
      return { kind: 'slice', start, end, step: step ?? 1 };
    }
    const index = this.match(/-?[0-9]+/y);
    if (index === undefined) this.fail('invalid array index');
    return { kind: 'index', index: Number(index) };
  }

  quoted(): string | undefined {
    const raw = this.match(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/y);
    return raw?.slice(1, -1).replace(/\\(.)/g, '$1');
  }

  filter(): Filter {
    const left = this.operand();
    this.match(/\s*/y);
    const operator = this.match(/==|!=|<=|>=|<|>/y) as Filter['operator'] | undefined;
    return operator === undefined ? { left, operator: 'exists' } : { left, operator, right: this.operand() };
  }

  operand(): Operand {
    this.match(/\s*/y);
    const quoted = this.quoted();
    if (quoted !== undefined) return { literal: quoted };
    const number = this.match(/[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y);
    if (number !== undefined) return { literal: /^[-+]?[0-9]+$/.test(number) ? wholeNumberOf(number) : Number(number) };
    const word = this.match(/(?:true|false|null)\b/y);
    if (word !== undefined) return { literal: word === 'null' ? null : word === 'true' };
    if (!this.accept('@') && !this.accept('$') && this.text[this.at] !== '.') this.fail('unrecognized filter operand');
    return { path: this.steps() };
  }
}

function order(a: unknown, b: unknown): number | undefined {
  const [x, y] = isNumber(a) && typeof b === 'string' ? [String(a), b] : typeof a === 'string' && isNumber(b) ? [a, String(b)] : [a, b];
  if (x === y) return 0;
  if (typeof x === 'string' && typeof y === 'string') return x < y ? -1 : 1;
  return isNumber(x) && isNumber(y) ? (x < y ? -1 : 1) : undefined;
}

function accepts(filter: Filter, value: unknown): boolean {
  const read = (operand: Operand | undefined): unknown[] =>
    operand === undefined ? [] : 'path' in operand ? run(operand.path, [value]) : [operand.literal];
  const left = read(filter.left);
  if (filter.operator === 'exists') return left.length > 0;
  const right = read(filter.right);
  if (left.length === 0 || right.length === 0) return false;
  const result = order(left[0], right[0]);
  if (filter.operator === '!=') return result !== 0;
  if (result === undefined) return false;
  if (filter.operator === '==') return result === 0;
  if (filter.operator === '<') return result < 0;
  if (filter.operator === '<=') return result <= 0;
  return filter.operator === '>' ? result > 0 : result >= 0;
}

function children(value: unknown): unknown[] {
  return Array.isArray(value)
    ? value
    : typeof value === 'object' && value !== null
      ? Object.values(value).filter((item) => item !== undefined)
      : [];
}

function descendants(value: unknown, into: unknown[]): void {
  if (into.length > maxResults) throw new JsonPathError('jsonpath finds too much');
  if (typeof value !== 'object' || value === null) return;
  into.push(value);
  for (const child of children(value)) descendants(child, into);
}

function sliced(list: readonly unknown[], step: Extract<Step, { kind: 'slice' }>): unknown[] {
  const clamp = (at: number): number => Math.min(Math.max(at < 0 ? at + list.length : at, 0), list.length);
  const found: unknown[] = [];
  const end = clamp(step.end ?? list.length);
  for (let at = clamp(step.start ?? 0); at < end; at += step.step) found.push(list[at]);
  return found;
}

function apply(step: Step, value: unknown): unknown[] {
  switch (step.kind) {
    case 'field': {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, step.name)) return [];
      const member = (value as Record<string, unknown>)[step.name];
      return member === undefined ? [] : [member];
    }
    case 'wildcard':
      return children(value);
    case 'recursive': {
      const found: unknown[] = [];
      descendants(value, found);
      return found;
    }
    case 'index': {
      if (!Array.isArray(value)) return [];
      const index = step.index < 0 ? step.index + value.length : step.index;
      return index >= 0 && index < value.length ? [value[index]] : [];
    }
    case 'slice':
      return Array.isArray(value) ? sliced(value, step) : [];
    case 'union':
      return step.steps.flatMap((one) => apply(one, value));
    case 'filter':
      return children(value).filter((item) => accepts(step.filter, item));
  }
}

function run(steps: readonly Step[], values: readonly unknown[]): unknown[] {
  let found = [...values];
  for (const step of steps) {
    found = found.flatMap((value) => apply(step, value));
    if (found.length > maxResults) throw new JsonPathError('jsonpath finds too much');
  }
  return found;
}

/** Parses a path, with or without braces and `$`. Throws `JsonPathError`. */
export function parseJsonPath(text: string): JsonPath {
  if (text.length > maxLength) throw new JsonPathError('jsonpath is too long');
  const trimmed = text.trim();
  const inner = trimmed.startsWith('{') && trimmed.endsWith('}') ? trimmed.slice(1, -1).trim() : trimmed;
  const parser = new Parser(
    inner.startsWith('$') || inner.startsWith('@') ? inner.slice(1) : /^[.[]/.test(inner) || inner === '' ? inner : `.${inner}`,
  );
  const steps = parser.steps();
  if (parser.at < parser.text.length) parser.fail(`unexpected ${JSON.stringify(parser.text[parser.at])}`);
  return { find: (value) => run(steps, [value]) };
}
