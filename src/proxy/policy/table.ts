// One nftables table as we want it and as the kernel has it; the difference as text. Knows nothing of what is in it.

type Elements = Map<string, number>;

/** Remembers what was there before the first change since the last text. */
function note<V>(touched: Map<string, V | undefined>, key: string, before: V | undefined): void {
  if (!touched.has(key)) touched.set(key, before);
}

const into = <V>(maps: Map<string, Map<string, V>>, name: string): Map<string, V> => {
  const found = maps.get(name);
  if (found !== undefined) return found;
  const made = new Map<string, V>();
  maps.set(name, made);
  return made;
};

/** Elements a line: nft reads long lines, but a message of the kernel's has a bound. */
const perLine = 1000;

/** Desired sets, chains and verdict maps of a table of the `inet` family. */
export class TableState {
  readonly #table: string;
  readonly #sets = new Map<string, string>();
  readonly #chains = new Map<string, string>();
  /** How often each element was asked for: two pods may show one address for a moment. */
  readonly #elements = new Map<string, Elements>();
  readonly #verdicts = new Map<string, Map<string, string>>();
  readonly #oldSets = new Map<string, string | undefined>();
  readonly #oldChains = new Map<string, string | undefined>();
  readonly #oldElements = new Map<string, Map<string, boolean | undefined>>();
  readonly #oldVerdicts = new Map<string, Map<string, string | undefined>>();

  constructor(table: string) {
    this.#table = table;
  }

  /** Declares a set of a type, e.g. `ipv4_addr`. */
  addSet(name: string, type: string): void {
    note(this.#oldSets, name, this.#sets.get(name));
    this.#sets.set(name, type);
  }

  /** Forgets a set with everything in it. */
  dropSet(name: string): void {
    note(this.#oldSets, name, this.#sets.get(name));
    this.#sets.delete(name);
    this.#elements.delete(name);
    this.#oldElements.delete(name);
  }

  /** Puts an element in once more, or takes it out once. */
  element(set: string, element: string, by: 1 | -1): void {
    const elements = into(this.#elements, set);
    const had = elements.get(element) ?? 0;
    note(into(this.#oldElements, set), element, had > 0);
    if (had + by > 0) elements.set(element, had + by);
    else elements.delete(element);
  }

  /** A chain with these rules; undefined takes it away. */
  chain(name: string, rules: readonly string[] | undefined): void {
    note(this.#oldChains, name, this.#chains.get(name));
    if (rules === undefined) this.#chains.delete(name);
    else this.#chains.set(name, rules.map((rule) => `add rule inet ${this.#table} ${name} ${rule}\n`).join(''));
  }

  /** What a verdict map says to a key. */
  verdict(map: string, key: string, verdict: string | undefined): void {
    const verdicts = into(this.#verdicts, map);
    const had = verdicts.get(key);
    if (had === verdict) return;
    note(into(this.#oldVerdicts, map), key, had);
    if (verdict === undefined) verdicts.delete(key);
    else verdicts.set(key, verdict);
  }

  /** The text that brings the kernel from the state of the last text to the present one; '' for no difference. */
  text(): string {
    const text = this.#change();
    this.#settle();
    return text;
  }

  /** The text that makes everything anew behind `base`, which makes the empty table. */
  replace(base: string): string {
    this.#settle();
    for (const name of this.#sets.keys()) this.#oldSets.set(name, undefined);
    for (const name of this.#chains.keys()) this.#oldChains.set(name, undefined);
    for (const [set, elements] of this.#elements) for (const element of elements.keys()) into(this.#oldElements, set).set(element, false);
    for (const [map, verdicts] of this.#verdicts) for (const key of verdicts.keys()) into(this.#oldVerdicts, map).set(key, undefined);
    return base + this.text();
  }

  #settle(): void {
    for (const touched of [this.#oldSets, this.#oldChains, this.#oldElements, this.#oldVerdicts]) touched.clear();
  }

  /**
   * The order matters: what is referred to must be there before the reference, and may go only after it. Sets, then
   * empty chains, elements, rules, verdicts; then chains that are gone (emptied first: they refer to each other), then sets.
   */
  #change(): string {
    const at = `inet ${this.#table}`;
    const [newSets, goneSets] = changed(this.#oldSets, this.#sets);
    const [newChains, goneChains] = changed(this.#oldChains, this.#chains);
    let text = '';
    for (const name of newSets) text += `add set ${at} ${name} { type ${this.#sets.get(name)}; }\n`;
    for (const name of newChains) text += `add chain ${at} ${name}\n`;
    for (const [set, touched] of this.#oldElements) {
      const now = this.#elements.get(set);
      const pairs = [...touched].filter(([element, was]) => was !== (now?.has(element) ?? false));
      text += this.#elementLines(
        'delete',
        set,
        pairs.filter(([, was]) => was).map(([element]) => element),
      );
      text += this.#elementLines(
        'add',
        set,
        pairs.filter(([, was]) => !was).map(([element]) => element),
      );
    }
    for (const name of newChains) text += `flush chain ${at} ${name}\n${this.#chains.get(name)}`;
    for (const [map, touched] of this.#oldVerdicts) {
      const now = this.#verdicts.get(map);
      const pairs = [...touched].filter(([key, was]) => was !== now?.get(key));
      text += this.#elementLines(
        'delete',
        map,
        pairs.filter(([, was]) => was !== undefined).map(([key]) => key),
      );
      text += this.#elementLines(
        'add',
        map,
        pairs.filter(([key]) => now?.has(key)).map(([key]) => `${key} : ${now?.get(key)}`),
      );
    }
    for (const name of goneChains) text += `flush chain ${at} ${name}\n`;
    for (const name of goneChains) text += `delete chain ${at} ${name}\n`;
    for (const name of goneSets) text += `delete set ${at} ${name}\n`;
    return text;
  }

  #elementLines(verb: string, set: string, elements: readonly string[]): string {
    let text = '';
    for (let i = 0; i < elements.length; i += perLine)
      text += `${verb} element inet ${this.#table} ${set} { ${elements.slice(i, i + perLine).join(', ')} }\n`;
    return text;
  }
}

/** Names that are new or different, and names that are gone. */
function changed(old: ReadonlyMap<string, string | undefined>, now: ReadonlyMap<string, string>): [string[], string[]] {
  const names = [...old].filter(([name, was]) => now.get(name) !== was).map(([name]) => name);
  return [names.filter((name) => now.has(name)), names.filter((name) => !now.has(name) && old.get(name) !== undefined)];
}
