// Defaults and validation of Services and Endpoints. What the cluster allocates (addresses, node ports) is the API server's.
import { invalidCidrText, invalidIpText, ipFamily, nonSpecialIp, parseCidr } from '#api/addresses.ts';
import { checkFormat, checkLabel, checkLabels, checkPort, checkSubdomain } from '#api/checks.ts';
import { duplicate, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import { dns1035Label, dns1123Label, dns1123Subdomain, immutableText, portNumber, qualifiedName } from '#api/formats.ts';
import { type Errors, type Mutable, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { Endpoints, EndpointSubset } from './endpoints.ts';
import { Service, type ServicePort, type ServiceSpec } from './service.ts';

/** True for headless Services. */
export const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
/** True for types that have node ports. */
export const hasNodePorts = (spec: ServiceSpec): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer';
/** True when traffic from outside the cluster arrives. */
export function isExternallyAccessible(spec: ServiceSpec): boolean {
  return hasNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0);
}

function setServiceDefaults(service: Mutable<Service>): void {
  const { spec, status } = service;
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP' && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: 10800 } };
  }
  spec.type ??= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port;
  }
  if (isExternallyAccessible(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') {
    spec.allocateLoadBalancerNodePorts ??= true;
    for (const ingress of status.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP';
  }
}

function checkServicePort(port: ServicePort, spec: ServiceSpec, at: string, errors: Errors): void {
  const several = (spec.ports?.length ?? 0) > 1;
  if (several && !port.name) errors.push(required(`${at}.name`));
  if (port.name) checkFormat(dns1123Label, port.name, `${at}.name`, errors);
  for (const text of portNumber(port.port)) errors.push(invalid(`${at}.port`, port.port, text));
  if (!port.protocol) errors.push(required(`${at}.protocol`));
  checkPort(port.targetPort ?? 0, `${at}.targetPort`, errors);
  if (port.appProtocol) checkFormat(qualifiedName, port.appProtocol, `${at}.appProtocol`, errors);
  if (spec.type === 'ClusterIP' && port.nodePort) {
    errors.push(forbiddenField(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
  }
}

/** The port as Kubernetes prints it here: its internal form, with nothing but what must be unique. */
function internalPort({ protocol, port }: ServicePort): object {
  return { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
}

function checkPorts(spec: ServiceSpec, errors: Errors): void {
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') errors.push(required('spec.ports'));
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    checkServicePort(port, spec, at, errors);
    if (port.name && names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
    names.add(port.name ?? '');
    const key = `${port.protocol}/${port.port}`;
    if (numbers.has(key)) errors.push(duplicate(at, internalPort(port)));
    numbers.add(key);
    if (!port.nodePort) continue;
    const nodeKey = `${port.protocol}/${port.nodePort}`;
    if (nodePorts.has(nodeKey)) errors.push(duplicate(`${at}.nodePort`, port.nodePort));
    nodePorts.add(nodeKey);
  }
}

function checkAddresses(spec: ServiceSpec, errors: Errors): void {
  const ips = spec.clusterIPs ?? [];
  if (spec.type === 'ExternalName') {
    if (ips.length) errors.push(forbiddenField('spec.clusterIPs', 'may not be set for ExternalName services'));
    if (spec.ipFamilies?.length) errors.push(forbiddenField('spec.ipFamilies', 'may not be set for ExternalName services'));
    if (spec.ipFamilyPolicy) errors.push(forbiddenField('spec.ipFamilyPolicy', 'may not be set for ExternalName services'));
    return;
  }
  if (hasNodePorts(spec) && isHeadless(spec)) {
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  }
  if (ips.length && spec.clusterIP !== ips[0]) {
    errors.push(invalid('spec.clusterIPs', ips, 'first value must match `clusterIP`'));
  }
  if (ips.length > 2) errors.push(invalid('spec.clusterIPs', ips, 'may only hold up to 2 values'));
  for (const [index, ip] of ips.entries()) {
    const at = `spec.clusterIPs[${index}]`;
    if (ip === 'None') {
      if (ips.length > 1) errors.push(invalid('spec.clusterIPs', ips, "'None' must be the first and only value"));
    } else if (!ipFamily(ip)) errors.push(invalid(at, ip, invalidIpText));
    else if (spec.ipFamilies?.[index] && spec.ipFamilies[index] !== ipFamily(ip)) {
      errors.push(invalid(at, ip, `expected an ${spec.ipFamilies[index]} value as indicated by \`ipFamilies[${index}]\``));
    }
  }
  if (ips.length === 2 && ipFamily(ips[0] as string) === ipFamily(ips[1] as string) && ips[0] !== 'None') {
    errors.push(invalid('spec.clusterIPs', ips, 'may specify no more than one IP for each IP family'));
  }
  const families = spec.ipFamilies ?? [];
  if (families.length > 2) errors.push(invalid('spec.ipFamilies', families, 'may only hold up to 2 values'));
  if (families.length === 2 && families[0] === families[1]) errors.push(duplicate('spec.ipFamilies[1]', families[1]));
}

function checkTraffic(spec: ServiceSpec, errors: Errors): void {
  if (!spec.sessionAffinity) errors.push(required('spec.sessionAffinity'));
  const timeout = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig) {
    errors.push(forbiddenField('spec.sessionAffinityConfig', 'must not be set when session affinity is None'));
  }
  if (spec.sessionAffinity === 'ClientIP') {
    const at = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    if (timeout === undefined) errors.push(required(at, 'when session affinity type is ClientIP'));
    else if (timeout <= 0 || timeout > 86400) errors.push(invalid(at, timeout, 'must be greater than 0 and less than 86400'));
  }
  const external = isExternallyAccessible(spec);
  if (external && !spec.externalTrafficPolicy) errors.push(required('spec.externalTrafficPolicy'));
  if (!external && spec.externalTrafficPolicy) {
    errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'));
  }
  if (spec.type !== 'ExternalName' && !spec.internalTrafficPolicy) errors.push(required('spec.internalTrafficPolicy'));
  const health = spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
  if (spec.healthCheckNodePort) {
    if (!health) {
      const text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
      errors.push(invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, text));
    } else
      for (const text of portNumber(spec.healthCheckNodePort))
        errors.push(invalid('spec.healthCheckNodePort', spec.healthCheckNodePort, text));
  }
  const near = spec.trafficDistribution;
  const allowed = ['PreferClose', 'PreferSameNode', 'PreferSameZone'];
  if (near !== undefined && !allowed.includes(near)) errors.push(notSupported('spec.trafficDistribution', near, allowed));
}

function checkLoadBalancer(spec: ServiceSpec, errors: Errors): void {
  const is = spec.type === 'LoadBalancer';
  for (const [index, text] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    if (!is) {
      errors.push(forbiddenField('spec.LoadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"));
      break;
    }
    if (!parseCidr(text.trim())) errors.push(invalid(`spec.LoadBalancerSourceRanges[${index}]`, text, invalidCidrText));
  }
  if (!is && spec.allocateLoadBalancerNodePorts !== undefined) {
    errors.push(forbiddenField('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"));
  }
  if (spec.loadBalancerClass !== undefined) {
    if (!is) errors.push(forbiddenField('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"));
    else checkFormat(qualifiedName, spec.loadBalancerClass, 'spec.loadBalancerClass', errors);
  }
}

function checkService(service: Service, errors: Errors): void {
  const { spec } = service;
  checkPorts(spec, errors);
  checkLabels(spec.selector, 'spec.selector', errors);
  if (!spec.type) errors.push(required('spec.type'));
  if (spec.type === 'ExternalName') {
    const name = (spec.externalName ?? '').replace(/\.$/, '');
    if (name === '') errors.push(required('spec.externalName'));
    else checkFormat(dns1123Subdomain, name, 'spec.externalName', errors);
  }
  checkAddresses(spec, errors);
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    for (const text of nonSpecialIp(ip)) errors.push(invalid(`spec.externalIPs[${index}]`, ip, text));
  }
  checkTraffic(spec, errors);
  checkLoadBalancer(spec, errors);
}

function checkServiceUpdate(next: Service, previous: Service, errors: Errors): void {
  const [spec, old] = [next.spec, previous.spec];
  const stays = spec.type !== 'ExternalName' && old.type !== 'ExternalName';
  const before = old.clusterIPs?.[0] ?? old.clusterIP;
  if (stays && before && (spec.clusterIPs?.[0] ?? spec.clusterIP) !== before) {
    errors.push(invalid('spec.clusterIPs[0]', spec.clusterIPs ?? [], 'may not change once set'));
  }
  if (stays && old.ipFamilies?.[0] && spec.ipFamilies?.[0] !== old.ipFamilies[0]) {
    errors.push(invalid('spec.ipFamilies[0]', spec.ipFamilies?.[0] ?? '', 'may not change once set'));
  }
  if (spec.type === 'LoadBalancer' && old.type === 'LoadBalancer' && old.loadBalancerClass !== spec.loadBalancerClass) {
    errors.push(invalid('spec.loadBalancerClass', spec.loadBalancerClass ?? null, 'may not change once set'));
  }
  const health = (one: ServiceSpec): boolean => one.type === 'LoadBalancer' && one.externalTrafficPolicy === 'Local';
  if (health(spec) && health(old) && old.healthCheckNodePort && spec.healthCheckNodePort !== old.healthCheckNodePort) {
    errors.push(forbiddenField('spec.healthCheckNodePort', immutableText));
  }
}

export const serviceRules: readonly TypeRules[] = [
  typeRules<Service>(Service, {
    name: dns1035Label,
    defaults: setServiceDefaults,
    object: checkService,
    update: checkServiceUpdate,
    status(next, _previous, errors) {
      const ingress = next.status.loadBalancer?.ingress ?? [];
      const at = 'status.loadBalancer.ingress';
      if (ingress.length && next.spec.type !== 'LoadBalancer') {
        errors.push(forbiddenField(at, "may only be used when `spec.type` is 'LoadBalancer'"));
        return;
      }
      for (const [index, one] of ingress.entries()) {
        if (one.ip && !ipFamily(one.ip)) errors.push(invalid(`${at}[${index}].ip`, one.ip, invalidIpText));
        if (one.ip && one.ipMode === undefined) errors.push(required(`${at}[${index}].ipMode`, 'must be specified when `ip` is set'));
        if (!one.ip && one.ipMode !== undefined)
          errors.push(forbiddenField(`${at}[${index}].ipMode`, 'may not be specified when `ip` is not set'));
        if (one.ipMode !== undefined && one.ipMode !== 'VIP' && one.ipMode !== 'Proxy') {
          errors.push(notSupported(`${at}[${index}].ipMode`, one.ipMode, ['Proxy', 'VIP']));
        }
        checkSubdomain(one.hostname, `${at}[${index}].hostname`, errors);
      }
    },
  }),
  typeRules<Endpoints>(Endpoints, {
    defaults(endpoints) {
      for (const subset of endpoints.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP';
    },
  }),
  typeRules<EndpointSubset>(EndpointSubset, {
    check(subset, at, errors) {
      if (!subset.addresses?.length && !subset.notReadyAddresses?.length) {
        errors.push(required(at, 'must specify `addresses` or `notReadyAddresses`'));
      }
      for (const list of ['addresses', 'notReadyAddresses'] as const) {
        for (const [index, address] of (subset[list] ?? []).entries()) {
          const here = `${at}.${list}[${index}]`;
          for (const text of nonSpecialIp(address.ip)) errors.push(invalid(`${here}.ip`, address.ip, text));
          checkLabel(address.hostname, `${here}.hostname`, errors);
          checkSubdomain(address.nodeName, `${here}.nodeName`, errors);
        }
      }
      const ports = subset.ports ?? [];
      for (const [index, port] of ports.entries()) {
        const here = `${at}.ports[${index}]`;
        if (ports.length > 1 && !port.name) errors.push(required(`${here}.name`));
        checkLabel(port.name, `${here}.name`, errors);
        for (const text of portNumber(port.port)) errors.push(invalid(`${here}.port`, port.port, text));
        if (!port.protocol) errors.push(required(`${here}.protocol`));
      }
    },
  }),
];
