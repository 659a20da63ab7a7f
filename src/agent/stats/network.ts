// What went through network interfaces, from `/proc/<pid>/net/dev`.
import { rfc3339 } from '#base/clock.ts';
import type { World } from '#base/world.ts';

export interface InterfaceStats {
  readonly name: string;
  readonly rxBytes: number;
  readonly rxErrors: number;
  readonly txBytes: number;
  readonly txErrors: number;
}

/** As the summary has it: the default interface first by itself, then all of them. */
export type NetworkStats = { readonly time: string } & InterfaceStats & { readonly interfaces: readonly InterfaceStats[] };

/** Interfaces other than loopback and those of pods, from the text of `/proc/net/dev`: pure. */
export function parseNetDev(text: string): InterfaceStats[] {
  return text.split('\n').flatMap((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim();
    if (name === '' || name === 'lo' || name.startsWith('veth')) return [];
    const numbers = line
      .slice(colon + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    const at = (index: number): number => numbers[index] ?? 0;
    return [{ name, rxBytes: at(0), rxErrors: at(2), txBytes: at(8), txErrors: at(10) }];
  });
}

/** The interface of the default route, from the text of `/proc/net/route`: pure. */
export function defaultInterface(text: string): string | undefined {
  for (const line of text.split('\n').slice(1)) {
    const [name, destination, , , , , , mask] = line.split('\t');
    if (destination === '00000000' && mask === '00000000') return name;
  }
  return undefined;
}

/** What a process's network namespace has seen; undefined when the process is gone or there is no interface. */
export async function networkOf({ fs, clock }: Pick<World, 'fs' | 'clock'>, pid: number | 'self'): Promise<NetworkStats | undefined> {
  const read = (file: string): Promise<string> => fs.readText(`/proc/${pid}/net/${file}`).catch(() => '');
  const [dev, route] = await Promise.all([read('dev'), read('route')]);
  const interfaces = parseNetDev(dev);
  const name = defaultInterface(route);
  const first = interfaces.find((one) => one.name === name) ?? interfaces[0];
  return first && { time: rfc3339(clock.now()), ...first, interfaces };
}
