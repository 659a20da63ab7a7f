// One scheduling attempt: which nodes can take the pod, which of them is the best. Pure but for the random tie-break.
import type { Random } from '#base/random.ts';
import { type CycleState, isRejection, type Plugin, type PluginSet, type Rejection } from './framework.ts';
import type { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';
import type { Snapshot } from './snapshot.ts';

export type Attempt =
  | { readonly ok: true; readonly node: string; readonly evaluated: number; readonly feasible: number }
  | { readonly ok: false; readonly verdict: Verdict };

/** Why no node would do: one rejection per node, or one for all. */
export interface Verdict {
  readonly total: number;
  readonly byNode: ReadonlyMap<string, Rejection>;
  /** Plugins that said no: an event that satisfies one of them is worth another attempt. */
  readonly plugins: ReadonlySet<string>;
  /** Set when a plugin rejected the pod before looking at nodes. */
  readonly upFront?: Rejection;
}

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
  readonly percentageOfNodesToScore?: number;
}

/** Runs attempts; remembers where the last search ended, so that all nodes are looked at in turn. */
export class Cycle {
  readonly #options: CycleOptions;
  readonly #filters: readonly Plugin[];
  readonly #scorers: readonly Plugin[];
  #next = 0;

  constructor(options: CycleOptions) {
    this.#options = options;
    this.#filters = options.set.plugins.filter((plugin) => plugin.preFilter !== undefined || plugin.filter !== undefined);
    this.#scorers = options.set.plugins.filter((plugin) => plugin.score !== undefined);
  }

  attempt(pod: PodInfo, snapshot: Snapshot): Attempt {
    const total = snapshot.nodes.length;
    const state: CycleState = new Map();
    const none = (verdict: Omit<Verdict, 'total'>): Attempt => ({ ok: false, verdict: { total, ...verdict } });
    if (total === 0) return none({ byNode: new Map(), plugins: new Set() });
    let only: ReadonlySet<string> | undefined;
    const active: Plugin[] = [];
    for (const plugin of this.#filters) {
      const result = plugin.preFilter?.(pod, state, snapshot);
      if (isRejection(result)) return none({ byNode: new Map(), plugins: new Set([plugin.name]), upFront: result });
      if (result?.nodes !== undefined) only = only === undefined ? result.nodes : only.intersection(result.nodes);
      if (plugin.filter !== undefined && result?.skip !== true) active.push(plugin);
    }
    const { feasible, byNode, evaluated } = this.#filter(pod, snapshot, { active, only, state });
    if (feasible.length === 0) return none({ byNode, plugins: new Set([...byNode.values()].map((rejection) => rejection.plugin)) });
    const chosen = feasible.length === 1 ? feasible[0] : this.#best(pod, feasible, state);
    return { ok: true, node: (chosen as NodeInfo).name, evaluated, feasible: feasible.length };
  }

  #filter(
    pod: PodInfo,
    snapshot: Snapshot,
    { active, only, state }: { active: readonly Plugin[]; only: ReadonlySet<string> | undefined; state: CycleState },
  ): { feasible: NodeInfo[]; byNode: Map<string, Rejection>; evaluated: number } {
    const all = snapshot.nodes;
    const nodes = only === undefined ? all : [...only].map((name) => snapshot.get(name)).filter((info) => info !== undefined);
    const enough = enoughNodes(nodes.length, this.#options.percentageOfNodesToScore);
    const feasible: NodeInfo[] = [];
    const byNode = new Map<string, Rejection>();
    if (only !== undefined) {
      const rejection: Rejection = {
        code: 'unresolvable',
        plugin: 'NodeAffinity',
        reasons: ["node(s) didn't match Pod's node affinity/selector"],
      };
      for (const node of all) if (!only.has(node.name)) byNode.set(node.name, rejection);
    }
    let evaluated = 0;
    const start = only === undefined ? this.#next % Math.max(1, nodes.length) : 0;
    for (; evaluated < nodes.length && feasible.length < enough; evaluated++) {
      const node = nodes[(start + evaluated) % nodes.length] as NodeInfo;
      const rejection = this.#rejects(active, pod, node, state);
      if (rejection === undefined) feasible.push(node);
      else byNode.set(node.name, rejection);
    }
    if (only === undefined) this.#next = (start + evaluated) % Math.max(1, nodes.length);
    return { feasible, byNode, evaluated };
  }

  #rejects(active: readonly Plugin[], pod: PodInfo, node: NodeInfo, state: CycleState): Rejection | undefined {
    for (const plugin of active) {
      const rejection = plugin.filter?.(pod, node, state);
      if (rejection !== undefined) return rejection;
    }
    return undefined;
  }

  #best(pod: PodInfo, nodes: readonly NodeInfo[], state: CycleState): NodeInfo {
    const totals = new Float64Array(nodes.length);
    for (const plugin of this.#scorers) {
      if (plugin.preScore?.(pod, nodes, state) === false) continue;
      const weight = this.#options.set.weights[plugin.name] ?? 1;
      const scores = nodes.map((node) => plugin.score?.(pod, node, state) ?? 0);
      plugin.normalize?.(pod, scores, state);
      for (let i = 0; i < scores.length; i++) totals[i] = (totals[i] as number) + weight * (scores[i] as number);
    }
    let best = 0;
    let ties = 1;
    for (let i = 1; i < totals.length; i++) {
      if ((totals[i] as number) > (totals[best] as number)) {
        best = i;
        ties = 1;
      } else if (totals[i] === totals[best] && this.#options.random.next() < 1 / ++ties) best = i;
    }
    return nodes[best] as NodeInfo;
  }
}
