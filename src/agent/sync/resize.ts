// Resizing running containers in place: what a changed specification asks for, whether the node can give it, and giving it.
import { messageOf } from '#base/errors.ts';
import type { Container, ResourceRequirements } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { containerResources } from '../config/resources.ts';
import type { WaitingReason } from '../status/input.ts';
import { sameJson } from '../status/patch.ts';
import { qosClass } from '../status/qos.ts';
import { capacityProblem } from './capacity.ts';
import { type AgentContext, containerPath } from './context.ts';
import { initContainers, isSidecar } from './spec.ts';
import { latest, type PodState, type RuntimeContainer } from './state.ts';

/** What the node has promised to each container, and what is in force, by container name. */
export interface Sizes {
  readonly allocated: Map<string, ResourceRequirements>;
  readonly actual: Map<string, ResourceRequirements>;
  /** The condition to show while a resize waits or is under way. */
  pending?: WaitingReason;
  progress?: WaitingReason;
}

export const newSizes = (): Sizes => ({ allocated: new Map(), actual: new Map() });

const resizable = (pod: Pod): Container[] => [...initContainers(pod).filter(isSidecar), ...pod.spec.containers];

const amounts = (resources: ResourceRequirements | undefined): ResourceRequirements => ({
  requests: resources?.requests ?? {},
  limits: resources?.limits ?? {},
});

export interface Resize {
  readonly container: Container;
  readonly instance: RuntimeContainer;
  readonly restart: boolean;
}

/** True when a change of this resource needs a restart, by the container's policy. */
function needsRestart(container: Container, before: ResourceRequirements, now: ResourceRequirements): boolean {
  return (container.resizePolicy ?? []).some(
    ({ resourceName, restartPolicy }) =>
      restartPolicy === 'RestartContainer' &&
      (before.requests?.[resourceName] !== now.requests?.[resourceName] || before.limits?.[resourceName] !== now.limits?.[resourceName]),
  );
}

/** Running containers whose specification asks for other amounts than are in force: pure. */
export function planResize(pod: Pod, state: PodState, sizes: Pick<Sizes, 'actual'>): Resize[] {
  const wanted: Resize[] = [];
  for (const container of resizable(pod)) {
    const instance = latest(state, container.name);
    if (instance?.state !== 'running') continue;
    const before = amounts(sizes.actual.get(container.name) ?? container.resources);
    const now = amounts(container.resources);
    if (!sameJson(before, now)) wanted.push({ container, instance, restart: needsRestart(container, before, now) });
  }
  return wanted;
}

/** Notes the sizes of containers that are about to start, or that ran before we came: those told in the status. */
export function noteSizes(pod: Pod, sizes: Sizes): void {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  for (const container of resizable(pod)) {
    if (sizes.actual.has(container.name)) continue;
    const told = statuses.find((status) => status.name === container.name && status.state?.running)?.resources;
    const size = told ?? amounts(container.resources);
    sizes.actual.set(container.name, size);
    sizes.allocated.set(container.name, size);
  }
}

/** A container that starts gets what its specification says now. */
export function startsWith(container: Container, sizes: Sizes): void {
  sizes.actual.set(container.name, amounts(container.resources));
  sizes.allocated.set(container.name, amounts(container.resources));
}

/** Gives running containers what they ask for now. Resolves with those that must be restarted for it. */
export async function resizePod(context: AgentContext, pod: Pod, about: { state: PodState; sizes: Sizes }): Promise<readonly Resize[]> {
  const { sizes } = about;
  delete sizes.pending;
  delete sizes.progress;
  const wanted = planResize(pod, about.state, sizes);
  if (wanted.length === 0) return [];
  if (context.options.cpuManager && qosClass(pod) === 'Guaranteed') {
    // Processors of its own can be neither added nor taken away (feature InPlacePodVerticalScalingExclusiveCPUs is off).
    sizes.pending = { reason: 'Infeasible', message: 'Resize is infeasible for Guaranteed Pods alongside CPU Manager static policy' };
    return [];
  }
  if (context.options.memoryManager && qosClass(pod) === 'Guaranteed') {
    sizes.pending = { reason: 'Infeasible', message: 'Resize is infeasible for Guaranteed Pods alongside Memory Manager static policy' };
    return [];
  }
  const others = context.activePods().filter((other) => other.metadata.uid !== pod.metadata.uid);
  const allocatable = context.admissible();
  const infeasible = capacityProblem(pod, [], allocatable);
  const deferred = infeasible ?? capacityProblem(pod, others, allocatable);
  if (deferred) {
    const message = infeasible ? deferred.replace('enough resource', 'enough capacity').replace(/, used: \d+/, '') : deferred;
    sizes.pending = { reason: infeasible ? 'Infeasible' : 'Deferred', message };
    return [];
  }
  for (const { container } of wanted) sizes.allocated.set(container.name, amounts(container.resources));
  // Growing wants the pod's group to grow first, shrinking wants it to shrink last.
  await context.cgroups.ensure(pod).catch(() => undefined);
  for (const { container, instance, restart } of wanted) {
    if (restart) continue;
    const { cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes } = containerResources(pod, container, {
      memoryCapacity: Number(context.capacity['memory-bytes'] ?? 0),
      cpuQuota: context.options.cpuQuota,
    });
    try {
      await context.runtime.updateResources(instance.id, {
        cpuPeriod,
        ...(cpuQuota === undefined ? {} : { cpuQuota: cpuQuota === 0 ? -1 : cpuQuota }),
        cpuShares,
        ...(memoryLimitInBytes === undefined ? {} : { memoryLimitInBytes }),
      });
      sizes.actual.set(container.name, amounts(container.resources));
    } catch (error) {
      const message = `resize of container "${container.name}" failed: ${messageOf(error)}`;
      sizes.progress = { reason: 'Error', message };
      context.recorder.event(pod, 'Warning', 'ResizeError', message, { fieldPath: containerPath('regular', container.name) });
    }
  }
  if (!sizes.progress) {
    await context.cgroups.ensure(pod);
    context.recorder.event(pod, 'Normal', 'ResizeCompleted', 'Pod resize completed');
  }
  return wanted.filter((resize) => resize.restart);
}
