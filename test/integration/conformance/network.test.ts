// Conformance of the network's objects, without packets: Endpoints and slices with and without Services, Services, their
// addresses and ranges.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Endpoints } from '#api/core/v1/endpoints.ts';
import type { ServiceCIDR } from '#api/networking/v1/servicecidr.ts';
import type { KubeObject } from '#api/object.ts';
import { EndpointSlices, EndpointsRes, IPAddresses, ServiceCIDRs, Services } from '#api/refs.ts';
import { assertNewer, at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(1);
});
after(async () => suite?.[Symbol.asyncDispose]());

const names = ({ items }: { items: readonly KubeObject[] }): string[] => items.map(({ metadata }) => metadata.name).toSorted();
const slicesOf = async (namespace: string, service: string) =>
  (await at(suite.client, EndpointSlices, namespace).list({ labelSelector: `kubernetes.io/service-name=${service}` })).items;
const limit = 120_000;

describe('network objects', { concurrency: 4 }, () => {
  // Conformance: [sig-network] Endpoints should test the lifecycle of an Endpoint [Conformance]
  test('the life of Endpoints that belong to no Service', () =>
    suite.inNamespace('endpoints', async (namespace) => {
      const endpoints = at(suite.client, EndpointsRes, namespace);
      const labelSelector = 'test-endpoint-static=true';
      const labels = { 'test-endpoint-static': 'true' };
      const everywhere = at(suite.client, EndpointsRes);
      const mine = (object: Endpoints): boolean => object.metadata.name === 'testservice';
      const seen = async (from: string | undefined, type: 'ADDED' | 'MODIFIED' | 'DELETED'): Promise<void> => {
        const watch = await endpoints.watch({ labelSelector, resourceVersion: from });
        await watch.next(type, mine);
        watch.stop();
      };
      const start = (await everywhere.list({ labelSelector })).metadata.resourceVersion;
      const subsets = [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' as const }] }];
      const made = await endpoints.create({ metadata: { name: 'testservice', labels }, subsets });
      await seen(start, 'ADDED');
      const list = await everywhere.list({ labelSelector });
      const found = list.items.find((object) => mine(object) && object.metadata.namespace === namespace);
      assert.ok(found);
      await endpoints.update({ ...found, metadata: { ...found.metadata, labels: { ...labels, 'test-service': 'updated' } } });
      await seen(list.metadata.resourceVersion, 'MODIFIED');
      const updated = await endpoints.get('testservice');
      assert.equal(updated.metadata.labels?.['test-service'], 'updated');
      const patch = {
        metadata: { labels: { 'test-service': 'patched' } },
        subsets: [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080 }] }],
      };
      assertNewer(await endpoints.patch('testservice', 'strategic', patch), made);
      await seen(updated.metadata.resourceVersion, 'MODIFIED');
      const patched = await endpoints.get('testservice');
      assert.equal(patched.metadata.labels?.['test-service'], 'patched');
      assert.deepEqual(patched.subsets, [
        { addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080, protocol: 'TCP' }] },
      ]);
      await endpoints.removeAll(labelSelector);
      await seen(patched.metadata.resourceVersion, 'DELETED');
      assert.equal(await endpoints.find('testservice'), undefined);
    }));

  // Conformance: [sig-network] EndpointSlice should create and delete EndpointSlices for a Service with a selector that matches no pods [Conformance]
  test('a Service that selects nothing has Endpoints and a slice all the same, until it is deleted', () =>
    suite.inNamespace('endpointslice', async (namespace) => {
      const services = at(suite.client, Services, namespace);
      const endpoints = at(suite.client, EndpointsRes, namespace);
      const name = 'example-empty-selector';
      await services.create({
        metadata: { name },
        spec: { selector: { 'does-not-match-anything': 'yes' }, ports: [{ name: 'example', port: 80, protocol: 'TCP' }] },
      });
      await until('Endpoints', () => endpoints.find(name), limit);
      const [slice] = await until('a slice', async () => (await slicesOf(namespace, name)).length > 0 && slicesOf(namespace, name), limit);
      assert.equal(slice?.metadata.labels?.['endpointslice.kubernetes.io/managed-by'], 'endpointslice-controller.k8s.io');
      assert.deepEqual(slice?.endpoints ?? [], []);
      await services.remove(name);
      await until('no Endpoints', async () => (await endpoints.find(name)) === undefined, limit);
      await until('no slice', async () => (await slicesOf(namespace, name)).length === 0, 120_000);
    }));

  test('Endpoints of a Service without a selector are mirrored to slices', () =>
    suite.inNamespace('endpointslicemirroring', async (namespace) => {
      const name = 'example-custom-endpoints';
      await at(suite.client, Services, namespace).create({
        metadata: { name },
        spec: { ports: [{ name: 'example', port: 80, protocol: 'TCP' }] },
      });
      const endpoints = at(suite.client, EndpointsRes, namespace);
      const subsets = (ip: string) => [{ ports: [{ name: 'example', port: 80, protocol: 'TCP' as const }], addresses: [{ ip }] }];
      await endpoints.create({ metadata: { name }, subsets: subsets('10.1.2.3') });
      const mirrored = (ip: string) =>
        until(
          `a slice with ${ip}`,
          async () => {
            const [slice, ...others] = await slicesOf(namespace, name);
            if (others.length > 0 || slice?.endpoints[0]?.addresses[0] !== ip) return undefined;
            assert.deepEqual([slice.addressType, slice.endpoints.length], ['IPv4', 1]);
            assert.deepEqual(slice.ports, [{ name: 'example', port: 80, protocol: 'TCP' }]);
            return true;
          },
          limit,
        );
      await mirrored('10.1.2.3');
      await endpoints.change(name, (object) => ({ ...object, subsets: subsets('10.2.3.4') }));
      await mirrored('10.2.3.4');
      await endpoints.remove(name);
      await until('no slice', async () => (await slicesOf(namespace, name)).length === 0, limit);
    }));

  // Conformance: [sig-network] Services should delete a collection of services [Conformance]
  test('Services are deleted by their label; others stay', () =>
    suite.inNamespace('services', async (namespace) => {
      const services = at(suite.client, Services, namespace);
      const ports = [{ name: 'http', protocol: 'TCP' as const, port: 80, targetPort: 80 }];
      const labels = { test: 'set' };
      await services.create({ metadata: { name: 'e2e-svc-a', labels }, spec: { type: 'ExternalName', externalName: 'a.example.com' } });
      await services.create({ metadata: { name: 'e2e-svc-b', labels }, spec: { type: 'ClusterIP', ports } });
      await services.create({ metadata: { name: 'e2e-svc-c' }, spec: { type: 'ClusterIP', ports } });
      assert.deepEqual(names(await services.list()), ['e2e-svc-a', 'e2e-svc-b', 'e2e-svc-c']);
      await services.removeAll('test=set');
      await until('one is left', async () => names(await services.list()).join() === 'e2e-svc-c', limit);
    }));

  test('Services are found among those of all namespaces', async () => {
    const { items } = await at(suite.client, Services).list();
    assert.ok(items.some(({ metadata }) => metadata.name === 'kubernetes' && metadata.namespace === 'default'));
  });

  test('the status of a Service of a load balancer elsewhere', () =>
    suite.inNamespace('services', async (namespace) => {
      const services = at(suite.client, Services, namespace);
      const labels = { 'test-service-static': 'true' };
      const labelSelector = 'test-service-static=true';
      const spec = {
        type: 'LoadBalancer' as const,
        loadBalancerClass: 'example.com/internal-vip',
        ports: [{ name: 'http', protocol: 'TCP' as const, port: 80, targetPort: 80 }],
      };
      const watch = await services.watch({ labelSelector });
      await services.create({ metadata: { name: 'test-service', labels }, spec });
      await watch.next('ADDED');
      const ingress = [{ ip: '203.0.113.1' }];
      const body = { metadata: { annotations: { patchedstatus: 'true' } }, status: { loadBalancer: { ingress } } };
      await services.patch('test-service', 'merge', body, 'status');
      const patched = await watch.next('MODIFIED', ({ metadata }) => metadata.annotations?.['patchedstatus'] === 'true');
      assert.equal(patched.status.loadBalancer?.ingress?.[0]?.ip, '203.0.113.1');
      const condition = {
        type: 'StatusUpdate',
        status: 'True' as const,
        reason: 'E2E',
        message: 'Set from e2e test',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      };
      await services.change(
        'test-service',
        (object) => ({ ...object, status: { ...object.status, conditions: [...(object.status.conditions ?? []), condition] } }),
        'status',
      );
      await watch.next('MODIFIED', ({ status }) => status.conditions?.some(({ type }) => type === 'StatusUpdate'));
      await services.patch('test-service', 'strategic', { metadata: { labels: { 'test-service': 'patched' } } });
      await watch.next('MODIFIED', ({ metadata }) => metadata.labels?.['test-service'] === 'patched');
      const read = await at(suite.dynamic, Services, namespace).get('test-service', 'status');
      assert.deepEqual(read.status.conditions, [condition]);
      assert.equal(read.status.loadBalancer?.ingress?.[0]?.ip, '203.0.113.1');
      await services.removeAll(labelSelector);
      await watch.next('DELETED');
      watch.stop();
    }));

  test('addresses may be taken for whoever asks, under canonical names only', async () => {
    const addresses = at(suite.client, IPAddresses);
    const spec = { parentRef: { group: 'example.com', resource: 'things', name: 'foo', namespace: 'bar' } };
    const made = await addresses.create({ metadata: { name: '192.168.1.5', labels: { 'special-label': 'e2e' } }, spec });
    assert.deepEqual(made.spec, spec);
    for (const name of ['192.168.001.5', '2001:DB8::1', 'nonsense'])
      await assert.rejects(addresses.create({ metadata: { name }, spec }), /Invalid value/);
    await assert.rejects(addresses.patch('192.168.1.5', 'merge', { spec: { parentRef: { name: 'other' } } }), /field is immutable/);
    await addresses.removeAll('special-label=e2e');
    assert.equal(await addresses.find('192.168.1.5'), undefined);
  });

  test('the first range of Services is there, ready, and may be annotated', async () => {
    const ranges = at(suite.client, ServiceCIDRs);
    const ready = ({ status }: ServiceCIDR) => status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True');
    assert.ok((await ranges.list()).items.some(({ metadata }) => metadata.name === 'kubernetes'));
    const first = await at(suite.dynamic, ServiceCIDRs).get('kubernetes', 'status');
    assert.ok(ready(first));
    const patched = await ranges.patch('kubernetes', 'merge', { metadata: { annotations: { patched: 'true' } } });
    assert.equal(patched.metadata.annotations?.['patched'], 'true');
    const strict = await ranges.patch('kubernetes', 'merge', { metadata: { annotations: { patchedstatus: 'true' } } }, 'status');
    assert.equal(strict.metadata.annotations?.['patchedstatus'], undefined, 'a status says nothing about its metadata');
    assert.ok(ready(strict));
    const { patched: _, ...annotations } = strict.metadata.annotations ?? {};
    assert.ok(ready(await ranges.change('kubernetes', (range) => ({ ...range, metadata: { ...range.metadata, annotations } }))));
  });
});
