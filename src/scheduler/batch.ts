// Siblings in a row: the nodes that were found for one pod serve the next ones of the same make, as long as only a few
// nodes have changed meanwhile. Whether a node takes the pod is asked anew every time; what is saved is the search.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Random } from '#base/random.ts';
import { Recent } from '#base/recent.ts';
import type { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';

/** Bookings since the last pod, beyond which a new search is cheaper. */
const mostChanges = 256;
/** Nodes that refuse a pod, beyond which a new search is cheaper. */
const mostRefusals = 64;

/** What is asked of a container: names, environment and mounts are nobody's business here. */
const partsOf = ({ image, resources, ports, restartPolicy }: Container) => [image, resources, ports, restartPolicy];

/** The specifications' part of signatures, of those that were here last. */
const lately = new Recent<Pod['spec'], string>();

function specSignature(spec: Pod['spec']): string {
  const known = lately.find(spec);
  if (known !== undefined) return known;
  const text = JSON.stringify([
    spec.containers.map(partsOf),
    spec.initContainers?.map(partsOf),
    [spec.resources, spec.overhead, spec.hostNetwork, spec.priority, spec.nodeName],
    [spec.nodeSelector, spec.tolerations, spec.affinity, spec.topologySpreadConstraints],
  ]);
  lately.add(spec, text);
  return text;
}

/** Everything about a pod that filters and scores look at, equal for siblings; undefined for pods that are one of a kind. */
export function signatureOf({ pod, claims, namespace, labels }: PodInfo): string | undefined {
  const { spec, metadata } = pod;
  // What claims need changes with every pod that is placed.
  if (claims.length > 0 || spec.resourceClaims !== undefined) return undefined;
  return `${specSignature(spec)}${JSON.stringify([namespace, labels, metadata.ownerReferences?.[0]?.uid])}`;
}

/** What happened to nodes' bookings, in order; kept for a while. */
export class Journal {
  #entries: NodeInfo[] = [];
  #base = 0;

  /** A number for the present, to ask `since` later. */
  get position(): number {
    return this.#base + this.#entries.length;
  }

  note(node: NodeInfo): void {
    if (this.#entries.length >= 4 * mostChanges) {
      this.#base += 2 * mostChanges;
      this.#entries = this.#entries.slice(2 * mostChanges);
    }
    this.#entries.push(node);
  }

  /** Nodes that changed since a position; undefined when there are too many to tell. */
  since(position: number): readonly NodeInfo[] | undefined {
    if (position < this.#base || this.position - position > mostChanges) return undefined;
    return this.#entries.slice(position - this.#base);
  }
}

export interface BatchOptions {
  /** A node's total of the scores that depend on nothing but the pod and that node. */
  score(node: NodeInfo): number;
  /** Of the journal. */
  readonly position: number;
  /** There are no other scores. */
  readonly alone: boolean;
}

/** Nodes with their scores, for pods of one signature. */
export class Batch {
  readonly signature: string;
  readonly alone: boolean;
  readonly nodes: readonly NodeInfo[];
  readonly totals: Float64Array;
  readonly #index = new Map<NodeInfo, number>();
  readonly #score: (node: NodeInfo) => number;
  /** Scratch: indexes of nodes with the same total. */
  readonly #alike: Int32Array;
  #position: number;
  #uses: number;

  constructor(signature: string, nodes: readonly NodeInfo[], { score, position, alone }: BatchOptions) {
    this.alone = alone;
    this.signature = signature;
    this.nodes = nodes;
    this.#score = score;
    this.#position = position;
    this.totals = Float64Array.from(nodes, score);
    this.#alike = new Int32Array(nodes.length);
    nodes.forEach((node, i) => this.#index.set(node, i));
    // The nodes that were not looked at fall behind by one pod at a time.
    this.#uses = Math.ceil(nodes.length / 4);
  }

  /** Brings scores up to date; false when a new search is due. */
  refresh(journal: Journal): boolean {
    if (--this.#uses < 0) return false;
    const changed = journal.since(this.#position);
    if (changed === undefined) return false;
    this.#position = journal.position;
    for (const node of changed) {
      const i = this.#index.get(node);
      if (i !== undefined) this.totals[i] = node.node === undefined ? Number.NEGATIVE_INFINITY : this.#score(node);
    }
    return true;
  }
  /** The node with the highest total that takes the pod, any one of those that are alike; undefined when it is hard to find. */
  best(random: Random, takes: (node: NodeInfo) => boolean): NodeInfo | undefined {
    const { nodes, totals } = this;
    let refusals = 0;
    for (let below = Number.POSITIVE_INFINITY; ; ) {
      let highest = Number.NEGATIVE_INFINITY;
      let count = 0;
      for (let i = 0; i < totals.length; i++) {
        const total = totals[i] as number;
        if (total < highest || total >= below) continue;
        if (total > highest) count = 0;
        highest = total;
        this.#alike[count++] = i;
      }
      if (highest === Number.NEGATIVE_INFINITY) return undefined;
      for (; count > 0; count--) {
        const at = count === 1 ? 0 : Math.floor(random.next() * count);
        const node = nodes[this.#alike[at] as number] as NodeInfo;
        if (takes(node)) return node;
        if (++refusals >= mostRefusals) return undefined;
        this.#alike[at] = this.#alike[count - 1] as number;
      }
      below = highest;
    }
  }
}
