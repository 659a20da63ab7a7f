// A data directory as a place where a cluster lives: its files, who runs it now, how it is doing.
import type { World } from '#base/world.ts';

export interface RunFile {
  readonly pid: number;
  readonly server: string;
  readonly nodeName: string;
  readonly nodes: string;
  /** True once everything that was asked for is there. */
  readonly ready: boolean;
}

export interface Place {
  readonly dataDir: string;
  readonly kubeconfig: string;
  readonly pki: string;
  readonly state: string;
  /** The node's own directory: containerd, volumes, logs. */
  readonly node: string;
  readonly run: string;
  readonly log: string;
  readonly progress: string;
}

export function place(dataDir: string): Place {
  return {
    dataDir,
    kubeconfig: `${dataDir}/kubeconfig`,
    pki: `${dataDir}/pki`,
    state: `${dataDir}/state`,
    node: `${dataDir}/node`,
    run: `${dataDir}/run.json`,
    log: `${dataDir}/tutti.log`,
    progress: `${dataDir}/progress`,
  };
}

type Needs = Pick<World, 'fs' | 'exec'>;

/** The command line of a process, '' when it is gone. */
async function commandOf({ fs }: Needs, pid: number): Promise<string> {
  const text = await fs.readText(`/proc/${pid}/cmdline`).catch(() => '');
  return text.replaceAll('\0', ' ');
}

/** Who runs the cluster of a directory; undefined when nobody does (the file of a killed process does not count). */
export async function runningAt(world: Needs, where: Place): Promise<RunFile | undefined> {
  const text = await world.fs.readText(where.run).catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const run = JSON.parse(text) as RunFile;
    // The number may belong to another process by now.
    if (!world.exec.alive(run.pid) || !/tutti|main\.ts/.test(await commandOf(world, run.pid))) return undefined;
    return run;
  } catch {
    return undefined;
  }
}

export async function writeRun(world: Needs, where: Place, run: RunFile): Promise<void> {
  await world.fs.write(where.run, `${JSON.stringify(run)}\n`, { atomic: true });
}
