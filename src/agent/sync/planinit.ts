// Which init containers to start, restart or kill: pure.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { hasRegularStarted, judgeRunning, type Kill, latestIn, type ProbeResults, type Start, startOf } from './planning.ts';
import { initContainers, isSidecar, restartsAfter } from './spec.ts';
import { latest, type PodState, type RuntimeContainer } from './state.ts';

export interface InitPlan {
  readonly kill: readonly Kill[];
  readonly start: readonly Start[];
  /** Regular containers may run. */
  readonly initialized: boolean;
  /** An init container failed for good: the pod has failed. */
  readonly failed: boolean;
}

/** `done`: go on with the next one; `wait`: nothing after it may start yet; `failed`: the pod fails. */
type Verdict = { readonly kind: 'done' | 'wait' | 'failed'; readonly kill?: Kill; readonly restart?: boolean };

const unknownKill = (instance: RuntimeContainer): Kill => ({
  instance,
  message: 'Init container is in "unknown" state, try killing it before restart',
  reason: 'Unknown',
});

function judgeSidecar(container: Container, instance: RuntimeContainer | undefined, probes: ProbeResults): Verdict {
  if (!instance || instance.state === 'created' || instance.state === 'exited') return { kind: 'wait', restart: true };
  if (instance.state === 'unknown') return { kind: 'wait', restart: true, kill: unknownKill(instance) };
  const kill = judgeRunning('init', container, instance, probes);
  if (kill) return { kind: 'wait', restart: true, kill };
  return { kind: container.startupProbe && probes.startup(instance.id) !== 'success' ? 'wait' : 'done' };
}

function judgeInit(pod: Pod, container: Container, instance: RuntimeContainer | undefined): Verdict {
  if (!instance || instance.state === 'created') return { kind: 'wait', restart: true };
  if (instance.state === 'running') return { kind: 'wait' };
  if (instance.state === 'unknown') {
    return restartsAfter(pod, container, 137) ? { kind: 'wait', restart: true, kill: unknownKill(instance) } : { kind: 'failed' };
  }
  if (instance.exitCode === 0) return { kind: 'done' };
  return restartsAfter(pod, container, instance.exitCode) ? { kind: 'wait', restart: true } : { kind: 'failed' };
}

/** Decides about the init containers of a pod whose sandbox is up. */
export function planInit(pod: Pod, state: PodState, about: { probes: ProbeResults; sandboxId: string }): InitPlan {
  const inits = initContainers(pod);
  const regularStarted = hasRegularStarted(pod, state, about.sandboxId);
  const kill: Kill[] = [];
  const start: Start[] = [];
  let blocked = false;
  for (const [index, container] of inits.entries()) {
    const instance = latestIn(state, container.name, about.sandboxId);
    // A container after this one has run here, so this one was done; its record may have been cleaned up.
    const laterRan = regularStarted || inits.slice(index + 1).some((later) => latestIn(state, later.name, about.sandboxId));
    if (!isSidecar(container) && laterRan) continue;
    if (blocked && !laterRan) break;
    const verdict = isSidecar(container) ? judgeSidecar(container, instance, about.probes) : judgeInit(pod, container, instance);
    if (verdict.kind === 'failed') return { kill: [], start: [], initialized: false, failed: true };
    if (verdict.kill) kill.push(verdict.kill);
    if (verdict.restart) start.push(startOf('init', container, latest(state, container.name)));
    if (verdict.kind === 'wait' && !laterRan) blocked = true;
  }
  return { kill, start, initialized: regularStarted || !blocked, failed: false };
}
