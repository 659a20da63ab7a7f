// One scheduling attempt: which nodes can take the pod, which of them is the best. Pure but for the random tie-break.
import type { Random } from '#base/random.ts';
import { Batch, signatureOf } from './batch.ts';
import { type CycleState, extenderName, isRejection, type Plugin, type PluginSet, type Rejection } from './framework.ts';
import type { NodeInfo } from './nodeinfo.ts';
import { Nominator } from './nominator.ts';
import type { PodInfo } from './podinfo.ts';
import { type Attempt, type Choice, type Found, leftOut, noNode, type Prepared, type Search } from './search.ts';
import { Shape, shapeKey, Shapes } from './shapes.ts';
import type { ClusterCache } from './snapshot.ts';

/** Below this many nodes all are looked at. */
const lookAtAll = 100;

/** How many feasible nodes are enough: a share that falls from 50 % at few nodes to 5 % at thousands. */
export function enoughNodes(total: number, percentage = 0): number {
  if (total < lookAtAll) return total;
  const share = percentage > 0 ? percentage : Math.max(5, 50 - Math.floor(total / 125));
  return share >= 100 ? total : Math.max(lookAtAll, Math.floor((total * share) / 100));
}

export interface CycleOptions {
  readonly set: PluginSet;
  readonly random: Random;
  readonly nominator?: Nominator;
  readonly percentageOfNodesToScore?: number;
}

const isRefused = (value: Prepared | Rejection): value is Rejection => 'code' in value;

interface Scorer {
  readonly plugin: Plugin;
  readonly weight: number;
  /** Index among the scores that shapes remember; −1 for none. */
  readonly fixed: number;
}

/** Makes of pods whose last search is kept. */
const mostBatches = 16;

/** Runs attempts; remembers where the last search ended, so that all nodes are looked at in turn. */
export class Cycle {
  readonly #random: Random;
  readonly #percentage: number | undefined;
  readonly #nominator: Nominator;
  readonly #filters: readonly Plugin[];
  readonly #scorers: readonly Scorer[];
  readonly #fixedScorers: readonly Plugin[];
  readonly #shapes = new Shapes();
  #next = 0;
  /** What was found last, for siblings; the one that was used longest ago comes first. */
  readonly #batches = new Map<string, Batch>();

