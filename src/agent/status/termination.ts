// The message that a container leaves behind when it ends: its termination file, or the tail of its log.
import type { Fs } from '#base/fs.ts';
import { readLines } from '../logs/read.ts';
import { annotation } from '../sync/labels.ts';
import type { RuntimeContainer } from '../sync/state.ts';

const fileLimit = 4096;
const logLimit = 2048;
const logLines = 80;

/** Reads the message of a container that has ended; undefined when it left none. */
export async function terminationMessage(fs: Fs, container: RuntimeContainer): Promise<string | undefined> {
  const fromFile = container.messageFile ? await head(fs, container.messageFile) : '';
  if (fromFile) return fromFile;
  const policy = container.annotations[annotation.terminationMessagePolicy];
  const failed = container.exitCode !== 0 || container.reason === 'OOMKilled' || container.reason === 'Error';
  if (policy === 'FallbackToLogsOnError' && failed && container.logPath) return logTail(fs, container.logPath);
  return undefined;
}

async function head(fs: Fs, path: string): Promise<string> {
  const info = await fs.stat(path);
  if (!info || info.kind !== 'file' || info.size === 0) return '';
  const file = await fs.open(path);
  try {
    return Buffer.from(await file.read(0, fileLimit)).toString('utf8');
  } finally {
    await file.close();
  }
}

async function logTail(fs: Fs, path: string): Promise<string | undefined> {
  const lines: Buffer[] = [];
  for await (const chunk of readLines(fs, path, { tailLines: logLines })) lines.push(Buffer.from(chunk));
  const text = Buffer.concat(lines);
  return text.length === 0 ? undefined : text.subarray(Math.max(0, text.length - logLimit)).toString('utf8');
}
