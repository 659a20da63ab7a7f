import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeProtobuf, encodeProtobuf, structOfKind } from './protobuf.ts';
import { APIResource } from '../meta/v1/discovery.ts';

function roundTrip(apiVersion: string, kind: string, object: object): unknown {
  const struct = structOfKind(apiVersion, kind);
  assert.ok(struct, kind);
  return decodeProtobuf(struct, encodeProtobuf(struct, object));
}

test('numbers or texts keep a zero, which is not the same as nothing', () => {
  for (const minAvailable of [0, 1, '0%', '']) {
    const { spec } = roundTrip('policy/v1', 'PodDisruptionBudget', { metadata: { name: 'b' }, spec: { minAvailable } }) as { spec: object };
    assert.deepEqual(spec, { minAvailable });
  }
  const strategy = { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } };
  const deployment = roundTrip('apps/v1', 'Deployment', { metadata: { name: 'd' }, spec: { strategy } });
  assert.deepEqual((deployment as { spec: { strategy: object } }).spec.strategy, strategy);
});

test('schemas keep defaults, examples and choices that are false, zero or empty', () => {
  const openAPIV3Schema = {
    type: 'object',
    additionalProperties: false,
    properties: {
      no: { type: 'boolean', default: false },
      none: { type: 'integer', default: 0, example: 0 },
      empty: { type: 'string', default: '', enum: ['', 'a'] },
      list: { type: 'array', items: { type: 'string' }, default: [] },
    },
  };
  const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }];
  const definition = roundTrip('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { metadata: { name: 'x' }, spec: { versions } });
  const [version] = (definition as { spec: { versions: { schema: object }[] } }).spec.versions;
  assert.deepEqual(version?.schema, { openAPIV3Schema });
});

test('plain zeros without presence are left out', () => {
  const service = roundTrip('v1', 'Service', { metadata: { name: 's' }, spec: { ports: [{ port: 80, nodePort: 0, name: '' }] } });
  assert.deepEqual((service as { spec: { ports: object[] } }).spec.ports, [{ port: 80, targetPort: 0 }]);
});

test('the verbs of a resource are a message of their own', () => {
  const resource = { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'] };
  const bytes = encodeProtobuf(APIResource, resource);
  assert.ok(Buffer.from(bytes).toString('latin1').includes('\x22\x0b\x0a\x03get\x0a\x04list'));
  assert.deepEqual(decodeProtobuf(APIResource, bytes), resource);
});
