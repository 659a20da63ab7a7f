// Where something is in an expression, and how a complaint about it is written (cel-go's form, which clients compare).

/** One complaint about an expression. */
export interface Issue {
  /** Offset into the source in UTF-16 units; -1 when it is about the whole. */
  readonly at: number;
  readonly message: string;
}

const wide =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}]/u;

/** `ERROR: <input>:1:3: text`, the line and a mark below the place. */
export function issueText(source: string, issue: Issue): string {
  if (issue.at < 0) return `ERROR: <input>:-1:0: ${issue.message}`;
  const before = source.slice(0, issue.at);
  const line = before.split('\n').length;
  const start = before.lastIndexOf('\n') + 1;
  const end = source.indexOf('\n', start);
  const shown = source.slice(start, end < 0 ? undefined : end).replaceAll('\t', ' ');
  const chars = Array.from(shown);
  const column = Array.from(source.slice(start, issue.at)).length;
  const dots = chars
    .slice(0, column)
    .map((char) => (wide.test(char) ? '．' : '.'))
    .join('')
    .padEnd(column, '.');
  const mark = wide.test(chars[column] ?? '') ? '＾' : '^';
  return `ERROR: <input>:${line}:${column + 1}: ${issue.message}\n | ${shown}\n | ${dots}${mark}`;
}

/** All complaints, in the order of their places. */
export function issuesText(source: string, issues: readonly Issue[]): string {
  const inOrder = issues.map((issue, index) => ({ issue, index })).sort((a, b) => a.issue.at - b.issue.at || a.index - b.index);
  return inOrder.map(({ issue }) => issueText(source, issue)).join('\n');
}

/** The expression cannot be used; the message is that of cel-go, without `compilation failed:`. */
export class CelCompileError extends Error {
  readonly issues: readonly Issue[];
  constructor(source: string, issues: readonly Issue[]) {
    super(issuesText(source, issues));
    this.name = 'CelCompileError';
    this.issues = issues;
  }
  /** As API errors say it. */
  get detail(): string {
    return `compilation failed: ${this.message}`;
  }
}
