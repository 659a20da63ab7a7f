// A table of selections that answers "which of you take in this pod?" without asking each: selections with an equality
// are found by that label.
import type { Requirement } from '#format/selector.ts';
import { type NamespaceLabels, type Selectable, type Selection, selects } from '../selection.ts';

interface Entry<T> {
  readonly selection: Selection;
  readonly value: T;
  readonly buckets: readonly string[];
}

const pinned = ({ operator, values }: Requirement): boolean =>
  operator === '=' || operator === '==' || (operator === 'in' && values.length === 1);

/** Values by selection. */
export class SelectionTable<T> {
  readonly #buckets = new Map<string, Set<Entry<T>>>();
  readonly #entries = new Map<string, Entry<T>>();
  readonly #labelsOf: NamespaceLabels;

  constructor(labelsOf: NamespaceLabels) {
    this.#labelsOf = labelsOf;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `key`: identity of the entry, not necessarily of its selection. */
  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  set(key: string, selection: Selection, value: T): void {
    this.delete(key);
    const entry = { selection, value, buckets: this.#bucketsFor(selection) };
    this.#entries.set(key, entry);
    for (const name of entry.buckets) {
      const bucket = this.#buckets.get(name);
      if (bucket === undefined) this.#buckets.set(name, new Set([entry]));
      else bucket.add(entry);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    for (const name of entry.buckets) {
      const bucket = this.#buckets.get(name);
      bucket?.delete(entry);
      if (bucket?.size === 0) this.#buckets.delete(name);
    }
  }

  /** Calls `visit` for every selection that takes in the pod. */
  matching(pod: Selectable, visit: (value: T) => void): void {
    if (this.#entries.size === 0) return;
    this.#visit('', pod, visit);
    this.#visit(pod.namespace, pod, visit);
    const { labels } = pod;
    for (const key in labels) this.#visit(`${pod.namespace}\0${key}=${labels[key] ?? ''}`, pod, visit);
  }

  entries(): Iterable<[string, T]> {
    return [...this.#entries].map(([key, entry]) => [key, entry.value]);
  }

  /** Selections that depend on the labels of namespaces. */
  *wide(): Iterable<string> {
    for (const [key, { selection }] of this.#entries) if (selection.namespaceSelector !== undefined) yield key;
  }

  #visit(name: string, pod: Selectable, visit: (value: T) => void): void {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return;
    for (const entry of bucket) if (selects(entry.selection, pod, this.#labelsOf)) visit(entry.value);
  }

  #bucketsFor(selection: Selection): string[] {
    if (selection.namespaceSelector !== undefined) return [''];
    return [...selection.namespaces].map((namespace) => {
      const names = selection.selector.requirements.filter(pinned).map(({ key, values }) => `${namespace}\0${key}=${values[0] ?? ''}`);
      // The label that the fewest others share tells most.
      const sizeOf = (name: string) => this.#buckets.get(name)?.size ?? 0;
      return names.toSorted((a, b) => sizeOf(a) - sizeOf(b))[0] ?? namespace;
    });
  }
}
