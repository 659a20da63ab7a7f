// The text grammar of label selectors: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`.
import type { Operator, Requirement } from './selector.ts';

type TokenKind = 'end' | 'identifier' | 'in' | 'notin' | ',' | '(' | ')' | '!' | '=' | '==' | '!=' | '>' | '<';
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** What the parser takes from the outside: errors and checks. */
export interface ParseHooks {
  readonly fail: (message: string) => Error;
  readonly checkKey: (key: string) => void;
  readonly requirement: (key: string, operator: Operator, values: readonly string[]) => Requirement;
}

const pattern = /[ \t\r\n]*(?:(==|!=|=|!|\(|\)|,|>|<)|([^ \t\r\n=!(),<>\0]+)|(\0|$))/y;
const binaryOperators = 'in, notin, =, ==, !=, gt, lt';

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  pattern.lastIndex = 0;
  for (;;) {
    const match = pattern.exec(text);
    const [, symbol, word] = match ?? [];
    if (symbol !== undefined) tokens.push({ kind: symbol as TokenKind, text: symbol });
    else if (word !== undefined) tokens.push({ kind: word === 'in' || word === 'notin' ? word : 'identifier', text: word });
    else {
      tokens.push({ kind: 'end', text: '' });
      return tokens;
    }
  }
}

/** The requirements in the order of the text. */
export function parseRequirements(text: string, hooks: ParseHooks): Requirement[] {
  const tokens = tokensOf(text);
  const end: Token = { kind: 'end', text: '' };
  let at = 0;
  // Where a value is expected, `in` and `notin` are ordinary words.
  const asValue = (token: Token): Token =>
    token.kind === 'in' || token.kind === 'notin' ? { kind: 'identifier', text: token.text } : token;
  const peek = (): Token => asValue(tokens[at] ?? end);
  const take = (): Token => asValue(tokens[at++] ?? end);
  const fail = hooks.fail;

  const identifiers = (): string[] => {
    const values: string[] = [];
    for (;;) {
      const token = take();
      if (token.kind === 'identifier') {
        values.push(token.text);
        const next = peek();
        if (next.kind === ',') continue;
        if (next.kind === ')') return values;
        throw fail(`found '${next.text}', expected: ',' or ')'`);
      }
      if (token.kind !== ',') throw fail(`found '${token.text}', expected: ',', or identifier`);
      if (values.length === 0) values.push('');
      const next = peek();
      if (next.kind === ')') {
        values.push('');
        return values;
      }
      if (next.kind === ',') {
        take();
        values.push('');
      }
    }
  };

  const valueSet = (): string[] => {
    const open = take();
    if (open.kind !== '(') throw fail(`found '${open.text}' expected: '('`);
    const first = peek();
    if (first.kind === ')') {
      take();
      return [''];
    }
    if (first.kind !== 'identifier' && first.kind !== ',') throw fail(`found '${first.text}', expected: ',', ')' or identifier`);
    const values = identifiers();
    if (take().kind !== ')') throw fail(`found '${first.text}', expected: ')'`);
    return values;
  };

  const exactValue = (): string[] => {
    const next = peek();
    if (next.kind === 'end' || next.kind === ',') return [''];
    const token = take();
    if (token.kind !== 'identifier') throw fail(`found '${token.text}', expected: identifier`);
    return [token.text];
  };

  const one = (): Requirement => {
    let token = take();
    const negated = token.kind === '!';
    if (negated) token = take();
    if (token.kind !== 'identifier') throw fail(`found '${token.text}', expected: identifier`);
    const key = token.text;
    hooks.checkKey(key);
    const after = peek();
    if (negated) return hooks.requirement(key, '!', []);
    if (after.kind === 'end' || after.kind === ',') return hooks.requirement(key, 'exists', []);
    const operator = tokens[at++] ?? end;
    switch (operator.kind) {
      case 'in':
      case 'notin':
        return hooks.requirement(key, operator.kind, valueSet());
      case '=':
      case '==':
      case '!=':
        return hooks.requirement(key, operator.kind, exactValue());
      case '>':
        return hooks.requirement(key, 'gt', exactValue());
      case '<':
        return hooks.requirement(key, 'lt', exactValue());
      default:
        throw fail(`found '${operator.text}', expected: ${binaryOperators}`);
    }
  };

  const requirements: Requirement[] = [];
  for (;;) {
    const token = peek();
    if (token.kind === 'end') return requirements;
    if (token.kind !== 'identifier' && token.kind !== '!') throw fail(`found '${token.text}', expected: !, identifier, or 'end of string'`);
    try {
      requirements.push(one());
    } catch (error) {
      throw fail(`unable to parse requirement: ${(error as Error).message}`);
    }
    const separator = take();
    if (separator.kind === 'end') return requirements;
    if (separator.kind !== ',') throw fail(`found '${separator.text}', expected: ',' or 'end of string'`);
    const next = peek();
    if (next.kind !== 'identifier' && next.kind !== '!') throw fail(`found '${next.text}', expected: identifier after ','`);
  }
}
