// Container statuses from what the runtime has: pure.
import type { Container } from '#api/core/v1/container.ts';
import type { ContainerState, ContainerStatus } from '#api/core/v1/podstatus.ts';
import { rfc3339 } from '#base/clock.ts';
import type { AnyContainer } from '../parts.ts';
import { type ContainerKind, initContainers, isSidecar, shouldStart } from '../sync/spec.ts';
import { containerHash } from '../sync/labels.ts';
import type { RuntimeContainer } from '../sync/state.ts';
import type { StatusInput, WaitingReason } from './input.ts';

/** What a container that vanished is reported as. */
const lost = (message: string): ContainerState => ({
  terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message },
});

const containerId = (id: string): string => `containerd://${id}`;

function terminatedReason(instance: RuntimeContainer): string {
  return instance.reason || (instance.exitCode === 0 ? 'Completed' : 'Error');
}

function terminatedState(instance: RuntimeContainer, message: string | undefined): ContainerState {
  const text = message ?? instance.message;
  return {
    terminated: {
      containerID: containerId(instance.id),
      exitCode: instance.exitCode,
      reason: terminatedReason(instance),
      ...(text ? { message: text } : {}),
      ...(instance.startedAt > 0 ? { startedAt: rfc3339(instance.startedAt) } : {}),
      ...(instance.finishedAt > 0 ? { finishedAt: rfc3339(instance.finishedAt) } : {}),
    },
  };
}

function stateOf(instance: RuntimeContainer, input: StatusInput, fallback: WaitingReason): ContainerState {
  switch (instance.state) {
    case 'running':
      return { running: { startedAt: rfc3339(instance.startedAt) } };
    case 'exited':
      return terminatedState(instance, input.messages.get(instance.id));
    case 'unknown':
      return lost('The container could not be located when the pod was terminated');
    case 'created':
      return { waiting: { reason: fallback.reason } };
  }
}

function volumeMounts(container: AnyContainer): Pick<ContainerStatus, 'volumeMounts'> {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: 'Disabled' } : {}),
    })),
  };
}

/** What the container runs with. What was allocated to it is told only behind a gate that is off. */
function resources(container: AnyContainer, input: StatusInput): Pick<ContainerStatus, 'resources'> {
  const { limits = {}, requests = {} } = input.sizes?.actual.get(container.name) ?? container.resources ?? {};
  const some = (amounts: object): boolean => Object.keys(amounts).length > 0;
  return {
    resources: { ...(some(limits) ? { limits } : {}), ...(some(requests) ? { requests } : {}) },
  };
}

/** The default reason of a container that has not started. */
export const defaultWaiting = (input: StatusInput): WaitingReason => ({
  reason: initContainers(input.pod).length > 0 ? 'PodInitializing' : 'ContainerCreating',
  message: '',
});

function absent(container: AnyContainer, input: StatusInput, old: ContainerStatus | undefined): ContainerStatus {
  const base: ContainerStatus = {
    name: container.name,
    image: container.image ?? '',
    imageID: '',
    ready: false,
    restartCount: old?.restartCount ?? 0,
    started: false,
    lastState: old?.lastState ?? {},
    state: { waiting: { reason: defaultWaiting(input).reason } },
    ...resources(container, input),
  };
  if (old?.state?.terminated) return { ...old, ready: false, started: false };
  if (old?.state?.running) {
    // It ran, and now nobody knows it: that is a failure, and the next instance is a restart.
    const state = lost('The container could not be located when the pod was deleted.  The container used to be Running');
    if (input.terminal || input.pod.metadata.deletionTimestamp) return { ...base, imageID: old.imageID, state };
    return { ...base, lastState: state, restartCount: old.restartCount + 1 };
  }
  return base;
}

/** The image as it was asked for: a runtime that knows it by several names tells any of them. */
function imageOf(container: AnyContainer, instance: RuntimeContainer): string {
  const asked = instance.hash === containerHash(container) ? container.image : undefined;
  return asked || instance.image || (container.image ?? '');
}

function present(
  container: AnyContainer,
  instances: readonly [RuntimeContainer, ...RuntimeContainer[]],
  input: StatusInput,
): ContainerStatus {
  const [instance, before] = instances;
  const running = instance.state === 'running';
  return {
    name: container.name,
    image: imageOf(container, instance),
    imageID: instance.imageId,
    containerID: containerId(instance.id),
    ready: false,
    started: running && (input.started(instance.id) ?? true),
    restartCount: instance.restartCount,
    state: stateOf(instance, input, defaultWaiting(input)),
    lastState: before?.state === 'exited' ? terminatedState(before, input.messages.get(before.id)) : {},
    ...resources(container, input),
    ...volumeMounts(container),
    ...(instance.user
      ? { user: { linux: { uid: instance.user.uid, gid: instance.user.gid, supplementalGroups: instance.user.supplementalGroups } } }
      : {}),
  };
}

/** Shows why the next instance isn't there yet, with the last one as `lastState`. */
function overlay(status: ContainerStatus, reason: WaitingReason): ContainerStatus {
  const waiting = { waiting: { reason: reason.reason, ...(reason.message ? { message: reason.message } : {}) } };
  return {
    ...status,
    state: waiting,
    lastState: status.state?.terminated ? status.state : (status.lastState ?? {}),
    started: false,
  };
}

function readiness(status: ContainerStatus, kind: ContainerKind, container: AnyContainer, input: StatusInput): boolean {
  if (kind === 'init' && !isSidecar(container)) return status.state?.terminated?.exitCode === 0;
  if (kind === 'ephemeral' || !status.state?.running || !status.started) return false;
  const id = status.containerID?.slice('containerd://'.length) ?? '';
  return (container as Container).readinessProbe ? input.ready(id) === true : true;
}

function oldStatus(kind: ContainerKind, name: string, input: StatusInput): ContainerStatus | undefined {
  const lists = {
    init: input.old.initContainerStatuses,
    regular: input.old.containerStatuses,
    ephemeral: input.old.ephemeralContainerStatuses,
  };
  return lists[kind]?.find((status) => status.name === name);
}

/** The status of one container of the pod. */
export function containerStatus(kind: ContainerKind, container: AnyContainer, input: StatusInput): ContainerStatus {
  const [newest, ...older] = input.state.containers.filter((instance) => instance.name === container.name);
  const old = oldStatus(kind, container.name, input);
  let status = newest ? present(container, [newest, ...older], input) : absent(container, input, old);
  const reason = input.waiting.get(container.name);
  const waits = !input.terminal && newest?.state !== 'running' && !status.state?.running;
  if (reason && waits && shouldStart(input.pod, container, newest)) status = overlay(status, reason);
  return { ...status, ready: readiness(status, kind, container, input) };
}

/** Statuses of a list of containers; regular ones are sorted by name, as kubelet does. */
export function containerStatuses(kind: ContainerKind, containers: readonly AnyContainer[], input: StatusInput): ContainerStatus[] {
  const statuses = containers.map((container) => containerStatus(kind, container, input));
  return kind === 'init' ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
}
