// Pod ranges for nodes: each gets the first free block of every range of the cluster's, one for each family. Pure.
import { type Cidr, ipText, networksOf, parseCidr } from '#api/addresses.ts';
import type { Node } from '#api/core/v1/node.ts';

/** Bits of a node's block: 254 pods, or more than anybody will count. */
const nodeBits = ({ width }: Cidr): number => (width === 32 ? 24 : 64);

/** The blocks of one range and who has which. */
class Range {
  readonly #cidr: Cidr;
  readonly #bits: number;
  readonly #count: number;
  readonly #used = new Set<number>();
  /** No block below it is free. */
  #low = 0;

  constructor(cidr: Cidr) {
    this.#cidr = cidr;
    // A range no larger than a block is given out whole.
    this.#bits = Math.max(cidr.prefix, nodeBits(cidr));
    this.#count = 2 ** (this.#bits - cidr.prefix);
  }

  get #size(): bigint {
    return 1n << BigInt(this.#cidr.width - this.#bits);
  }

  /** The number of a block of this range. */
  #indexOf(block: string): number | undefined {
    const cidr = parseCidr(block);
    if (cidr === undefined || cidr.width !== this.#cidr.width) return undefined;
    const index = Number((cidr.network - this.#cidr.network) / this.#size);
    return cidr.network >= this.#cidr.network && index < this.#count ? index : undefined;
  }

  use(block: string): void {
    const index = this.#indexOf(block);
    if (index !== undefined) this.#used.add(index);
  }

  release(block: string): void {
    const index = this.#indexOf(block);
    if (index === undefined) return;
    this.#used.delete(index);
    this.#low = Math.min(this.#low, index);
  }

  first(): string | undefined {
    while (this.#low < this.#count && this.#used.has(this.#low)) this.#low++;
    if (this.#low >= this.#count) return undefined;
    return `${ipText(this.#cidr.network + BigInt(this.#low) * this.#size, this.#cidr.width)}/${this.#bits}`;
  }
}

/** The blocks that a node has. */
export function blocksOf({ spec }: Node): readonly string[] {
  return spec.podCIDRs ?? (spec.podCIDR ? [spec.podCIDR] : []);
}

/** The blocks of the cluster's ranges, such as `10.244.0.0/16,fd00::/56`. */
export class Blocks {
  readonly #ranges: readonly Range[];

  constructor(ranges: string) {
    this.#ranges = networksOf(ranges).flatMap((range) => {
      const cidr = parseCidr(range);
      return cidr === undefined ? [] : [new Range(cidr)];
    });
  }

  /** Notes that these are given out; blocks outside the ranges are nobody's business. */
  use(blocks: readonly string[]): void {
    for (const range of this.#ranges) for (const block of blocks) range.use(block);
  }

  release(blocks: readonly string[]): void {
    for (const range of this.#ranges) for (const block of blocks) range.release(block);
  }

  /** The first free block of every range; undefined when one is used up. */
  free(): readonly string[] | undefined {
    const found = this.#ranges.map((range) => range.first());
    return found.every((block) => block !== undefined) ? found : undefined;
  }
}
