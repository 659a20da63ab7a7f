// What of each NUMA node's memory no container gets, and whether it adds up to what the node keeps back as a whole. Pure.
import { isHugePages } from '#api/core/v1/resources.rules.ts';
import { addQuantity, canonicalQuantity, compareQuantity, quantityValue } from '#format/quantity.ts';
import type { NumaLayout } from '../numa/layout.ts';
import type { MemoryReservation } from '../options.ts';
import type { SystemReserved } from './machine.ts';

type Amounts = Readonly<Record<string, string>>;

/** The reservations by node. Throws in kubelet's words when they do not fit the machine or the node's own. */
export function systemReserved(layout: NumaLayout, reservations: readonly MemoryReservation[], kept: Amounts): SystemReserved {
  const sums: Record<string, string> = {};
  const byNode = new Map<number, Record<string, number>>();
  for (const { numaNode, limits } of reservations) {
    if (!layout.some(({ id }) => id === numaNode)) {
      throw new Error(`the reserved memory configuration references a NUMA node ${numaNode} that does not exist on this machine`);
    }
    const node = byNode.get(numaNode) ?? {};
    for (const [type, value] of Object.entries(limits)) {
      sums[type] = sums[type] === undefined ? canonicalQuantity(value) : addQuantity(sums[type], value);
      node[type] = quantityValue(value);
    }
    byNode.set(numaNode, node);
  }
  for (const type of new Set(['memory', ...Object.keys(kept).filter(isHugePages), ...Object.keys(sums)])) {
    const [mine, whole] = [sums[type] ?? '0', canonicalQuantity(kept[type] ?? '0')];
    if (compareQuantity(mine, whole) === 0) continue;
    throw new Error(
      `the total amount ${JSON.stringify(mine)} of type ${JSON.stringify(type)} is not equal to the value ${JSON.stringify(whole)} determined by Node Allocatable feature`,
    );
  }
  if (quantityValue(sums['memory'] ?? '0') <= 0) throw new Error('[memorymanager] you should specify the system reserved memory');
  return byNode;
}
