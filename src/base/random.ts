// Randomness as an argument (DESIGN law 1): a seeded source replays a failure.

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  bytes(length: number): Uint8Array;
  /** RFC 4122 version 4. */
  uuid(): string;
}

// No vowels and no look-alikes: what Kubernetes uses for generated names, so that they never spell a word.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** A random name suffix of `length` characters, as `metadata.generateName` appends (5 there). */
export function nameSuffix(random: Random, length = 5): string {
  let text = '';
  for (let i = 0; i < length; i++) text += alphabet[Math.floor(random.next() * alphabet.length)];
  return text;
}
