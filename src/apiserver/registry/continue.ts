// Continue tokens: where the next page starts, and at which revision the whole list is read.
import { badRequest } from '#api/status.ts';

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

/** Decodes what a client sent back; throws a 400 for anything that is not such a token. */
export function decodeContinue(text: string): ContinueToken {
  const bad = (why: string) => badRequest(`continue key is not valid: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch (error) {
    throw bad(error instanceof Error ? error.message : String(error));
  }
  if (typeof value !== 'object' || value === null) throw bad('it is no object');
  const { v, rv, start } = value as { v?: unknown; rv?: unknown; start?: unknown };
  if (v !== version) throw bad(`server does not recognize this encoded version ${JSON.stringify(v)}`);
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0 || rv < -1)
    throw bad('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '') throw bad('encoded start key empty (version meta.k8s.io/v1)');
  if (start.startsWith('/') || start.split('/').includes('..')) throw bad(start);
  return { revision: rv, start };
}
