// Regular expressions that users write (RE2's syntax, as Go has it): matched in linear time, whatever they are.
import { RE2JS } from 're2js';

export interface Pattern {
  /** True when the text holds a match anywhere. */
  test(text: string): boolean;
}

const maxLength = 16 * 1024;
const maxKnown = 1024;
const known = new Map<string, Pattern>();

/** Compiles a pattern; throws an Error worded as Go's regexp package words it. */
export function compilePattern(source: string): Pattern {
  const found = known.get(source);
  if (found) return found;
  if (source.length > maxLength) throw new Error('error parsing regexp: expression too large');
  const compiled = RE2JS.compile(source);
  const pattern: Pattern = { test: (text) => compiled.matcher(text).find() };
  if (known.size >= maxKnown) known.clear();
  known.set(source, pattern);
  return pattern;
}
