import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMap } from './core/v1/configmap.ts';
import { Pod } from './core/v1/pod.ts';
import { Service } from './core/v1/service.ts';
import { Deployment } from './apps/v1/deployment.ts';
import { StatefulSet } from './apps/v1/statefulset.ts';
import { CronJob } from './batch/v1/cronjob.ts';
import { Job } from './batch/v1/job.ts';
import { HorizontalPodAutoscaler } from './autoscaling/v2/horizontalpodautoscaler.ts';
import { EndpointSlice } from './discovery/v1/endpointslice.ts';
import type { Struct } from './dsl.ts';
import { fieldErrorText } from './fielderror.ts';
import { Ingress } from './networking/v1/ingress.ts';
import type { KubeObject } from './object.ts';
import { PodDisruptionBudget } from './policy/v1/poddisruptionbudget.ts';
import { RoleBinding } from './rbac/v1/rolebinding.ts';
import { decode, validateCreate, validateStatusUpdate, validateUpdate } from './rules.ts';

const meta = { name: 'a', namespace: 'default' };
const object = (struct: Struct, json: object): KubeObject => decode(struct, { metadata: meta, ...json }).object;
const created = (struct: Struct, json: object): string[] => validateCreate(struct, object(struct, json)).map(fieldErrorText);
const updated = (struct: Struct, next: object, previous: object): string[] =>
  validateUpdate(struct, object(struct, next), object(struct, previous)).map(fieldErrorText);

const container = { name: 'c', image: 'a:1' };
const pod = (spec: object = {}, first: object = {}) => ({ spec: { containers: [{ ...container, ...first }], ...spec } });
const labels = { app: 'x' };
const template = { metadata: { labels }, ...pod() };
const deployment = (spec: object = {}) => ({ spec: { selector: { matchLabels: labels }, template, ...spec } });
const service = (spec: object = {}) => ({ spec: { ports: [{ port: 80 }], ...spec } });
const hpa = (spec: object = {}) => ({
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }, maxReplicas: 3, ...spec },
});
const job = (spec: object = {}) => ({
  spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, ...pod({ restartPolicy: 'Never' }) }, ...spec },
});

