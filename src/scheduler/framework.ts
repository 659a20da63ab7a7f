// The scheduling framework: what a plugin may do and in which order it is asked. Names and order are kube-scheduler's.
import type { Pod } from '#api/core/v1/pod.ts';
import type { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';
import type { Snapshot } from './snapshot.ts';

/** Why a pod does not fit a node, or not at all. `unresolvable`: taking pods away would not help. */
export interface Rejection {
  readonly code: 'unschedulable' | 'unresolvable';
  readonly plugin: string;
  readonly reasons: readonly string[];
}

/** What happened in the cluster, as far as it may let a rejected pod fit. */
export interface ClusterEvent {
  readonly resource: 'Node' | 'AssignedPod' | 'Pod';
  readonly action: 'add' | 'update' | 'delete';
  readonly node?: NodeInfo;
  /** What changed on a node: `taints`, `labels`, `allocatable`, `unschedulable`, `conditions`. */
  readonly changed?: ReadonlySet<string>;
  /** The pod that the event is about. */
  readonly pod?: Pod;
}

/** Scratch space of one scheduling attempt: what a plugin worked out once for all nodes. */
export type CycleState = Map<string, unknown>;

/** Nodes that are worth looking at; absent: all. */
export interface PreFilterResult {
  readonly nodes?: ReadonlySet<string>;
  /** The plugin's filter has nothing to say for this pod. */
  readonly skip?: boolean;
}

export interface Plugin {
  readonly name: string;
  /** Before a pod enters the queue; a rejection keeps it out (SchedulingGates). */
  preEnqueue?(pod: Pod): Rejection | undefined;
  preFilter?(pod: PodInfo, state: CycleState, snapshot: Snapshot): PreFilterResult | Rejection | undefined;
  filter?(pod: PodInfo, node: NodeInfo, state: CycleState): Rejection | undefined;
  /** False: the plugin has nothing to score for this pod. */
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], state: CycleState): boolean;
  /** 0 to 100, or any range when `normalize` follows. */
  score?(pod: PodInfo, node: NodeInfo, state: CycleState): number;
  /** Brings raw scores into 0…100, in place. */
  normalize?(pod: PodInfo, scores: number[], state: CycleState): void;
  /** Does the event make it worth trying a pod that this plugin rejected? */
  helps?(pod: PodInfo, event: ClusterEvent): boolean;
}

export interface PluginSet {
  readonly plugins: readonly Plugin[];
  readonly weights: Readonly<Record<string, number>>;
}

export const isRejection = (value: PreFilterResult | Rejection | undefined): value is Rejection => value !== undefined && 'code' in value;

export function unschedulable(plugin: string, ...reasons: string[]): Rejection {
  return { code: 'unschedulable', plugin, reasons };
}

export function unresolvable(plugin: string, ...reasons: string[]): Rejection {
  return { code: 'unresolvable', plugin, reasons };
}

/** Scales raw scores so that the highest is 100; `reverse` makes the lowest raw score the best. */
export function normalizeByMax(scores: number[], reverse: boolean): void {
  let max = 0;
  for (const score of scores) if (score > max) max = score;
  for (let i = 0; i < scores.length; i++) {
    if (max === 0) scores[i] = reverse ? 100 : 0;
    else {
      const scaled = Math.floor(((scores[i] as number) * 100) / max);
      scores[i] = reverse ? 100 - scaled : scaled;
    }
  }
}
