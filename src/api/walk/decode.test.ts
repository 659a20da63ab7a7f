import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Deployment } from '#api/apps/v1/deployment.ts';
import { ConfigMap } from '#api/core/v1/configmap.ts';
import { Event } from '#api/core/v1/event.ts';
import { Pod } from '#api/core/v1/pod.ts';
import { Secret } from '#api/core/v1/secret.ts';
import { Service } from '#api/core/v1/service.ts';
import { applyDefaults, cannotBeHandled, decode, normalize, strictReason } from '#api/rules.ts';
import { deepEqual, deepFreeze, semanticEqual } from './equal.ts';

const failure = (struct: typeof Pod | typeof Deployment | typeof Secret, json: unknown): string => {
  try {
    decode(struct as never, json);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

test('type errors are told in the words of Go', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ spec: { replicas: 'x' } }, 'json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32'],
    [{ spec: { replicas: 1.5 } }, 'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32'],
    [
      { spec: { replicas: 3000000000 } },
      'json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [{ spec: [] }, 'json: cannot unmarshal array into Go struct field Deployment.spec of type v1.DeploymentSpec'],
    [
      { spec: { template: { spec: { containers: [{ image: true }] } } } },
      'json: cannot unmarshal bool into Go struct field Container.spec.template.spec.containers.image of type string',
    ],
    [{ metadata: { labels: { a: 1 } } }, 'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels.a of type string'],
    [{ metadata: { creationTimestamp: 'soon' } }, 'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"'],
    ['x', 'json: cannot unmarshal string into Go value of type v1.Deployment'],
  ];
  for (const [json, want] of cases) assert.equal(failure(Deployment, json), want);
  assert.equal(failure(Secret, { data: { a: '!!' } }), 'illegal base64 data at input byte 0');
  assert.match(
    failure(Pod, { spec: { containers: [{ resources: { limits: { cpu: 'much' } } }] } }),
    /^quantities must match the regular expression/,
  );
});

test('the first error counts, wherever others are', () => {
  assert.match(failure(Deployment, { spec: { paused: 1, replicas: 'x' } }), /spec\.paused of type bool$/);
});

test('unknown fields are pruned and listed with their place', () => {
  const { object, unknown } = decode(Deployment, {
    foo: 1,
    spec: { bar: null, template: { spec: { containers: [{ name: 'c', imag: 'x' }] } } },
  });
  assert.deepEqual(unknown, ['unknown field "foo"', 'unknown field "spec.bar"', 'unknown field "spec.template.spec.containers[0].imag"']);
  assert.equal('foo' in object, false);
  const error = cannotBeHandled({ kind: 'Deployment', version: 'v1' }, 'Deployment', strictReason(unknown.slice(0, 1)));
  assert.equal(error.message, 'Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "foo"');
});

test('field names are case-sensitive', () => {
  assert.deepEqual(decode(ConfigMap, { Data: {} }).unknown, ['unknown field "Data"']);
});

test('values come out in normal form', () => {
  const pod = normalize(Pod, {
    metadata: { name: 'a', creationTimestamp: '2024-05-06T09:08:09+02:00', labels: {}, finalizers: [] },
    spec: {
      hostNetwork: false,
      hostname: '',
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', resources: { limits: { cpu: '1000m', memory: 1024 } }, tty: null }],
    },
  });
  assert.deepEqual(pod, {
    metadata: { name: 'a', creationTimestamp: '2024-05-06T07:08:09Z' },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', resources: { limits: { cpu: '1', memory: '1024' } } }] },
    status: {},
  });
  const event = normalize(Event, { eventTime: '2024-05-06T07:08:09.5Z', count: 0 }) as Record<string, unknown>;
  assert.equal(event['eventTime'], '2024-05-06T07:08:09.500000Z');
  assert.equal(event['firstTimestamp'], null);
  assert.equal('count' in event, false);
});

test('nothing of the input is changed or shared', () => {
  const input = deepFreeze({ metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } });
  const service = applyDefaults(Service, input) as unknown as { spec: { ports: { targetPort: number }[]; type: string } };
  assert.equal(service.spec.ports[0]?.targetPort, 80);
  assert.equal(service.spec.type, 'ClusterIP');
  assert.deepEqual(input, { metadata: { name: 'a' }, spec: { ports: [{ port: 80 }] } });
});

test('a key named __proto__ is a key', () => {
  const { object } = decode<{ data: object }>(ConfigMap, JSON.parse('{"data":{"__proto__":"x","a":"b"}}'));
  assert.deepEqual(Object.keys(object.data), ['__proto__', 'a']);
  assert.equal(JSON.stringify(object.data), '{"__proto__":"x","a":"b"}');
});

test('equality', () => {
  assert.ok(deepEqual({ a: 1, b: [{ c: undefined }] }, { b: [{}], a: 1 }));
  assert.equal(deepEqual({ a: 1 }, { a: 1, b: null }), false);
  assert.equal(deepEqual([1, 2], [2, 1]), false);
  assert.ok(semanticEqual({ a: [] }, {}));
  assert.equal(semanticEqual({ a: [1] }, {}), false);
});
