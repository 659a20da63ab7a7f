// The cluster's names: the Kubernetes DNS specification (1.1.0) as a pure function from a name to records.
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { DnsAnswer, DnsRecord, Question } from '#format/dnsmessage.ts';

/** What the zone is made from; answered from informers. */
export interface ZoneView {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, name: string): readonly EndpointSlice[];
  hasNamespace(name: string): boolean;
  /** Services whose cluster IP is the address. */
  servicesAt(address: string): readonly Service[];
  /** Slices that list the address. */
  slicesAt(address: string): readonly EndpointSlice[];
}

export interface ZoneConfig {
  /** e.g. `cluster.local`, lower case, no dots around. */
  readonly domain: string;
  /** Seconds. */
  readonly ttl: number;
}

/** A zone answer, or where else to look: `forward` for names that are not ours, `alias` for a CNAME to resolve. */
export type ZoneResult =
  | { readonly kind: 'answer'; readonly answer: DnsAnswer }
  | { readonly kind: 'forward' }
  | { readonly kind: 'alias'; readonly record: DnsRecord; readonly target: string };

interface Endpoint {
  readonly address: string;
  readonly family: 'A' | 'AAAA';
  /** The label below the Service's name: the endpoint's hostname, or its address with dashes. */
  readonly label: string;
  readonly ports: EndpointSlice['ports'];
}

const isHeadless = (service: Service): boolean => service.spec.clusterIP === 'None';
const clusterIPs = (service: Service): readonly string[] =>
  (service.spec.clusterIPs ?? (service.spec.clusterIP ? [service.spec.clusterIP] : [])).filter((ip) => ip !== '' && ip !== 'None');
const typeOf = (address: string): 'A' | 'AAAA' => (address.includes(':') ? 'AAAA' : 'A');
const dashed = (address: string): string => address.replaceAll(/[.:]/g, '-');

function endpointsOf(slices: readonly EndpointSlice[], includeNotReady: boolean): Endpoint[] {
  const found = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType === 'FQDN') continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false && !includeNotReady) continue;
      for (const address of endpoint.addresses) {
        const label = endpoint.hostname ?? dashed(address);
        found.set(`${label} ${address} ${(slice.ports ?? []).map((port) => port.port).join()}`, {
          address,
          family: typeOf(address),
          label,
          ports: slice.ports,
        });
      }
    }
  }
  return [...found.values()];
}

/** The address that a reverse name stands for, or undefined when it is not one. */
export function reverseAddress(name: string): string | undefined {
  const four = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\.in-addr\.arpa$/.exec(name);
  if (four) return [four[4], four[3], four[2], four[1]].join('.');
  const six = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name);
  if (!six) return undefined;
  const hex = (six[1] ?? '').replaceAll('.', '').split('').toReversed().join('');
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16)).join(':');
  return new URL(`http://[${groups}]`).hostname.slice(1, -1);
}

