import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
import { decodeAnswer, encodeAnswer, encodeQuery, parseQuery } from '#format/dnsmessage.ts';
import { createZone, reverseAddress, type ZoneView } from './zone.ts';

const service = (name: string, spec: ServiceSpec): Service => ({ metadata: { name, namespace: 'shop' }, spec, status: {} });
const services = [
  service('web', { clusterIP: '10.96.0.20', clusterIPs: ['10.96.0.20', 'fd96::20'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }),
  service('db', { clusterIP: 'None', clusterIPs: ['None'], ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }] }),
  service('empty', { clusterIP: 'None', clusterIPs: ['None'], ports: [] }),
  service('out', { type: 'ExternalName', externalName: 'Example.org.' }),
];
const slice: EndpointSlice = {
  metadata: { name: 'db-1', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'db' } },
  addressType: 'IPv4',
  ports: [{ name: 'sql', port: 5432, protocol: 'TCP' }],
  endpoints: [
    { addresses: ['10.244.0.5'], hostname: 'db-0', conditions: { ready: true } },
    { addresses: ['10.244.0.6'], conditions: { ready: true } },
    { addresses: ['10.244.0.7'], conditions: { ready: false } },
  ],
};
const view: ZoneView = {
  service: (namespace, name) => services.find((it) => it.metadata.name === name && it.metadata.namespace === namespace),
  slices: (_, name) => (name === 'db' ? [slice] : []),
  hasNamespace: (name) => name === 'shop',
  servicesAt: (ip) => services.filter((it) => it.spec.clusterIPs?.includes(ip)),
  slicesAt: (ip) => (slice.endpoints?.some((endpoint) => endpoint.addresses.includes(ip)) ? [slice] : []),
};
const zone = createZone({ domain: 'cluster.local', ttl: 30 }, view);

/** `type name data` lines, or the response code when there are no answers. */
function ask(name: string, type: string): string[] {
  const result = zone({ name, type });
  if (result.kind === 'forward') return ['forward'];
  if (result.kind === 'alias') return [`CNAME ${result.target}`];
  const { answers, rcode } = result.answer;
  if (answers.length === 0) return [rcode];
  return answers.map((record) =>
    `${record.type} ${record.type === 'SRV' ? `${record.data.port} ${record.data.target}` : record.type === 'SOA' ? '' : record.data}`.trim(),
  );
}

const table: readonly [string, string, string[]][] = [
  ['web.shop.svc.cluster.local', 'A', ['A 10.96.0.20']],
  ['WEB.Shop.svc.cluster.LOCAL.', 'A', ['A 10.96.0.20']],
  ['web.shop.svc.cluster.local', 'AAAA', ['AAAA fd96::20']],
  ['web.shop.svc.cluster.local', 'TXT', ['NOERROR']],
  ['_http._tcp.web.shop.svc.cluster.local', 'SRV', ['SRV 80 web.shop.svc.cluster.local']],
  ['_ftp._tcp.web.shop.svc.cluster.local', 'SRV', ['NXDOMAIN']],
  ['db.shop.svc.cluster.local', 'A', ['A 10.244.0.5', 'A 10.244.0.6']],
  ['db-0.db.shop.svc.cluster.local', 'A', ['A 10.244.0.5']],
  ['10-244-0-6.db.shop.svc.cluster.local', 'A', ['A 10.244.0.6']],
  ['db-9.db.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
  [
    '_sql._tcp.db.shop.svc.cluster.local',
    'SRV',
    ['SRV 5432 db-0.db.shop.svc.cluster.local', 'SRV 5432 10-244-0-6.db.shop.svc.cluster.local'],
  ],
  ['empty.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
  ['out.shop.svc.cluster.local', 'A', ['CNAME Example.org']],
  ['none.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
  ['shop.svc.cluster.local', 'A', ['NOERROR']],
  ['nowhere.svc.cluster.local', 'A', ['NXDOMAIN']],
  ['svc.cluster.local', 'A', ['NOERROR']],
  ['10-244-0-5.shop.pod.cluster.local', 'A', ['A 10.244.0.5']],
  ['10-244-0-5.nowhere.pod.cluster.local', 'A', ['NXDOMAIN']],
  ['20.0.96.10.in-addr.arpa', 'PTR', ['PTR web.shop.svc.cluster.local']],
  ['5.0.244.10.in-addr.arpa', 'PTR', ['PTR db-0.db.shop.svc.cluster.local']],
  ['1.2.0.192.in-addr.arpa', 'PTR', ['forward']],
  ['dns-version.cluster.local', 'TXT', ['TXT 1.1.0']],
  ['cluster.local', 'SOA', ['SOA']],
  ['other.cluster.local', 'A', ['NXDOMAIN']],
  ['example.org', 'A', ['forward']],
  ['notcluster.local', 'A', ['forward']],
];

for (const [name, type, want] of table) test(`${type} ${name}`, () => assert.deepEqual(ask(name, type), want));

test('a reverse IPv6 name gives the shortest form of its address', () => {
  const full = 'fd960000000000000000000000000020'.split('').toReversed().join('.');
  assert.equal(reverseAddress(`${full}.ip6.arpa`), 'fd96::20');
});

test('an answer that is too long for UDP is cut and says so', () => {
  const parsed = parseQuery(encodeQuery(7, { name: 'big.shop.svc.cluster.local', type: 'A' }));
  assert.ok('query' in parsed);
  const answers = Array.from({ length: 100 }, (_, i) => ({
    type: 'A' as const,
    name: 'big.shop.svc.cluster.local',
    ttl: 30,
    data: `10.244.0.${i}`,
  }));
  const answer = { rcode: 'NOERROR' as const, authoritative: true, answers };
  assert.deepEqual(
    { ...decodeAnswer(encodeAnswer(parsed.query, answer, 512)), additionals: [] },
    { id: 7, rcode: 'NOERROR', truncated: true, answers: [], additionals: [] },
  );
  assert.equal(decodeAnswer(encodeAnswer(parsed.query, answer, 0)).answers.length, 100);
});

test('what is not a query is dropped or refused, never an exception', () => {
  assert.deepEqual(parseQuery(new Uint8Array(5)), { error: 'drop' });
  assert.deepEqual(parseQuery(Buffer.from('000180000001000000000000', 'hex')), { error: 'drop' });
  assert.deepEqual(parseQuery(Buffer.from('000128000001000000000000', 'hex')), { error: 'NOTIMP', id: 1 });
  assert.deepEqual(parseQuery(Buffer.from('00010100000100000000000003', 'hex')), { error: 'FORMERR', id: 1 });
});
