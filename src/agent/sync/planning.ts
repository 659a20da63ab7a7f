// The words that planning is written in: kills, starts, probe verdicts.
import type { Pod } from '#api/core/v1/pod.ts';
import type { AnyContainer } from '../parts.ts';
import { containerHash } from './labels.ts';
import type { ContainerKind } from './spec.ts';
import { latest, type PodState, type RuntimeContainer } from './state.ts';

export type ProbeResult = 'success' | 'failure' | 'unknown';

/** The probers' current verdicts by container id; undefined when there is none yet. */
export interface ProbeResults {
  startup(containerId: string): ProbeResult | undefined;
  liveness(containerId: string): ProbeResult | undefined;
}

export interface Kill {
  readonly instance: RuntimeContainer;
  readonly message: string;
  readonly reason: 'LivenessProbe' | 'StartupProbe' | 'Unknown' | 'Changed';
}

export interface Start {
  readonly kind: ContainerKind;
  readonly container: AnyContainer;
  readonly restartCount: number;
}

/** A start of the next instance of a container. */
export function startOf(kind: ContainerKind, container: AnyContainer, instance: RuntimeContainer | undefined): Start {
  return { kind, container, restartCount: instance ? instance.restartCount + 1 : 0 };
}

/** Judges a container that runs: why it must be restarted, if it must. */
export function judgeRunning(
  kind: ContainerKind,
  container: AnyContainer,
  instance: RuntimeContainer,
  probes: ProbeResults,
): Kill | undefined {
  const prefix = kind === 'init' ? 'Init container' : 'Container';
  if (instance.hash !== '' && instance.hash !== containerHash(container)) {
    return { instance, message: `${prefix} ${container.name} definition changed`, reason: 'Changed' };
  }
  if (probes.liveness(instance.id) === 'failure') {
    return { instance, message: `${prefix} ${container.name} failed liveness probe`, reason: 'LivenessProbe' };
  }
  if (probes.startup(instance.id) === 'failure') {
    return { instance, message: `${prefix} ${container.name} failed startup probe`, reason: 'StartupProbe' };
  }
  return undefined;
}

/** True once a regular container was started in this sandbox: init containers are then history. */
export function hasRegularStarted(pod: Pod, state: PodState, sandboxId: string): boolean {
  return pod.spec.containers.some((container) => latestIn(state, container.name, sandboxId) !== undefined);
}

/** The newest instance of a container in one sandbox. */
export function latestIn(state: PodState, name: string, sandboxId: string): RuntimeContainer | undefined {
  const instance = latest(state, name);
  return instance?.sandboxId === sandboxId ? instance : undefined;
}
