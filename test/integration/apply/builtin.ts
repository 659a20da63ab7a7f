// Services and other built-in kinds: their lists, maps, atomic parts and defaults.
import * as kinds from './kinds.ts';
import { apply, at, conflicts, create, force, holds, json, owned, put, refused, type Scenarios } from './script.ts';

const selector = { matchLabels: { app: 'x' } };
const servicePort = (port: number, protocol: string, field?: string) =>
  `spec.ports[port=${port},protocol="${protocol}"]${field ? `.${field}` : ''}`;
const backend = (name: string) => ({ service: { name, port: { number: 80 } } });

export const services: Scenarios = {
  'ports are told apart by number and protocol': [
    kinds.service,
    apply('a', {
      spec: {
        ports: [
          { port: 53, name: 'tcp' },
          { port: 53, protocol: 'UDP', name: 'udp' },
        ],
      },
    }),
    owned({
      a: [
        servicePort(53, 'TCP'),
        servicePort(53, 'TCP', 'name'),
        servicePort(53, 'TCP', 'port'),
        servicePort(53, 'UDP'),
        servicePort(53, 'UDP', 'name'),
        servicePort(53, 'UDP', 'port'),
        servicePort(53, 'UDP', 'protocol'),
      ],
    }),
  ],
  'a port of another manager is kept, and goes with its owner': [
    kinds.service,
    apply('a', { spec: { ports: [{ port: 80, name: 'http' }] } }),
    apply('b', { spec: { ports: [{ port: 81, name: 'more' }] } }),
    at('spec.ports', [
      { name: 'http', port: 80, protocol: 'TCP', targetPort: 80 },
      { name: 'more', port: 81, protocol: 'TCP', targetPort: 81 },
    ]),
    apply('b', {}),
    at('spec.ports', [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }]),
  ],
  'a port goes with the node port that the server gave it': [
    kinds.service,
    apply('a', {
      spec: {
        type: 'NodePort',
        ports: [
          { port: 80, name: 'x' },
          { port: 81, name: 'y' },
        ],
      },
    }),
    apply('a', { spec: { type: 'NodePort', ports: [{ port: 81, name: 'y' }] } }),
    owned({ a: [servicePort(81, 'TCP'), servicePort(81, 'TCP', 'name'), servicePort(81, 'TCP', 'port'), 'spec.type'] }),
  ],
  'the selector is one piece': [
    kinds.service,
    apply('a', { spec: { ports: [{ port: 80 }], selector: { app: 'x' } } }),
    conflicts(apply('b', { spec: { selector: { tier: 'y' } } }), '"a"', '.spec.selector'),
    force('b', { spec: { selector: { tier: 'y' } } }),
    at('spec.selector', { tier: 'y' }),
  ],
  'a target port by another is its own': [
    kinds.service,
    apply('a', { spec: { ports: [{ port: 80 }] } }),
    apply('b', { spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 'http' }] } }),
    at('spec.ports', [{ port: 80, protocol: 'TCP', targetPort: 'http' }]),
    conflicts(apply('a', { spec: { ports: [{ port: 80, targetPort: 8080 }] } }), '"b"', '.spec.ports[port=80,protocol="TCP"].targetPort'),
  ],
  'an address cannot be changed by apply either': [
    kinds.service,
    apply('a', { spec: { ports: [{ port: 80 }], clusterIP: 'None' } }),
    refused(
      force('b', { spec: { clusterIP: '10.96.0.99' } }),
      422,
      'Service "NAME" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.99"]: may not change once set',
    ),
  ],
};

