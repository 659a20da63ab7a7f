// The machine's processes.
import { spawn as spawnProcess, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { codeOf } from '#base/errors.ts';
import type { Child, Exec, RunOptions, RunResult, SpawnOptions } from '#base/exec.ts';

// A command that floods its output must not take the process down with it: the rest is dropped.
const outputLimit = 64 * 1024 * 1024;

function collector(): { push: (chunk: Buffer) => void; text: () => string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    push(chunk) {
      if (size < outputLimit) chunks.push(chunk);
      size += chunk.length;
    },
    text: () => Buffer.concat(chunks).toString('utf8'),
  };
}

/** Kills the process and everything that it started: it runs in a process group of its own. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const child = spawnProcess(command, args, {
      env: options.env ? { ...process.env, ...options.env } : process.env,
      cwd: options.cwd,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    const stdout = collector();
    const stderr = collector();
    let timedOut = false;
    let grace: NodeJS.Timeout | undefined;
    const timer =
      options.timeout === undefined
        ? undefined
        : setTimeout(() => {
            timedOut = true;
            killGroup(child);
          }, options.timeout);
    const aborted = (): void => killGroup(child);
    options.signal?.addEventListener('abort', aborted, { once: true });
    const finish = (code: number | null): void => {
      clearTimeout(timer);
      clearTimeout(grace);
      options.signal?.removeEventListener('abort', aborted);
      const result: RunResult = { code: timedOut ? -1 : (code ?? -1), stdout: stdout.text(), stderr: stderr.text() };
      resolve(timedOut ? { ...result, timedOut } : result);
    };
    child.stdout?.on('data', stdout.push);
    child.stderr?.on('data', stderr.push);
    child.stdin?.on('error', () => {}); // the command may end before it has read its input
    if (options.input !== undefined) child.stdin?.end(options.input);
    child.on('error', (error) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', aborted);
      reject(error);
    });
    child.on('close', finish);
    // A daemon left behind by the command may hold the pipes open for ever: after the exit, wait only shortly for 'close'.
    child.on('exit', (code) => {
      grace = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
        finish(code);
      }, 500);
    });
  });
}

function spawn(command: string, args: readonly string[], options: SpawnOptions = {}): Child {
  const file = options.logFile === undefined ? undefined : openSync(options.logFile, 'a');
  const output = file ?? (options.onOutput ? 'pipe' : 'ignore');
  let child: ChildProcess;
  try {
    child = spawnProcess(command, args, {
      env: options.env ? { ...process.env, ...options.env } : process.env,
      cwd: options.cwd,
      stdio: [options.detached ? 'ignore' : 'pipe', output, output],
      detached: options.detached ?? false,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
  const exited = new Promise<number>((resolve) => {
    child.on('exit', (code) => {
      // The last output is still on its way; a daemon left behind may hold the pipes open for ever, though.
      const timer = setTimeout(() => resolve(code ?? -1), 500);
      child.on('close', () => {
        clearTimeout(timer);
        resolve(code ?? -1);
      });
    });
    child.on('error', (error) => {
      options.onOutput?.(`${error.message}\n`);
      resolve(-1);
    });
  });
  child.stdin?.on('error', () => {});
  if (options.onOutput) {
    child.stdout?.setEncoding('utf8').on('data', options.onOutput);
    child.stderr?.setEncoding('utf8').on('data', options.onOutput);
  }
  if (options.detached) child.unref();
  return {
    pid: child.pid ?? -1,
    exited,
    write: (text) => child.stdin?.write(text) ?? false,
    endInput: () => void child.stdin?.end(),
    kill: (signal = 'SIGTERM') => void child.kill(signal),
  };
}

export const realExec: Exec = {
  pid: process.pid,
  run,
  spawn,
  alive(pid) {
    if (pid <= 0) return false;
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return codeOf(error) === 'EPERM';
    }
  },
  kill(pid, signal) {
    if (pid <= 1) return; // 0 and negative numbers would mean whole groups, or everything
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error;
    }
  },
};
