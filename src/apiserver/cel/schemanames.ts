// How property names are written in rules: what is no identifier is escaped.

const keywords = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);
const escapes: readonly (readonly [string, string])[] = [
  ['__', '__underscores__'],
  ['.', '__dot__'],
  ['-', '__dash__'],
  ['/', '__slash__'],
];

/** The name in rules; undefined: rules cannot reach it. */
export function escapeName(name: string): string | undefined {
  if (keywords.has(name)) return `__${name}__`;
  let escaped = '';
  for (let at = 0; at < name.length; ) {
    const found = escapes.find(([text]) => name.startsWith(text, at));
    escaped += found ? found[1] : name[at];
    at += found ? found[0].length : 1;
  }
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(escaped) ? escaped : undefined;
}
