// A pod's phase from its container statuses: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import type { ContainerStatus } from '#api/core/v1/podstatus.ts';
import { initContainers, isSidecar, restartsAfter } from '../sync/spec.ts';

export interface Statuses {
  readonly init: readonly ContainerStatus[];
  readonly regular: readonly ContainerStatus[];
}

type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

interface Counts {
  unknown: number;
  running: number;
  waiting: number;
  stopped: number;
  succeeded: number;
  /** Stopped containers that would be started again. */
  restarting: number;
}

function countInit(pod: Pod, statuses: Statuses): { pending: number; pendingSidecars: number; failed: number } {
  const counts = { pending: 0, pendingSidecars: 0, failed: 0 };
  for (const container of initContainers(pod)) {
    const status = statuses.init.find((candidate) => candidate.name === container.name);
    if (isSidecar(container)) {
      if (!status?.state || status.state.waiting || (status.state.running && !status.started)) counts.pendingSidecars++;
      continue;
    }
    const terminated = status?.state?.terminated ?? (status?.state?.waiting ? status.lastState?.terminated : undefined);
    if (!terminated) counts.pending++;
    else if (terminated.exitCode !== 0) {
      if (restartsAfter(pod, container, terminated.exitCode)) counts.pending++;
      else counts.failed++;
    }
  }
  return counts;
}

function countRegular(pod: Pod, statuses: Statuses): Counts {
  const counts: Counts = { unknown: 0, running: 0, waiting: 0, stopped: 0, succeeded: 0, restarting: 0 };
  for (const container of pod.spec.containers) {
    const state = statuses.regular.find((status) => status.name === container.name);
    if (state?.state?.running) counts.running++;
    else if (state?.state?.terminated) {
      counts.stopped++;
      if (state.state.terminated.exitCode === 0) counts.succeeded++;
      if (restartsAfter(pod, container, state.state.terminated.exitCode)) counts.restarting++;
    } else if (state?.state?.waiting) {
      if (state.lastState?.terminated) {
        counts.stopped++;
        counts.restarting++;
      } else counts.waiting++;
    } else counts.unknown++;
  }
  return counts;
}

function hasStarted(statuses: Statuses): boolean {
  return statuses.regular.some((status) => status.state?.running || status.state?.terminated || status.lastState?.terminated);
}

/** The phase that kubelet reports. `terminal`: nothing will run any more. */
export function podPhase(pod: Pod, statuses: Statuses, terminal: boolean): Phase {
  const init = countInit(pod, statuses);
  if (init.failed > 0) return 'Failed';
  const initialized = hasStarted(statuses);
  if (init.pending > 0 || (init.pendingSidecars > 0 && !initialized)) return terminal ? 'Failed' : 'Pending';
  const regular = countRegular(pod, statuses);
  if (regular.waiting > 0) return terminal ? 'Failed' : 'Pending';
  if (regular.unknown > 0) return terminal ? 'Failed' : 'Pending';
  if (regular.running > 0) return 'Running';
  if (terminal) return regular.stopped === regular.succeeded ? 'Succeeded' : 'Failed';
  if (regular.restarting > 0) return 'Running';
  return regular.stopped === regular.succeeded ? 'Succeeded' : 'Failed';
}
