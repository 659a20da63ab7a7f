// Everything that a pod's status is computed from.
import type { ResourceRequirements } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { PodStatus } from '#api/core/v1/podstatus.ts';
import type { PodState } from '../sync/state.ts';

export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface StatusInput {
  readonly pod: Pod;
  /** The last status that we know of: ours if we made one, else the API's. */
  readonly old: PodStatus;
  readonly state: PodState;
  /** Why a container could not be started, by its name. */
  readonly waiting: ReadonlyMap<string, WaitingReason>;
  /** Termination messages by container id. */
  readonly messages: ReadonlyMap<string, string>;
  /** The readiness prober's verdict; undefined when the container has no readiness probe. */
  ready(containerId: string): boolean | undefined;
  /** The startup prober's verdict; undefined when the container has no startup probe. */
  started(containerId: string): boolean | undefined;
  /** Resources promised and in force, by container name, where they may differ from the specification's. */
  readonly sizes?: {
    readonly allocated: ReadonlyMap<string, ResourceRequirements>;
    readonly actual: ReadonlyMap<string, ResourceRequirements>;
    readonly pending?: WaitingReason;
    readonly progress?: WaitingReason;
  };
  /** No container will run any more: the phase must become a final one. */
  readonly terminal: boolean;
  /** The node ended the pod (deadline, eviction, rejection). */
  readonly failure?: WaitingReason;
  /** Reason of the DisruptionTarget condition, where the node ends a pod that did nothing wrong. */
  readonly disrupted?: string;
  readonly nodeIps: readonly string[];
  readonly now: number;
}
