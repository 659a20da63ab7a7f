// Text as Go's %q and encoding/json print it, so that messages read exactly as Kubernetes' do.

const shorts: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};
// oxlint-disable-next-line no-control-regex -- control characters are what is escaped
const special = /["\\\u0000-\u001f\u007f-\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufffe\uffff]|[\ud800-\udfff]/g;

function escapeOne(char: string, offset: number, text: string): string {
  const short = shorts[char];
  if (short) return short;
  const code = char.charCodeAt(0);
  if (code >= 0xd800 && code <= 0xdfff) {
    const next = text.charCodeAt(offset + 1);
    const previous = text.charCodeAt(offset - 1);
    const paired = code < 0xdc00 ? next >= 0xdc00 && next <= 0xdfff : previous >= 0xd800 && previous < 0xdc00;
    return paired ? char : '\ufffd';
  }
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** A string in double quotes, escaped as Go's `%q` does. */
export function goQuote(text: string): string {
  return `"${text.replace(special, escapeOne)}"`;
}

/** JSON as Go's encoder writes it: `<`, `>` and `&` are escaped. */
export function goJson(value: unknown): string {
  return (JSON.stringify(value) ?? 'null').replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
