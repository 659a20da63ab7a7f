// Pod ranges for nodes: each gets the first free block of the cluster's range. Pure. IPv4.
import type { Node } from '#api/core/v1/node.ts';

/** Bits of a node's block: 254 pods. */
export const nodeBits = 24;

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function textOf(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}

/** The blocks of the cluster's range, in order. A range no larger than a block is given out whole. */
export function* blocks(range: string, bits = nodeBits): Generator<string> {
  const [base = '', length = ''] = range.split('/');
  const width = Number(length);
  if (width >= bits) {
    yield range;
    return;
  }
  const size = 2 ** (32 - bits);
  const start = numberOf(base) - (numberOf(base) % 2 ** (32 - width));
  for (let i = 0; i < 2 ** (bits - width); i++) yield `${textOf(start + i * size)}/${bits}`;
}

/** The block for a node that has none; undefined when the range is used up. */
export function freeBlock(range: string, nodes: readonly Node[]): string | undefined {
  const used = new Set(nodes.flatMap((node) => node.spec.podCIDRs ?? (node.spec.podCIDR ? [node.spec.podCIDR] : [])));
  for (const block of blocks(range)) if (!used.has(block)) return block;
  return undefined;
}
