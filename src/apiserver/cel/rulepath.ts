// `fieldPath` of rules: which field below the rule's place is to blame.
import { propertyOf, type Schema } from '#api/structural/schema.ts';

/** The path is none, or leads nowhere; the message says why. */
export class RulePathError extends Error {}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', "'": "'", '\\': '\\' };

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (whole, char: string) => {
    const found = escapes[char];
    if (found === undefined) throw new RulePathError(`invalid string literal: invalid escape char ${whole}`);
    return found;
  });
}

interface Step {
  readonly name: string;
  readonly rest: string;
}

function step(path: string): Step {
  if (path.startsWith('.')) {
    const name = /^[^.[\]]+/.exec(path.slice(1))?.[0];
    if (name === undefined) throw new RulePathError('unexpected end of JSON path');
    return { name, rest: path.slice(1 + name.length) };
  }
  if (!path.startsWith('[')) throw new RulePathError(`expected [ or . but got: ${/^[^.[\]]*/.exec(path)?.[0] ?? ''}`);
  const quoted = /^\['((?:[^'\\]|\\.)*)'\]/.exec(path);
  if (!quoted) throw new RulePathError(`expected single quoted string but got ${/^\[([^\]]*)/.exec(path)?.[1] ?? ''}`);
  return { name: unescape(quoted[1] ?? ''), rest: path.slice(quoted[0].length) };
}

/** The path as errors show it, without its first dot. Throws RulePathError when the schema has no such place. */
export function normalizedPath(path: string, schema: Schema): string {
  let at = '';
  let here: Schema | undefined = schema;
  for (let rest = path; rest !== ''; ) {
    const { name, rest: next }: Step = step(rest);
    if (here?.properties) {
      here = propertyOf(here, name);
      at += at === '' ? name : `.${name}`;
    } else {
      here = typeof here?.additionalProperties === 'object' ? here.additionalProperties : undefined;
      at += `[${name}]`;
    }
    if (!here) throw new RulePathError('does not refer to a valid field');
    rest = next;
  }
  return at;
}
