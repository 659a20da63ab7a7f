// Making something when it is first asked for.

/** A function that makes its value once. With `() => import(…)`: importing again and again costs more than most work. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
