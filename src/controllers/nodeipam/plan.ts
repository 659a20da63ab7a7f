// Pod ranges for nodes: each gets the first free block of every range of the cluster's, one for each family. Pure.
import { type Cidr, ipText, networksOf, parseCidr } from '#api/addresses.ts';
import type { Node } from '#api/core/v1/node.ts';

/** Bits of a node's block: 254 pods, or more than anybody will count. */
const nodeBits = ({ width }: Cidr): number => (width === 32 ? 24 : 64);

/** The blocks of a range, in order. A range no larger than a block is given out whole. */
export function* blocks(range: string): Generator<string> {
  const cidr = parseCidr(range);
  if (cidr === undefined) return;
  const bits = nodeBits(cidr);
  if (cidr.prefix >= bits) {
    yield range;
    return;
  }
  const size = 1n << BigInt(cidr.width - bits);
  for (let i = 0; i < 2 ** (bits - cidr.prefix); i++) yield `${ipText(cidr.network + BigInt(i) * size, cidr.width)}/${bits}`;
}

/** The blocks for a node that has none, from ranges such as `10.244.0.0/16,fd00::/56`; undefined when one is used up. */
export function freeBlocks(ranges: string, nodes: readonly Node[]): readonly string[] | undefined {
  const used = new Set(nodes.flatMap((node) => node.spec.podCIDRs ?? (node.spec.podCIDR ? [node.spec.podCIDR] : [])));
  const found = networksOf(ranges).map((range) => blocks(range).find((block) => !used.has(block)));
  return found.every((block) => block !== undefined) ? found : undefined;
}
