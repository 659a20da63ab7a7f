// What to do about a pod now: pure. The worker observes, asks this, executes, observes again.
import type { Pod } from '#api/core/v1/pod.ts';
import { planInit } from './planinit.ts';
import { judgeRunning, type Kill, type ProbeResults, type Start, startOf } from './planning.ts';
import { planSandbox } from './plansandbox.ts';
import { restartsAfter, shouldStart } from './spec.ts';
import { latest, type PodState } from './state.ts';

export interface PodPlan {
  /** Stop every container and the sandbox first. */
  readonly killPod: boolean;
  /** Make a new sandbox with this attempt number. */
  readonly createSandbox?: number;
  /** The sandbox to start containers in, when none is to be made. */
  readonly sandboxId?: string;
  readonly kill: readonly Kill[];
  readonly start: readonly Start[];
  /** Nothing is left to run: the pod has ended. */
  readonly finished: boolean;
}

const finished: PodPlan = { killPod: true, kill: [], start: [], finished: true };

function planRegular(pod: Pod, state: PodState, probes: ProbeResults): { kill: Kill[]; start: Start[]; keep: number } {
  const kill: Kill[] = [];
  const start: Start[] = [];
  let keep = 0;
  for (const container of pod.spec.containers) {
    const instance = latest(state, container.name);
    if (instance?.state === 'running') {
      const reason = judgeRunning('regular', container, instance, probes);
      if (!reason) keep++;
      // A failed probe ends the container for good where nothing restarts it; its exit decides about the pod.
      else if (reason.reason !== 'Changed' && !restartsAfter(pod, container, 137)) {
        kill.push(reason);
        keep++;
      } else {
        kill.push({ ...reason, message: `${reason.message}, will be restarted` });
        start.push(startOf('regular', container, instance));
      }
    } else if (shouldStart(pod, container, instance)) {
      if (instance?.state === 'unknown') {
        kill.push({ instance, message: 'Container is in "unknown" state, try killing it before restart', reason: 'Unknown' });
      }
      start.push(startOf('regular', container, instance));
    }
  }
  return { kill, start, keep };
}

/** Ephemeral containers start once and never again. */
function planEphemeral(pod: Pod, state: PodState): Start[] {
  return (pod.spec.ephemeralContainers ?? [])
    .filter((container) => !latest(state, container.name))
    .map((container) => startOf('ephemeral', container, undefined));
}

/** Decides the next actions for a pod that is to run. */
export function planPod(pod: Pod, state: PodState, probes: ProbeResults): PodPlan {
  const sandbox = planSandbox(pod, state);
  if (sandbox.change === 'finished') return finished;
  if (sandbox.change === 'create') {
    return { killPod: state.sandboxes.length > 0, createSandbox: sandbox.attempt, kill: [], start: sandbox.start, finished: false };
  }
  const { sandboxId } = sandbox;
  const init = planInit(pod, state, { probes, sandboxId });
  if (init.failed) return finished;
  const ephemeral = planEphemeral(pod, state);
  if (!init.initialized) {
    return { sandboxId, killPod: false, kill: init.kill, start: [...ephemeral, ...init.start], finished: false };
  }
  const regular = planRegular(pod, state, probes);
  if (regular.keep === 0 && regular.start.length === 0) return finished;
  return {
    sandboxId,
    killPod: false,
    kill: [...init.kill, ...regular.kill],
    start: [...ephemeral, ...init.start, ...regular.start],
    finished: false,
  };
}
