// What was found out about the last few values, for values that come in rows: the specs of a template's pods are all alike.

const kept = 4;

/** The last few values and what is known about each. */
export class Recent<K, T> {
  /** The one that was found last comes first. */
  readonly #items: { readonly value: K; readonly known: T }[] = [];

  /** What is known about the value: by identity, or about one that `same` says is as good. */
  find(value: K, same: (kept: K, value: K) => boolean = Object.is): T | undefined {
    const items = this.#items;
    for (let i = 0; i < items.length; i++) {
      const item = items[i] as (typeof items)[number];
      if (!same(item.value, value)) continue;
      if (i > 0) {
        items.splice(i, 1);
        items.unshift(item);
      }
      return item.known;
    }
    return undefined;
  }

  add(value: K, known: T): void {
    this.#items.unshift({ value, known });
    if (this.#items.length > kept) this.#items.pop();
  }
}
