// The domains that nodes form by the values of a label, among the nodes that count for a pod.
import type { NodeInfo } from '../nodeinfo.ts';

/** Which nodes count; `key` is equal for equal rules. */
export interface Eligibility {
  readonly key: string;
  includes(node: NodeInfo): boolean;
}

/** What a topology is made from. */
export interface NodeSource {
  readonly nodes: readonly NodeInfo[];
  /** Changes whenever a node comes, goes, or changes labels or taints. */
  readonly nodesVersion: number;
}

/** One division of nodes into domains. */
export class Topology {
  readonly key: string;
  readonly #eligibility: Eligibility | undefined;
  readonly #source: NodeSource;
  #domains = new Map<string, number>();
  #counted = -1;

  constructor(key: string, eligibility: Eligibility | undefined, source: NodeSource) {
    this.key = key;
    this.#eligibility = eligibility;
    this.#source = source;
  }

  get version(): number {
    return this.#source.nodesVersion;
  }

  /** The node's domain; undefined when it has none or does not count. */
  domainOf(node: NodeInfo): string | undefined {
    const value = node.node === undefined ? undefined : node.labels[this.key];
    if (value === undefined || this.#eligibility === undefined) return value;
    return this.#eligibility.includes(node) ? value : undefined;
  }

  /** How many domains there are, with or without pods. */
  get size(): number {
    this.#count();
    return this.#domains.size;
  }

  has(domain: string): boolean {
    this.#count();
    return this.#domains.has(domain);
  }

  #count(): void {
    if (this.#counted === this.#source.nodesVersion) return;
    this.#counted = this.#source.nodesVersion;
    this.#domains = new Map();
    for (const node of this.#source.nodes) {
      const domain = this.domainOf(node);
      if (domain !== undefined) this.#domains.set(domain, (this.#domains.get(domain) ?? 0) + 1);
    }
  }
}
