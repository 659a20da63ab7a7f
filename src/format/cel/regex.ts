// Regular expressions in RE2's syntax, which never take more than linear time.
import { RE2JS } from 're2js';
import { fail } from './values.ts';

const cache = new Map<string, RE2JS>();
const maxCached = 256;

/** Compiles a pattern; throws RE2's error. Patterns repeat, so compiled ones are kept. */
export function compileRegex(pattern: string): RE2JS {
  const known = cache.get(pattern);
  if (known) return known;
  const compiled = RE2JS.compile(pattern);
  if (cache.size >= maxCached) cache.clear();
  cache.set(pattern, compiled);
  return compiled;
}

/** The same inside an expression: a bad pattern is the expression's error. */
export function regexOf(pattern: string): RE2JS {
  try {
    return compileRegex(pattern);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** True when the pattern occurs anywhere in the text. */
export function regexMatches(text: string, pattern: string): boolean {
  return regexOf(pattern).matcher(text).find();
}
