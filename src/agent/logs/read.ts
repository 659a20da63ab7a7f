// Reading a container's log file: the tail, what is new since a moment, and what is yet to come, also when the file is
// rotated away meanwhile.
import type { Fs, OpenFile } from '#base/fs.ts';
import { LogFormatter, type LogOptions, parseEntry } from './parse.ts';

const blockSize = 64 * 1024;
/** An entry longer than this is damage: containerd splits lines at 16 KiB. */
const longestEntry = 1024 * 1024;
const newline = 0x0a;

export interface ReadOptions extends LogOptions {
  readonly tailLines?: number;
  readonly limitBytes?: number;
  /** Goes on at the end of the file until `ended()` says that no more will come. */
  readonly follow?: Follow;
}

export interface Follow {
  readonly signal: AbortSignal;
  /** True when the container writes no more. */
  ended(): boolean;
  /** Resolves after a while, or sooner when `wake` is called. */
  wait(ms: number, wake: (changed: () => void) => () => void): Promise<void>;
}

/** Offset of the last `lines` entries of the file. */
export async function tailOffset(file: OpenFile, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size;
  let found = 0;
  let end = size;
  while (end > 0) {
    const start = Math.max(0, end - blockSize);
    const block = await file.read(start, end - start);
    for (let i = block.length - 1; i >= 0; i--) {
      // The newline that ends the last entry does not count.
      if (block[i] !== newline || start + i === size - 1) continue;
      if (++found === lines) return start + i + 1;
    }
    end = start;
  }
  return 0;
}

/** Splits blocks into lines, keeping what is unfinished. */
class Splitter {
  #rest: Buffer = Buffer.alloc(0);

  *push(block: Uint8Array): Generator<Uint8Array> {
    let data = this.#rest.length ? Buffer.concat([this.#rest, block]) : Buffer.from(block);
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline)) {
      yield data.subarray(0, end);
      data = data.subarray(end + 1);
    }
    this.#rest = data.length > longestEntry ? Buffer.alloc(0) : Buffer.from(data);
  }
}

/** Caps a stream of chunks at a number of bytes. */
class Limit {
  #left: number;
  constructor(bytes: number | undefined) {
    this.#left = bytes ?? Number.POSITIVE_INFINITY;
  }
  get spent(): boolean {
    return this.#left <= 0;
  }
  take(chunk: Uint8Array): Uint8Array {
    const part = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk;
    this.#left -= part.length;
    return part;
  }
}

async function openOrAbsent(fs: Fs, path: string): Promise<OpenFile | undefined> {
  return (await fs.stat(path)) ? fs.open(path) : undefined;
}

/** The log's text, entry by entry. Unless it is followed, it is what was there when the reading began: a container that
 * writes meanwhile neither lengthens a tail nor keeps the reader busy for ever. */
export async function* readLines(fs: Fs, path: string, options: ReadOptions): AsyncGenerator<Uint8Array> {
  const formatter = new LogFormatter(options);
  const limit = new Limit(options.limitBytes);
  let file = await openOrAbsent(fs, path);
  let splitter = new Splitter();
  let position = 0;
  const size = file ? (await file.stat()).size : 0;
  if (file && options.tailLines !== undefined) position = await tailOffset(file, size, options.tailLines);
  const most = (): number => (options.follow ? blockSize : Math.min(blockSize, size - position));
  try {
    for (;;) {
      // Asked before reading: whatever was written before the end is then surely read.
      const ended = options.follow === undefined || options.follow.signal.aborted || options.follow.ended();
      if (file) {
        while (most() > 0) {
          const block = await file.read(position, most());
          if (block.length === 0) break;
          position += block.length;
          const chunks: Uint8Array[] = [];
          for (const line of splitter.push(block)) {
            const entry = parseEntry(line);
            if (entry && !limit.spent) chunks.push(limit.take(formatter.format(entry)));
          }
          const chunk = Buffer.concat(chunks);
          if (chunk.length > 0) yield chunk;
          if (limit.spent || options.follow?.signal.aborted) return;
        }
      }
      if (!options.follow) return;
      const next = await rotated(fs, path, file);
      if (next) {
        await file?.close();
        file = next;
        splitter = new Splitter();
        position = 0;
        continue;
      }
      if (ended) return;
      await options.follow.wait(1000, (changed) => fs.watch(path.slice(0, path.lastIndexOf('/')), changed));
    }
  } finally {
    await file?.close();
  }
}

/** The file that is now at `path`, when it's another one than `file`. */
async function rotated(fs: Fs, path: string, file: OpenFile | undefined): Promise<OpenFile | undefined> {
  const now = await fs.stat(path);
  if (!now) return undefined;
  if (!file) return openOrAbsent(fs, path);
  const held = await file.stat();
  return held.inode === now.inode ? undefined : openOrAbsent(fs, path);
}
