// What those who give something out (processors, memory, devices) tell about where a container could have it.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { type Mask, sizeOf } from './mask.ts';

export interface Hint {
  /** Nodes that can give it together; undefined: it does not matter. */
  readonly nodes: Mask | undefined;
  /** It cannot be had of fewer nodes. */
  readonly preferred: boolean;
}

/** Hints by resource. Undefined: it does not matter where; an empty list: nowhere. */
export type Hints = ReadonlyMap<string, readonly Hint[] | undefined>;

export const noHints: Hints = new Map();

/** No wish at all: what a container has under the policy `none`. */
export const noHint: Hint = { nodes: undefined, preferred: false };

/** Masks as hints; those as small as can be are preferred. */
export const hintsOf = (masks: readonly Mask[], smallest: number): Hint[] =>
  masks.map((nodes) => ({ nodes, preferred: sizeOf(nodes) === smallest }));

/** One who gives something out to containers before they start. */
export interface HintProvider {
  /** True when the container is to get something that it does not have yet. */
  lacks(pod: Pod, container: Container): boolean;
  /** Where the container could have it. */
  hints(pod: Pod, container: Container): Hints;
  /** Where all containers of the pod could have it together. */
  podHints(pod: Pod): Hints;
  /** Gives it, from the nodes of the hint where they have it. Rejects when it cannot. Idempotent. */
  allocate(pod: Pod, container: Container, hint: Hint): Promise<void>;
  /** Pods that have something. */
  pods(): Iterable<string>;
  /** Takes back everything that a pod has. */
  forget(podUid: string): Promise<void>;
}

/** One who gives out nothing: its policy is `none`. */
export const noProvider: HintProvider = {
  lacks: () => false,
  hints: () => noHints,
  podHints: () => noHints,
  allocate: () => Promise.resolve(),
  pods: () => [],
  forget: () => Promise.resolve(),
};
