// The labels and annotations by which containers and sandboxes are found again after a restart: kubelet's names.
import type { AnyContainer } from '../parts.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { fnv32a } from '#format/hash.ts';

export const label = {
  podName: 'io.kubernetes.pod.name',
  podNamespace: 'io.kubernetes.pod.namespace',
  podUid: 'io.kubernetes.pod.uid',
  containerName: 'io.kubernetes.container.name',
} as const;

export const annotation = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  terminationMessagePath: 'io.kubernetes.container.terminationMessagePath',
  terminationMessagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  terminationGracePeriod: 'io.kubernetes.pod.terminationGracePeriod',
  preStopHandler: 'io.kubernetes.container.preStopHandler',
} as const;

type StringMap = Readonly<Record<string, string>>;

/** Changes when a container must be restarted because its definition changed: of the fields that may change, the image. */
export function containerHash(container: AnyContainer): string {
  return fnv32a(JSON.stringify({ image: container.image ?? '', name: container.name })).toString(16);
}

/** Labels of a sandbox: the pod's own and its identity. */
export function sandboxLabels(pod: Pod): StringMap {
  const { name, namespace, uid, labels } = pod.metadata;
  return { ...labels, [label.podName]: name, [label.podNamespace]: namespace ?? '', [label.podUid]: uid ?? '' };
}

/** Labels of a container: whose it is. */
export function containerLabels(pod: Pod, container: AnyContainer): StringMap {
  const { name, namespace, uid } = pod.metadata;
  return {
    [label.containerName]: container.name,
    [label.podName]: name,
    [label.podNamespace]: namespace ?? '',
    [label.podUid]: uid ?? '',
  };
}

/** Annotations of a container: what must survive a restart of the agent. */
export function containerAnnotations(pod: Pod, container: AnyContainer, restartCount: number): StringMap {
  return {
    [annotation.hash]: containerHash(container),
    [annotation.restartCount]: String(restartCount),
    [annotation.terminationMessagePath]: container.terminationMessagePath ?? '/dev/termination-log',
    [annotation.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
    [annotation.terminationGracePeriod]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
    ...(container.lifecycle?.preStop ? { [annotation.preStopHandler]: JSON.stringify(container.lifecycle.preStop) } : {}),
  };
}
