// JSON as Kubernetes reads it: fast by JSON.parse; a scanner of our own where its errors, or keys said twice, matter.
import { setOwn } from './own.ts';
import { wholeNumberOf } from './wholenumber.ts';

/** The text is not JSON; the message is that of Go's decoder. */
export class JsonError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'JsonError';
  }
}

/** A value, and the keys that its text gave more than once, as Kubernetes' strict decoder names them. */
export interface StrictJson {
  readonly value: unknown;
  /** Paths such as `spec.containers[0].name`, each once, in the order of the text. */
  readonly duplicates: readonly string[];
  /** When a path came in the text, for findings of different sorts that are told in the order of the text; a key said twice counts where it was said again. */
  order(path: string): number;
}

/** Deeper values are refused: walkers recurse. */
export const maxJsonDepth = 1000;

function quoteChar(text: string, at: number): string {
  const char = text[at] as string;
  if (char === "'") return "'\\''";
  if (char === '"') return `'"'`;
  const code = char.charCodeAt(0);
  const named: Readonly<Record<string, string>> = {
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\b': '\\b',
    '\f': '\\f',
    '\v': '\\v',
    '\\': '\\\\',
    '\u0007': '\\a',
  };
  if (named[char]) return `'${named[char]}'`;
  if (code < 0x20 || code === 0x7f) return `'\\x${code.toString(16).padStart(2, '0')}'`;
  if (code < 0x80) return `'${char}'`;
  // Go looks at one byte of the UTF-8 form.
  const byte = Buffer.from(String.fromCodePoint(text.codePointAt(at) ?? 0)).readUInt8(0);
  return byte < 0xa0 ? `'\\u${byte.toString(16).padStart(4, '0')}'` : `'${String.fromCharCode(byte)}'`;
}

class Scanner {
  readonly text: string;
  at = 0;
  depth = 0;
  readonly duplicates = new Map<string, number>();
  readonly paths = new Map<string, number>();

  constructor(text: string) {
    this.text = text;
  }

  fail(context: string, at = this.at): never {
    if (at >= this.text.length) throw new JsonError('unexpected end of JSON input');
    throw new JsonError(`invalid character ${quoteChar(this.text, at)} ${context}`);
  }

  space(): void {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return;
      this.at++;
    }
  }

  document(): unknown {
    const value = this.value('');
    this.space();
    if (this.at < this.text.length) this.fail('after top-level value');
    return value;
  }

  value(path: string): unknown {
    this.space();
    const char = this.text[this.at];
    if (char === '{') return this.object(path);
    if (char === '[') return this.array(path);
    if (char === '"') return this.string();
    if (char === 't') return this.word('true', true);
    if (char === 'f') return this.word('false', false);
    if (char === 'n') return this.word('null', null);
    if (char !== undefined && (char === '-' || (char >= '0' && char <= '9'))) return this.number();
    return this.fail('looking for beginning of value');
  }

  open(): void {
    this.at++;
    if (++this.depth > maxJsonDepth) throw new JsonError('exceeded max depth');
  }

  object(path: string): unknown {
    this.open();
    const out: Record<string, unknown> = {};
    this.space();
    if (this.text[this.at] === '}') {
      this.at++;
      this.depth--;
      return out;
    }
    for (;;) {
      this.space();
      if (this.text[this.at] !== '"') this.fail('looking for beginning of object key string');
      const key = this.string();
      const child = path === '' ? key : `${path}.${key}`;
      if (!Object.hasOwn(out, key)) this.paths.set(child, this.at);
      else if (!this.duplicates.has(child)) this.duplicates.set(child, this.at);
      this.space();
      if (this.text[this.at] !== ':') this.fail('after object key');
      this.at++;
      setOwn(out, key, this.value(child));
      this.space();
      const next = this.text[this.at];
      if (next === '}') break;
      if (next !== ',') this.fail('after object key:value pair');
      this.at++;
    }
    this.at++;
    this.depth--;
    return out;
  }

  array(path: string): unknown {
    this.open();
    const out: unknown[] = [];
    this.space();
    if (this.text[this.at] === ']') {
      this.at++;
      this.depth--;
      return out;
    }
    for (;;) {
      out.push(this.value(`${path}[${out.length}]`));
      this.space();
      const next = this.text[this.at];
      if (next === ']') break;
      if (next !== ',') this.fail('after array element');
      this.at++;
    }
    this.at++;
    this.depth--;
    return out;
  }

  string(): string {
    const { text } = this;
    const start = this.at++;
    let escaped = false;
    for (;;) {
      const code = text.charCodeAt(this.at);
      if (code === 34) break;
      if (!(code >= 32)) this.fail('in string literal');
      this.at++;
      if (code !== 92) continue;
      escaped = true;
      const escape = text[this.at] ?? '';
      if (escape === 'u') {
        for (let digit = 1; digit <= 4; digit++)
          if (!/[0-9a-fA-F]/.test(text[this.at + digit] ?? '')) this.fail('in \\u hexadecimal character escape', this.at + digit);
        this.at += 5;
      } else if (escape !== '' && '"\\/bfnrt'.includes(escape)) this.at++;
      else this.fail('in string escape code');
    }
    const raw = text.slice(start, ++this.at);
    return escaped ? (JSON.parse(raw) as string).toWellFormed() : raw.slice(1, -1).toWellFormed();
  }

  word<T>(word: string, value: T): T {
    for (let index = 1; index < word.length; index++) {
      if (this.text[this.at + index] !== word[index]) this.fail(`in literal ${word} (expecting '${word[index]}')`, this.at + index);
    }
    this.at += word.length;
    return value;
  }

  number(): number | bigint {
    const { text } = this;
    const start = this.at;
    const digits = (context: string): void => {
      if (!/[0-9]/.test(text[this.at] ?? '')) this.fail(context);
      while (/[0-9]/.test(text[this.at] ?? '')) this.at++;
    };
    if (text[this.at] === '-') this.at++;
    if (text[this.at] === '0') this.at++;
    else digits('in numeric literal');
    const whole = this.at;
    if (text[this.at] === '.') {
      this.at++;
      digits('after decimal point in numeric literal');
    }
    if (text[this.at] === 'e' || text[this.at] === 'E') {
      this.at++;
      if (text[this.at] === '+' || text[this.at] === '-') this.at++;
      digits('in exponent of numeric literal');
    }
    const told = text.slice(start, this.at);
    const value = this.at === whole ? wholeNumberOf(told) : Number(told);
    if (typeof value === 'number' && !Number.isFinite(value))
      throw new JsonError(`json: cannot unmarshal number ${told} into Go value of type float64`);
    return value;
  }
}

