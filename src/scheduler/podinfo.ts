// A pod with everything about it that the scheduler asks again and again, worked out once.
import type { Pod } from '#api/core/v1/pod.ts';
import { keyOf } from '#api/object.ts';
import { podRequests } from '#api/podrequests.ts';
import { Recent } from '#base/recent.ts';
import type { Labels } from '#format/selector.ts';
import { type Resources, resourcesOf } from './resources.ts';
import { type PodTerms, podTerms } from './selection.ts';
import { claimsOf, type ClaimRef } from './volumes/claims.ts';

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
  readonly namespace: string;
  readonly labels: Labels;
  /** It is being deleted. */
  readonly terminating: boolean;
  readonly priority: number;
  readonly requests: Resources;
  /** What scores count for pods that ask for nothing: 100 thousandths of a CPU and 200 MB. */
  readonly nonZero: { readonly cpu: number; readonly memory: number };
  readonly ports: readonly HostPort[];
  /** Inter-pod affinity. */
  readonly terms: PodTerms;
  readonly claims: readonly ClaimRef[];
}

const noLabels: Labels = {};
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

/** True when nothing in the specification that facts are made of has changed (states of one object share their parts). */
function sameFacts(a: Pod, b: Pod): boolean {
  const [one, other] = [a.spec, b.spec];
  return (
    one === other ||
    (one.containers === other.containers &&
      one.initContainers === other.initContainers &&
      one.resources === other.resources &&
      one.overhead === other.overhead &&
      one.affinity === other.affinity &&
      one.volumes === other.volumes &&
      one.priority === other.priority &&
      one.hostNetwork === other.hostNetwork)
  );
}

interface Facts extends Pick<PodInfo, 'requests' | 'nonZero' | 'ports' | 'terms' | 'claims'> {
  readonly namespace: string;
}

/** Facts of the specifications that were here last: the pods of a template share one. */
const lately = new Recent<Pod['spec'], Facts>();

function factsOf(pod: Pod, namespace: string): Facts {
  const known = lately.find(pod.spec);
  // What is asked of other pods is meant in the own namespace.
  if (known !== undefined && known.namespace === namespace) return known;
  const requests = resourcesOf(podRequests(pod.spec));
  const facts: Facts = {
    namespace,
    requests,
    nonZero: {
      cpu: requests.cpu || defaultCpu * pod.spec.containers.length,
      memory: requests.memory || defaultMemory * pod.spec.containers.length,
    },
    ports: portsOf(pod),
    terms: podTerms(pod),
    claims: claimsOf(pod),
  };
  // Claims may have the pod's own name.
  if (known === undefined && facts.claims.length === 0) lately.add(pod.spec, facts);
  return facts;
}

/** Works out a pod's facts; those of an earlier state are taken over where nothing has changed. */
export function podInfo(pod: Pod, previous?: PodInfo): PodInfo {
  const namespace = pod.metadata.namespace ?? '';
  const same = previous !== undefined && sameFacts(previous.pod, pod);
  const { requests, nonZero, ports, terms, claims } = same ? previous : factsOf(pod, namespace);
  return {
    pod,
    key: same ? previous.key : keyOf(pod),
    uid: pod.metadata.uid ?? keyOf(pod),
    namespace,
    labels: pod.metadata.labels ?? noLabels,
    terminating: pod.metadata.deletionTimestamp !== undefined,
    priority: pod.spec.priority ?? 0,
    requests,
    nonZero,
    ports,
    terms,
    claims,
  };
}

/** True when both states take the same and are counted alike, so that one may stand for the other. */
export function countsAlike(a: PodInfo, b: PodInfo): boolean {
  return (
    a.requests === b.requests && a.ports === b.ports && a.terms === b.terms && a.labels === b.labels && a.terminating === b.terminating
  );
}

/** True when the pod has ended: it takes nothing any more. */
export function isDone(pod: Pod): boolean {
  return pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed';
}
