// Questions about a pod's specification that several parts of the agent ask.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { AnyContainer } from '../parts.ts';
import type { RuntimeContainer } from './state.ts';

export type ContainerKind = 'init' | 'regular' | 'ephemeral';

/** An init container that keeps running beside the pod's containers. */
export const isSidecar = (container: AnyContainer): boolean => (container as Container).restartPolicy === 'Always';

export const initContainers = (pod: Pod): readonly Container[] => pod.spec.initContainers ?? [];

/** Every container with its kind, in the order of starting. */
export function allContainers(pod: Pod): { kind: ContainerKind; container: AnyContainer }[] {
  return [
    ...initContainers(pod).map((container) => ({ kind: 'init' as const, container })),
    ...pod.spec.containers.map((container) => ({ kind: 'regular' as const, container })),
    ...(pod.spec.ephemeralContainers ?? []).map((container) => ({ kind: 'ephemeral' as const, container: container as AnyContainer })),
  ];
}

/**
 * The most that a pod needs of something at any time: the sum of its containers and sidecars, or an init container beside the
 * sidecars before it.
 */
export function podPeak(pod: Pod, of: (container: Container) => number): number {
  let sidecars = 0;
  let peak = 0;
  for (const container of initContainers(pod)) {
    if (isSidecar(container)) sidecars += of(container);
    else peak = Math.max(peak, sidecars + of(container));
  }
  return Math.max(
    peak,
    pod.spec.containers.reduce((sum, container) => sum + of(container), sidecars),
  );
}

/** A container of the pod by name, of any kind. */
export function findContainer(pod: Pod, name: string): { kind: ContainerKind; container: AnyContainer } | undefined {
  return allContainers(pod).find((entry) => entry.container.name === name);
}

/** `name_namespace(uid)`, as messages name a pod. */
export const podText = (pod: Pod): string => `${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid ?? ''})`;

export const uidOf = (pod: Pod): string => pod.metadata.uid ?? '';

export const isTerminalPhase = (phase: string | undefined): boolean => phase === 'Succeeded' || phase === 'Failed';

/** The restart policy that holds for a container: its own where it has one, else the pod's. */
function policyOf(pod: Pod, container: AnyContainer): string {
  const policy = pod.spec.restartPolicy ?? 'Always';
  if (initContainers(pod).some((init) => init.name === container.name) && !isSidecar(container)) {
    // An init container that succeeded is done, whatever the pod's policy.
    if ((container as Container).restartPolicy) return (container as Container).restartPolicy as string;
    return policy === 'Never' ? 'Never' : 'OnFailure';
  }
  return (container as Container).restartPolicy ?? policy;
}

/** True when some exit of the container leads to a restart: by its own rules and policy where it has them, else by the pod's. */
export function mayRestart(pod: Pod, container: AnyContainer): boolean {
  const { restartPolicyRules = [] } = container as Container;
  return restartPolicyRules.some(({ action }) => action === 'Restart') || policyOf(pod, container) !== 'Never';
}

/** True when an exit with this code leads to a restart. */
export function restartsAfter(pod: Pod, container: AnyContainer, exitCode: number): boolean {
  for (const rule of (container as Container).restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? [];
    const matches = rule.exitCodes?.operator === 'NotIn' ? !values.includes(exitCode) : values.includes(exitCode);
    if (matches) return rule.action === 'Restart';
  }
  const policy = policyOf(pod, container);
  if (policy === 'Never') return false;
  return policy === 'Always' || exitCode !== 0;
}

/** True when the container is to be (re)started, given its newest instance. */
export function shouldStart(pod: Pod, container: AnyContainer, instance: RuntimeContainer | undefined): boolean {
  if (pod.metadata.deletionTimestamp) return false;
  if (!instance) return true;
  if (instance.state === 'running') return false;
  if (instance.state === 'created' || instance.state === 'unknown') return true;
  return restartsAfter(pod, container, instance.exitCode);
}

/** Seconds that a pod gets to end: what the deletion asked for, else its own setting. */
export function gracePeriod(pod: Pod): number {
  if (pod.metadata.deletionTimestamp && pod.metadata.deletionGracePeriodSeconds !== undefined) {
    return Number(pod.metadata.deletionGracePeriodSeconds);
  }
  return Number(pod.spec.terminationGracePeriodSeconds ?? 30);
}
