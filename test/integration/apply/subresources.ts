// Status and scale, several versions of a kind, and the way from client-side apply.
import * as kinds from './kinds.ts';
import { thing } from './kinds.ts';
import { apply, at, conflicts, create, force, holds, listed, merge, owned, refused, spec, written, type Scenarios } from './script.ts';

const s = (fields: object) => ({ spec: fields });
const data = (fields: object) => ({ data: fields });
const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
const lastApplied = (object: object, version = 'v1') => ({
  annotations: {
    [annotation]: JSON.stringify({
      apiVersion: version,
      kind: 'ConfigMap',
      metadata: { name: 'x', namespace: 'default', annotations: {} },
      ...object,
    }),
  },
});
const selector = { matchLabels: { app: 'x' } };
const rollout = (more: object = {}) => ({
  spec: { selector, template: { metadata: { labels: { app: 'x' } }, spec: { containers: [{ name: 'web', image: 'i' }] } }, ...more },
});
const rolloutPaths = [
  'spec.selector',
  'spec.template.metadata.labels.app',
  ...['', '.image', '.name'].map((field) => `spec.template.spec.containers[name="web"]${field}`),
];
const status = { sub: 'status' };
const scale = { sub: 'scale' };
const target = { scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } };
const cpu = (averageUtilization: number) => [
  { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } },
];
const v2 = { version: 'apply.example.com/v2' };

export const subresources: Scenarios = {
  'the status has owners of its own': [
    thing,
    apply('a', s({ text: '1' })),
    apply('a', { status: { phase: 'p' } }, status),
    owned({ a: ['spec.text'], 'a/status': ['status.phase'] }),
    listed('a', 'a/status'),
  ],
  'the status is nobody’s where it cannot be written': [
    thing,
    apply('a', { spec: { text: '1' }, status: { phase: 'p' } }),
    holds({ status: undefined }),
    owned({ a: ['spec.text'] }),
  ],
  'the spec is nobody’s at the status': [
    thing,
    apply('a', s({ text: '1' })),
    apply('b', { spec: { text: '2' }, status: { phase: 'p' } }, status),
    spec({ text: '1' }),
    owned({ a: ['spec.text'], 'b/status': ['status.phase'] }),
  ],
  'the status cannot create': [
    thing,
    refused(apply('a', { status: { phase: 'p' } }, status), 404, 'things.apply.example.com "NAME" not found'),
  ],
  'conditions by type, from several managers': [
    thing,
    apply('a', s({ text: '1' })),
    apply('b', { status: { conditions: [{ type: 'X', status: 'True' }] } }, status),
    apply('c', { status: { conditions: [{ type: 'Y', status: 'False' }] } }, status),
    holds({
      status: {
        conditions: [
          { type: 'X', status: 'True' },
          { type: 'Y', status: 'False' },
        ],
      },
    }),
    conflicts(
      apply('c', { status: { conditions: [{ type: 'X', status: 'False' }] } }, status),
      '"b" with subresource "status"',
      '.status.conditions[type="X"].status',
    ),
    apply('b', { status: {} }, status),
    holds({ status: { conditions: [{ type: 'Y', status: 'False' }] } }),
  ],
  'an update of the status is an entry of its own': [
    thing,
    create('u', s({ text: '1' })),
    merge('u', { status: { count: 1 } }, status),
    owned({ 'u!': ['spec', 'spec.text'], 'u!/status': ['status', 'status.count'] }),
  ],
  'a pod’s status': [
    kinds.pod,
    create('u', { spec: { containers: [{ name: 'web', image: 'i' }] } }),
    apply(
      'kubelet',
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], podIPs: [{ ip: '10.1.0.1' }] } },
      status,
    ),
    at('status.phase', 'Running'),
    apply('kubelet', { status: { phase: 'Running' } }, status),
    at('status.conditions', undefined),
  ],
  'a deployment’s labels are not written with its status': [
    kinds.deployment,
    apply('a', rollout()),
    merge('u', { metadata: { labels: { x: '1' } }, status: { observedGeneration: 1 } }, status),
    at('metadata.labels', undefined),
    owned({ a: rolloutPaths, 'u!/status': ['status.observedGeneration'] }),
  ],
  'a scale takes the replicas; its entry has no time': [
    kinds.deployment,
    apply('a', rollout({ replicas: 2 })),
    merge('hpa', s({ replicas: 5 }), scale),
    at('spec.replicas', 5),
    owned({ a: rolloutPaths, 'hpa!/scale': ['spec.replicas'] }),
    written({ a: 1, 'hpa!/scale': 0 }),
    conflicts(apply('a', rollout({ replicas: 2 })), '"hpa" with subresource "scale" using apps/v1', '.spec.replicas'),
  ],
  'a scale to the same takes nothing': [
    kinds.deployment,
    apply('a', rollout({ replicas: 2 })),
    merge('hpa', s({ replicas: 2 }), scale),
    owned({ a: [...rolloutPaths, 'spec.replicas'] }),
  ],
  'a scale may be applied, and conflicts': [
    kinds.deployment,
    apply('a', rollout({ replicas: 2 })),
    conflicts(apply('b', s({ replicas: 3 }), scale), '"a"', '.spec.replicas'),
    apply('b', s({ replicas: 2 }), scale),
    owned({ a: [...rolloutPaths, 'spec.replicas'], 'b/scale': ['spec.replicas'] }),
    force('b', s({ replicas: 3 }), scale),
    at('spec.replicas', 3),
    owned({ a: rolloutPaths, 'b/scale': ['spec.replicas'] }),
    written({ a: 1, 'b/scale': 0 }),
  ],
  'an applied scale that no longer says how many': [
    kinds.deployment,
    apply('a', rollout()),
    force('b', s({ replicas: 3 }), scale),
    apply('b', {}, scale),
    at('spec.replicas', 0),
    owned({ a: rolloutPaths }),
  ],
  'an applied scale must be one': [
    kinds.deployment,
    apply('a', rollout()),
    refused(apply('b', { kind: 'Deployment' }, scale), 400, 'invalid object type: autoscaling/v1, Kind=Deployment'),
    refused(
      apply('b', s({ replicas: 'three' }), scale),
      400,
      'failed to create typed patch object (default/NAME; autoscaling/v1, Kind=Scale): .spec.replicas: expected numeric (int or float), got string',
    ),
    refused(
      force('b', s({ replicas: -1 }), scale),
      422,
      'Scale.autoscaling "NAME" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ),
  ],
  'the scale of a custom resource': [
    thing,
    apply('a', s({ replicas: 1 })),
    force('b', s({ replicas: 3 }), scale),
    spec({ replicas: 3 }),
    owned({ 'b/scale': ['spec.replicas'] }),
  ],
};