/** Creates the function that answers questions about the cluster's zone. Names arrive in any case and are answered as asked. */
export function createZone(config: ZoneConfig, view: ZoneView): (question: Question) => ZoneResult {
  const { domain, ttl } = config;
  const soa: DnsRecord = {
    type: 'SOA',
    name: domain,
    ttl,
    data: { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, serial: 1, refresh: 7200, retry: 1800, expire: 86400, minimum: ttl },
  };
  const answer = (answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): ZoneResult => ({
    kind: 'answer',
    answer: { rcode: 'NOERROR', authoritative: true, answers, additionals, authorities: answers.length === 0 ? [soa] : [] },
  });
  const missing: ZoneResult = { kind: 'answer', answer: { rcode: 'NXDOMAIN', authoritative: true, answers: [], authorities: [soa] } };
  const address = (name: string, ip: string): DnsRecord => ({ type: typeOf(ip), name, ttl, data: ip });
  const wants = (question: Question, type: string): boolean =>
    question.type === type || question.type === 'ANY' || question.type === 'UNKNOWN_255';
  const addresses = (question: Question, ips: readonly string[]): ZoneResult =>
    answer(ips.filter((ip) => wants(question, typeOf(ip))).map((ip) => address(question.name, ip)));
  const serviceName = (service: Service): string => `${service.metadata.name}.${service.metadata.namespace}.svc.${domain}`;
  const slicesOf = (service: Service): readonly EndpointSlice[] => view.slices(service.metadata.namespace ?? '', service.metadata.name);
  const endpoints = (service: Service): Endpoint[] => endpointsOf(slicesOf(service), service.spec.publishNotReadyAddresses === true);

  function srv(question: Question, service: Service, portLabel: string, protocolLabel: string): ZoneResult {
    const matches = (name: string | undefined, protocol: string | undefined): boolean =>
      (portLabel === '*' || name === portLabel) && (protocolLabel === '*' || (protocol ?? 'TCP').toLowerCase() === protocolLabel);
    const answers: DnsRecord[] = [];
    const additionals: DnsRecord[] = [];
    const add = (port: number, target: string, ips: readonly string[]): void => {
      answers.push({ type: 'SRV', name: question.name, ttl, data: { port, target, priority: 0, weight: 0 } });
      for (const ip of ips)
        if (!additionals.some((record) => record.name === target && record.data === ip)) additionals.push(address(target, ip));
    };
    if (isHeadless(service)) {
      for (const endpoint of endpoints(service))
        for (const port of endpoint.ports ?? [])
          if (port.port !== undefined && matches(port.name, port.protocol))
            add(port.port, `${endpoint.label}.${serviceName(service)}`, [endpoint.address]);
    } else {
      for (const port of service.spec.ports ?? [])
        if (matches(port.name, port.protocol)) add(port.port, serviceName(service), clusterIPs(service));
    }
    if (answers.length === 0) return missing;
    const weight = Math.max(1, Math.floor(100 / answers.length));
    const weighted = answers.map((record) => (record.type === 'SRV' ? { ...record, data: { ...record.data, weight } } : record));
    return wants(question, 'SRV') ? answer(weighted, additionals) : answer([]);
  }

  function ofService(question: Question, labels: readonly string[]): ZoneResult {
    const [name = '', namespace = ''] = labels.slice(-2);
    const below = labels.slice(0, -2);
    const service = view.service(namespace, name);
    if (labels.length === 1) return view.hasNamespace(labels[0] ?? '') ? answer([]) : missing;
    if (service === undefined) return missing;
    if (service.spec.type === 'ExternalName') {
      if (below.length > 0) return missing;
      const target = (service.spec.externalName ?? '').replace(/\.$/, '');
      return { kind: 'alias', record: { type: 'CNAME', name: question.name, ttl, data: target }, target };
    }
    if (below.length === 2 && below[0]?.startsWith('_') && below[1]?.startsWith('_'))
      return srv(question, service, below[0].slice(1), below[1].slice(1));
    if (below.length === 0) {
      if (!isHeadless(service))
        return wants(question, 'SRV') && question.type === 'SRV'
          ? srv(question, service, '*', '*')
          : addresses(question, clusterIPs(service));
      const all = endpoints(service);
      if (all.length === 0) return missing;
      return question.type === 'SRV'
        ? srv(question, service, '*', '*')
        : addresses(question, [...new Set(all.map((endpoint) => endpoint.address))]);
    }
    if (below.length === 1 && isHeadless(service)) {
      const named = endpoints(service).filter((endpoint) => endpoint.label === below[0]);
      return named.length === 0 ? missing : addresses(question, [...new Set(named.map((endpoint) => endpoint.address))]);
    }
    return missing;
  }

  function ofPod(question: Question, labels: readonly string[]): ZoneResult {
    const [text = '', namespace = ''] = labels;
    if (labels.length === 1) return view.hasNamespace(text) ? answer([]) : missing;
    if (labels.length !== 2 || !view.hasNamespace(namespace)) return missing;
    const four = /^(\d{1,3})-(\d{1,3})-(\d{1,3})-(\d{1,3})$/.exec(text);
    if (four && four.slice(1).every((part) => Number(part) < 256)) return addresses(question, [four.slice(1).join('.')]);
    if (!/^[0-9a-f-]+$/.test(text) || !text.includes('-')) return missing;
    try {
      return addresses(question, [new URL(`http://[${text.replaceAll('-', ':')}]`).hostname.slice(1, -1)]);
    } catch {
      return missing;
    }
  }

  function reverse(question: Question, ip: string): ZoneResult {
    const names = view.servicesAt(ip).map(serviceName);
    for (const slice of view.slicesAt(ip)) {
      const service = view.service(slice.metadata.namespace ?? '', slice.metadata.labels?.['kubernetes.io/service-name'] ?? '');
      if (service === undefined || !isHeadless(service)) continue;
      for (const endpoint of slice.endpoints ?? [])
        if (endpoint.addresses.includes(ip)) names.push(`${endpoint.hostname ?? dashed(ip)}.${serviceName(service)}`);
    }
    if (names.length === 0) return { kind: 'forward' };
    return answer(
      wants(question, 'PTR') ? [...new Set(names)].map((name) => ({ type: 'PTR' as const, name: question.name, ttl, data: name })) : [],
    );
  }

  return (question) => {
    const name = question.name.toLowerCase().replace(/\.$/, '');
    const ip = reverseAddress(name);
    if (ip !== undefined) return reverse(question, ip);
    if (name !== domain && !name.endsWith(`.${domain}`)) return { kind: 'forward' };
    const labels = name === domain ? [] : name.slice(0, -domain.length - 1).split('.');
    const section = labels.at(-1);
    if (section === undefined) return answer(wants(question, 'SOA') ? [soa] : []);
    if (section === 'dns-version' && labels.length === 1)
      return answer(wants(question, 'TXT') ? [{ type: 'TXT', name: question.name, ttl, data: '1.1.0' }] : []);
    if (section === 'svc') return labels.length === 1 ? answer([]) : ofService(question, labels.slice(0, -1));
    if (section === 'pod') return labels.length === 1 ? answer([]) : ofPod(question, labels.slice(0, -1));
    return missing;
  };
}
