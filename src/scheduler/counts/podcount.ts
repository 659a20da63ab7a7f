// How many pods of a kind are on each node and in each topology domain, kept current pod by pod.
import type { NodeInfo } from '../nodeinfo.ts';
import type { Topology } from './topology.ts';

/** Divisions that one count keeps current; asked for more, it starts over. */
const mostTopologies = 32;

/** Counts per domain of one topology. */
export class DomainCount {
  readonly topology: Topology;
  readonly #byNode: ReadonlyMap<NodeInfo, number>;
  readonly #counts = new Map<string, number>();
  /** How many domains have a count, for the smallest one. */
  readonly #histogram = new Map<number, number>();
  #version = -1;
  #min = 0;

  constructor(topology: Topology, byNode: ReadonlyMap<NodeInfo, number>) {
    this.topology = topology;
    this.#byNode = byNode;
  }

  /** Pods in the domain; 0 for one that is unknown. */
  of(domain: string): number {
    this.#refresh();
    return this.#counts.get(domain) ?? 0;
  }

  /** The smallest count among all domains of the topology; 0 when there are none. */
  get min(): number {
    this.#refresh();
    if (this.#counts.size < this.topology.size || this.#counts.size === 0) return 0;
    while (!this.#histogram.has(this.#min)) this.#min++;
    return this.#min;
  }

  /** Domains with at least one pod. */
  get occupied(): number {
    this.#refresh();
    return this.#counts.size;
  }

  add(node: NodeInfo, by: number): void {
    if (this.#version !== this.topology.version) return;
    const domain = this.topology.domainOf(node);
    if (domain !== undefined) this.#change(domain, by);
  }

  #change(domain: string, by: number): void {
    const before = this.#counts.get(domain) ?? 0;
    const after = before + by;
    if (after === 0) this.#counts.delete(domain);
    else this.#counts.set(domain, after);
    if (before !== 0) {
      const left = (this.#histogram.get(before) ?? 1) - 1;
      if (left === 0) this.#histogram.delete(before);
      else this.#histogram.set(before, left);
    }
    if (after === 0) return;
    this.#histogram.set(after, (this.#histogram.get(after) ?? 0) + 1);
    if (after < this.#min) this.#min = after;
  }

  // Nodes came, went or changed their labels: added up again from the nodes, when somebody asks.
  #refresh(): void {
    if (this.#version === this.topology.version) return;
    this.#version = this.topology.version;
    this.#counts.clear();
    this.#histogram.clear();
    this.#min = 1;
    for (const [node, count] of this.#byNode) {
      const domain = this.topology.domainOf(node);
      if (domain !== undefined) this.#change(domain, count);
    }
  }
}

/** Counts per node, and per domain of the topologies that were asked for. */
export class PodCount {
  readonly #byNode = new Map<NodeInfo, number>();
  readonly #domains = new Map<Topology, DomainCount>();
  #total = 0;

  /** All pods of the kind, wherever they are. */
  get total(): number {
    return this.#total;
  }

  on(node: NodeInfo): number {
    return this.#byNode.get(node) ?? 0;
  }

  add(node: NodeInfo, by: number): void {
    this.#total += by;
    const count = (this.#byNode.get(node) ?? 0) + by;
    if (count === 0) this.#byNode.delete(node);
    else this.#byNode.set(node, count);
    for (const domains of this.#domains.values()) domains.add(node, by);
  }

  /** The counts by domain, which stay current from now on. */
  in(topology: Topology): DomainCount {
    let domains = this.#domains.get(topology);
    if (domains === undefined) {
      if (this.#domains.size >= mostTopologies) this.#domains.clear();
      domains = new DomainCount(topology, this.#byNode);
      this.#domains.set(topology, domains);
    }
    return domains;
  }
}
