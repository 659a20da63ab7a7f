// What the runtime has of one pod: its sandboxes and containers, the input of planning and of the status.
import type { Container, ContainerStatus, Sandbox, SandboxStatus } from '../runtime.ts';
import { annotation, label } from './labels.ts';

export type RunState = 'created' | 'running' | 'exited' | 'unknown';

/** One instance (attempt) of a container. Times are milliseconds since the epoch, 0 when it has not happened. */
export interface RuntimeContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: RunState;
  readonly hash: string;
  readonly restartCount: number;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly image: string;
  readonly imageId: string;
  readonly logPath: string;
  /** File on the node behind the container's termination message path; empty when there is none. */
  readonly messageFile: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
}

export interface RuntimeSandbox {
  readonly id: string;
  readonly ready: boolean;
  readonly attempt: number;
  readonly createdAt: number;
  readonly hostNetwork: boolean;
  readonly ips: readonly string[];
}

export interface PodState {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Newest first. */
  readonly sandboxes: readonly RuntimeSandbox[];
  /** Newest first. */
  readonly containers: readonly RuntimeContainer[];
}

/** Annotation on our sandboxes that says which network they were made for (CRI's status leaves it out when listing). */
export const networkAnnotation = 'tutti.dev/host-network';

/** A pod of which the runtime has nothing. */
export const emptyState = (pod: { uid: string; name: string; namespace: string }): PodState => ({
  uid: pod.uid,
  name: pod.name,
  namespace: pod.namespace,
  sandboxes: [],
  containers: [],
});

const states: Readonly<Record<string, RunState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
};

/** Reads a container of the runtime; undefined when it isn't one of a pod. */
export function readContainer(listed: Container, status: ContainerStatus): RuntimeContainer | undefined {
  const name = status.labels[label.containerName];
  if (name === undefined) return undefined;
  const messagePath = status.annotations[annotation.terminationMessagePath];
  return {
    id: status.id,
    name,
    sandboxId: listed.podSandboxId,
    state: states[status.state] ?? 'unknown',
    hash: status.annotations[annotation.hash] ?? '',
    restartCount: Number(status.annotations[annotation.restartCount] ?? status.metadata.attempt) || 0,
    createdAt: status.createdAt,
    startedAt: status.startedAt,
    finishedAt: status.finishedAt,
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image.userSpecifiedImage || status.image.image,
    imageId: status.imageRef || status.imageId,
    logPath: status.logPath,
    messageFile: status.mounts.find((mount) => mount.containerPath === messagePath)?.hostPath ?? '',
    annotations: status.annotations,
    ...(status.user?.linux ? { user: status.user.linux } : {}),
  };
}

/** Reads a sandbox; IPs are there only when the status was asked for. */
export function readSandbox(sandbox: Sandbox | SandboxStatus): RuntimeSandbox {
  const network = 'network' in sandbox ? sandbox.network : undefined;
  const ips = network ? [network.ip, ...network.additionalIps.map((entry) => entry.ip)].filter((ip) => ip !== '') : [];
  return {
    id: sandbox.id,
    ready: sandbox.state === 'SANDBOX_READY',
    attempt: sandbox.metadata.attempt,
    createdAt: sandbox.createdAt,
    hostNetwork: sandbox.annotations[networkAnnotation] === 'true',
    ips,
  };
}

/** The newest instance of a container. */
export function latest(state: PodState, name: string): RuntimeContainer | undefined {
  return state.containers.find((container) => container.name === name);
}

/** The instance before the newest one. */
export function previous(state: PodState, name: string): RuntimeContainer | undefined {
  return state.containers.filter((container) => container.name === name)[1];
}

/** Instances that may have a live process. */
export function running(state: PodState): readonly RuntimeContainer[] {
  return state.containers.filter((container) => container.state === 'running' || container.state === 'unknown');
}

/** A copy with one container added or replaced, newest first. */
export function withContainer(state: PodState, container: RuntimeContainer): PodState {
  const others = state.containers.filter((other) => other.id !== container.id);
  return { ...state, containers: [...others, container].sort((a, b) => b.createdAt - a.createdAt) };
}

/** A copy with one sandbox added or replaced, newest first. */
export function withSandbox(state: PodState, sandbox: RuntimeSandbox): PodState {
  const others = state.sandboxes.filter((other) => other.id !== sandbox.id);
  return { ...state, sandboxes: [...others, sandbox].sort((a, b) => b.createdAt - a.createdAt) };
}
