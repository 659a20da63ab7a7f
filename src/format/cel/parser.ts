// Text to tree: precedence climbing, with limits so that no expression can exhaust the stack.
import { type Expr, type MapEntry, op, type StructField } from './ast.ts';
import { type Token, tokenize } from './lexer.ts';
import { expandMacro, type MacroOptions } from './macros.ts';
import { Nodes } from './nodes.ts';
import { CelCompileError } from './source.ts';
import type { Constant } from './values.ts';

export interface ParseOptions extends MacroOptions {
  /** `a.?b`, `a[?b]`, `[?x]`. */
  readonly optionals: boolean;
  /** Fields in back-quotes. */
  readonly quotedFields?: boolean;
}

/** Code points of an expression. */
const maxSize = 100_000;
const maxDepth = 250;
const maxIssues = 30;

const reserved = new Set('as break const continue else for function if import let loop package namespace return var void while'.split(' '));
const primary = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const mapEntry =
  "{'[', '{', '}', '(', '.', ',', '-', '!', '?', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";
const startsPrimary = ({ kind, text }: Token): boolean =>
  kind === 'const' || kind === 'ident' || (kind === 'punct' && ['[', '{', '(', '.', '-', '!'].includes(text));

const relations: Readonly<Record<string, string>> = {
  '<': op.less,
  '<=': op.lessEquals,
  '>': op.greater,
  '>=': op.greaterEquals,
  '==': op.equals,
  '!=': op.notEquals,
  in: op.in,
};
const sums: Readonly<Record<string, string>> = { '+': op.add, '-': op.subtract };
const products: Readonly<Record<string, string>> = { '*': op.multiply, '/': op.divide, '%': op.modulo };

class Stop extends Error {}

/** Parses an expression; throws `CelCompileError`. */
export function parse(source: string, options: ParseOptions): Expr {
  return new Parser(source, options).parse();
}

class Parser {
  readonly #source: string;
  readonly #options: ParseOptions;
  readonly #tokens: readonly Token[];
  readonly #nodes = new Nodes();
  #position = 0;
  /** The next primary may also be the end of a map. */
  #inMap = false;
  #depth = 0;

  constructor(source: string, options: ParseOptions) {
    this.#source = source;
    this.#options = options;
    const size = source.length > maxSize ? Array.from(source).length : source.length;
    if (size > maxSize) {
      throw new CelCompileError('', [{ at: -1, message: `expression code point size exceeds limit: size: ${size}, limit ${maxSize}` }]);
    }
    const { tokens, issues } = tokenize(source);
    this.#tokens = tokens;
    this.#nodes.issues.push(...issues.slice(0, maxIssues));
  }