/** Whether a text has more than so many of a character. */
function hasMoreThan(text: string, char: string, most: number): boolean {
  let count = 0;
  for (let at = text.indexOf(char); at >= 0; at = text.indexOf(char, at + 1)) if (++count > most) return true;
  return false;
}

/** Whether containers nest so deep that the careful scanner must look. */
function tooDeep(text: string): boolean {
  // Few texts have so many brackets at all, wherever they are.
  if (!hasMoreThan(text, '{', maxJsonDepth / 2) && !hasMoreThan(text, '[', maxJsonDepth / 2)) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      for (at++; at < text.length && text.charCodeAt(at) !== 34; at++) if (text.charCodeAt(at) === 92) at++;
    } else if (code === 123 || code === 91) {
      if (++depth > maxJsonDepth) return true;
    } else if (code === 125 || code === 93) depth--;
  }
  return false;
}

// Lone surrogates, whole numbers that would lose digits and numbers beyond all measure need care; all are rare enough to look
// for by their spelling: roughly first, then, as a uid may well have `9e123` in it, only where numbers are.
const strange = /\\u[dD][89a-fA-F]|[0-9][eE][+]?[0-9]{3}|[0-9]{16}/;
const reallyStrange = /\\u[dD][89a-fA-F]|(?:^|[:,[\s])-?(?:[0-9]+(?:\.[0-9]+)?[eE][+]?[0-9]{3}|9[0-9]{15}|[1-9][0-9]{16})/;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/** Whether there are sixteen digits in a row, of which every sixteenth character must be one. */
function hasManyDigits(text: string): boolean {
  for (let at = 15; at < text.length; at += 16) {
    if (!isDigit(text.charCodeAt(at))) continue;
    let from = at;
    let to = at + 1;
    while (from > 0 && isDigit(text.charCodeAt(from - 1))) from--;
    while (to < text.length && isDigit(text.charCodeAt(to))) to++;
    if (to - from >= 16) return true;
  }
  return false;
}

/** Decodes bytes; invalid UTF-8 becomes U+FFFD, as in Go. */
export function textOfBytes(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

/** Parses JSON; of a key said twice the last one counts. Throws `JsonError` in the words of Go. */
export function parseJson(input: string | Uint8Array): unknown {
  const text = typeof input === 'string' ? input : textOfBytes(input);
  if (tooDeep(text) || (strange.test(text) && reallyStrange.test(text))) return new Scanner(text).document();
  try {
    return JSON.parse(text);
  } catch {
    return new Scanner(text).document();
  }
}

/** Parses JSON that we wrote ourselves, or that only is of use when it is JSON: throws anything when it is not. */
export function parseExact(text: string): unknown {
  return hasManyDigits(text) && reallyStrange.test(text) ? new Scanner(text).document() : JSON.parse(text);
}

/** Parses JSON and tells which keys were said more than once. */
export function parseJsonStrict(input: string | Uint8Array): StrictJson {
  const scanner = new Scanner(typeof input === 'string' ? input : textOfBytes(input));
  const value = scanner.document();
  const { duplicates, paths } = scanner;
  return { value, duplicates: [...duplicates.keys()], order: (path) => duplicates.get(path) ?? paths.get(path) ?? Infinity };
}
