// `$(VAR)` in commands, arguments and values, as Kubernetes expands it: pure.

/** Replaces `$(NAME)` by `lookup(NAME)`; unknown names stay as they are, `$$` is a literal `$`. */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char !== '$' || i + 1 >= text.length) {
      out += char;
      continue;
    }
    const next = text[i + 1];
    if (next === '$') {
      out += '$';
      i++;
    } else if (next === '(') {
      const end = text.indexOf(')', i + 2);
      if (end < 0) {
        out += '$(';
        i++;
        continue;
      }
      const name = text.slice(i + 2, end);
      out += lookup(name) ?? `$(${name})`;
      i = end;
    } else {
      out += `$${next}`;
      i++;
    }
  }
  return out;
}

/** An `expand` bound to a table of variables. */
export function expander(variables: ReadonlyMap<string, string>): (text: string) => string {
  return (text) => expand(text, (name) => variables.get(name));
}