  constructor({ set, random, nominator, percentageOfNodesToScore }: CycleOptions) {
    this.#random = random;
    this.#percentage = percentageOfNodesToScore;
    this.#nominator = nominator ?? new Nominator();
    this.#filters = set.plugins.filter((plugin) => plugin.preFilter !== undefined || plugin.filter !== undefined);
    const scorers = set.plugins.filter((plugin) => plugin.score !== undefined && set.weights[plugin.name] !== 0);
    this.#fixedScorers = scorers.filter((plugin) => plugin.nodeOnly === true);
    this.#scorers = scorers.map((plugin) => ({
      plugin,
      weight: set.weights[plugin.name] ?? 1,
      fixed: this.#fixedScorers.indexOf(plugin),
    }));
  }

  /** Looks for a node. */
  attempt(pod: PodInfo, cache: ClusterCache): Attempt {
    const prepared = this.#begin(pod, cache);
    if ('ok' in prepared) return prepared;
    const signature = this.#sampling(prepared, cache) ? signatureOf(pod) : undefined;
    const sibling = signature === undefined ? undefined : this.#fromBatch(signature, prepared, cache);
    if (sibling !== undefined) return { ok: true, node: sibling, evaluated: 1, feasible: 1, state: prepared.state };
    const found = this.#search(prepared, cache);
    const { feasible, evaluated } = found;
    if (feasible.length === 0) return noNode(cache, prepared, found);
    const node = feasible.length === 1 ? (feasible[0] as NodeInfo) : this.#best(prepared, feasible, { cache, signature });
    return { ok: true, node, evaluated, feasible: feasible.length, state: prepared.state };
  }

  /** The first half of an attempt, for those who ask others about the nodes that take the pod. `choose` is the second. */
  find(pod: PodInfo, cache: ClusterCache, nominated: boolean): Search | (Attempt & { ok: false }) {
    const prepared = this.#begin(pod, cache);
    if ('ok' in prepared) return prepared;
    const found = this.#search(prepared, cache, nominated);
    return found.feasible.length === 0 ? noNode(cache, prepared, found) : { prepared, ...found };
  }

  /** The best of the nodes that were left and that still take the pod. */
  choose(pod: PodInfo, cache: ClusterCache, { nodes, points, known, narrowed, rejectedBy }: Choice): Attempt {
    const prepared = this.#begin(pod, cache);
    if ('ok' in prepared) return prepared;
    const refused = new Map(known);
    const feasible = nodes.filter((node) => {
      if (cache.get(node.name) !== node) return false;
      const rejection = this.fits(prepared, node, cache);
      if (rejection !== undefined) refused.set(node.name, rejection);
      return rejection === undefined;
    });
    if (feasible.length === 0) {
      const rejections = cache.nodes.map((node) => refused.get(node.name));
      const plugins = new Set(rejectedBy);
      for (const node of nodes) plugins.add(refused.get(node.name)?.plugin ?? extenderName);
      return { ok: false, verdict: { nodes: cache.nodes, rejections, plugins, ...leftOut(narrowed) }, prepared };
    }
    const node =
      feasible.length === 1 ? (feasible[0] as NodeInfo) : this.#best(prepared, feasible, { cache, signature: undefined, points });
    return { ok: true, node, evaluated: nodes.length, feasible: feasible.length, state: prepared.state };
  }

  #begin(pod: PodInfo, cache: ClusterCache): Prepared | (Attempt & { ok: false }) {
    const { nodes } = cache;
    if (nodes.length === 0) return { ok: false, verdict: { nodes, rejections: [], plugins: new Set() }, prepared: undefined };
    const prepared = this.prepare(pod, cache);
    if (!isRefused(prepared)) return prepared;
    const verdict = { nodes, rejections: [], upFront: prepared, plugins: new Set([prepared.plugin]) };
    return { ok: false, verdict, prepared: undefined };
  }

  /** Lets the plugins do what they do once per attempt. A rejection is for all nodes. */
  prepare(pod: PodInfo, cache: ClusterCache): Prepared | Rejection {
    const state: CycleState = new Map();
    let only: ReadonlySet<string> | undefined;
    const narrowed: string[] = [];
    const active: Plugin[] = [];
    const fixed: Plugin[] = [];
    for (const plugin of this.#filters) {
      const result = plugin.preFilter?.(pod, state, cache);
      if (isRejection(result)) return result;
      if (result?.nodes !== undefined) {
        only = only === undefined ? result.nodes : only.intersection(result.nodes);
        narrowed.push(plugin.name);
      }
      if (plugin.filter !== undefined && result?.skip !== true) (plugin.nodeOnly === true ? fixed : active).push(plugin);
    }
    const shape = this.#shapes.get(shapeKey(pod), () => new Shape(fixed, this.#fixedScorers));
    return { pod, state, shape, active, only, narrowed };
  }

  /**
   * Does the pod fit the node? Pods nominated to the node with the same or a higher priority count as being there; the
   * pod must also fit without them, because they may never come.
   */
  fits(prepared: Prepared, node: NodeInfo, cache: ClusterCache): Rejection | undefined {
    if (this.#nominator.size > 0) {
      const ahead = this.#nominator.ahead(prepared.pod, node.name).filter((other) => cache.placeOf(other.uid) === undefined);
      if (ahead.length > 0) {
        for (const other of ahead) cache.place(other, node.name);
        try {
          const again = this.prepare(prepared.pod, cache);
          const rejection = isRefused(again) ? again : this.#rejects(again, node);
          if (rejection !== undefined) return rejection;
        } finally {
          for (const other of ahead) cache.forget(other);
        }
      }
    }
    return this.#rejects(prepared, node);
  }

  #rejects({ pod, shape, active, state }: Prepared, node: NodeInfo): Rejection | undefined {
    const fixed = shape.rejection(pod, node);
    if (fixed !== undefined) return fixed;
    for (const plugin of active) {
      const rejection = plugin.filter?.(pod, node, state);
      if (rejection !== undefined) return rejection;
    }
    return undefined;
  }

  #search(prepared: Prepared, cache: ClusterCache, heed = true): Found {
    const { nodes } = cache;
    const feasible: NodeInfo[] = [];
    const rejections: (Rejection | undefined)[] = [];
    const nominated = heed ? cache.get(this.#nominator.nodeOf(prepared.pod.uid)) : undefined;
    // Room was made there for this pod: nothing else needs to be looked at.
    if (nominated !== undefined && (prepared.only?.has(nominated.name) ?? true) && this.fits(prepared, nominated, cache) === undefined)
      return { feasible: [nominated], rejections, evaluated: 1, nominated: true };
    if (prepared.only !== undefined) {
      const { only } = prepared;
      nodes.forEach((node, index) => {
        if (!only.has(node.name)) return;
        const rejection = this.fits(prepared, node, cache);
        if (rejection === undefined) feasible.push(node);
        else rejections[index] = rejection;
      });
      return { feasible, rejections, evaluated: only.size, nominated: false };
    }
    const total = nodes.length;
    const enough = enoughNodes(total, this.#percentage);
    let at = this.#next % total;
    let evaluated = 0;
    for (; evaluated < total && feasible.length < enough; evaluated++) {
      const node = nodes[at] as NodeInfo;
      const rejection = this.fits(prepared, node, cache);
      if (rejection === undefined) feasible.push(node);
      else rejections[at] = rejection;
      if (++at === total) at = 0;
    }
    this.#next = at;
    return { feasible, rejections, evaluated, nominated: false };
  }

  /** Only a part of the nodes is looked at anyway, and nothing asks for a node of its own. */
  #sampling({ only }: Prepared, cache: ClusterCache): boolean {
    return only === undefined && this.#nominator.size === 0 && enoughNodes(cache.nodes.length, this.#percentage) < cache.nodes.length;
  }

  /** A node that was found for a sibling, if one still takes the pod. */
  #fromBatch(signature: string, prepared: Prepared, cache: ClusterCache): NodeInfo | undefined {
    const batch = this.#batches.get(signature);
    if (batch === undefined) return undefined;
    this.#batches.delete(signature);
    if (!batch.refresh(cache.journal)) return undefined;
    this.#batches.set(signature, batch);
    if (!batch.alone) return this.#amongSiblings(prepared, batch);
    return batch.best(this.#random, (node) => this.#rejects(prepared, node) === undefined);
  }

  /** Some scores compare nodes with each other: those are worked out anew for the nodes that still take the pod. */
  #amongSiblings(prepared: Prepared, { nodes, totals }: Batch): NodeInfo | undefined {
    const left: NodeInfo[] = [];
    const local: number[] = [];
    for (let i = 0; i < nodes.length; i++) {
      const total = totals[i] as number;
      if (total === Number.NEGATIVE_INFINITY || this.#rejects(prepared, nodes[i] as NodeInfo) !== undefined) continue;
      left.push(nodes[i] as NodeInfo);
      local.push(total);
    }
    if (left.length === 0) return undefined;
    const sums = Float64Array.from(local);
    this.#compare(prepared, left, { sums, scorers: this.#wanted(prepared, left, (plugin) => plugin.localScore !== true) });
    return left[this.#pick(sums)];
  }

  #wanted({ pod, state }: Prepared, nodes: readonly NodeInfo[], which: (plugin: Plugin) => boolean): Scorer[] {
    return this.#scorers.filter(({ plugin }) => which(plugin) && plugin.preScore?.(pod, nodes, state) !== false);
  }

  /** Adds the weighted, normalized scores to the sums. */
  #compare(
    { pod, state, shape }: Prepared,
    nodes: readonly NodeInfo[],
    { sums, scorers }: { sums: Float64Array; scorers: readonly Scorer[] },
  ): void {
    const count = nodes.length;
    const scores = new Float64Array(count);
    for (const { plugin, weight, fixed } of scorers) {
      if (fixed >= 0) for (let i = 0; i < count; i++) scores[i] = shape.score(fixed, nodes[i] as NodeInfo);
      else for (let i = 0; i < count; i++) scores[i] = plugin.score?.(pod, nodes[i] as NodeInfo, state) ?? 0;
      plugin.normalize?.(pod, scores, state);
      for (let i = 0; i < count; i++) sums[i] = (sums[i] as number) + weight * (scores[i] as number);
    }
  }

  #best(
    prepared: Prepared,
    nodes: readonly NodeInfo[],
    { cache, signature, points }: { cache: ClusterCache; signature: string | undefined; points?: ReadonlyMap<string, number> | undefined },
  ): NodeInfo {
    const { pod, state } = prepared;
    const local = this.#wanted(prepared, nodes, (plugin) => plugin.localScore === true);
    const others = this.#wanted(prepared, nodes, (plugin) => plugin.localScore !== true);
    const score = (node: NodeInfo): number => {
      let total = 0;
      for (const { plugin, weight } of local) total += weight * (plugin.score?.(pod, node, state) ?? 0);
      return total;
    };
    if (signature === undefined) {
      const sums = Float64Array.from(nodes, (node) => score(node) + (points?.get(node.name) ?? 0));
      this.#compare(prepared, nodes, { sums, scorers: others });
      return nodes[this.#pick(sums)] as NodeInfo;
    }
    const batch = new Batch(signature, nodes, { score, position: cache.journal.position, alone: others.length === 0 });
    this.#batches.set(signature, batch);
    const [oldest] = this.#batches.keys();
    if (this.#batches.size > mostBatches && oldest !== undefined) this.#batches.delete(oldest);
    if (batch.alone) return nodes[this.#pick(batch.totals)] as NodeInfo;
    const sums = Float64Array.from(batch.totals);
    this.#compare(prepared, nodes, { sums, scorers: others });
    return nodes[this.#pick(sums)] as NodeInfo;
  }

  /** The index of the highest total, any one of those that are alike. */
  #pick(totals: Float64Array): number {
    let best = 0;
    let ties = 1;
    for (let i = 1; i < totals.length; i++) {
      if ((totals[i] as number) > (totals[best] as number)) {
        best = i;
        ties = 1;
      } else if (totals[i] === totals[best] && this.#random.next() < 1 / ++ties) best = i;
    }
    return best;
  }
}
