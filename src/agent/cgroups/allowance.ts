// What the pods of a node may use together, as their common control group has it: the machine less what is reserved. (Kubelet's
// `enforceNodeAllocatable: [pods]`. The eviction thresholds are not taken off: pods are evicted before they meet the limit.)
import type { World } from '#base/world.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import { meminfoBytes, processorsOnline } from '../node/facts.ts';

export interface Allowance {
  /** Thousandths of a core: how much the pods weigh against the rest of the machine. */
  readonly cpuMilli: number;
  /** Bytes; undefined: no limit. */
  readonly memory?: number;
  /** Processes and threads; undefined: no limit. */
  readonly pids?: number;
}

/** The texts of `/proc/stat`, `/proc/meminfo` and `/proc/sys/kernel/pid_max`. */
export interface MachineTexts {
  readonly stat: string;
  readonly meminfo: string;
  readonly pidMax: string;
}

/** What is left of the machine: pure. `reserved` names `cpu`, `memory` and `pid`; undefined: nothing is kept from pods. */
export function allowanceOf(machine: MachineTexts, reserved: Readonly<Record<string, string>> | undefined): Allowance {
  const { cpu = '0', memory = '0', pid } = reserved ?? {};
  const total = meminfoBytes(machine.meminfo, 'MemTotal');
  const pids = Number(machine.pidMax) || 0;
  return {
    cpuMilli: Math.max(0, processorsOnline(machine.stat) * 1000 - quantityMilli(cpu)),
    ...(total > 0 && quantityValue(memory) > 0 ? { memory: Math.max(0, total - quantityValue(memory)) } : {}),
    ...(pid !== undefined && pids > 0 ? { pids: Math.max(1, pids - quantityValue(pid)) } : {}),
  };
}

/** What is left of this machine. */
export async function readAllowance(world: Pick<World, 'fs'>, reserved: Readonly<Record<string, string>> | undefined): Promise<Allowance> {
  const [stat, meminfo, pidMax] = await Promise.all([
    world.fs.readText('/proc/stat'),
    world.fs.readText('/proc/meminfo'),
    world.fs.readText('/proc/sys/kernel/pid_max').catch(() => ''),
  ]);
  return allowanceOf({ stat, meminfo, pidMax }, reserved);
}