const label1123 =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const subdomain1123 =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const creates: readonly (readonly [string, Struct, object, readonly string[]])[] = [
  ['a good pod', Pod, pod(), []],
  ['no name', Pod, { metadata: { namespace: 'default' }, ...pod() }, ['metadata.name: Required value: name or generateName is required']],
  ['bad name', Pod, { metadata: { ...meta, name: 'A_b' }, ...pod() }, [`metadata.name: Invalid value: "A_b": ${subdomain1123}`]],
  [
    'bad label',
    Pod,
    { metadata: { ...meta, labels: { 'a b': 'x' } }, ...pod() },
    [
      "metadata.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ],
  ['no containers', Pod, { spec: {} }, ['spec.containers: Required value']],
  ['no image', Pod, pod({}, { image: '' }), ['spec.containers[0].image: Required value']],
  ['bad container name', Pod, pod({}, { name: 'A' }), [`spec.containers[0].name: Invalid value: "A": ${label1123}`]],
  [
    'request above limit',
    Pod,
    pod({}, { resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
  ],
  [
    'unknown volume',
    Pod,
    pod({}, { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
    ['spec.containers[0].volumeMounts[0].name: Not found: "v"'],
  ],
  [
    'a StatefulSet mounts the claims that its pods get',
    StatefulSet,
    {
      spec: {
        serviceName: 's',
        selector: { matchLabels: { a: 'b' } },
        template: {
          metadata: { labels: { a: 'b' } },
          spec: { containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }] },
        },
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      },
    },
    [],
  ],
  [
    'bad restart policy',
    Pod,
    pod({ restartPolicy: 'Sometimes' }),
    ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
  ],
  [
    'probe without handler',
    Pod,
    pod({}, { livenessProbe: {} }),
    ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
  ],
  [
    'host ports that differ',
    Pod,
    pod({ hostNetwork: true }, { ports: [{ containerPort: 80, hostPort: 81 }] }),
    ['spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true'],
  ],
  ['a good deployment', Deployment, deployment(), []],
  [
    'host network in a template',
    Deployment,
    deployment({ template: { metadata: { labels }, ...pod({ hostNetwork: true }, { ports: [{ containerPort: 80 }] }) } }),
    [],
  ],
  ['no selector', Deployment, deployment({ selector: undefined }), ['spec.selector: Required value']],
  [
    'empty selector',
    Deployment,
    deployment({ selector: {} }),
    ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  ],
  [
    'selector of others',
    Deployment,
    deployment({ selector: { matchLabels: { app: 'y' } } }),
    ['spec.template.metadata.labels: Invalid value: {"app":"x"}: `selector` does not match template `labels`'],
  ],
  ['negative replicas', Deployment, deployment({ replicas: -1 }), ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
  [
    'no progress possible',
    Deployment,
    deployment({ strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 0 } } }),
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
  ],
  ['a good service', Service, service(), []],
  ['no ports', Service, { spec: {} }, ['spec.ports: Required value']],
  [
    'ports without names',
    Service,
    service({ ports: [{ port: 80 }, { port: 81 }] }),
    ['spec.ports[0].name: Required value', 'spec.ports[1].name: Required value'],
  ],
  [
    'node port of a cluster address',
    Service,
    service({ ports: [{ port: 80, nodePort: 30000 }] }),
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    'port out of range',
    Service,
    service({ ports: [{ port: 70000, targetPort: 80 }] }),
    ['spec.ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive'],
  ],
  [
    'bad key',
    ConfigMap,
    { data: { 'a/b': 'x' } },
    [
      "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  ['a good autoscaler', HorizontalPodAutoscaler, hpa(), []],
  [
    'fewest above most',
    HorizontalPodAutoscaler,
    hpa({ minReplicas: 5 }),
    ['spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`'],
  ],
  ['a good job', Job, job(), []],
  [
    'a job that restarts',
    Job,
    job({ template: { metadata: { labels }, ...pod() } }),
    ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
  [
    'no schedule',
    CronJob,
    { spec: { schedule: '', jobTemplate: { spec: { template: pod({ restartPolicy: 'Never' }) } } } },
    ['spec.schedule: Required value'],
  ],
  [
    'bad schedule',
    CronJob,
    { spec: { schedule: '* *', jobTemplate: { spec: { template: pod({ restartPolicy: 'Never' }) } } } },
    ['spec.schedule: Invalid value: "* *": expected exactly 5 fields, found 2: [* *]'],
  ],
  ['empty ingress', Ingress, { spec: {} }, ['spec: Invalid value: []: either `defaultBackend` or `rules` must be specified']],
  [
    'loopback endpoint',
    EndpointSlice,
    { addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }] },
    ['endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  ],
  [
    'both budgets',
    PodDisruptionBudget,
    { spec: { minAvailable: 1, maxUnavailable: 1 } },
    ['spec: Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set'],
  ],
  [
    'wrong role kind',
    RoleBinding,
    { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'R', name: 'x' } },
    ['roleRef.kind: Unsupported value: "R": supported values: "ClusterRole", "Role"'],
  ],
];
for (const [name, struct, json, want] of creates) test(`create: ${name}`, () => assert.deepEqual(created(struct, json), want));

const podUpdate =
  'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
const updates: readonly (readonly [string, Struct, object, object, readonly string[]])[] = [
  ['image of a pod', Pod, pod({}, { image: 'a:2' }), pod(), []],
  ['more tolerations', Pod, pod({ tolerations: [{ operator: 'Exists' }] }), pod(), []],
  ['hostname of a pod', Pod, pod({ hostname: 'h' }), pod(), [podUpdate]],
  [
    'another container',
    Pod,
    { spec: { containers: [container, { ...container, name: 'd' }] } },
    pod(),
    ['spec.containers: Forbidden: pod updates may not add or remove containers'],
  ],
  [
    'later deadline',
    Pod,
    pod({ activeDeadlineSeconds: 9 }),
    pod({ activeDeadlineSeconds: 5 }),
    ['spec.activeDeadlineSeconds: Invalid value: 9: must be less than or equal to previous value'],
  ],
  ['replicas', Deployment, deployment({ replicas: 5 }), deployment(), []],
  [
    'selector of a deployment',
    Deployment,
    deployment({ selector: { matchLabels: { app: 'x' }, matchExpressions: [{ key: 'app', operator: 'Exists' }] } }),
    deployment(),
    [
      'spec.selector: Invalid value: {"matchLabels":{"app":"x"},"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable',
    ],
  ],
  [
    'frozen config',
    ConfigMap,
    { immutable: true, data: { a: 'c' } },
    { immutable: true, data: { a: 'b' } },
    ['data: Forbidden: field is immutable when `immutable` is set'],
  ],
  ['the name', ConfigMap, { metadata: { ...meta, name: 'b' } }, {}, ['metadata.name: Invalid value: "b": field is immutable']],
  [
    'cluster address',
    Service,
    service({ clusterIP: '10.0.0.2', clusterIPs: ['10.0.0.2'] }),
    service({ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.1'] }),
    ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'],
  ],
];
for (const [name, struct, next, previous, want] of updates) {
  test(`update: ${name}`, () => assert.deepEqual(updated(struct, next, previous), want));
}

test('status: the class of a pod stays', () => {
  const before = object(Pod, { ...pod(), status: { qosClass: 'BestEffort' } });
  const after = object(Pod, { ...pod(), status: { qosClass: 'Burstable' } });
  const errors = validateStatusUpdate(Pod, after, before).map(fieldErrorText);
  assert.deepEqual(errors, ['status.qosClass: Invalid value: "Burstable": field is immutable']);
});

test('pods of a row share the spec that was read and judged once', () => {
  const read = (spec: object, siblings: 'ours' | 'foreign' = 'ours') => decode(Pod, { metadata: meta, spec }, { siblings });
  const spec = (image = 'a:1', more: object = {}) =>
    structuredClone({ ...pod({}, { image, resources: { limits: { cpu: '1' } } }).spec, ...more });
  const first = read(spec()).object as Pod;
  const second = read(spec()).object as Pod;
  assert.equal(second.spec, first.spec);
  assert.deepEqual(second, object(Pod, { spec: spec() }));
  assert.deepEqual(second.spec.containers[0]?.resources?.requests, { cpu: '1' });
  assert.notEqual((read(spec('a:2')).object as Pod).spec.containers, first.spec.containers);
  // What is strange is told each time.
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(read(spec('a:1', { strange: 1 })).unknown, ['unknown field "spec.strange"']);
    assert.throws(() => read(spec('a:1', { nodeName: 1 })), { name: 'DecodeError' });
  }
  // Somebody else's value may change after it was read.
  const theirs = spec('a:3');
  read(theirs, 'foreign');
  (theirs.containers[0] as { image: string }).image = 'a:4';
  assert.equal((read(theirs, 'foreign').object as Pod).spec.containers[0]?.image, 'a:4');

  const judge = (one: Pod, previous?: Pod): string[] =>
    (previous ? validateUpdate(Pod, one, previous) : validateCreate(Pod, one)).map(fieldErrorText);
  assert.deepEqual(judge(first), []);
  assert.deepEqual(judge(second), []);
  const wrong = read({ containers: [{ ...container, image: ' ' }] }).object as Pod;
  const found = judge(wrong);
  assert.equal(found.length, 1);
  assert.deepEqual(judge(wrong), found);
  assert.deepEqual(judge({ ...first, metadata: { ...first.metadata, name: 'A_' } }).length, 1);
  assert.deepEqual(
    judge({ ...wrong, metadata: { ...meta, uid: 'u', resourceVersion: '1' } }, { ...wrong, metadata: { ...meta, uid: 'u' } }),
    found,
  );
});
