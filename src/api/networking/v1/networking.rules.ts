// Defaults and validation of Ingresses, IngressClasses, NetworkPolicies, IPAddresses and ServiceCIDRs.
import { canonicalIp, invalidCidrText, invalidIpText, ipFamily, parseCidr, strictlyInside } from '#api/addresses.ts';
import { checkFormat, checkPort, checkSubdomain, present } from '#api/checks.ts';
import { type FieldError, forbiddenField, invalid, notSupported, required } from '#api/fielderror.ts';
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  domainPrefixedPath,
  immutableText,
  portName,
  portNumber,
  wildcardSubdomain,
} from '#api/formats.ts';
import { semanticEqual } from '#api/walk/equal.ts';
import { type Errors, type TypeRules, typeRules } from '#api/walk/typerules.ts';
import { HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressRule, IngressTLS } from './ingress.ts';
import { IngressClass } from './ingressclass.ts';
import { IPAddress } from './ipaddress.ts';
import { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from './networkpolicy.ts';
import { ServiceCIDR } from './servicecidr.ts';

function checkHost(host: string, at: string, errors: FieldError[]): void {
  if (host.includes('*')) checkFormat(wildcardSubdomain, host, at, errors);
  else checkFormat(dns1123Subdomain, host, at, errors);
}

const badSequences = ['//', '/./', '/../', '%2f', '%2F'];
const badEnds = ['/..', '/.'];

function checkPath(path: HTTPIngressPath, at: string, errors: FieldError[]): void {
  const text = path.path ?? '';
  if (path.pathType === undefined) errors.push(required(`${at}.pathType`, 'pathType must be specified'));
  if (path.pathType === 'ImplementationSpecific') {
    if (text !== '' && !text.startsWith('/')) errors.push(invalid(`${at}.path`, text, 'must be an absolute path'));
    return;
  }
  if (path.pathType !== 'Exact' && path.pathType !== 'Prefix') return;
  if (!text.startsWith('/')) errors.push(invalid(`${at}.path`, text, 'must be an absolute path'));
  for (const bad of badSequences) if (text.includes(bad)) errors.push(invalid(`${at}.path`, text, `must not contain '${bad}'`));
  for (const bad of badEnds) if (text.endsWith(bad)) errors.push(invalid(`${at}.path`, text, `cannot end with '${bad}'`));
}

function checkBackend(backend: IngressBackend, at: string, errors: FieldError[]): void {
  const { service, resource } = backend;
  if (service && resource) {
    errors.push(invalid(at, '', 'cannot set both resource and service backends'));
    return;
  }
  if (resource) {
    for (const field of ['kind', 'name'] as const) if (resource[field] === '') errors.push(required(`${at}.resource.${field}`));
    return;
  }
  if (!service) {
    errors.push(required(at, 'resource or service backend is required'));
    return;
  }
  if (service.name === '') errors.push(required(`${at}.service.name`));
  else checkFormat(dns1035Label, service.name, `${at}.service.name`, errors);
  const { name, number } = service.port ?? {};
  const here = `${at}.service.port`;
  if (name && number) errors.push(invalid(at, '', 'cannot set both port name & port number'));
  else if (name) for (const text of portName(name)) errors.push(invalid(`${here}.name`, name, text));
  else if (number) for (const text of portNumber(number)) errors.push(invalid(`${here}.number`, number, text));
  else errors.push(required(here, 'port name or number is required'));
}

const classAnnotation = 'kubernetes.io/ingress.class';

function checkPolicyPort(port: NetworkPolicyPort, at: string, errors: FieldError[]): void {
  if (port.port !== undefined) checkPort(port.port, `${at}.port`, errors);
  if (port.endPort === undefined) return;
  if (port.port === undefined) errors.push(required(`${at}.port`, 'must be specified when `endPort` is specified'));
  else if (typeof port.port === 'string') errors.push(required(`${at}.port`, 'must be an int if endPort is specified'));
  else if (port.endPort < port.port) errors.push(invalid(`${at}.endPort`, port.endPort, 'must be greater than or equal to `port`'));
  for (const text of portNumber(port.endPort)) errors.push(invalid(`${at}.endPort`, port.endPort, text));
}

function checkPeer(peer: NetworkPolicyPeer, at: string, errors: FieldError[]): void {
  const set = present(peer, ['ipBlock', 'namespaceSelector', 'podSelector']);
  if (set.length === 0) errors.push(required(at, 'must specify a peer'));
  else if (peer.ipBlock && set.length > 1) errors.push(forbiddenField(at, 'may not specify both ipBlock and another peer'));
}

function checkParameters(parameters: NonNullable<IngressClass['spec']['parameters']>, errors: Errors): void {
  const at = 'spec.parameters';
  for (const field of ['kind', 'name'] as const) if (parameters[field] === '') errors.push(required(`${at}.${field}`));
  const { scope, namespace } = parameters;
  if (scope === undefined) errors.push(required(`${at}.scope`));
  else if (scope !== 'Cluster' && scope !== 'Namespace') errors.push(notSupported(`${at}.scope`, scope, ['Cluster', 'Namespace']));
  if (scope === 'Namespace') {
    if (!namespace) errors.push(required(`${at}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    else checkFormat(dns1123Label, namespace, `${at}.namespace`, errors);
  } else if (scope === 'Cluster' && namespace !== undefined) {
    errors.push(forbiddenField(`${at}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  }
}

function checkCidrs(cidrs: readonly string[], errors: Errors): void {
  const at = 'spec.cidrs';
  if (cidrs.length === 0) errors.push(required(at, 'at least one CIDR required'));
  if (cidrs.length > 2) errors.push(invalid(at, cidrs, 'may only hold up to 2 values'));
  const parsed = cidrs.map(parseCidr);
  for (const [index, cidr] of parsed.entries()) {
    const text = cidrs[index] as string;
    if (!cidr) errors.push(invalid(`${at}[${index}]`, text, invalidCidrText));
    else if (cidr.address !== cidr.network) errors.push(invalid(`${at}[${index}]`, text, 'must be in canonical form'));
  }
  if (parsed.length === 2 && parsed[0] && parsed[0].width === parsed[1]?.width) {
    errors.push(invalid(at, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64'));
  }
}

export const networkingRules: readonly TypeRules[] = [
  typeRules<Ingress>(Ingress, {
    object({ spec }, errors) {
      if (!spec.rules?.length && !spec.defaultBackend) {
        errors.push(invalid('spec', spec.rules ?? [], 'either `defaultBackend` or `rules` must be specified'));
      }
      checkSubdomain(spec.ingressClassName, 'spec.ingressClassName', errors);
    },
    create(ingress, errors) {
      const annotation = ingress.metadata.annotations?.[classAnnotation];
      const name = ingress.spec.ingressClassName;
      if (annotation !== undefined && name !== undefined && annotation !== name) {
        const text = 'must match `ingressClassName` when both are specified';
        errors.push(invalid(`metadata.annotations.${classAnnotation}`, annotation, text));
      }
    },
    status(next, _previous, errors) {
      for (const [index, one] of (next.status.loadBalancer?.ingress ?? []).entries()) {
        const at = `status.loadBalancer.ingress[${index}]`;
        if (one.ip && !ipFamily(one.ip)) errors.push(invalid(`${at}.ip`, one.ip, invalidIpText));
        if (!one.hostname) continue;
        checkFormat(dns1123Subdomain, one.hostname, `${at}.hostname`, errors);
        if (ipFamily(one.hostname)) errors.push(invalid(`${at}.hostname`, one.hostname, 'must be a DNS name, not an IP address'));
      }
    },
  }),
  typeRules<IngressRule>(IngressRule, {
    check(rule, at, errors) {
      if (!rule.host) return;
      if (ipFamily(rule.host)) errors.push(invalid(`${at}.host`, rule.host, 'must be a DNS name, not an IP address'));
      else checkHost(rule.host, `${at}.host`, errors);
    },
  }),
  typeRules<IngressTLS>(IngressTLS, {
    check(tls, at, errors) {
      for (const [index, host] of (tls.hosts ?? []).entries()) checkHost(host, `${at}.hosts[${index}]`, errors);
      checkSubdomain(tls.secretName, `${at}.secretName`, errors);
    },
  }),
  typeRules<HTTPIngressRuleValue>(HTTPIngressRuleValue, {
    check(value, at, errors) {
      if (value.paths.length === 0) errors.push(required(`${at}.paths`));
    },
  }),
  typeRules<HTTPIngressPath>(HTTPIngressPath, { check: checkPath }),
  typeRules<IngressBackend>(IngressBackend, { check: checkBackend }),
  typeRules<IngressClass>(IngressClass, {
    defaults({ spec }) {
      if (spec.parameters) spec.parameters.scope ??= 'Cluster';
    },
    object({ spec }, errors) {
      const controller = spec.controller ?? '';
      if (controller.length > 250)
        errors.push({ type: 'Too long', field: 'spec.controller', value: '', detail: 'may not be more than 250 bytes' });
      for (const text of domainPrefixedPath(controller)) {
        errors.push(controller === '' ? required('spec.controller') : invalid('spec.controller', controller, text));
      }
      if (spec.parameters) checkParameters(spec.parameters, errors);
    },
    update(next, previous, errors) {
      if (next.spec.controller !== previous.spec.controller)
        errors.push(invalid('spec.controller', next.spec.controller ?? '', immutableText));
    },
  }),
  typeRules<NetworkPolicy>(NetworkPolicy, {
    defaults({ spec }) {
      spec.policyTypes ??= spec.egress ? ['Ingress', 'Egress'] : ['Ingress'];
    },
    object({ spec }, errors) {
      if ((spec.policyTypes?.length ?? 0) > 2) {
        errors.push(invalid('spec.policyTypes', spec.policyTypes, 'may not specify more than two policyTypes'));
      }
    },
  }),
  typeRules<NetworkPolicyPort>(NetworkPolicyPort, {
    defaults(port) {
      port.protocol ??= 'TCP';
    },
    check: checkPolicyPort,
  }),
  typeRules<NetworkPolicyPeer>(NetworkPolicyPeer, { check: checkPeer }),
  typeRules<IPBlock>(IPBlock, {
    check(block, at, errors) {
      if (block.cidr === '') {
        errors.push(required(`${at}.cidr`));
        return;
      }
      const outer = parseCidr(block.cidr);
      if (!outer) {
        errors.push(invalid(`${at}.cidr`, block.cidr, invalidCidrText));
        return;
      }
      for (const [index, text] of (block.except ?? []).entries()) {
        const inner = parseCidr(text);
        if (!inner) errors.push(invalid(`${at}.except[${index}]`, text, invalidCidrText));
        else if (!strictlyInside(inner, outer)) errors.push(invalid(`${at}.except[${index}]`, text, 'must be a strict subset of `cidr`'));
      }
    },
  }),
  typeRules<IPAddress>(IPAddress, {
    name(name) {
      if (!ipFamily(name)) return [invalidIpText];
      return canonicalIp(name) === name ? [] : [`must be in canonical form ("${canonicalIp(name)}")`];
    },
    object({ spec }, errors) {
      const ref = spec.parentRef;
      if (!ref) {
        errors.push(required('spec.parentRef'));
        return;
      }
      if (!ref.resource) errors.push(required('spec.parentRef.resource'));
      if (!ref.name) errors.push(required('spec.parentRef.name'));
    },
    update(next, previous, errors) {
      if (!semanticEqual(next.spec.parentRef, previous.spec.parentRef)) {
        errors.push(invalid('spec.parentRef', next.spec.parentRef ?? null, immutableText));
      }
    },
  }),
  typeRules<ServiceCIDR>(ServiceCIDR, {
    object({ spec }, errors) {
      checkCidrs(spec.cidrs ?? [], errors);
    },
    update(next, previous, errors) {
      const [now, before] = [next.spec.cidrs ?? [], previous.spec.cidrs ?? []];
      const grown = before.length === 1 && now.length === 2 && now[0] === before[0];
      if (!grown && !semanticEqual(now, before)) errors.push(invalid('spec.cidrs', now, immutableText));
    },
  }),
];
