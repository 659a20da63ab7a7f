// Pure: the Endpoints object of a Service with a selector.
import type { EndpointAddress, Endpoints } from '#api/core/v1/endpoints.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { Draft } from '#api/object.ts';
import { semanticEqual } from '../equal.ts';
import { isPodReady } from '#api/podutil.ts';
import { belongs, hostnameOf, isHeadless, podIPs, podReference, targetPortOf } from './pods.ts';
import { packSubsets, type Served, truncateSubsets } from './subsets.ts';
import { triggerTimeAnnotation } from './triggertime.ts';

const maxAddresses = 1000;
const headlessLabel = 'service.kubernetes.io/headless';
export const managedByLabel = 'endpoints.kubernetes.io/managed-by';
export const managedBy = 'endpoint-controller';
const overCapacity = 'endpoints.kubernetes.io/over-capacity';

function addressOf(pod: Pod, service: Service): EndpointAddress | undefined {
  const wantV6 = (service.spec.ipFamilies?.[0] ?? (service.spec.clusterIP?.includes(':') ? 'IPv6' : 'IPv4')) === 'IPv6';
  const ip = podIPs(pod).find((candidate) => candidate.includes(':') === wantV6);
  if (ip === undefined) return undefined;
  const hostname = hostnameOf(pod, service);
  return {
    ip,
    ...(pod.spec.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: podReference(pod),
    ...(hostname ? { hostname } : {}),
  };
}

function servedBy(service: Service, pods: readonly Pod[]): Served[] {
  const publish = service.spec.publishNotReadyAddresses ?? false;
  const served: Served[] = [];
  for (const pod of pods) {
    if (!belongs(pod, publish)) continue;
    const address = addressOf(pod, service);
    if (address === undefined) continue;
    const ready = publish || isPodReady(pod);
    const ports = service.spec.ports ?? [];
    if (ports.length === 0 && isHeadless(service)) served.push({ address, ready, port: undefined });
    for (const port of ports) {
      const number = targetPortOf(pod, port);
      if (number === undefined) continue;
      const { name, appProtocol } = port;
      const protocol = port.protocol ?? 'TCP';
      served.push({ address, ready, port: { ...(name ? { name } : {}), port: number, protocol, ...(appProtocol ? { appProtocol } : {}) } });
    }
  }
  return served;
}

/** What to write; undefined when the present object is right. */
export function planEndpoints(
  service: Service,
  pods: readonly Pod[],
  context: { readonly current: Endpoints | undefined; readonly triggerTime: string | undefined },
): { create: Draft<Endpoints> } | { update: Endpoints } | undefined {
  const { current, triggerTime } = context;
  const { subsets, truncated } = truncateSubsets(packSubsets(servedBy(service, pods)), maxAddresses);
  const labels: Record<string, string> = { ...service.metadata.labels, [managedByLabel]: managedBy };
  if (isHeadless(service)) labels[headlessLabel] = '';
  else delete labels[headlessLabel];
  const annotations: Record<string, string> = { ...current?.metadata.annotations };
  if (truncated) annotations[overCapacity] = 'truncated';
  else delete annotations[overCapacity];
  if (
    current !== undefined &&
    semanticEqual(current.subsets, subsets) &&
    semanticEqual(current.metadata.labels, labels) &&
    annotations[overCapacity] === current.metadata.annotations?.[overCapacity]
  ) {
    return undefined;
  }
  if (triggerTime === undefined) delete annotations[triggerTimeAnnotation];
  else annotations[triggerTimeAnnotation] = triggerTime;
  if (current !== undefined) return { update: { ...current, metadata: { ...current.metadata, labels, annotations }, subsets } };
  const { name, namespace } = service.metadata;
  return { create: { metadata: { name, ...(namespace ? { namespace } : {}), labels, annotations }, subsets } };
}
