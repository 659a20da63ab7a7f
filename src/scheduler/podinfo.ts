// A pod with everything about it that the scheduler asks again and again, worked out once.
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { podRequests } from '#api/podrequests.ts';
import { type Resources, resourcesOf } from './resources.ts';

/** A port that a pod takes on its node. */
export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

export interface PodInfo {
  readonly pod: Pod;
  readonly key: string;
  readonly uid: string;
  readonly priority: number;
  readonly requests: Resources;
  /** What scores count for pods that ask for nothing: 100 thousandths of a CPU and 200 MB. */
  readonly nonZero: { readonly cpu: number; readonly memory: number };
  readonly ports: readonly HostPort[];
}

const defaultCpu = 100;
const defaultMemory = 200 * 1024 * 1024;

function portsOf(pod: Pod): HostPort[] {
  const containers = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always'),
  ];
  return containers.flatMap((container) =>
    (container.ports ?? []).flatMap((port) => {
      const number = port.hostPort || (pod.spec.hostNetwork ? port.containerPort : 0);
      return number ? [{ ip: port.hostIP || '0.0.0.0', protocol: port.protocol ?? 'TCP', port: number }] : [];
    }),
  );
}

/** Works out a pod's facts. */
export function podInfo(pod: Pod): PodInfo {
  const requests = resourcesOf(podRequests(pod.spec));
  return {
    pod,
    key: keyOf(pod),
    uid: pod.metadata.uid ?? keyOf(pod),
    priority: pod.spec.priority ?? 0,
    requests,
    nonZero: {
      cpu: requests.cpu || defaultCpu * pod.spec.containers.length,
      memory: requests.memory || defaultMemory * pod.spec.containers.length,
    },
    ports: portsOf(pod),
  };
}

/** True when the pod has ended: it takes nothing any more. */
export function isDone(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
