// Pure: which pods and ports stand behind a Service. Shared by Endpoints and EndpointSlices.
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service, ServicePort } from '#api/core/v1/service.ts';
import type { ObjectReference } from '#api/core/v1/reference.ts';
import type { Informer } from '#client/cache.ts';
import { isPodReady, isPodTerminal } from '#api/podutil.ts';

/** The IPs of a pod. */
export function podIPs(pod: Pod): readonly string[] {
  const { podIPs: many, podIP } = pod.status;
  if (many !== undefined && many.length > 0) return many.map(({ ip }) => ip);
  return podIP ? [podIP] : [];
}

/** Does the pod belong among a Service's endpoints at all? */
export function belongs(pod: Pod, includeTerminating: boolean): boolean {
  if (isPodTerminal(pod) || podIPs(pod).length === 0) return false;
  return includeTerminating || pod.metadata.deletionTimestamp === undefined;
}

/** The port of a pod that a Service port targets; undefined when the pod names no such port. */
export function targetPortOf(pod: Pod, port: ServicePort): number | undefined {
  const target = port.targetPort ?? port.port;
  if (typeof target === 'number') return target === 0 ? port.port : target;
  const protocol = port.protocol ?? 'TCP';
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const candidate of container.ports ?? []) {
      if (candidate.name === target && (candidate.protocol ?? 'TCP') === protocol) return candidate.containerPort;
    }
  }
  return undefined;
}

/** The host name under which DNS knows a pod of a headless Service. */
export function hostnameOf(pod: Pod, service: Service): string | undefined {
  const { hostname, subdomain } = pod.spec;
  return hostname && subdomain === service.metadata.name && service.metadata.namespace === pod.metadata.namespace ? hostname : undefined;
}

/** The reference from an endpoint to its pod. */
export function podReference(pod: Pod): ObjectReference {
  const { namespace, name, uid } = pod.metadata;
  return { kind: 'Pod', ...(namespace ? { namespace } : {}), name, ...(uid ? { uid } : {}) };
}

export const isHeadless = (service: Service): boolean => service.spec.clusterIP === 'None';

/** True when a change of a pod may change endpoints. */
export function endpointsChanged(pod: Pod, previous: Pod): boolean {
  return (
    isPodReady(pod) !== isPodReady(previous) ||
    isPodTerminal(pod) !== isPodTerminal(previous) ||
    pod.metadata.deletionTimestamp !== previous.metadata.deletionTimestamp ||
    pod.spec.nodeName !== previous.spec.nodeName ||
    pod.metadata.uid !== previous.metadata.uid ||
    podIPs(pod).join() !== podIPs(previous).join() ||
    labelsDiffer(pod, previous)
  );
}

/** True when the labels of two states of an object differ. */
export function labelsDiffer(a: Pod, b: Pod): boolean {
  const left = a.metadata.labels ?? {};
  const right = b.metadata.labels ?? {};
  if (left === right) return false;
  const keys = Object.keys(left);
  return keys.length !== Object.keys(right).length || keys.some((key) => left[key] !== right[key]);
}

/** Does a Service's selector select these labels? A Service without a selector selects nothing. */
export function selects(service: Service, labels: Readonly<Record<string, string>> | undefined): boolean {
  const selector = Object.entries(service.spec.selector ?? {});
  return selector.length > 0 && selector.every(([key, value]) => labels?.[key] === value);
}

const indexName = 'first-selector-pair';

/** Indexes Services by one pair of their selector, so that the Services of a pod are found by the pod's labels. */
export function indexBySelector(services: Informer<Service>): void {
  services.addIndex(indexName, ({ metadata, spec }) => {
    const [pair] = Object.entries(spec.selector ?? {});
    return pair === undefined ? [] : [`${metadata.namespace}/${pair[0]}=${pair[1]}`];
  });
}

/** The Services that select a pod. */
export function servicesOf(services: Informer<Service>, pod: Pod): readonly Service[] {
  const { namespace, labels } = pod.metadata;
  return Object.entries(labels ?? {})
    .flatMap(([key, value]) => services.lister.byIndex(indexName, `${namespace}/${key}=${value}`))
    .filter((service) => selects(service, labels));
}
