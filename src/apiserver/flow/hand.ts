// Pure: shuffle sharding. Each flow is dealt a hand of queues; two flows rarely hold the same hand, so that one that
// floods its queues leaves every other at least one that is free (KEP-1040).

/** A number below 2^53 made of a text. */
export function hashOf(text: string): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 2654435761);
    low = Math.imul(low ^ code, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (low & 0x1f_ffff) * 0x1_0000_0000 + (high >>> 0);
}

/** Deals `size` different cards of a deck, determined by the hash. */
export function deal(hash: number, deck: number, size: number): number[] {
  const hand: number[] = [];
  let rest = hash;
  for (let i = 0; i < size && i < deck; i++) {
    const left = deck - i;
    let card = rest % left;
    rest = Math.floor(rest / left);
    // Cards are counted among those that are left: each one dealt below it moves it up.
    for (const taken of hand.toSorted((a, b) => a - b)) if (taken <= card) card++;
    hand.push(card);
  }
  return hand;
}
