// What is particular about the network's kinds; their common operations are tried in `conformance/kinds.test.ts`.
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

const networking = 'networking.k8s.io/v1';
const at = (group: string, resource: string, namespace?: string): string =>
  `${group.includes('/') ? '/apis' : '/api'}/${group}${namespace ? `/namespaces/${namespace}` : ''}/${resource}`;

async function ok(method: Parameters<typeof raw>[1], path: string, body?: object, type?: string): Promise<Any> {
  const answer = await raw(api, method, path, body, type ? { 'content-type': type } : {});
  assert.ok(answer.code < 300, `${method} ${path}: ${answer.text}`);
  return answer.object as unknown as Any;
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

test('an IPAddress is for whoever its parent is, of either family', async () => {
  const parentRef = { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' };
  for (const name of ['255.255.255.255', 'fe80::42:1dff:fe84:f9e2']) {
    await ok('POST', at(networking, 'ipaddresses'), { apiVersion: networking, kind: 'IPAddress', metadata: { name }, spec: { parentRef } });
    assert.deepEqual((await ok('GET', `${at(networking, 'ipaddresses')}/${name}`)).spec?.['parentRef'], parentRef);
  }
});

test('an endpoint may have several addresses', async () => {
  const endpoints = [{ addresses: ['1.2.3.4', '5.6.7.8'] }, { addresses: ['2.2.3.4', '6.6.7.8'] }];
  const body = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { generateName: 'e2e-' },
    addressType: 'IPv4',
    endpoints,
  };
  const made = await ok('POST', at('discovery.k8s.io/v1', 'endpointslices', 'default'), body);
  assert.deepEqual(
    (made as unknown as { endpoints: { addresses: string[] }[] }).endpoints.map(({ addresses }) => addresses),
    [
      ['1.2.3.4', '5.6.7.8'],
      ['2.2.3.4', '6.6.7.8'],
    ],
  );
});
