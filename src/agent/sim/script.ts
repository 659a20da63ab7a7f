// What a simulated container does: told by an annotation of its pod, or read off simple commands.
import { runCommand, runScript, type ShellWorld } from './shell.ts';

/** The annotation: JSON, `{"*": {…}, "sidecar": {…}}` by container name; `*` is for those that are not named. */
export const scriptAnnotation = 'sim.tutti.dev/containers';

export interface Script {
  /** Milliseconds from the start call until the container runs. */
  readonly startMs: number;
  /** Milliseconds from running until probes succeed. */
  readonly readyMs: number;
  /** When it ends by itself; undefined: never. */
  readonly exit: { readonly afterMs: number; readonly code: number } | undefined;
  /** Milliseconds from the stop signal to the end. */
  readonly stopMs: number;
  /** Use while it runs: thousandths of a core, and bytes. */
  readonly cpuMillis: number;
  readonly memoryBytes: number;
  /** What it writes to its log when it starts. */
  readonly output: string;
}

interface Written {
  readonly startSeconds?: unknown;
  readonly readySeconds?: unknown;
  readonly exitAfterSeconds?: unknown;
  readonly exitCode?: unknown;
  readonly stopSeconds?: unknown;
  readonly cpuMillis?: unknown;
  readonly memoryBytes?: unknown;
  readonly output?: unknown;
}

const defaults: Script = { startMs: 0, readyMs: 0, exit: undefined, stopMs: 0, cpuMillis: 1, memoryBytes: 8 * 1024 * 1024, output: '' };
const shells = new Set(['sh', 'bash', 'ash', 'dash']);

const nowhere = (): ShellWorld => ({ env: {}, files: new Set() });

/** What a container does, from its pod's annotations and its command line. A broken annotation counts as none. */
export function scriptOf(
  container: string,
  annotations: Readonly<Record<string, string>>,
  commandLine: readonly string[],
  world: ShellWorld = nowhere(),
): Script {
  const fromCommand: Script = { ...defaults, ...commandScript(commandLine, world) };
  const written = writtenFor(container, annotations[scriptAnnotation]);
  if (written === undefined) return fromCommand;
  const number = (value: unknown, fallback: number, scale = 1): number =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value * scale : fallback;
  const code = number(written.exitCode, 0);
  const ends = written.exitAfterSeconds !== undefined || written.exitCode !== undefined;
  return {
    startMs: number(written.startSeconds, fromCommand.startMs, 1000),
    readyMs: number(written.readySeconds, fromCommand.readyMs, 1000),
    exit: ends ? { afterMs: number(written.exitAfterSeconds, 0, 1000), code } : fromCommand.exit,
    stopMs: number(written.stopSeconds, fromCommand.stopMs, 1000),
    cpuMillis: number(written.cpuMillis, fromCommand.cpuMillis),
    memoryBytes: number(written.memoryBytes, fromCommand.memoryBytes),
    output: typeof written.output === 'string' ? written.output : fromCommand.output,
  };
}

function writtenFor(container: string, text: string | undefined): Written | undefined {
  if (text === undefined) return undefined;
  try {
    const all = JSON.parse(text) as Record<string, Written | undefined> | null;
    const own = all !== null && typeof all === 'object' ? (Object.hasOwn(all, container) ? all[container] : all['*']) : undefined;
    return typeof own === 'object' && own !== null ? own : undefined;
  } catch {
    return undefined;
  }
}

/** Understands simple commands and shell scripts made of them (shell.ts); anything else runs for ever. */
function commandScript(commandLine: readonly string[], world: ShellWorld): Partial<Script> {
  const [first = '', ...rest] = commandLine;
  if (!shells.has(first.slice(first.lastIndexOf('/') + 1))) return runCommand(commandLine, world);
  const at = rest.findIndex((word) => /^-[a-z]*c$/.test(word));
  return runScript(at < 0 ? '' : (rest[at + 1] ?? ''), world);
}
