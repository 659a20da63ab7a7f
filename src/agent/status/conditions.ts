// The pod conditions that the node owns, with kubelet's reasons and messages: pure.
import type { Pod } from '#api/core/v1/pod.ts';
import type { ContainerStatus, PodCondition } from '#api/core/v1/podstatus.ts';
import { rfc3339 } from '#base/clock.ts';
import { goQuote } from '#format/goquote.ts';
import { initContainers, isSidecar } from '../sync/spec.ts';
import type { WaitingReason } from './input.ts';
import type { Statuses } from './phase.ts';

type Draft = Pick<PodCondition, 'type' | 'status' | 'reason' | 'message'>;

const holds = (type: string): Draft => ({ type, status: 'True' });
const fails = (type: string, reason: string, message?: string): Draft => ({
  type,
  status: 'False',
  reason,
  ...(message ? { message } : {}),
});

const bracketed = (names: readonly string[]): string => `[${names.join(' ')}]`;

function initialized(pod: Pod, statuses: Statuses, phase: string): Draft {
  const inits = initContainers(pod);
  if (inits.length === 0) return holds('Initialized');
  if (phase === 'Succeeded') return { ...holds('Initialized'), reason: 'PodCompleted' };
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of inits) {
    const status = statuses.init.find((candidate) => candidate.name === container.name);
    if (!status) unknown.push(container.name);
    else if (isSidecar(container) ? !status.started : !status.ready) incomplete.push(container.name);
  }
  const ran = statuses.regular.some((status) => status.state?.running || status.state?.terminated || status.lastState?.terminated);
  // Sidecars that restart later don't undo the initialization.
  if (ran && unknown.length === 0 && incomplete.every((name) => isSidecar(inits.find((init) => init.name === name) as never))) {
    return holds('Initialized');
  }
  const parts = [
    ...(unknown.length ? [`containers with unknown status: ${bracketed(unknown)}`] : []),
    ...(incomplete.length ? [`containers with incomplete status: ${bracketed(incomplete)}`] : []),
  ];
  return parts.length ? fails('Initialized', 'ContainersNotInitialized', parts.join(', ')) : holds('Initialized');
}

function containersReady(pod: Pod, statuses: Statuses, phase: string): Draft {
  const type = 'ContainersReady';
  const unknown: string[] = [];
  const unready: string[] = [];
  const check = (name: string, status: ContainerStatus | undefined): void => {
    if (!status) unknown.push(name);
    else if (!status.ready) unready.push(name);
  };
  for (const container of initContainers(pod)) {
    if (isSidecar(container))
      check(
        container.name,
        statuses.init.find((status) => status.name === container.name),
      );
  }
  for (const container of pod.spec.containers)
    check(
      container.name,
      statuses.regular.find((status) => status.name === container.name),
    );
  if (phase === 'Succeeded' && unknown.length === 0) return fails(type, 'PodCompleted');
  if (phase === 'Failed') return fails(type, 'PodFailed');
  const parts = [
    ...(unknown.length ? [`containers with unknown status: ${bracketed(unknown)}`] : []),
    ...(unready.length ? [`containers with unready status: ${bracketed(unready)}`] : []),
  ];
  return parts.length ? fails(type, 'ContainersNotReady', parts.join(', ')) : holds(type);
}

function ready(pod: Pod, containers: Draft, conditions: readonly PodCondition[]): Draft {
  if (containers.status !== 'True') return { ...containers, type: 'Ready' };
  const messages: string[] = [];
  for (const { conditionType } of pod.spec.readinessGates ?? []) {
    const condition = conditions.find((candidate) => candidate.type === conditionType);
    if (!condition) messages.push(`corresponding condition of pod readiness gate ${goQuote(conditionType)} does not exist.`);
    else if (condition.status !== 'True') {
      messages.push(`the status of pod readiness gate ${goQuote(conditionType)} is not "True", but ${condition.status}`);
    }
  }
  return messages.length ? fails('Ready', 'ReadinessGatesNotReady', messages.join(', ')) : holds('Ready');
}

const resizeTypes = ['PodResizePending', 'PodResizeInProgress'] as const;

export interface ConditionsInput {
  readonly pod: Pod;
  readonly statuses: Statuses;
  readonly phase: string;
  /** The pod has a sandbox with its network. */
  readonly sandboxReady: boolean;
  /** Conditions known so far, of ours and of others. */
  readonly known: readonly PodCondition[];
  /** A resize that waits, or that is under way. */
  readonly resize?: { readonly pending?: WaitingReason; readonly progress?: WaitingReason };
  /** The node ends the pod for reasons that are not the pod's. */
  readonly disruption?: WaitingReason;
  readonly now: number;
}

/** The node's conditions, then those of others as they are. A transition time moves only with the status. */
export function podConditions(input: ConditionsInput): PodCondition[] {
  const { pod, statuses, phase, known } = input;
  const containers = containersReady(pod, statuses, phase);
  const drafts: Draft[] = [
    input.sandboxReady ? holds('PodReadyToStartContainers') : { type: 'PodReadyToStartContainers', status: 'False' },
    initialized(pod, statuses, phase),
    ready(pod, containers, known),
    containers,
    holds('PodScheduled'),
    ...(input.disruption ? [{ ...holds('DisruptionTarget'), ...input.disruption }] : []),
    ...(input.resize?.pending ? [{ ...holds(resizeTypes[0]), ...input.resize.pending }] : []),
    ...(input.resize?.progress ? [{ ...holds(resizeTypes[1]), ...input.resize.progress }] : []),
  ];
  const generation = pod.metadata.generation;
  const ours = drafts.map((draft): PodCondition => {
    const before = known.find((condition) => condition.type === draft.type);
    const moved = before?.status !== draft.status || !before.lastTransitionTime;
    return {
      ...draft,
      lastTransitionTime: moved ? rfc3339(input.now) : before.lastTransitionTime,
      ...(generation ? { observedGeneration: generation } : {}),
    };
  });
  const own = new Set<string>([...ours.map((condition) => condition.type), ...resizeTypes]);
  return [...ours, ...known.filter((condition) => !own.has(condition.type))];
}
