// Continue tokens: where the next page starts, and at which revision the whole list is read.
import { badRequest } from '#api/status.ts';
import { messageOf } from '#base/errors.ts';
import { parseJson } from '#format/json.ts';
import { isObject } from '#format/own.ts';

export interface ContinueToken {
  /** -1: at the newest revision (an inconsistent continuation). */
  readonly revision: number;
  /** First key of the next page, relative to the prefix. */
  readonly start: string;
}

const version = 'meta.k8s.io/v1';

export function encodeContinue(token: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: version, rv: token.revision, start: token.start })).toString('base64url');
}

/** The text of a token. Throws an Error in the words of Go's base64. */
function textOf(token: string): string {
  const wrong = token.search(/[^A-Za-z0-9_-]/);
  // One character beyond a group of four says nothing.
  const at = wrong >= 0 ? wrong : token.length % 4 === 1 ? token.length - 1 : undefined;
  if (at !== undefined) throw new Error(`illegal base64 data at input byte ${at}`);
  return Buffer.from(token, 'base64url').toString('utf8');
}

/** Whether a key stays below its prefix, spelled in the one way. */
const isClean = (start: string): boolean =>
  start
    .replace(/^\//, '')
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..');

/** Decodes what a client sent back; throws a 400 for anything that is not such a token. */
export function decodeContinue(token: string): ContinueToken {
  const bad = (why: string) => badRequest(`invalid continue token: continue key is not valid${why}`);
  let value: unknown;
  try {
    value = parseJson(textOf(token));
  } catch (error) {
    throw bad(`: ${messageOf(error)}`);
  }
  if (!isObject(value)) {
    const type = Array.isArray(value) ? 'array' : typeof value;
    throw bad(
      value === null
        ? ': server does not recognize this encoded version '
        : `: json: cannot unmarshal ${type} into Go value of type storage.continueToken`,
    );
  }
  const { v = '', rv = 0, start = '' } = value;
  if (v !== version) throw bad(`: server does not recognize this encoded version ${String(v)}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0)
    throw bad(`: incorrect encoded start resourceVersion (version ${version})`);
  if (typeof start !== 'string' || start === '') throw bad(`: encoded start key empty (version ${version})`);
  if (!isClean(start)) throw bad(`: ${start}`);
  return { revision: Math.max(rv, -1), start: start.replace(/^\//, '') };
}
