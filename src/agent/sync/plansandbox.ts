// Whether a pod needs a (new) sandbox: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import { type Start, startOf } from './planning.ts';
import { initContainers, mayRestart, restartsAfter } from './spec.ts';
import { latest, type PodState } from './state.ts';

export type SandboxPlan =
  | { readonly change: 'none'; readonly sandboxId: string }
  | { readonly change: 'create'; readonly attempt: number; readonly start: readonly Start[] }
  | { readonly change: 'finished' };

/** True when the newest sandbox cannot be used any more. */
function sandboxUnusable(pod: Pod, state: PodState): boolean {
  const newest = state.sandboxes[0];
  if (!newest?.ready) return true;
  if (state.sandboxes.filter((sandbox) => sandbox.ready).length > 1) return true;
  const hostNetwork = pod.spec.hostNetwork === true;
  if (newest.hostNetwork !== hostNetwork) return true;
  return !hostNetwork && newest.ips.length === 0;
}

/** Decides about the sandbox, and what starts first in a new one. */
export function planSandbox(pod: Pod, state: PodState): SandboxPlan {
  const newest = state.sandboxes[0];
  if (newest && !sandboxUnusable(pod, state)) return { change: 'none', sandboxId: newest.id };
  const attempt = newest ? newest.attempt + 1 : 0;
  const once = !pod.spec.containers.some((container) => mayRestart(pod, container));
  if (once && attempt !== 0 && state.containers.length > 0) return { change: 'finished' };

  const toStart = pod.spec.containers.filter((container) => {
    const instance = latest(state, container.name);
    return !(instance?.state === 'exited' && !restartsAfter(pod, container, instance.exitCode));
  });
  if (toStart.length === 0) return { change: 'finished' };
  const first = initContainers(pod)[0];
  // A new sandbox means that initialization happens anew.
  const start = first
    ? [startOf('init', first, latest(state, first.name))]
    : toStart.map((container) => startOf('regular', container, latest(state, container.name)));
  return { change: 'create', attempt, start };
}