export const others: Scenarios = {
  'keys of a ConfigMap by several managers': [
    kinds.configMap,
    apply('a', { data: { x: '1' } }),
    apply('b', { data: { y: '2' }, binaryData: { z: 'AA==' } }),
    holds({ data: { x: '1', y: '2' }, binaryData: { z: 'AA==' } }),
    owned({ a: ['data.x'], b: ['binaryData.z', 'data.y'] }),
    apply('b', {}),
    holds({ data: { x: '1' }, binaryData: undefined }),
  ],
  'an immutable ConfigMap': [
    kinds.configMap,
    apply('a', { data: { x: '1' }, immutable: true }),
    refused(
      apply('a', { data: { x: '2' }, immutable: true }),
      422,
      'ConfigMap "NAME" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    ),
  ],
  'data of a Secret': [
    kinds.secret,
    apply('a', { data: { x: 'AA==' }, type: 'Opaque' }),
    conflicts(apply('b', { data: { x: 'AQ==' } }), '"a"', '.data.x'),
    owned({ a: ['data.x', 'type'] }),
  ],
  'secrets of an account by name': [
    kinds.serviceAccount,
    apply('a', { secrets: [{ name: 'x' }], imagePullSecrets: [{ name: 'p' }] }),
    apply('b', { secrets: [{ name: 'y' }] }),
    holds({ secrets: [{ name: 'x' }, { name: 'y' }] }),
    conflicts(apply('b', { imagePullSecrets: [{ name: 'q' }] }), '"a"', '.imagePullSecrets'),
    apply('a', { automountServiceAccountToken: false }),
    holds({ secrets: [{ name: 'y' }], imagePullSecrets: undefined, automountServiceAccountToken: false }),
  ],
  'rules of an ingress are one piece, and so is its backend': [
    kinds.ingress,
    apply('a', {
      spec: {
        defaultBackend: backend('x'),
        rules: [{ host: 'h', http: { paths: [{ path: '/', pathType: 'Prefix', backend: backend('x') }] } }],
      },
    }),
    owned({ a: ['spec.defaultBackend.service.name', 'spec.defaultBackend.service.port', 'spec.rules'] }),
    conflicts(apply('b', { spec: { rules: [{ host: 'g' }] } }), '"a"', '.spec.rules'),
  ],
  'rules of a role are one piece': [
    kinds.clusterRole,
    apply('a', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] }),
    owned({ a: ['rules'] }),
    force('b', { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }] }),
    owned({ b: ['rules'] }),
  ],
  'a binding’s role and subjects are one piece each': [
    kinds.roleBinding,
    apply('a', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', name: 'u', apiGroup: 'rbac.authorization.k8s.io' }],
    }),
    owned({ a: ['roleRef', 'subjects'] }),
    refused(
      force('b', { roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' } }),
      422,
      'RoleBinding.rbac.authorization.k8s.io "NAME" is invalid: roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"edit"}: cannot change roleRef',
    ),
  ],
  'peers of a network policy are one piece': [
    kinds.networkPolicy,
    apply('a', { spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }], policyTypes: ['Ingress'] } }),
    owned({ a: ['spec.ingress', 'spec.podSelector', 'spec.policyTypes'] }),
  ],
  'requests of a claim are a map': [
    kinds.claim,
    apply('a', { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }),
    owned({ a: ['spec.accessModes', 'spec.resources.requests.storage'] }),
  ],
  'hard limits of a quota by several managers': [
    kinds.quota,
    apply('a', { spec: { hard: { 'count/x.example.com': '10' } } }),
    apply('b', { spec: { hard: { 'count/y.example.com': '5' } } }),
    holds({ spec: { hard: { 'count/x.example.com': '10', 'count/y.example.com': '5' } } }),
    apply('b', {}),
    holds({ spec: { hard: { 'count/x.example.com': '10' } } }),
  ],
  'taints of a node are one piece': [
    kinds.node,
    apply('a', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } }),
    conflicts(apply('b', { spec: { taints: [{ key: 'l', effect: 'NoSchedule' }] } }), '"a"', '.spec.taints'),
    owned({ a: ['spec.taints'] }),
  ],
  'labels of a namespace': [
    kinds.namespace,
    create('u', {}, { meta: { labels: { x: '1' } } }),
    apply('a', {}, { meta: { labels: { y: '2' } } }),
    conflicts(apply('a', {}, { meta: { labels: { x: '3', y: '2' } } }), '"u" using v1', '.metadata.labels.x'),
  ],
  'metrics of an autoscaler are one piece': [
    kinds.autoscaler,
    apply('a', {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        maxReplicas: 5,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
      },
    }),
    owned({
      a: ['spec.maxReplicas', 'spec.metrics', 'spec.scaleTargetRef.apiVersion', 'spec.scaleTargetRef.kind', 'spec.scaleTargetRef.name'],
    }),
    apply('b', { spec: { minReplicas: 2 } }),
    at('spec.minReplicas', 2),
  ],
  'a budget’s selector is one piece': [
    kinds.budget,
    apply('a', { spec: { minAvailable: 1, selector } }),
    conflicts(apply('b', { spec: { minAvailable: '50%' } }), '"a"', '.spec.minAvailable'),
    owned({ a: ['spec.minAvailable', 'spec.selector'] }),
  ],
  'a finalizer taken by an update is let go by its applier': [
    kinds.configMap,
    apply('a', {}, { meta: { finalizers: ['x.io/a'] } }),
    json('u', [{ op: 'remove', path: '/metadata/finalizers/0' }]),
    owned({}),
  ],
  'a whole replacement by its own applier’s name is another entry': [
    kinds.configMap,
    apply('m', { data: { x: '1', y: '1' } }),
    put('m', { data: { x: '2', y: '1' } }),
    owned({ m: ['data.y'], 'm!': ['data.x'] }),
  ],
};
