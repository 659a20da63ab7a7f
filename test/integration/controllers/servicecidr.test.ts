// Ranges of Service addresses and the two families, against the real API server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Service, ServiceSpec } from '#api/core/v1/service.ts';
import { IPAddresses, ServiceCIDRs, Services } from '#api/refs.ts';
import { isNotFound, StatusError } from '#api/status.ts';
import type { Client } from '#client/client.ts';
import { startServiceCidrController } from '#controllers/servicecidr/controller.ts';
import { startTestApi } from '../../support/api.ts';
import { withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';
const ports = [{ port: 80 }];
const make = (client: Client, name: string, spec: ServiceSpec = {}): Promise<Service> =>
  client.resource(Services).create({ metadata: { name, namespace }, spec: { ports, ...spec } });
const refused = (text: string) => (error: unknown) => error instanceof StatusError && error.message.includes(text);
const ready = async (client: Client, name: string) =>
  (await client.resource(ServiceCIDRs).get(name)).status?.conditions?.find(({ type }) => type === 'Ready');

test('an added range serves Services, and goes only after its last address', async () => {
  await using bench = await withControllers((deps) => [startServiceCidrController(deps)]);
  const { client } = bench;
  const ranges = client.resource(ServiceCIDRs);
  await assert.rejects(
    make(client, 'early', { clusterIP: '203.0.113.10' }),
    refused('failed to allocate IP 203.0.113.10: the provided network does not match the current range'),
  );
  await ranges.create({ metadata: { name: 'more' }, spec: { cidrs: ['203.0.113.0/24'] } });
  await until('the range is ready', async () => (await ready(client, 'more'))?.status === 'True');
  assert.ok((await ranges.get('more')).metadata.finalizers?.includes('networking.k8s.io/service-cidr-finalizer'));
  const service = await make(client, 'in-more', { clusterIP: '203.0.113.10' });
  assert.deepEqual(service.spec.clusterIPs, ['203.0.113.10']);
  assert.equal((await client.resource(IPAddresses).get('203.0.113.10')).spec.parentRef?.name, 'in-more');
  await assert.rejects(make(client, 'again', { clusterIP: '203.0.113.10' }), refused('provided IP is already allocated'));
  for (const edge of ['203.0.113.0', '203.0.113.255'])
    await assert.rejects(make(client, 'edge', { clusterIP: edge }), refused('The range of valid IPs is 203.0.113.0/24'));

  await ranges.delete('more');
  const blocked = await until('the range is blocked', async () => {
    const condition = await ready(client, 'more');
    return condition?.status === 'False' && condition;
  });
  assert.equal(blocked.reason, 'Terminating');
  await assert.rejects(make(client, 'late', { clusterIP: '203.0.113.11' }), refused('does not match the current range'));
  await client.resource(Services).delete('in-more', { namespace });
  await until('the range is gone', () =>
    ranges.get('more').then(
      () => false,
      (error: unknown) => isNotFound(error),
    ),
  );
});

test('a full range is followed by the next', async () => {
  await using api = await startTestApi({ config: { serviceCidr: '10.96.0.0/29' } });
  const { client } = api;
  // 10.96.0.1 is the kubernetes Service's; five are left.
  for (let i = 0; i < 5; i++) await make(client, `s${i}`);
  await assert.rejects(make(client, 'none'), refused('failed to allocate a serviceIP: range is full'));
  await client.resource(ServiceCIDRs).create({ metadata: { name: 'next' }, spec: { cidrs: ['10.97.0.0/24'] } });
  assert.match((await make(client, 'more')).spec.clusterIP ?? '', /^10\.97\.0\./);
});

test('on a cluster of one family, two are refused or left out', async () => {
  await using api = await startTestApi();
  const { client } = api;
  const prefer = await make(client, 'prefer', { ipFamilyPolicy: 'PreferDualStack' });
  assert.deepEqual([prefer.spec.ipFamilies, prefer.spec.clusterIPs?.length], [['IPv4'], 1]);
  await assert.rejects(
    make(client, 'require', { ipFamilyPolicy: 'RequireDualStack' }),
    refused('this cluster is not configured for dual-stack services'),
  );
  await assert.rejects(
    make(client, 'six', { ipFamilies: ['IPv6'] }),
    refused('spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'),
  );
  await assert.rejects(
    make(client, 'both', { ipFamilies: ['IPv4', 'IPv6'] }),
    refused("must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"),
  );
  const headless = await make(client, 'headless', { clusterIP: 'None' });
  assert.deepEqual([headless.spec.ipFamilyPolicy, headless.spec.ipFamilies], ['RequireDualStack', ['IPv4', 'IPv6']]);
  const selecting = await make(client, 'selecting', { clusterIP: 'None', selector: { a: 'b' } });
  assert.deepEqual([selecting.spec.ipFamilyPolicy, selecting.spec.ipFamilies], ['SingleStack', ['IPv4']]);
});

test('on a cluster of two families, a Service has one or both, and may change its mind', async () => {
  await using api = await startTestApi({ config: { serviceCidr: '10.96.0.0/16,fd00:10:96::/112' } });
  const { client } = api;
  assert.deepEqual((await client.resource(ServiceCIDRs).get('kubernetes')).spec.cidrs, ['10.96.0.0/16', 'fd00:10:96::/112']);
  const plain = await make(client, 'plain');
  assert.deepEqual([plain.spec.ipFamilyPolicy, plain.spec.ipFamilies, plain.spec.clusterIPs?.length], ['SingleStack', ['IPv4'], 1]);
  const six = await make(client, 'six', { ipFamilies: ['IPv6'] });
  assert.match(six.spec.clusterIP ?? '', /^fd00:10:96::/);
  assert.equal(
    (await client.resource(IPAddresses).get(six.spec.clusterIP ?? '')).metadata.labels?.['ipaddress.kubernetes.io/ip-family'],
    'IPv6',
  );
  const both = await make(client, 'both', { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] });
  assert.match(both.spec.clusterIPs?.join() ?? '', /^fd00:10:96::[0-9a-f]+,10\.96\.\d+\.\d+$/);
  const named = await make(client, 'named', { ipFamilyPolicy: 'PreferDualStack', clusterIPs: ['fd00:10:96::77'] });
  assert.deepEqual(
    [named.spec.ipFamilies, named.spec.clusterIPs?.[0], named.spec.clusterIPs?.length],
    [['IPv6', 'IPv4'], 'fd00:10:96::77', 2],
  );

  const services = client.resource(Services);
  const change = (name: string, spec: object) => services.patch(name, { spec }, { type: 'merge', namespace });
  const grown = await change('plain', { ipFamilyPolicy: 'PreferDualStack' });
  assert.deepEqual([grown.spec.ipFamilies, grown.spec.clusterIPs?.[0]], [['IPv4', 'IPv6'], plain.spec.clusterIP]);
  const second = grown.spec.clusterIPs?.[1] ?? '';
  assert.ok(await client.resource(IPAddresses).get(second));
  await assert.rejects(change('plain', { ipFamilies: ['IPv4'] }), refused("must be 'SingleStack' to release the secondary IP family"));
  const shrunk = await change('plain', { ipFamilyPolicy: 'SingleStack' });
  assert.deepEqual([shrunk.spec.ipFamilies, shrunk.spec.clusterIPs], [['IPv4'], [plain.spec.clusterIP]]);
  await until('the second address is free', () =>
    client
      .resource(IPAddresses)
      .get(second)
      .then(() => false, isNotFound),
  );
});

test('two servers on one store give no address twice, and know what the other has given back', async () => {
  const config = { serviceCidr: '10.96.0.0/29' };
  await using one = await startTestApi({ config });
  await using two = await startTestApi({ config, store: one.store });
  const made = await Promise.all(Array.from({ length: 5 }, (_, i) => make((i % 2 ? one : two).client, `s${i}`)));
  assert.equal(new Set(made.map(({ spec }) => spec.clusterIP)).size, 5);
  for (const { client } of [one, two]) await assert.rejects(make(client, 'none'), refused('range is full'));
  const [first] = made;
  for (const { metadata } of made) await one.client.resource(Services).delete(metadata.name, { namespace });
  const freed = first?.spec.clusterIP ?? '';
  // Given back and taken again at once, at the server that gave it back; then all that is left at the other.
  assert.equal((await make(one.client, 'again', { clusterIP: freed })).spec.clusterIP, freed);
  await until('the addresses are back at the other server', async () => (await two.client.resource(IPAddresses).list()).items.length === 2);
  const rest = await Promise.all(Array.from({ length: 4 }, (_, i) => make(two.client, `t${i}`)));
  assert.equal(new Set([freed, ...rest.map(({ spec }) => spec.clusterIP)]).size, 5);
});