  parse(): Expr {
    let result: Expr | undefined;
    try {
      result = this.#expression();
      if (this.#token.kind !== 'eof') this.#unexpected('<EOF>', (next) => next.kind === 'eof');
    } catch (error) {
      if (!(error instanceof Stop)) throw error;
    }
    const { issues } = this.#nodes;
    if (!result || issues.length > 0) throw new CelCompileError(this.#source, issues);
    return result;
  }

  get #token(): Token {
    return this.#tokens[this.#position] as Token;
  }
  #next(): Token {
    const token = this.#token;
    if (token.kind !== 'eof') this.#position++;
    return token;
  }
  #is(text: string): boolean {
    const token = this.#token;
    return token.kind === 'punct' && token.text === text;
  }
  #take(text: string): Token | undefined {
    return this.#is(text) ? this.#next() : undefined;
  }
  #expect(text: string): Token {
    return this.#take(text) ?? this.#unexpected(`'${text}'`, (next) => next.kind === 'punct' && next.text === text);
  }
  /** A token that cannot stand here; it is only one too many when the one after it could. */
  #unexpected(expected: string, fits: (next: Token) => boolean = () => false): never {
    const token = this.#token;
    const next = this.#tokens[this.#position + 1];
    const what = next && fits(next) ? 'extraneous' : 'mismatched';
    const text = token.kind === 'quoted' ? `\`${token.text}\`` : token.text;
    this.#nodes.complain(token.at, `Syntax error: ${what} input '${text}' expecting ${expected}`);
    throw new Stop();
  }
  #enter(): void {
    if (++this.#depth > maxDepth) {
      this.#nodes.complain(-1, `expression recursion limit exceeded: ${maxDepth}`);
      throw new Stop();
    }
  }

  #expression(): Expr {
    this.#enter();
    let result = this.#logic('||', op.or, () => this.#logic('&&', op.and, () => this.#relation()));
    const question = this.#take('?');
    if (question) {
      const yes = this.#logic('||', op.or, () => this.#logic('&&', op.and, () => this.#relation()));
      this.#expect(':');
      const no = this.#expression();
      result = this.#nodes.call(question.at, op.conditional, result, yes, no);
    }
    this.#depth--;
    return result;
  }

  /** Long chains become balanced trees: any number of terms costs little depth. */
  #logic(sign: string, fn: string, term: () => Expr): Expr {
    const terms = [term()];
    const places: number[] = [];
    for (let token = this.#take(sign); token; token = this.#take(sign)) {
      places.push(token.at);
      terms.push(term());
    }
    const balance = (low: number, high: number): Expr => {
      if (low === high) return terms[low] as Expr;
      const middle = Math.floor((low + high + 1) / 2) - 1;
      return this.#nodes.call(places[middle] ?? 0, fn, balance(low, middle), balance(middle + 1, high));
    };
    return balance(0, terms.length - 1);
  }

  /** Operators of one rank, from left to right. */
  #chain(signs: Readonly<Record<string, string>>, term: () => Expr): Expr {
    let result = term();
    const outer = this.#depth;
    for (;;) {
      const token = this.#token;
      const fn = token.kind === 'punct' && Object.hasOwn(signs, token.text) ? signs[token.text] : undefined;
      if (fn === undefined) break;
      this.#next();
      this.#enter();
      result = this.#nodes.call(token.at, fn, result, term());
    }
    this.#depth = outer;
    return result;
  }

  #relation(): Expr {
    return this.#chain(relations, () => this.#chain(sums, () => this.#chain(products, () => this.#unary())));
  }

  #unary(): Expr {
    const sign = this.#is('!') ? '!' : this.#is('-') ? '-' : undefined;
    if (sign === undefined) return this.#member();
    const first = this.#next();
    let count = 1;
    while (this.#take(sign)) count++;
    const number = this.#token;
    if (sign === '-' && count === 1 && number.kind === 'const' && (typeof number.value === 'bigint' || typeof number.value === 'number')) {
      this.#next();
      const { value } = number;
      return this.#postfix(this.#nodes.literal(first.at, typeof value === 'bigint' ? -value : -value));
    }
    this.#enter();
    const operand = this.#member();
    this.#depth--;
    return count % 2 === 0 ? operand : this.#nodes.call(first.at, sign === '!' ? op.not : op.negate, operand);
  }

  #member(): Expr {
    return this.#postfix(this.#primary());
  }

  #postfix(start: Expr): Expr {
    let result = start;
    const outer = this.#depth;
    for (;;) {
      const token = this.#token;
      if (this.#take('.')) result = this.#selection(result, token);
      else if (this.#take('[')) {
        const optional = this.#take('?') !== undefined;
        if (optional && !this.#options.optionals) this.#nodes.complain(token.at, "unsupported syntax '[?'");
        const index = this.#expression();
        this.#expect(']');
        result = this.#nodes.call(token.at, optional ? op.optIndex : op.index, result, index);
      } else break;
      this.#enter();
    }
    this.#depth = outer;
    return result;
  }

  #optionalMark(): boolean {
    const mark = this.#take('?');
    if (!mark) return false;
    if (!this.#options.optionals) this.#nodes.complain(mark.at, "unsupported syntax '?'");
    return true;
  }

  #selection(operand: Expr, dot: Token): Expr {
    const optional = this.#take('?') !== undefined;
    if (optional && !this.#options.optionals) this.#nodes.complain(dot.at, "unsupported syntax '.?'");
    const name = this.#token;
    if (name.kind === 'quoted') {
      if (!this.#options.quotedFields) this.#nodes.complain(name.at, "unsupported syntax: '`'");
    } else if (name.text === 'true' || name.text === 'false' || name.text === 'null' || name.text === 'in') {
      this.#unexpected('IDENTIFIER');
    } else if (name.kind !== 'ident') {
      this.#nodes.complain(name.at, `Syntax error: no viable alternative at input '.${name.kind === 'eof' ? '' : name.text}'`);
      throw new Stop();
    }
    this.#next();
    if (optional) return this.#nodes.call(dot.at, op.optSelect, operand, this.#nodes.literal(name.at, name.text));
    const open = name.kind === 'ident' ? this.#take('(') : undefined;
    if (!open) return this.#nodes.select(dot.at, operand, name.text);
    const args = this.#arguments(')');
    return this.#callOrMacro(open.at, name.text, operand, args);
  }

  #arguments(close: string): Expr[] {
    const args: Expr[] = [];
    if (!this.#is(close)) {
      do args.push(this.#expression());
      while (this.#take(','));
    }
    this.#expect(close);
    return args;
  }

  #callOrMacro(at: number, fn: string, target: Expr | undefined, args: readonly Expr[]): Expr {
    const expanded = expandMacro(this.#nodes, { at, fn, target, args }, this.#options);
    if (expanded) return expanded;
    return target ? this.#nodes.member(at, target, fn, ...args) : this.#nodes.call(at, fn, ...args);
  }

  #primary(): Expr {
    const within = this.#inMap ? mapEntry : undefined;
    this.#inMap = false;
    const token = this.#token;
    if (token.kind === 'const') {
      this.#next();
      // Only a minus makes the smallest int of it.
      if (token.value === 2n ** 63n) this.#nodes.complain(token.at, 'invalid int literal');
      return this.#nodes.literal(token.at, token.value as Constant);
    }
    if (token.kind === 'ident') return this.#name('');
    if (this.#is('.')) {
      this.#next();
      if (this.#token.kind !== 'ident') this.#unexpected('IDENTIFIER');
      return this.#name('.');
    }
    if (this.#take('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    if (this.#take('[')) return this.#list(token.at);
    if (this.#take('{')) return this.#map(token.at);
    return this.#unexpected(within ?? primary, startsPrimary);
  }

  /** An identifier, a call, or the (possibly dotted) name of a type before `{`. */
  #name(prefix: string): Expr {
    const token = this.#next();
    const name = prefix + token.text;
    const open = this.#take('(');
    if (open) {
      if (reserved.has(name)) this.#nodes.complain(token.at, `reserved identifier: ${name}`);
      return this.#callOrMacro(open.at, name, undefined, this.#arguments(')'));
    }
    const struct = this.#structName(name);
    if (struct) return struct;
    if (reserved.has(name)) this.#nodes.complain(token.at, `reserved identifier: ${name}`);
    return this.#nodes.ident(token.at, name);
  }

  #structName(name: string): Expr | undefined {
    let ahead = this.#position;
    let full = name;
    const at = (index: number): Token | undefined => this.#tokens[index];
    while (at(ahead)?.text === '.' && at(ahead)?.kind === 'punct' && at(ahead + 1)?.kind === 'ident') {
      full += `.${at(ahead + 1)?.text}`;
      ahead += 2;
    }
    const open = at(ahead);
    if (open?.kind !== 'punct' || open.text !== '{') return undefined;
    this.#position = ahead + 1;
    return { kind: 'struct', id: this.#nodes.id(), at: open.at, name: full, fields: this.#fields() };
  }

  #fields(): StructField[] {
    const fields: StructField[] = [];
    while (!this.#is('}')) {
      const optional = this.#optionalMark();
      const name = this.#token;
      if (name.kind !== 'ident' && name.kind !== 'quoted') {
        const expected = optional ? '{IDENTIFIER, ESC_IDENTIFIER}' : "{'}', ',', '?', IDENTIFIER, ESC_IDENTIFIER}";
        this.#unexpected(expected, (next) => next.kind === 'ident' || next.kind === 'quoted');
      }
      if (name.kind === 'quoted' && !this.#options.quotedFields) this.#nodes.complain(name.at, "unsupported syntax: '`'");
      this.#next();
      const colon = this.#expect(':');
      fields.push({ id: this.#nodes.id(), at: colon.at, field: name.text, value: this.#expression(), optional });
      if (!this.#take(',')) break;
    }
    this.#expect('}');
    return fields;
  }

  #list(at: number): Expr {
    const elements: Expr[] = [];
    const optional = new Set<number>();
    while (!this.#is(']')) {
      if (this.#optionalMark()) optional.add(elements.length);
      elements.push(this.#expression());
      if (!this.#take(',')) break;
    }
    this.#expect(']');
    return this.#nodes.list(at, elements, optional);
  }

  #map(at: number): Expr {
    const entries: MapEntry[] = [];
    const id = this.#nodes.id();
    while (!this.#is('}')) {
      const optional = this.#optionalMark();
      this.#inMap = entries.length === 0 && !optional;
      const key = this.#expression();
      const colon = this.#expect(':');
      entries.push({ id: this.#nodes.id(), at: colon.at, key, value: this.#expression(), optional });
      if (!this.#take(',')) break;
    }
    this.#expect('}');
    return { kind: 'map', id, at, entries };
  }
}
