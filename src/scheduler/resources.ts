// Amounts of resources in the scheduler's units: CPU in thousandths, everything else in whole units (bytes, devices).
import { quantityMilli, quantityValue } from '#format/quantity.ts';

export interface Resources {
  readonly cpu: number;
  readonly memory: number;
  readonly ephemeral: number;
  /** Extended resources, huge pages and attachable volumes. */
  readonly scalar: ReadonlyMap<string, number>;
}

const none: ReadonlyMap<string, number> = new Map();
export const nothing: Resources = { cpu: 0, memory: 0, ephemeral: 0, scalar: none };

/** Reads a ResourceList (`{cpu: "500m", memory: "1Gi"}`). `pods` is left out. */
export function resourcesOf(list: Readonly<Record<string, string>> | undefined): Resources {
  if (list === undefined) return nothing;
  let [cpu, memory, ephemeral] = [0, 0, 0];
  let scalar: Map<string, number> | undefined;
  for (const [name, amount] of Object.entries(list)) {
    if (name === 'cpu') cpu = quantityMilli(amount);
    else if (name === 'memory') memory = quantityValue(amount);
    else if (name === 'ephemeral-storage') ephemeral = quantityValue(amount);
    else if (name !== 'pods') (scalar ??= new Map()).set(name, quantityValue(amount));
  }
  return { cpu, memory, ephemeral, scalar: scalar ?? none };
}

/** A running total. */
export class Tally {
  cpu = 0;
  memory = 0;
  ephemeral = 0;
  readonly scalar = new Map<string, number>();

  /** Adds `sign` times the amounts. */
  add(amounts: Resources, sign: 1 | -1): void {
    this.cpu += sign * amounts.cpu;
    this.memory += sign * amounts.memory;
    this.ephemeral += sign * amounts.ephemeral;
    for (const [name, amount] of amounts.scalar) this.scalar.set(name, (this.scalar.get(name) ?? 0) + sign * amount);
  }
}
