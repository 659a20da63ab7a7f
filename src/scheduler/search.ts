// What attempts work with: a pod that is prepared, what a search found, what an attempt comes to.
import type { CycleState, Plugin, Rejection } from './framework.ts';
import type { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';
import type { Shape } from './shapes.ts';
import type { ClusterCache } from './snapshot.ts';
import type { Verdict } from './verdict.ts';

export type Attempt =
  | { readonly ok: true; readonly node: NodeInfo; readonly evaluated: number; readonly feasible: number; readonly state: CycleState }
  | { readonly ok: false; readonly verdict: Verdict; readonly prepared: Prepared | undefined };

/** A pod whose plugins have done their work ahead of looking at nodes. */
export interface Prepared {
  readonly pod: PodInfo;
  readonly state: CycleState;
  readonly shape: Shape;
  /** Filters that depend on more than the node object. */
  readonly active: readonly Plugin[];
  /** Nodes worth looking at; undefined: all. */
  readonly only: ReadonlySet<string> | undefined;
  /** Plugins that narrowed the nodes. */
  readonly narrowed: readonly string[];
}

/** Nodes that take the pod, and why others do not. */
export interface Found {
  readonly feasible: NodeInfo[];
  readonly rejections: (Rejection | undefined)[];
  readonly evaluated: number;
  /** Only the node that the pod is nominated to was looked at. */
  readonly nominated: boolean;
}

/** Nodes that take the pod, before one is chosen. */
export interface Search extends Found {
  readonly prepared: Prepared;
}

/** What is to be chosen from, and what is said when none of it takes the pod any more. */
export interface Choice {
  readonly nodes: readonly NodeInfo[];
  /** Added to the plugins' scores, by node. */
  readonly points?: ReadonlyMap<string, number>;
  /** Why other nodes are not among them. */
  readonly known: ReadonlyMap<string, Rejection>;
  readonly narrowed: readonly string[];
  readonly rejectedBy: ReadonlySet<string>;
}

/** The rejection of nodes that plugins have ruled out by name. */
export function leftOut(narrowed: readonly string[]): { others?: Rejection } {
  const [plugin] = narrowed;
  if (plugin === undefined) return {};
  const reason = `node(s) didn't satisfy plugin(s) [${narrowed.toSorted().join(' ')}]`;
  return { others: { code: 'unresolvable', plugin, reasons: [reason] } };
}

/** The outcome of a search that found nothing. */
export function noNode({ nodes }: ClusterCache, prepared: Prepared, { rejections }: Found): Attempt & { ok: false } {
  const plugins = new Set(prepared.narrowed);
  for (const rejection of rejections) if (rejection !== undefined) plugins.add(rejection.plugin);
  return { ok: false, verdict: { nodes, rejections, plugins, ...leftOut(prepared.narrowed) }, prepared };
}
