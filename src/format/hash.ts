// Small hashes that names and labels are made of. None of them protects anything.

const encoder = new TextEncoder();
const asBytes = (data: string | Uint8Array): Uint8Array => (typeof data === 'string' ? encoder.encode(data) : data);

/** FNV-1a, 32 bits. */
export function fnv32a(data: string | Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of asBytes(data)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** FNV-1a, 64 bits. */
export function fnv64a(data: string | Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of asBytes(data)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

// The alphabet of generated names: no vowels, nothing that looks like something else.
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** Maps every character to one that is safe in a name and spells no word. */
export function safeEncode(text: string): string {
  let safe = '';
  for (let i = 0; i < text.length; i++) safe += alphabet[text.charCodeAt(i) % alphabet.length];
  return safe;
}

/** JSON with sorted keys: the same text for equal values. Absent and undefined are the same. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => stableJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return `{${entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => `${JSON.stringify(key)}:${stableJson(item)}`)
    .join(',')}}`;
}
