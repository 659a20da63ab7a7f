// CPU and memory use of a control group, and the rate of CPU use between two looks at it.
import type { World } from '#base/world.ts';
import type { CgroupLayout } from '../cgroups/layout.ts';

export interface GroupUsage {
  /** Wall time of the look, milliseconds. */
  readonly at: number;
  /** Nanoseconds of CPU time since the group was made. */
  readonly cpu: number;
  readonly memory: number;
  /** Memory that cannot be given back without writing or swapping: usage without inactive file pages. */
  readonly workingSet: number;
  readonly rss: number;
}

type Needs = Pick<World, 'fs' | 'clock'>;

const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);

/** Reads a group; undefined when it is gone. */
export async function readGroup({ fs, clock }: Needs, layout: CgroupLayout, group: string): Promise<GroupUsage | undefined> {
  const at = clock.now();
  const file = (controller: string, name: string): Promise<string> =>
    fs.readText(`${layout.controllers.get(controller) ?? ''}${group}/${name}`);
  try {
    if (layout.version === 2) {
      const [cpu, current, stat] = await Promise.all([
        file('cpu', 'cpu.stat'),
        file('memory', 'memory.current'),
        file('memory', 'memory.stat'),
      ]);
      const memory = Number(current);
      return {
        at,
        cpu: field(cpu, 'usage_usec') * 1000,
        memory,
        workingSet: Math.max(0, memory - field(stat, 'inactive_file')),
        rss: field(stat, 'anon'),
      };
    }
    const [cpu, usage, stat] = await Promise.all([
      file('cpuacct', 'cpuacct.usage'),
      file('memory', 'memory.usage_in_bytes'),
      file('memory', 'memory.stat'),
    ]);
    const memory = Number(usage);
    return {
      at,
      cpu: Number(cpu),
      memory,
      workingSet: Math.max(0, memory - field(stat, 'total_inactive_file')),
      rss: field(stat, 'total_rss'),
    };
  } catch {
    return undefined;
  }
}

/** The machine's own use, from `/proc/stat` and `/proc/meminfo` texts. */
export function machineUsage(stat: string, meminfo: string, at: number): GroupUsage & { readonly available: number } {
  // Jiffies of 10 ms: user, nice, system, idle, iowait, irq, softirq, steal.
  const times = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(/\s+/).map(Number);
  const busy = [0, 1, 2, 5, 6, 7].reduce((sum, i) => sum + (times[i] ?? 0), 0);
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  const available = kilobytes('MemAvailable');
  const workingSet = Math.max(0, kilobytes('MemTotal') - available);
  return { at, cpu: busy * 1e7, memory: kilobytes('MemTotal') - kilobytes('MemFree'), workingSet, rss: kilobytes('AnonPages'), available };
}

/** Rates are over this long, milliseconds, however often somebody looks, as soon as a thing is known for that long. */
const span = 10_000;
/** Looks are kept when they are this far apart: shorter spans are noise. */
const apart = 1_000;

interface Look {
  readonly at: number;
  readonly cpu: number;
}

/** Turns totals into rates: remembers the last looks at each thing. */
export class Rates {
  readonly #looks = new Map<string, Look[]>();

  /** Nanoseconds of CPU per second; `since` is when the thing began, for the first look. */
  rate(id: string, usage: Look, since: number | undefined): number | undefined {
    let looks = this.#looks.get(id);
    if (looks === undefined || usage.cpu < (looks.at(-1)?.cpu ?? 0)) {
      const began = looks === undefined && since !== undefined ? { at: since, cpu: 0 } : usage;
      // Of what is older than the span the first rate is that of its whole life; the next ones are not.
      this.#looks.set(id, usage.at - began.at < span ? [began, usage] : [usage]);
      return per(began, usage);
    }
    // The base is the newest look that lies a whole span back; where there is none, the oldest.
    while (looks.length > 1 && usage.at - (looks[1] as Look).at >= span) looks.shift();
    const rate = per(looks[0] as Look, usage);
    if (usage.at - (looks.at(-1) as Look).at >= apart) looks.push(usage);
    return rate;
  }

  /** Forgets everything that is not among these. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#looks.keys()) if (!ids.has(id)) this.#looks.delete(id);
  }
}

function per(base: { at: number; cpu: number }, now: { at: number; cpu: number }): number | undefined {
  const span = now.at - base.at;
  return span <= 0 ? undefined : Math.max(0, Math.round(((now.cpu - base.cpu) / span) * 1000));
}
