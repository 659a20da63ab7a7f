// The operations that conformance asks of the network's kinds: create, read, watch, patch, replace, status, delete, collections.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { raw } from '../../support/raw.ts';

let api: TestApi;
before(async () => {
  api = await startTestApi();
});
after(async () => api?.[Symbol.asyncDispose]());

type Any = KubeObject & { readonly spec?: Readonly<Record<string, unknown>>; readonly status?: unknown };

interface Case {
  readonly kind: string;
  readonly apiVersion: string;
  /** Path of the collection. */
  readonly path: string;
  readonly name: string;
  readonly body: object;
  /** A status that may be written, if there is one. */
  readonly status?: object;
}

const networking = 'networking.k8s.io/v1';
const at = (group: string, resource: string, namespace?: string): string =>
  `${group.includes('/') ? '/apis' : '/api'}/${group}${namespace ? `/namespaces/${namespace}` : ''}/${resource}`;
const backend = { service: { name: 'default-backend', port: { number: 80 } } };

const cases: readonly Case[] = [
  {
    kind: 'Ingress',
    apiVersion: networking,
    path: at(networking, 'ingresses', 'default'),
    name: 'e2e-example',
    body: { spec: { defaultBackend: backend } },
    status: { loadBalancer: { ingress: [{ ip: '169.1.1.1', ports: [{ port: 80, protocol: 'TCP' }] }] } },
  },
  {
    kind: 'IngressClass',
    apiVersion: networking,
    path: at(networking, 'ingressclasses'),
    name: 'ingressclass1',
    body: { spec: { controller: 'example.com/controller' } },
  },
  {
    kind: 'NetworkPolicy',
    apiVersion: networking,
    path: at(networking, 'networkpolicies', 'default'),
    name: 'deny',
    body: { spec: { podSelector: {}, policyTypes: ['Ingress'] } },
  },
  {
    kind: 'IPAddress',
    apiVersion: networking,
    path: at(networking, 'ipaddresses'),
    name: '192.168.2.2',
    body: { spec: { parentRef: { group: 'example.com', resource: 'foos', namespace: 'bar', name: 'foo' } } },
  },
  {
    kind: 'ServiceCIDR',
    apiVersion: networking,
    path: at(networking, 'servicecidrs'),
    name: 'more',
    body: { spec: { cidrs: ['10.98.0.0/24'] } },
    status: { conditions: [{ type: 'Tried', status: 'True', reason: 'E2E', message: 'x', lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  },
  {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    path: at('discovery.k8s.io/v1', 'endpointslices', 'default'),
    name: 'slice',
    body: { addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'].slice(0, 1) }], ports: [{ name: 'p', port: 80 }] },
  },
  {
    kind: 'Endpoints',
    apiVersion: 'v1',
    path: at('v1', 'endpoints', 'default'),
    name: 'testservice',
    body: { subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }] },
  },
  {
    kind: 'Service',
    apiVersion: 'v1',
    path: at('v1', 'services', 'default'),
    name: 'test-service',
    body: {
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass: 'example.com/internal-vip',
        ports: [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80 }],
      },
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
  },
];

const labels = { 'special-label': 'network' };

async function ok(method: Parameters<typeof raw>[1], path: string, body?: object, type?: string): Promise<Any> {
  const answer = await raw(api, method, path, body, type ? { 'content-type': type } : {});
  assert.ok(answer.code < 300, `${method} ${path}: ${answer.text}`);
  return answer.object as unknown as Any;
}
const merge = 'application/merge-patch+json';

for (const { kind, apiVersion, path, name, body, status } of cases) {
  test(`${kind}: every operation`, async () => {
    const made = await ok('POST', path, { apiVersion, kind, metadata: { name, labels }, ...body });
    const item = `${path}/${name}`;
    assert.equal((await ok('GET', item)).metadata.uid, made.metadata.uid);
    const list = (await ok('GET', `${path}?labelSelector=special-label%3Dnetwork`)) as unknown as { items: Any[] };
    assert.deepEqual(
      list.items.map(({ metadata }) => metadata.name),
      [name],
    );
    const everywhere = (await ok('GET', path.replace('/namespaces/default', ''))) as unknown as { items: Any[] };
    assert.ok(everywhere.items.some(({ metadata }) => metadata.name === name));
    const patched = await ok('PATCH', item, { metadata: { annotations: { patched: 'true' } } }, merge);
    assert.equal(patched.metadata.annotations?.['patched'], 'true');
    assert.ok(BigInt(patched.metadata.resourceVersion ?? 0) > BigInt(made.metadata.resourceVersion ?? 0));
    const updated = await ok('PUT', item, { ...patched, metadata: { ...patched.metadata, annotations: { updated: 'true' } } });
    assert.deepEqual([updated.metadata.annotations?.['updated'], updated.metadata.annotations?.['patched']], ['true', undefined]);
    if (status !== undefined) {
      const after = await ok('PATCH', `${item}/status`, { metadata: { annotations: { patchedstatus: 'true' } }, status }, merge);
      assert.equal(after.metadata.annotations?.['patchedstatus'], 'true');
      const text = JSON.stringify(after.status);
      assert.ok(text.includes('169.1.1.1') || text.includes('203.0.113.1') || text.includes('Tried'), text);
      const read = await ok('GET', `${item}/status`);
      const put = await ok('PUT', `${item}/status`, { ...read, metadata: { ...read.metadata, annotations: { put: 'true' } } });
      assert.equal(put.metadata.annotations?.['put'], 'true');
      assert.deepEqual(put.status, after.status);
    }
    // A replacement from an old state is refused.
    assert.equal((await raw(api, 'PUT', item, updated)).code, status === undefined ? 200 : 409);
    await ok('DELETE', item);
    if (kind !== 'ServiceCIDR') assert.equal((await raw(api, 'GET', item)).code, 404);
    const many = kind === 'IPAddress' ? ['192.168.3.1', '192.168.3.2'] : ['one', 'two'];
    for (const other of many) await ok('POST', path, { apiVersion, kind, metadata: { name: other, labels: { many: 'yes' } }, ...body });
    await ok('DELETE', `${path}?labelSelector=many%3Dyes`);
    const left = (await ok('GET', `${path}?labelSelector=many%3Dyes`)) as unknown as { items: Any[] };
    if (kind !== 'ServiceCIDR') assert.deepEqual(left.items, []);
  });
}

test('the default ServiceCIDR is there and ready', async () => {
  const found = await ok('GET', `${at(networking, 'servicecidrs')}/kubernetes`);
  assert.deepEqual(found.spec?.['cidrs'], ['10.96.0.0/12']);
  const status = await ok('GET', `${at(networking, 'servicecidrs')}/kubernetes/status`);
  assert.equal(
    (status.status as { conditions: { type: string; status: string }[] }).conditions.find(({ type }) => type === 'Ready')?.status,
    'True',
  );
});

test('names of IPAddresses are canonical addresses', async () => {
  const body = { apiVersion: networking, kind: 'IPAddress', spec: { parentRef: { resource: 'services', namespace: 'd', name: 's' } } };
  for (const name of ['not-an-ip', '010.0.0.1', '2001:DB8::1']) {
    const answer = await raw(api, 'POST', at(networking, 'ipaddresses'), { ...body, metadata: { name } });
    assert.equal(answer.code, 422, `${name}: ${answer.text}`);
  }
});
