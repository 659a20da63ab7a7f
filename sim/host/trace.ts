// What happened in a life, line by line: the same seed gives the same lines, and their hash says so.
import { createHash } from 'node:crypto';

export interface Trace {
  /** Adds a line; `at` is virtual time in milliseconds. */
  line(at: number, text: string): void;
  /** The newest lines. */
  tail(count: number): readonly string[];
  /** Of all lines so far. */
  hash(): string;
  readonly length: number;
}

const kept = 20_000;

/** Keeps the newest lines; `every` sees all of them. */
export function createTrace(every?: (line: string) => void): Trace {
  const hash = createHash('sha256');
  let lines: string[] = [];
  let length = 0;
  return {
    line(at, text) {
      const line = `${(at / 1000).toFixed(3).padStart(9)} ${text}`;
      hash.update(line);
      length++;
      lines.push(line);
      if (lines.length > 2 * kept) lines = lines.slice(-kept);
      every?.(line);
    },
    tail: (count) => lines.slice(-count),
    hash: () => hash.copy().digest('hex').slice(0, 16),
    get length() {
      return length;
    },
  };
}
