// The cells of a Pod: readiness, the one-word status and restarts.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ContainerState, ContainerStatus } from '#api/core/v1/podstatus.ts';
import { ageOf } from './cells.ts';
import type { CellContext } from './column.ts';

export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly status: string;
  readonly restarts: number;
  /** When the container that stopped last did so. */
  readonly lastRestart: string | undefined;
}

function conditionTrue(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false;
}

const restartable = (container: Container | undefined): boolean => container?.restartPolicy === 'Always';

function terminatedText(terminated: NonNullable<ContainerState['terminated']>): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

const later = (a: string | undefined, b: string | undefined): string | undefined => {
  if (!a || !b) return a || b;
  return Date.parse(b) > Date.parse(a) ? b : a;
};

interface Restarts {
  readonly count: number;
  readonly last: string | undefined;
}
const addRestarts = (sum: Restarts, status: ContainerStatus): Restarts => ({
  count: sum.count + status.restartCount,
  last: later(sum.last, status.lastState?.terminated?.finishedAt),
});
const none: Restarts = { count: 0, last: undefined };

interface InitSummary {
  /** What holds initialization up, or undefined. */
  readonly blocked: string | undefined;
  readonly ready: number;
  readonly restarts: Restarts;
  readonly restartableRestarts: Restarts;
}

function initSummary(pod: Pod): InitSummary {
  const specs = new Map((pod.spec?.initContainers ?? []).map((container) => [container.name, container]));
  let ready = 0;
  let restarts = none;
  let restartableRestarts = none;
  for (const [i, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    restarts = addRestarts(restarts, status);
    const always = restartable(specs.get(status.name));
    if (always) restartableRestarts = addRestarts(restartableRestarts, status);
    const { terminated, waiting } = status.state ?? {};
    if (terminated?.exitCode === 0) continue;
    if (always && status.started) {
      if (status.ready) ready++;
      continue;
    }
    const waitingFor = waiting?.reason && waiting.reason !== 'PodInitializing' ? waiting.reason : undefined;
    const why = terminated ? terminatedText(terminated) : (waitingFor ?? `${i}/${specs.size}`);
    return { blocked: `Init:${why}`, ready, restarts, restartableRestarts };
  }
  return { blocked: undefined, ready, restarts, restartableRestarts };
}

function mainSummary(pod: Pod, before: string): { status: string; ready: number; restarts: Restarts } {
  let status = before;
  let ready = 0;
  let running = false;
  let failure: string | undefined;
  let restarts = none;
  for (const container of [...(pod.status?.containerStatuses ?? [])].reverse()) {
    restarts = addRestarts(restarts, container);
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) status = waiting.reason;
    else if (terminated) {
      status = terminatedText(terminated);
      if (terminated.exitCode !== 0) failure = status;
    } else if (container.ready && runs) {
      running = true;
      ready++;
    }
  }
  if (status === 'Completed') {
    if (running && conditionTrue(pod, 'Ready')) status = 'Running';
    else if (failure !== undefined) status = failure;
    else if (running) status = 'NotReady';
  }
  return { status, ready, restarts };
}

function baseStatus(pod: Pod): string {
  const gated = pod.status?.conditions?.some((condition) => condition.type === 'PodScheduled' && condition.reason === 'SchedulingGated');
  return gated ? 'SchedulingGated' : pod.status?.reason || pod.status?.phase || '';
}

/** What `kubectl get pods` says about a pod. */
export function podSummary(pod: Pod): PodSummary {
  const total = (pod.spec?.containers?.length ?? 0) + (pod.spec?.initContainers ?? []).filter(restartable).length;
  const init = initSummary(pod);
  let status = init.blocked ?? baseStatus(pod);
  let ready = init.ready;
  let restarts = init.restarts;
  if (init.blocked === undefined || conditionTrue(pod, 'Initialized')) {
    const main = mainSummary(pod, status);
    status = main.status;
    ready += main.ready;
    restarts = {
      count: init.restartableRestarts.count + main.restarts.count,
      last: later(init.restartableRestarts.last, main.restarts.last),
    };
  }
  const phase = pod.status?.phase;
  if (pod.metadata.deletionTimestamp) {
    if (pod.status?.reason === 'NodeLost') status = 'Unknown';
    else if (phase !== 'Succeeded' && phase !== 'Failed') status = 'Terminating';
  }
  return { ready, total, status, restarts: restarts.count, lastRestart: restarts.last };
}

/** The restarts cell: the count, and how long ago the last one was. */
export function restartsText(summary: PodSummary, context: CellContext): string {
  if (summary.restarts === 0 || !summary.lastRestart) return String(summary.restarts);
  return `${summary.restarts} (${ageOf(summary.lastRestart, context)} ago)`;
}

/** True readiness gates of all gates; `<none>` without gates. */
export function readinessGates(pod: Pod): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  return `${gates.filter((gate) => conditionTrue(pod, gate.conditionType)).length}/${gates.length}`;
}
