// Randomness from a seed: the same seed gives the same run.
import type { Random } from './random.ts';

/** A deterministic source (sfc32), for tests and simulations only: it is predictable. */
export function seededRandom(seed: number | string): Random {
  // Spread the seed over the state (FNV-1a), then run it warm.
  let hash = 0x811c9dc5;
  for (const char of String(seed)) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  let a = hash | 0;
  let b = (hash ^ 0x9e3779b9) | 0;
  let c = 0x243f6a88;
  let counter = 1;
  const word = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i++) word();
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => word() & 0xff);
  return {
    next: () => ((word() >>> 6) * 2 ** 27 + (word() >>> 5)) / 2 ** 53,
    bytes,
    uuid() {
      const raw = bytes(16);
      raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
      raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
      const hex = Buffer.from(raw).toString('hex');
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
    },
  };
}

/** An integer in [0, below). */
export function below(random: Random, limit: number): number {
  return Math.floor(random.next() * limit);
}

/** One of the items. */
export function pick<T>(random: Random, items: readonly T[]): T {
  if (items.length === 0) throw new Error('nothing to pick from');
  return items[below(random, items.length)] as T;
}
