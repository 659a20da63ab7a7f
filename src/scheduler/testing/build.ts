// Nodes and pods for tests of the scheduler, in few words.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';

export interface NodeParts {
  readonly labels?: Readonly<Record<string, string>>;
  readonly resources?: Readonly<Record<string, string>>;
  readonly spec?: Partial<Node['spec']>;
  readonly images?: Node['status']['images'];
}

/** A node with four CPUs, 8 GiB and room for 110 pods unless told otherwise. */
export function node(name: string, { labels, resources, spec, images }: NodeParts = {}): Node {
  const amounts = { cpu: '4', memory: '8Gi', pods: '110', ...resources };
  return {
    metadata: { name, uid: `node-${name}`, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: { ...spec },
    status: { capacity: amounts, allocatable: amounts, ...(images ? { images } : {}) },
  } as unknown as Node;
}

export interface PodParts {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly requests?: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly ports?: Pod['spec']['containers'][0]['ports'];
  readonly spec?: Partial<Pod['spec']>;
  readonly terminating?: boolean;
  readonly status?: Partial<Pod['status']>;
}

/** A pod with one container. */
export function pod(
  name: string,
  { namespace = 'default', labels, requests, image, ports, spec, terminating, status }: PodParts = {},
): Pod {
  return {
    metadata: {
      name,
      namespace,
      uid: `pod-${namespace}-${name}`,
      ...(labels ? { labels } : {}),
      ...(terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      containers: [{ name: 'c', image: image ?? 'app:1', ...(requests ? { resources: { requests } } : {}), ...(ports ? { ports } : {}) }],
      ...spec,
    },
    status: { phase: 'Pending', ...status },
  } as unknown as Pod;
}

/** The same pod on a node. */
export function on(nodeName: string, placed: Pod): Pod {
  return { ...placed, spec: { ...placed.spec, nodeName } };
}
