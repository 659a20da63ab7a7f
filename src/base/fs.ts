// Files as an argument (DESIGN law 1). Paths are absolute. Errors are NodeJS-style: `error.code` is 'ENOENT' and so on.

export interface FileInfo {
  readonly kind: 'file' | 'directory' | 'symlink' | 'socket' | 'block' | 'char' | 'fifo';
  readonly size: number;
  /** Permission bits, e.g. 0o644. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly inode: number;
  /** Milliseconds since the epoch. */
  readonly mtime: number;
}

export interface WriteOptions {
  readonly mode?: number;
  /** Write to a temporary name, fsync and rename, so that a reader or a crash never sees half a file. */
  readonly atomic?: boolean;
  readonly append?: boolean;
}

/** An open file for positioned reads. */
export interface OpenFile {
  /** Reads up to `length` bytes at `position`; an empty array at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>;
  stat(): Promise<FileInfo>;
  close(): Promise<void>;
}

export interface Fs {
  read(path: string): Promise<Uint8Array>;
  readText(path: string): Promise<string>;
  write(path: string, data: Uint8Array | string, options?: WriteOptions): Promise<void>;
  open(path: string): Promise<OpenFile>;
  /** Information about the path itself (a symlink is not followed); undefined when absent. */
  lstat(path: string): Promise<FileInfo | undefined>;
  /** Follows symlinks; undefined when absent. */
  stat(path: string): Promise<FileInfo | undefined>;
  /** Names in a directory, sorted; empty when the directory is absent. */
  list(path: string): Promise<string[]>;
  /** Creates the directory and its parents; no error if present. */
  mkdir(path: string, mode?: number): Promise<void>;
  /** Removes a file or a whole tree; no error if absent. */
  remove(path: string): Promise<void>;
  /** Removes an empty directory. */
  rmdir(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  readlink(path: string): Promise<string>;
  chmod(path: string, mode: number): Promise<void>;
  /** Changes owner without following a symlink. */
  chown(path: string, uid: number, gid: number): Promise<void>;
  realpath(path: string): Promise<string>;
  /** Calls back (coalesced) when the file or directory changes; returns the stop function. */
  watch(path: string, changed: () => void): () => void;
  /** Bytes and inodes of the file system that holds `path`. */
  usage(path: string): Promise<{ capacity: number; available: number; inodes: number; inodesFree: number }>;
}