export const versions: Scenarios = {
  'one applier uses two versions: one entry, that of the last': [
    thing,
    apply('a', s({ text: '1' })),
    apply('a', s({ count: 1 }), v2),
    spec({ count: 1 }),
    owned({ a: ['spec.count'] }),
    at('metadata.managedFields.0.apiVersion', 'apply.example.com/v2'),
  ],
  'one updater uses two versions: two entries': [
    thing,
    create('u', s({ text: '1' })),
    merge('u', s({ count: 1 }), v2),
    at('metadata.managedFields.length', 2),
    at('metadata.managedFields.1.apiVersion', 'apply.example.com/v2'),
  ],
  'conflicts reach over versions': [
    thing,
    create('u', s({ text: '1' })),
    conflicts(apply('a', s({ text: '2' }), v2), '"u" using apply.example.com/v1', '.spec.text'),
    force('a', s({ text: '2' }), v2),
    owned({ 'u!': ['spec'], a: ['spec.text'] }),
  ],
  'an autoscaler applied in its old version': [
    kinds.autoscaler,
    apply('a', { spec: { ...target, maxReplicas: 5 } }, { version: 'autoscaling/v1' }),
    // The target is one piece in v1 and not in v2.
    owned({ a: ['spec.maxReplicas', 'spec.scaleTargetRef'] }),
    at('metadata.managedFields.0.apiVersion', 'autoscaling/v1'),
    conflicts(apply('b', { spec: { maxReplicas: 6 } }), '"a"', '.spec.maxReplicas'),
    apply('a', { spec: { ...target, maxReplicas: 7 } }),
    at('spec.maxReplicas', 7),
    owned({ a: ['spec.maxReplicas', ...['apiVersion', 'kind', 'name'].map((field) => `spec.scaleTargetRef.${field}`)] }),
    at('metadata.managedFields.0.apiVersion', 'autoscaling/v2'),
  ],
  'a target that one applied in the old version conflicts in the new one, by its old name': [
    kinds.autoscaler,
    apply('a', { spec: { ...target, maxReplicas: 5, targetCPUUtilizationPercentage: 50 } }, { version: 'autoscaling/v1' }),
    conflicts(apply('b', { spec: { metrics: cpu(60) } }), '"a"', '.spec.targetCPUUtilizationPercentage'),
    force('b', { spec: { metrics: cpu(60) } }),
    at('spec.metrics', cpu(60)),
    owned({ a: ['spec.maxReplicas', 'spec.scaleTargetRef'], b: ['spec.metrics'] }),
  ],
  'a target that is let go in the new version is removed under its old name': [
    kinds.autoscaler,
    apply('a', { spec: { ...target, maxReplicas: 5, targetCPUUtilizationPercentage: 50 } }, { version: 'autoscaling/v1' }),
    apply('a', { spec: { ...target, maxReplicas: 5 } }),
    // An autoscaler without metrics gets the default one.
    at('spec.metrics', cpu(80)),
  ],
  'an update in one version takes from who applied in another': [
    kinds.autoscaler,
    apply('a', { spec: { ...target, maxReplicas: 5, targetCPUUtilizationPercentage: 50 } }, { version: 'autoscaling/v1' }),
    merge('u', { spec: { metrics: cpu(70) } }),
    owned({ a: ['spec.maxReplicas', 'spec.scaleTargetRef'], 'u!': ['spec.metrics'] }),
  ],
  'what is one piece in one version stays several in the other': [
    kinds.autoscaler,
    apply('a', { spec: { ...target, maxReplicas: 5 } }),
    merge('u', { spec: { maxReplicas: 9 } }, { version: 'autoscaling/v1' }),
    owned({ a: ['apiVersion', 'kind', 'name'].map((field) => `spec.scaleTargetRef.${field}`), 'u!': ['spec.maxReplicas'] }),
  ],
};

