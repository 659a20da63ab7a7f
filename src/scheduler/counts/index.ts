// All counts of pods that rules have asked for. A rule that nobody asks about for long is forgotten.
import type { NodeInfo } from '../nodeinfo.ts';
import type { PodInfo } from '../podinfo.ts';
import type { AffinityTerm, NamespaceLabels, Selection } from '../selection.ts';
import { selects } from '../selection.ts';
import { PodCount } from './podcount.ts';
import { SelectionTable } from './table.ts';
import { type Eligibility, type NodeSource, Topology } from './topology.ts';

/** More counts than this: those that were asked for longest ago go. */
const mostCounts = 1024;

interface Kept {
  readonly count: PodCount;
  used: number;
}

/** A term of pods that are on nodes, with how many of its owners are where. */
export interface OwnedTerm {
  readonly term: AffinityTerm;
  readonly owners: PodCount;
}

/** Which of a pod's terms: what it demands, forbids, or likes. */
export type TermKind = 'requiredAffinity' | 'requiredAntiAffinity' | 'preferred';
const kinds: readonly TermKind[] = ['requiredAffinity', 'requiredAntiAffinity', 'preferred'];

export class PodIndex {
  readonly #source: NodeSource;
  readonly #labelsOf: NamespaceLabels;
  readonly #counts: SelectionTable<Kept>;
  readonly #owned: Readonly<Record<TermKind, SelectionTable<OwnedTerm>>>;
  readonly #topologies = new Map<string, Topology>();
  /** Every booked pod, by namespace: where a new count starts from. */
  readonly #pods = new Map<string, Map<PodInfo, NodeInfo>>();
  readonly #ownerless: { readonly kind: TermKind; readonly id: string }[] = [];
  #clock = 0;

  constructor(source: NodeSource, labelsOf: NamespaceLabels) {
    this.#source = source;
    this.#labelsOf = labelsOf;
    this.#counts = new SelectionTable(labelsOf);
    this.#owned = {
      requiredAffinity: new SelectionTable(labelsOf),
      requiredAntiAffinity: new SelectionTable(labelsOf),
      preferred: new SelectionTable(labelsOf),
    };
  }

  /** How many pods of the selection are where. */
  count(selection: Selection): PodCount {
    const known = this.#counts.get(selection.key);
    if (known !== undefined) {
      known.used = ++this.#clock;
      return known.count;
    }
    if (this.#counts.size >= mostCounts) this.#forgetOldest();
    const count = new PodCount();
    const namespaces = selection.namespaceSelector === undefined ? selection.namespaces : this.#pods.keys();
    for (const namespace of namespaces)
      for (const [pod, node] of this.#pods.get(namespace) ?? []) if (selects(selection, pod, this.#labelsOf)) count.add(node, 1);
    this.#counts.set(selection.key, selection, { count, used: ++this.#clock });
    return count;
  }

  /** Terms of placed pods that talk about this pod. */
  ownedTerms(kind: TermKind, about: PodInfo): OwnedTerm[] {
    this.#sweep();
    const found: OwnedTerm[] = [];
    this.#owned[kind].matching(about, (owned) => found.push(owned));
    return found;
  }

  topology(key: string, eligibility?: Eligibility): Topology {
    const id = eligibility === undefined ? key : `${key}|${eligibility.key}`;
    let topology = this.#topologies.get(id);
    if (topology === undefined) {
      // Counts that hold one that is dropped go on with it; only the sharing is lost.
      if (this.#topologies.size >= mostCounts) this.#topologies.clear();
      topology = new Topology(key, eligibility, this.#source);
      this.#topologies.set(id, topology);
    }
    return topology;
  }

  added(pod: PodInfo, node: NodeInfo): void {
    let own = this.#pods.get(pod.namespace);
    if (own === undefined) {
      own = new Map();
      this.#pods.set(pod.namespace, own);
    }
    own.set(pod, node);
    this.#book(pod, node, 1);
  }

  removed(pod: PodInfo, node: NodeInfo): void {
    const own = this.#pods.get(pod.namespace);
    own?.delete(pod);
    if (own?.size === 0) this.#pods.delete(pod.namespace);
    this.#book(pod, node, -1);
  }

  /** A newer state of a pod that counts like the older one. */
  replaced(known: PodInfo, pod: PodInfo, node: NodeInfo): void {
    const own = this.#pods.get(pod.namespace);
    own?.delete(known);
    own?.set(pod, node);
  }

  /** The labels of a namespace have changed: what depends on them is counted anew when it is asked for. */
  namespacesChanged(): void {
    for (const key of this.#counts.wide()) this.#counts.delete(key);
  }

  #book(pod: PodInfo, node: NodeInfo, sign: 1 | -1): void {
    this.#counts.matching(pod, ({ count }) => count.add(node, sign));
    for (const kind of kinds) for (const term of pod.terms[kind]) this.#own(kind, term, { node, sign });
  }

  #own(kind: TermKind, term: AffinityTerm, { node, sign }: { node: NodeInfo; sign: 1 | -1 }): void {
    const table = this.#owned[kind];
    let owned = table.get(term.id);
    if (owned === undefined) {
      owned = { term, owners: new PodCount() };
      table.set(term.id, term.selection, owned);
    }
    owned.owners.add(node, sign);
    if (owned.owners.total === 0) this.#ownerless.push({ kind, id: term.id });
  }

  // Terms without owners stay until the next question, so that a search that takes pods away and puts them back keeps
  // counting on the same objects.
  #sweep(): void {
    for (const { kind, id } of this.#ownerless) if (this.#owned[kind].get(id)?.owners.total === 0) this.#owned[kind].delete(id);
    this.#ownerless.length = 0;
  }

  #forgetOldest(): void {
    const byUse = [...this.#counts.entries()].toSorted(([, a], [, b]) => a.used - b.used);
    for (const [key] of byUse.slice(0, mostCounts / 4)) this.#counts.delete(key);
  }
}
