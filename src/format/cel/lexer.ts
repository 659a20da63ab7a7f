// Tokens of an expression.
import type { Issue } from './source.ts';
import { UintValue } from './values.ts';
import { bytesLiteral, textLiteral } from './literals.ts';
import type { Constant } from './values.ts';

export type TokenKind = 'const' | 'ident' | 'quoted' | 'punct' | 'eof';
export interface Token {
  readonly kind: TokenKind;
  /** As written; for `quoted` without the back-quotes. */
  readonly text: string;
  readonly at: number;
  readonly value?: Constant;
}

const space = /[\t\n\f\r ]+|\/\/[^\n]*/y;
const ident = /[A-Za-z_][A-Za-z0-9_]*/y;
const quoted = /`[A-Za-z0-9_.\-/ ]+`/y;
const float = /(?:[0-9]+\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+|\.[0-9]+(?:[eE][+-]?[0-9]+)?)/y;
const integer = /(?:0x[0-9a-fA-F]+|[0-9]+)[uU]?/y;
const punct = /==|!=|<=|>=|&&|\|\||[[\]{}().,\-!?:+*/%<>]/y;
// A raw or cooked literal with its prefix; three quotes span lines.
const escape = String.raw`\\(?:[abfnrtv"'\\?${'`'}]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})`;
const literal = new RegExp(
  [
    String.raw`(?:[rR][bB]|[bB][rR]|[rR])(?:"""[^]*?"""|'''[^]*?'''|"[^"\n\r]*"|'[^'\n\r]*')`,
    String.raw`[bB]?(?:"""(?:[^\\]|${escape})*?"""|'''(?:[^\\]|${escape})*?'''|"(?:[^\\"\n\r]|${escape})*"|'(?:[^\\'\n\r]|${escape})*')`,
  ].join('|'),
  'y',
);
/** As much of a literal as is right, and the character that is not. */
const broken = new RegExp(
  String.raw`(["'])(?:(?!\1)[^\\\n\r]|${escape})*(?:\\(?:[xX][0-9a-fA-F]?|u[0-9a-fA-F]{0,3}|U[0-9a-fA-F]{0,7}|[0-3][0-7]?)?)?[^\n\r]?`,
  'y',
);
const maxInt = 2n ** 63n - 1n;
const maxUint = 2n ** 64n - 1n;

/** Splits an expression; what is no token is listed and skipped. */
export function tokenize(source: string): { tokens: Token[]; issues: Issue[] } {
  const tokens: Token[] = [];
  const issues: Issue[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };
  while (at < source.length) {
    const blank = match(space);
    if (blank) {
      at += blank.length;
      continue;
    }
    const start = at;
    const text = match(literal);
    if (text !== undefined) {
      at += text.length;
      literalToken(text, start, tokens, issues);
      continue;
    }
    const number = match(float) ?? match(integer);
    if (number !== undefined) {
      at += number.length;
      tokens.push(numberToken(number, start, issues));
      continue;
    }
    const name = match(ident);
    if (name !== undefined) {
      at += name.length;
      tokens.push(nameToken(name, start));
      continue;
    }
    const escaped = match(quoted);
    if (escaped !== undefined) {
      at += escaped.length;
      tokens.push({ kind: 'quoted', text: escaped.slice(1, -1), at: start });
      continue;
    }
    const sign = match(punct);
    if (sign !== undefined) {
      at += sign.length;
      tokens.push({ kind: 'punct', text: sign, at: start });
      continue;
    }
    const bad = unknownPart(source, at);
    at += bad.length;
    issues.push({ at: start, message: `Syntax error: token recognition error at: '${bad.replaceAll('\n', '\\n')}'` });
  }
  tokens.push({ kind: 'eof', text: '<EOF>', at: source.length });
  return { tokens, issues };
}

/** What the reader stumbles over: one character, a lone sign with its blank, or a literal that does not end. */
function unknownPart(source: string, at: number): string {
  const char = String.fromCodePoint(source.codePointAt(at) ?? 0);
  if (char === '"' || char === "'") {
    broken.lastIndex = at;
    return broken.exec(source)?.[0] ?? char;
  }
  if ((char === '|' || char === '&' || char === '=') && at + 1 < source.length) return source.slice(at, at + 2);
  return char;
}

function nameToken(text: string, at: number): Token {
  if (text === 'true' || text === 'false') return { kind: 'const', text, at, value: text === 'true' };
  if (text === 'null') return { kind: 'const', text, at, value: null };
  return text === 'in' ? { kind: 'punct', text, at } : { kind: 'ident', text, at };
}

function numberToken(text: string, at: number, issues: Issue[]): Token {
  if (/^[0-9.]+$/.test(text) ? text.includes('.') : !text.startsWith('0x') && /[eE]/.test(text)) {
    const value = Number(text);
    if (!Number.isFinite(value)) issues.push({ at, message: 'invalid double literal' });
    return { kind: 'const', text, at, value };
  }
  const unsigned = /[uU]$/.test(text);
  const number = BigInt(unsigned ? text.slice(0, -1) : text);
  if (unsigned) {
    if (number > maxUint) issues.push({ at, message: 'invalid uint literal' });
    return { kind: 'const', text, at, value: new UintValue(number) };
  }
  // One more is allowed after a minus; the parser looks at the sign.
  if (number > maxInt + 1n) issues.push({ at, message: 'invalid int literal' });
  return { kind: 'const', text, at, value: number };
}

function literalToken(text: string, at: number, tokens: Token[], issues: Issue[]): void {
  const prefix = /^[rRbB]*/.exec(text)?.[0].toLowerCase() ?? '';
  const body = text.slice(prefix.length);
  const quotes = body.startsWith('"""') || body.startsWith("'''") ? 3 : 1;
  const inner = body.slice(quotes, -quotes);
  const raw = prefix.includes('r');
  try {
    const value = prefix.includes('b') ? bytesLiteral(inner, raw) : textLiteral(inner, raw);
    tokens.push({ kind: 'const', text, at, value });
  } catch (error) {
    issues.push({ at, message: error instanceof Error ? error.message : String(error) });
    tokens.push({ kind: 'const', text, at, value: '' });
  }
}
