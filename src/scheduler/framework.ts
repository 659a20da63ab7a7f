// The scheduling framework: what a plugin may do and in which order it is asked. Names and order are kube-scheduler's.
import type { Pod } from '#api/core/v1/pod.ts';
import type { NodeInfo } from './nodeinfo.ts';
import type { PodInfo } from './podinfo.ts';
import type { Snapshot } from './snapshot.ts';

/** Stands for all extenders where plugins are named: whatever happens in the cluster may help a pod that they rejected. */
export const extenderName = 'Extender';

/** Why a pod does not fit a node, or not at all. `unresolvable`: taking pods away would not help. */
export interface Rejection {
  readonly code: 'unschedulable' | 'unresolvable';
  readonly plugin: string;
  readonly reasons: readonly string[];
}

/** Resources other than nodes and pods whose changes may help a pod. */
export type OtherResource =
  | 'PersistentVolume'
  | 'PersistentVolumeClaim'
  | 'StorageClass'
  | 'CSINode'
  | 'CSIDriver'
  | 'CSIStorageCapacity'
  | 'ResourceClaim'
  | 'ResourceSlice'
  | 'DeviceClass'
  | 'Workload';

/** What happened in the cluster, as far as it may let a rejected pod fit. */
export interface ClusterEvent {
  readonly resource: 'Node' | 'AssignedPod' | 'Pod' | OtherResource;
  readonly action: 'add' | 'update' | 'delete';
  readonly node?: NodeInfo;
  /** What changed on a node (`taints`, `labels`, `allocatable`, `unschedulable`) or a pod (`labels`, `requests`, `terminating`). */
  readonly changed?: ReadonlySet<string>;
  /** The pod that the event is about. */
  readonly pod?: Pod;
  /** Its facts: of the new state, or the last one when it is gone. */
  readonly info?: PodInfo;
  /** `namespace/name` of another object. */
  readonly key?: string;
}

/** Scratch space of one scheduling attempt: what a plugin worked out once for all nodes. */
export type CycleState = Map<string, unknown>;

/** Nodes that are worth looking at; absent: all. */
export interface PreFilterResult {
  readonly nodes?: ReadonlySet<string>;
  /** The plugin's filter has nothing to say for this pod. */
  readonly skip?: boolean;
}

/** `wait`: hold the pod on its node until another pod's permit (or the time-out in milliseconds) decides. */
export type PermitResult = { readonly wait: number } | Rejection | undefined;

export interface Plugin {
  readonly name: string;
  /** Before a pod enters the queue; a rejection keeps it out (SchedulingGates). */
  preEnqueue?(pod: Pod): Rejection | undefined;
  preFilter?(pod: PodInfo, state: CycleState, snapshot: Snapshot): PreFilterResult | Rejection | undefined;
  filter?(pod: PodInfo, node: NodeInfo, state: CycleState): Rejection | undefined;
  /** Filter and raw score depend on the pod's specification and the node object alone: worked out once for like pods. */
  readonly nodeOnly?: boolean;
  /** False: the plugin has nothing to score for this pod. */
  preScore?(pod: PodInfo, nodes: readonly NodeInfo[], state: CycleState): boolean;
  /** 0 to 100, or any range when `normalize` follows. */
  score?(pod: PodInfo, node: NodeInfo, state: CycleState): number;
  /** The score depends on nothing but the pod and what is booked on the node, and needs no `normalize`. */
  readonly localScore?: boolean;
  /** Brings raw scores into 0…100, in place. */
  normalize?(pod: PodInfo, scores: Float64Array, state: CycleState): void;
  /** Takes what the pod needs on its node, in memory; `unreserve` gives it back when anything later fails. */
  reserve?(pod: PodInfo, node: NodeInfo, state: CycleState): Rejection | undefined;
  unreserve?(pod: PodInfo, node: NodeInfo, state: CycleState): void;
  permit?(pod: PodInfo, node: NodeInfo, state: CycleState): PermitResult;
  /** Work that must be done before the pod may be bound. Returns undefined when there is none, so that nothing waits. */
  preBind?(pod: PodInfo, node: NodeInfo, state: CycleState): Promise<void> | undefined;
  /** After the pod is bound. */
  postBind?(pod: PodInfo, node: NodeInfo): void;
  /** Kinds of events, as `resource/action`, that `helps` is asked about; absent: all. */
  readonly hears?: readonly string[];
  /** Does the event make it worth trying a pod that this plugin rejected? */
  helps?(pod: PodInfo, event: ClusterEvent): boolean;
}

export interface PluginSet {
  readonly plugins: readonly Plugin[];
  readonly weights: Readonly<Record<string, number>>;
}

export const isRejection = (value: PreFilterResult | PermitResult | undefined): value is Rejection =>
  value !== undefined && 'code' in value;

export function unschedulable(plugin: string, ...reasons: string[]): Rejection {
  return { code: 'unschedulable', plugin, reasons };
}

export function unresolvable(plugin: string, ...reasons: string[]): Rejection {
  return { code: 'unresolvable', plugin, reasons };
}

/** Scales raw scores so that the highest is 100; `reverse` makes the lowest raw score the best. */
export function normalizeByMax(scores: Float64Array, reverse: boolean): void {
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
