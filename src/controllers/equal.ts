// Equality of API values as the server sees it: an absent field, an empty list and an empty map are the same.

function blank(value: unknown, zero: boolean): boolean {
  if (value === undefined || value === null) return true;
  if (zero && (value === 0 || value === '')) return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Compares two values of the API deeply. */
export function semanticEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, false);
}

/** Compares two statuses: the server leaves zeros and empty texts out, so these and absent fields are the same, too. */
export function sameStatus(a: unknown, b: unknown): boolean {
  return equal(a, b, true);
}

function equal(a: unknown, b: unknown, zero: boolean): boolean {
  if (a === b) return true;
  if (blank(a, zero) || blank(b, zero)) return blank(a, zero) && blank(b, zero);
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index], zero));
  }
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  for (const key of Object.keys(left)) if (!equal(left[key], right[key], zero)) return false;
  for (const key of Object.keys(right)) if (!(key in left) && !blank(right[key], zero)) return false;
  return true;
}
