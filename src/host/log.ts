// Logging with pino: JSON lines to a file or a pipe, short lines to a terminal.
import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import type { Logger } from 'pino';
import type { Log, LogFields } from '#base/log.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogOptions {
  readonly level?: LogLevel;
  /** Append JSON lines here instead of standard error. */
  readonly file?: string;
}

const names: Readonly<Record<number, string>> = {
  20: '\x1b[90mdebug\x1b[0m',
  30: '\x1b[32minfo \x1b[0m',
  40: '\x1b[33mwarn \x1b[0m',
  50: '\x1b[31merror\x1b[0m',
};
const hidden = new Set(['level', 'time', 'msg', 'component']);

/** One JSON line as a person reads it: time, level, component, message, fields. */
export function prettyLine(line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  const time = typeof entry['time'] === 'string' ? entry['time'].slice(11, 23) : '';
  const component = typeof entry['component'] === 'string' ? `\x1b[36m${entry['component']}\x1b[0m: ` : '';
  let fields = '';
  for (const [name, value] of Object.entries(entry)) {
    if (!hidden.has(name)) fields += ` \x1b[90m${name}=\x1b[0m${typeof value === 'string' ? value : JSON.stringify(value)}`;
  }
  return `${time} ${names[Number(entry['level'])] ?? ''} ${component}${String(entry['msg'] ?? '')}${fields}\n`;
}

function plain(fields: LogFields): LogFields {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    result[name] = value instanceof Error ? (value.stack ?? value.message) : value;
  }
  return result;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, silent: 4 };

/** A log at a level; `open` makes its logger when the first line is written: a start that says nothing need not load pino. */
function wrap(level: LogLevel, open: () => Logger): Log {
  let logger: Logger | undefined;
  const opened = (): Logger => (logger ??= open());
  const at =
    (kind: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: LogFields): void => {
      if (ranks[kind] < ranks[level]) return;
      if (fields === undefined) opened()[kind](message);
      else opened()[kind](plain(fields), message);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(level, () => opened().child(plain(fields))),
  };
}

/** Opens the log. Standard output stays free for results. */
export function createLog(options: LogOptions = {}): Log {
  const level = options.level ?? 'info';
  return wrap(level, () => openLogger(level, options.file));
}

function openLogger(level: LogLevel, file: string | undefined): Logger {
  const require = createRequire(import.meta.url);
  const { pino } = require('pino') as typeof import('pino');
  const settings = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (file !== undefined) return pino(settings, pino.destination({ dest: file, append: true, mkdir: true, sync: true }));
  if (!process.stderr.isTTY) return pino(settings, pino.destination({ dest: 2, sync: true }));
  const pretty = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      process.stderr.write(prettyLine(String(chunk)), () => done());
    },
  });
  return pino(settings, pretty);
}
