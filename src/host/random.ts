// The machine's randomness.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Random } from '#base/random.ts';

// Unpredictable also for `next`: names of pods and tokens are made from it. Drawn from a pool, one system call per 1024.
let pool = new Uint32Array(0);
let used = 0;

function word(): number {
  if (used === pool.length) {
    const bytes = randomBytes(4096);
    pool = new Uint32Array(bytes.buffer, bytes.byteOffset, 1024);
    used = 0;
  }
  return pool[used++] ?? 0;
}

export const realRandom: Random = {
  next: () => ((word() >>> 6) * 2 ** 27 + (word() >>> 5)) / 2 ** 53,
  bytes: (length) => randomBytes(length),
  uuid: () => randomUUID(),
};
