// Processes as an argument (DESIGN law 1).

export interface RunOptions {
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Kill after this many milliseconds; the result then has `code` -1 and `timedOut`. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface RunResult {
  /** Exit code; -1 when killed by a signal or a time-out. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut?: boolean;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** File that receives stdout and stderr; without it they come back as text through `onOutput`. */
  readonly logFile?: string;
  readonly onOutput?: (text: string) => void;
  /** Outlive this process, in a session of its own. */
  readonly detached?: boolean;
}

export interface Child {
  readonly pid: number;
  /** Resolves with the exit code (-1: killed by a signal). */
  readonly exited: Promise<number>;
  /** Writes to stdin; false when the pipe is full. */
  write(text: string): boolean;
  endInput(): void;
  kill(signal?: 'SIGTERM' | 'SIGKILL' | 'SIGINT' | 'SIGHUP'): void;
}

export interface Exec {
  /** This process. */
  readonly pid: number;
  /** Runs a command to its end. Rejects only when it cannot be started. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  spawn(command: string, args: readonly string[], options?: SpawnOptions): Child;
  /** True when a process with this id exists. */
  alive(pid: number): boolean;
  kill(pid: number, signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT' | 'SIGHUP'): void;
}
