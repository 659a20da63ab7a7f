// One entry of a CRI log file: `2026-01-02T03:04:05.678901234Z stdout F text`. Pure.

export interface LogEntry {
  /** RFC 3339 with nanoseconds, as written. */
  readonly timestamp: string;
  readonly stream: 'stdout' | 'stderr';
  /** False: the line goes on in the next entry. */
  readonly full: boolean;
  readonly content: Uint8Array;
}

const space = 0x20;

/** Parses an entry without its newline; undefined when it is not one. */
export function parseEntry(line: Uint8Array): LogEntry | undefined {
  const first = line.indexOf(space);
  const second = first < 0 ? -1 : line.indexOf(space, first + 1);
  if (second < 0) return undefined;
  const stream = Buffer.from(line.subarray(first + 1, second)).toString('latin1');
  if (stream !== 'stdout' && stream !== 'stderr') return undefined;
  let third = line.indexOf(space, second + 1);
  if (third < 0) third = line.length;
  const tags = Buffer.from(line.subarray(second + 1, third))
    .toString('latin1')
    .split(':');
  return {
    timestamp: Buffer.from(line.subarray(0, first)).toString('latin1'),
    stream,
    full: tags[0] !== 'P',
    content: line.subarray(Math.min(third + 1, line.length)),
  };
}

export interface LogOptions {
  readonly timestamps?: boolean;
  /** Entries before this moment (milliseconds) are left out. */
  readonly since?: number;
  readonly stream?: 'stdout' | 'stderr';
}

/** Turns entries into what the reader of the logs sees. Keeps whether a line is unfinished between calls. */
export class LogFormatter {
  readonly #options: LogOptions;
  #midLine = false;

  constructor(options: LogOptions) {
    this.#options = options;
  }

  /** The bytes to send for an entry; empty when it is filtered out. */
  format(entry: LogEntry): Uint8Array {
    const { timestamps, since, stream } = this.#options;
    if (stream && entry.stream !== stream) return new Uint8Array();
    if (since !== undefined && Date.parse(entry.timestamp) < since) return new Uint8Array();
    const parts: Uint8Array[] = [];
    if (timestamps && !this.#midLine) parts.push(Buffer.from(`${fixedTime(entry.timestamp)} `, 'latin1'));
    parts.push(entry.content);
    if (entry.full) parts.push(Buffer.from('\n'));
    this.#midLine = !entry.full;
    return Buffer.concat(parts);
  }
}

/** A time with all nine digits of its nanoseconds, as kubelet prints it; runtimes leave out zeros at the end. */
export function fixedTime(timestamp: string): string {
  const match = /^([^.Z+]+T[\d:]+)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(timestamp);
  return match ? `${match[1]}.${(match[2] ?? '').padEnd(9, '0')}${match[3]}` : timestamp;
}