export const clientSide: Scenarios = {
  'kubectl takes over what client-side apply had set': [
    kinds.configMap,
    create('kubectl-client-side-apply', data({ x: '1' }), { meta: lastApplied(data({ x: '1' })) }),
    apply('kubectl', data({ x: '2' })),
    holds({ data: { x: '2' } }),
  ],
  'others do not': [
    kinds.configMap,
    create('kubectl-client-side-apply', data({ x: '1' }), { meta: lastApplied(data({ x: '1' })) }),
    conflicts(apply('ci', data({ x: '2' })), '"kubectl-client-side-apply" using v1', '.data.x'),
  ],
  'nor does kubectl what others changed since': [
    kinds.configMap,
    create('kubectl-client-side-apply', data({ x: '1', y: '1' }), { meta: lastApplied(data({ x: '1', y: '1' })) }),
    merge('u', data({ x: '9' })),
    conflicts(apply('kubectl', data({ x: '2', y: '2' })), '"u" using v1', '.data.x'),
  ],
  'nor what it never said': [
    kinds.configMap,
    create('kubectl-client-side-apply', data({ x: '1', y: '1' }), { meta: lastApplied(data({ x: '1' })) }),
    conflicts(apply('kubectl', data({ x: '2', y: '2' })), '"kubectl-client-side-apply" using v1', '.data.y'),
  ],
  'an annotation of another version does not count': [
    kinds.configMap,
    create('kubectl-client-side-apply', data({ x: '1' }), { meta: lastApplied(data({ x: '1' }), 'v2') }),
    conflicts(apply('kubectl', data({ x: '2' })), '"kubectl-client-side-apply" using v1', '.data.x'),
  ],
  'nor one that cannot be read or does not fit the kind': [
    kinds.configMap,
    create('u', data({ x: '1' }), { meta: { annotations: { [annotation]: '{' } } }),
    conflicts(apply('kubectl', data({ x: '2' })), '"u" using v1', '.data.x'),
    merge('u', {
      metadata: { annotations: { [annotation]: '{"apiVersion":"v1","kind":"ConfigMap","metadata":{},"data":{"x":"1"},"wrong":1}' } },
    }),
    conflicts(apply('kubectl', data({ x: '2' })), '"u" using v1', '.data.x'),
  ],
  'the annotation is kept up with what kubectl applies, in the order and spelling of Go': [
    kinds.configMap,
    create('kubectl-client-side-apply', data({ x: '1' }), { meta: lastApplied(data({ x: '1' })) }),
    apply('kubectl', data({ z: '<&>', x: '1' }), { meta: { labels: { b: '1', a: '1' } } }),
    (run) => {
      const text = (run.live.metadata as { annotations: Record<string, string> }).annotations[annotation];
      const wanted = `{"apiVersion":"v1","data":{"x":"1","z":"\\u003c\\u0026\\u003e"},"kind":"ConfigMap","metadata":{"labels":{"a":"1","b":"1"},"name":"${run.name}","namespace":"default"}}\n`;
      if (text !== wanted) throw new Error(`${text} is not ${wanted}`);
    },
  ],
  'an object without the annotation gets none': [
    kinds.configMap,
    create('u', data({ x: '1' })),
    apply('kubectl', data({ y: '1' })),
    at('metadata.annotations', undefined),
  ],
  'nor does one where another tool applies': [
    kinds.configMap,
    create('u', data({ x: '1' }), { meta: lastApplied(data({ x: '1' })) }),
    apply('ci', data({ y: '1' })),
    (run) => {
      const text = (run.live.metadata as { annotations: Record<string, string> }).annotations[annotation] ?? '';
      if (text.includes('"y"')) throw new Error(text);
    },
  ],
};
