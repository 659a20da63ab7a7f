// Answers that were given already. Ours are good until anything in the zone changes; others' until their time is over.

interface Entry {
  readonly bytes: Uint8Array;
  /** Monotonic milliseconds; Infinity for our own zone. */
  readonly until: number;
}

/** An answer cut to another question's id. */
function withId(bytes: Uint8Array, query: Uint8Array): Uint8Array {
  const answer = Uint8Array.from(bytes);
  answer[0] = query[0] as number;
  answer[1] = query[1] as number;
  return answer;
}

/** Bounded; when it is full it is emptied: what is asked often is soon there again. */
export class AnswerCache {
  readonly #most: number;
  readonly #entries = new Map<string, Entry>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Everything of a question but its id, and how it came: answers over UDP are cut. */
  static key(query: Uint8Array, tcp: boolean): string {
    const text = Buffer.from(query.buffer, query.byteOffset, query.length).toString('latin1', 2);
    return tcp ? `t${text}` : text;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, query: Uint8Array, now: number): Uint8Array | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > now) return withId(entry.bytes, query);
    this.#entries.delete(key);
    return undefined;
  }

  set(key: string, bytes: Uint8Array, until: number): void {
    if (this.#entries.size >= this.#most) this.#entries.clear();
    this.#entries.set(key, { bytes, until });
  }

  clear(): void {
    this.#entries.clear();
  }
}
