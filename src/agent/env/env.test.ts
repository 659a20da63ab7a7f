import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import { notFound } from '#api/status.ts';
import type { ObjectSource } from '../parts.ts';
import { expand } from './expand.ts';
import { podField } from './fieldref.ts';
import { ConfigError, makeEnv } from './make.ts';
import { resourceField } from './resourceref.ts';
import { servicesEnv } from './services.ts';

test('expansion', () => {
  const vars: Record<string, string> = { A: '1', B: '$(A)' };
  const rows: [string, string][] = [
    ['$(A)', '1'],
    ['x$(A)y$(B)', 'x1y$(A)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(C)', '$(C)'],
    ['$', '$'],
    ['a$', 'a$'],
    ['$A', '$A'],
    ['$(A', '$(A'],
    ['$()', '$()'],
    ['$$', '$'],
    ['$$$$', '$$'],
  ];
  for (const [text, expected] of rows)
    assert.equal(
      expand(text, (name) => vars[name]),
      expected,
      text,
    );
});

const pod = {
  metadata: { name: 'p', namespace: 'd', uid: 'u', labels: { b: '2', a: '"1"' }, annotations: { 'x/y': 'z' } },
  spec: {
    nodeName: 'n',
    serviceAccountName: 'sa',
    containers: [{ name: 'c', resources: { limits: { memory: '100Mi' }, requests: { cpu: '1250m' } } }],
  },
  status: { podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }, { ip: 'fd00::1' }], hostIP: '10.9.0.1' },
} as unknown as Pod;

test('field references', () => {
  const rows: [string, string][] = [
    ['metadata.name', 'p'],
    ["metadata.labels['b']", '2'],
    ["metadata.annotations['x/y']", 'z'],
    ['metadata.labels', 'a="\\"1\\""\nb="2"'],
    ['spec.nodeName', 'n'],
    ['spec.serviceAccountName', 'sa'],
    ['status.podIPs', '10.0.0.1,fd00::1'],
    ['status.hostIP', '10.9.0.1'],
  ];
  for (const [path, expected] of rows) assert.equal(podField(pod, path), expected, path);
  assert.throws(() => podField(pod, 'spec.foo'), /unsupported fieldPath: spec.foo/);
});

test('resource references round up, and fall back to the node', () => {
  const allocatable = { cpu: '2', memory: '1Gi' };
  const get = (resource: string, divisor?: string) =>
    resourceField(pod, pod.spec.containers[0] as never, { ref: { resource, ...(divisor ? { divisor } : {}) }, allocatable });
  assert.equal(get('requests.cpu'), '2');
  assert.equal(get('requests.cpu', '1m'), '1250');
  assert.equal(get('limits.cpu'), '2');
  assert.equal(get('limits.memory', '1Mi'), '100');
  assert.equal(get('requests.memory'), String(100 * 1024 * 1024));
});

test('service variables', () => {
  const service = (namespace: string, name: string, clusterIP: string, ports: object[]): Service =>
    ({ metadata: { namespace, name }, spec: { clusterIP, ports }, status: {} }) as unknown as Service;
  const services = [
    service('default', 'kubernetes', '10.96.0.1', [{ name: 'https', port: 443, protocol: 'TCP' }]),
    service('d', 'my-db', '10.96.0.9', [{ port: 5432, protocol: 'TCP' }]),
    service('d', 'headless', 'None', [{ port: 1 }]),
    service('other', 'x', '10.96.0.7', [{ port: 1 }]),
  ];
  const env = servicesEnv(services, 'd', true);
  assert.equal(env.get('KUBERNETES_SERVICE_HOST'), '10.96.0.1');
  assert.equal(env.get('KUBERNETES_SERVICE_PORT_HTTPS'), '443');
  assert.equal(env.get('MY_DB_PORT'), 'tcp://10.96.0.9:5432');
  assert.equal(env.get('MY_DB_PORT_5432_TCP_ADDR'), '10.96.0.9');
  assert.ok(!env.has('X_SERVICE_HOST') && !env.has('HEADLESS_SERVICE_HOST'));
  assert.ok(!servicesEnv(services, 'd', false).has('MY_DB_SERVICE_HOST'));
  assert.ok(servicesEnv(services, 'd', false).has('KUBERNETES_SERVICE_HOST'));
});

const objects: ObjectSource = {
  configMap: (_, name) =>
    name === 'cm'
      ? Promise.resolve({ metadata: { name }, data: { k: 'v', 'bad=key': 'x' } })
      : Promise.reject(notFound({ group: '', resource: 'configmaps' }, name)),
  secret: (_, name) => Promise.reject(notFound({ group: '', resource: 'secrets' }, name)),
  onChange: () => () => undefined,
};
const sources = { objects, services: [], allocatable: {} };
const env = async (container: object) => Object.fromEntries((await makeEnv(pod, { name: 'c', ...container }, sources)).env);

test('the environment of a container', async () => {
  assert.deepEqual(
    await env({
      envFrom: [{ configMapRef: { name: 'cm' }, prefix: 'P_' }],
      env: [
        { name: 'A', value: '$(P_k)' },
        { name: 'A', value: '2$(A)' },
      ],
    }),
    { P_k: 'v', A: '2v' },
  );
  assert.deepEqual(await env({ env: [{ name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: true } } }] }), {});
  await assert.rejects(
    env({ env: [{ name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
    new ConfigError('secrets "s" not found'),
  );
  await assert.rejects(
    env({ env: [{ name: 'S', valueFrom: { configMapKeyRef: { name: 'cm', key: 'no' } } }] }),
    new ConfigError("couldn't find key no in ConfigMap d/cm"),
  );
  assert.deepEqual((await makeEnv(pod, { name: 'c', envFrom: [{ configMapRef: { name: 'cm' } }] }, sources)).invalid, ['d/cm:bad=key']);
});
