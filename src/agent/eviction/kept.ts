// What of the node no pod gets. Pure.
import { addQuantity, canonicalQuantity, quantityValue } from '#format/quantity.ts';
import { amountOf, type EvictionOptions, meaning, type Signal } from './thresholds.ts';

type Amounts = Readonly<Record<string, string>>;

/** Signals whose hard thresholds keep pods from a part of the node, as kubelet's node allocatable has it. */
const keeping: readonly Signal[] = ['memory.available', 'nodefs.available'];

/** What the node keeps back of `capacity` (quantities): what is reserved, and what must stay free by a hard eviction threshold. */
export function keptBack(reserved: Amounts, hard: EvictionOptions['hard'], capacity: Amounts): Amounts {
  const kept: Record<string, string> = { ...reserved };
  for (const signal of keeping) {
    const { resource } = meaning[signal];
    const value = hard[signal];
    const whole = capacity[resource];
    if (value === undefined || whole === undefined) continue;
    const amount = value.endsWith('%') ? String(amountOf({ signal, value, grace: 0 }, quantityValue(whole))) : value;
    kept[resource] = kept[resource] === undefined ? canonicalQuantity(amount) : addQuantity(kept[resource], amount);
  }
  return kept;
}
