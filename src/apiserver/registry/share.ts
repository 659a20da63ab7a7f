// Structural sharing: what a new state has in common with the old one becomes the old one's own parts. Comparisons after
// that (owners of fields, generation, validation of updates, "nothing changed") end at identity, and versions of an
// object share memory.

/** `next` with every part that equals its counterpart in `old` replaced by that counterpart. `next` is changed in place. */
export function shareWith<T>(next: T, old: unknown): T {
  return share(next, old) as T;
}

function share(next: unknown, old: unknown): unknown {
  if (next === old || typeof next !== 'object' || typeof old !== 'object' || next === null || old === null) return next;
  if (Object.isFrozen(next)) return next;
  if (Array.isArray(next)) {
    if (!Array.isArray(old)) return next;
    let same = next.length === old.length;
    for (let i = 0; i < next.length && i < old.length; i++) {
      const part = share(next[i], old[i]);
      if (part !== next[i]) next[i] = part;
      if (part !== old[i]) same = false;
    }
    return same ? old : next;
  }
  if (Array.isArray(old)) return next;
  const target = next as Record<string, unknown>;
  const source = old as Record<string, unknown>;
  let same = true;
  let count = 0;
  for (const key in target) {
    count++;
    const value = target[key];
    const part = share(value, source[key]);
    if (part !== value) target[key] = part;
    if (part !== source[key] || !Object.hasOwn(source, key)) same = false;
  }
  if (!same) return next;
  for (const _ in source) count--;
  return count === 0 ? old : next;
}
