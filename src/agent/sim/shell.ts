// What a simple shell script would do, told beforehand: how long it runs, how it ends, what it says. Pure but for `files`.

/** What a script sees. */
export interface ShellWorld {
  readonly env: Readonly<Record<string, string>>;
  /** Paths that exist, for all containers of the pod: `touch` adds to them, `rm` takes from them. */
  readonly files: Set<string>;
}

export interface ShellOutcome {
  readonly output: string;
  /** When and how it ends; undefined: it runs until it is stopped. */
  readonly exit?: { readonly afterMs: number; readonly code: number };
}

interface Statement {
  /** What stands before it. */
  readonly joint: ';' | '&&' | '||';
  readonly words: readonly string[];
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };
const paths = (words: readonly string[]): readonly string[] => words.filter((word) => !word.startsWith('-'));

/** Milliseconds that `sleep` takes for a word such as `1.5` or `2m`; undefined: for ever. */
function sleepOf(word: string | undefined): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([smhd]?)$/.exec(word ?? '');
  return match ? Number(match[1]) * (units[match[2] ?? ''] ?? 1) * 1000 : undefined;
}

/** The statements of a script and how they hang together: `;` and line ends, `&&`, `||`. */
function statementsOf(script: string): readonly Statement[] {
  const parts = script.split(/(;|\n|&&|\|\|)/);
  return parts.flatMap((part, index) => {
    if (index % 2 === 1) return [];
    const words = part.trim().match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
    const before = parts[index - 1];
    return words.length === 0 ? [] : [{ joint: before === '&&' || before === '||' ? before : (';' as const), words }];
  });
}

/** A word without its quotes and with the variables' values. */
function expand(word: string, env: ShellWorld['env']): string {
  if (word.startsWith("'")) return word.slice(1, -1);
  const bare = word.startsWith('"') ? word.slice(1, -1) : word;
  return bare.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_, braced?: string, plain?: string) => env[braced ?? plain ?? ''] ?? '');
}

/** The exit code of `[ … ]`: files and equal texts; undefined for a test that is not known. */
function testOf(words: readonly string[], files: ReadonlySet<string>): number | undefined {
  const [left = '', operator, right = ''] = words;
  if (left === '-f' || left === '-e') return files.has(operator ?? '') ? 0 : 1;
  if (operator === '=' || operator === '==') return left === right ? 0 : 1;
  return operator === '!=' ? (left === right ? 1 : 0) : undefined;
}

/** What one command without time does: its exit code; undefined when it is not known and so runs for ever. */
function codeOf(name: string, words: readonly string[], files: Set<string>): number | undefined {
  switch (name) {
    case 'true':
    case 'trap':
      return 0;
    case 'false':
      return 1;
    case 'touch':
      for (const path of paths(words)) files.add(path);
      return 0;
    case 'rm':
      return paths(words).every((path) => files.delete(path)) || words.includes('-f') ? 0 : 1;
    case 'cat':
      return words.every((path) => files.has(path)) ? 0 : 1;
    case '[':
      return testOf(words.slice(0, -1), files);
    case 'test':
      return testOf(words, files);
    default:
      return undefined;
  }
}

/** Runs a script in thought. What it does not understand is taken for a program that runs until it is stopped. */
export function runScript(script: string, { env, files }: ShellWorld): ShellOutcome {
  let afterMs = 0;
  let code = 0;
  let output = '';
  const statements = statementsOf(script);
  if (statements.length === 0) return { output };
  for (const { joint, words } of statements) {
    if ((joint === '&&' && code !== 0) || (joint === '||' && code === 0)) continue;
    if (words.some((word) => !word.startsWith("'") && word.includes('$('))) return { output };
    const [name = '', ...rest] = words.map((word) => expand(word, env));
    if (name === 'exit') return { output, exit: { afterMs, code: Number(rest[0] ?? code) || 0 } };
    if (name === 'echo') {
      output += `${rest.join(' ')}\n`;
      code = 0;
    } else if (name === 'sleep') {
      const ms = sleepOf(rest[0]);
      if (ms === undefined) return { output };
      afterMs += ms;
      code = 0;
    } else {
      const known = codeOf(name.slice(name.lastIndexOf('/') + 1), rest, files);
      if (known === undefined) return { output };
      code = known;
    }
  }
  return { output, exit: { afterMs, code } };
}

/** Runs one command that is given as words, as `exec` does. */
export function runCommand(words: readonly string[], world: ShellWorld): ShellOutcome {
  const [first = '', ...rest] = words;
  const name = first.slice(first.lastIndexOf('/') + 1);
  // Its words are not read by a shell: nothing in them is a variable.
  return runScript([name, ...rest.map((word) => `'${word}'`)].join(' '), world);
}
