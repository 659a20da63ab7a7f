// Services: what a replacement inherits from the present state, and what a change of type takes away.
import { hasNodePorts, isExternallyAccessible } from '#api/core/v1/service.rules.ts';
import type { Service, ServicePort, ServiceSpec } from '#api/core/v1/service.ts';

type Spec = { -readonly [K in keyof ServiceSpec]: ServiceSpec[K] };

const same = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean => (a ?? []).join(' ') === (b ?? []).join(' ');

/** True when the Service gets cluster addresses. */
export const needsAddress = (spec: ServiceSpec): boolean => spec.type !== 'ExternalName' && spec.clusterIP !== 'None';
/** True when the Service gets node ports by itself. */
export const needsNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
/** True when the Service has a health-check port on the nodes. */
export const needsHealthPort = (spec: ServiceSpec): boolean => spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';

// clusterIP and clusterIPs say the same thing: a client that knows only one of them changes both.
function alignAddresses(spec: Spec, old: ServiceSpec | undefined): void {
  if (!old) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    else if (!spec.clusterIP && spec.clusterIPs?.length) spec.clusterIP = spec.clusterIPs[0];
    return;
  }
  if ((spec.clusterIP ?? '') === (old.clusterIP ?? '')) return;
  if (!same(spec.clusterIPs, old.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

function inherit(spec: Spec, old: ServiceSpec): void {
  if (needsAddress(old) && needsAddress(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && old.clusterIPs)
      spec.clusterIPs = spec.clusterIP === old.clusterIP ? old.clusterIPs : [spec.clusterIP as string];
  }
  if (spec.type !== 'ExternalName' && old.type !== 'ExternalName') {
    spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
    if (!spec.ipFamilies?.length && old.ipFamilies) spec.ipFamilies = old.ipFamilies;
  }
  if (hasNodePorts(old) && hasNodePorts(spec) && spec.ports) spec.ports = inheritPorts(spec.ports, old.ports ?? []);
  if (needsHealthPort(old) && needsHealthPort(spec) && !spec.healthCheckNodePort && old.healthCheckNodePort) {
    spec.healthCheckNodePort = old.healthCheckNodePort;
  }
}

function inheritPorts(ports: readonly ServicePort[], old: readonly ServicePort[]): ServicePort[] {
  const used = new Set(ports.map((port) => `${port.protocol}/${port.nodePort ?? 0}`));
  return ports.map((port) => {
    if (port.nodePort) return port;
    const before = old.find((candidate) => candidate.name === port.name && candidate.protocol === port.protocol);
    const key = before?.nodePort ? `${port.protocol}/${before.nodePort}` : '';
    if (!before?.nodePort || used.has(key)) return port;
    used.add(key);
    return { ...port, nodePort: before.nodePort };
  });
}

function drop(spec: Spec, old: ServiceSpec): void {
  if (old.type !== 'ExternalName' && spec.type === 'ExternalName') {
    if (spec.clusterIP === old.clusterIP) delete spec.clusterIP;
    if (same(spec.clusterIPs, old.clusterIPs)) delete spec.clusterIPs;
    if (same(spec.ipFamilies, old.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === old.ipFamilyPolicy) delete spec.ipFamilyPolicy;
  }
  if (hasNodePorts(old) && !hasNodePorts(spec) && sameNodePorts(spec.ports, old.ports)) {
    if (spec.ports) spec.ports = spec.ports.map(({ nodePort: _, ...port }) => port);
  }
  if (needsHealthPort(old) && !needsHealthPort(spec) && spec.healthCheckNodePort === old.healthCheckNodePort)
    delete spec.healthCheckNodePort;
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts === old.allocateLoadBalancerNodePorts) delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === old.loadBalancerClass) delete spec.loadBalancerClass;
  }
  if (isExternallyAccessible(old) && !isExternallyAccessible(spec) && spec.externalTrafficPolicy === old.externalTrafficPolicy) {
    delete spec.externalTrafficPolicy;
  }
}

function sameNodePorts(ports: readonly ServicePort[] | undefined, old: readonly ServicePort[] | undefined): boolean {
  const known = new Set((old ?? []).map((port) => port.nodePort ?? 0));
  return (ports ?? []).every((port) => !port.nodePort || known.has(port.nodePort));
}

/** The Service as it goes into validation. */
export function prepareService(service: Service, old: Service | undefined): Service {
  const spec: Spec = { ...service.spec };
  alignAddresses(spec, old?.spec);
  if (old) {
    inherit(spec, old.spec);
    drop(spec, old.spec);
  }
  if (spec.type === 'ExternalName') delete spec.internalTrafficPolicy;
  const loadBalancer = spec.type === 'LoadBalancer' ? service.status.loadBalancer : {};
  return { ...service, spec, status: { ...service.status, loadBalancer: loadBalancer ?? {} } };
}
