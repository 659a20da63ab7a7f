// Built-in kinds: their lists, maps, atomic parts and defaults.
import * as kinds from './kinds.ts';
import { apply, at, conflicts, create, force, holds, json, merge, owned, put, refused, same, type Scenarios, strategic } from './script.ts';

const web = (fields: object = {}) => ({ name: 'web', image: 'i', ...fields });
const podOf = (container: object, more: object = {}) => ({ spec: { containers: [container], ...more } });
const selector = { matchLabels: { app: 'x' } };
const template = (container: object, more: object = {}) => ({
  metadata: { labels: { app: 'x' } },
  spec: { containers: [container], ...more },
});
const rollout = (container: object, more: object = {}) => ({ spec: { selector, template: template(container), ...more } });
const inWeb = (path: string) => `spec.containers[name="web"].${path}`;
const webPaths = ['spec.containers[name="web"]', inWeb('image'), inWeb('name')];
const inTemplate = (path: string) => `spec.template.${path}`;
const rolloutPaths = ['spec.selector', inTemplate('metadata.labels.app'), ...webPaths.map(inTemplate)];
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

export const pods: Scenarios = {
  'containers by name, ports by number and protocol, variables by name': [
    kinds.pod,
    apply('a', podOf(web({ ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] }))),
    owned({
      a: [
        ...webPaths,
        inWeb('env[name="A"]'),
        inWeb('env[name="A"].name'),
        inWeb('env[name="A"].value'),
        inWeb('ports[containerPort=80,protocol="TCP"]'),
        inWeb('ports[containerPort=80,protocol="TCP"].containerPort'),
      ],
    }),
  ],
  'arguments are one piece, mounts are told apart by path': [
    kinds.pod,
    apply('a', podOf(web({ args: ['1'], volumeMounts: [{ name: 'v', mountPath: '/v' }] }), { volumes: [{ name: 'v', emptyDir: {} }] })),
    owned({
      a: [
        ...webPaths,
        inWeb('args'),
        inWeb('volumeMounts[mountPath="/v"]'),
        inWeb('volumeMounts[mountPath="/v"].mountPath'),
        inWeb('volumeMounts[mountPath="/v"].name'),
        'spec.volumes[name="v"]',
        'spec.volumes[name="v"].emptyDir',
        'spec.volumes[name="v"].name',
      ],
    }),
  ],
  'a selector of a key is one piece': [
    kinds.pod,
    apply('a', podOf(web({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] }))),
    owned({ a: [...webPaths, inWeb('env[name="A"]'), inWeb('env[name="A"].name'), inWeb('env[name="A"].valueFrom.configMapKeyRef')] }),
  ],
  'spread constraints by topology and what to do when they cannot be met': [
    kinds.pod,
    apply(
      'a',
      podOf(web(), {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule' },
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' },
        ],
      }),
    ),
    owned({
      a: [
        ...webPaths,
        ...['DoNotSchedule', 'ScheduleAnyway'].flatMap((when) => {
          const item = `spec.topologySpreadConstraints[topologyKey="zone",whenUnsatisfiable="${when}"]`;
          return [item, `${item}.maxSkew`, `${item}.topologyKey`, `${item}.whenUnsatisfiable`];
        }),
      ],
    }),
  ],
  'tolerations are one piece, host aliases are told apart by address, pull secrets by name': [
    kinds.pod,
    apply(
      'a',
      podOf(web(), {
        tolerations: [{ key: 'k', operator: 'Exists' }],
        hostAliases: [{ ip: '10.0.0.1', hostnames: ['h'] }],
        imagePullSecrets: [{ name: 's' }],
      }),
    ),
    owned({
      a: [
        ...webPaths,
        'spec.hostAliases[ip="10.0.0.1"]',
        'spec.hostAliases[ip="10.0.0.1"].hostnames',
        'spec.hostAliases[ip="10.0.0.1"].ip',
        'spec.imagePullSecrets[name="s"]',
        'spec.tolerations',
      ],
    }),
  ],
  'limits are a map of leaves': [
    kinds.pod,
    apply('a', podOf(web({ resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '1' } } }))),
    owned({
      a: [...webPaths, inWeb('resources.limits.cpu'), inWeb('resources.limits.memory'), inWeb('resources.requests.cpu')],
    }),
    conflicts(
      apply('b', podOf({ name: 'web', resources: { limits: { memory: '2Gi' } } })),
      '"a"',
      '.spec.containers[name="web"].resources.limits.memory',
    ),
  ],
  'an image may be changed by another with force, a name may not': [
    kinds.pod,
    apply('a', podOf(web())),
    force('b', podOf({ name: 'web', image: 'j' })),
    at('spec.containers.0.image', 'j'),
    owned({ a: webPaths.filter((path) => !path.endsWith('.image')), b: webPaths }),
  ],
  'a second container cannot join a pod': [
    kinds.pod,
    apply('a', podOf(web())),
    refused(
      apply('b', podOf({ name: 'side', image: 'i' })),
      422,
      'Pod "NAME" is invalid: spec.containers: Forbidden: pod updates may not add or remove containers',
    ),
    owned({ a: webPaths }),
  ],
  'labels of a pod by two managers': [
    kinds.pod,
    apply('a', podOf(web()), { meta: { labels: { x: '1' } } }),
    apply('b', {}, { meta: { labels: { y: '1' } } }),
    at('metadata.labels', { x: '1', y: '1' }),
    owned({ a: [...webPaths, 'metadata.labels.x'], b: ['metadata.labels.y'] }),
  ],
};

export const workloads: Scenarios = {
  'a deployment is owned down to its container': [
    kinds.deployment,
    apply('a', rollout(web(), { replicas: 2 })),
    owned({ a: [...rolloutPaths, 'spec.replicas'] }),
  ],
  'what is left out is not taken: the autoscaler’s replicas stay': [
    kinds.deployment,
    apply('a', rollout(web())),
    merge('hpa', { spec: { replicas: 5 } }),
    apply('a', rollout(web({ image: 'j' }))),
    at('spec.replicas', 5),
    owned({ a: rolloutPaths, 'hpa!': ['spec.replicas'] }),
  ],
  'handing over replicas: first shared, then let go': [
    kinds.deployment,
    apply('a', rollout(web(), { replicas: 3 })),
    apply('handover', { spec: { replicas: 3 } }),
    apply('a', rollout(web())),
    at('spec.replicas', 3),
    owned({ a: rolloutPaths, handover: ['spec.replicas'] }),
  ],
  'replicas that are let go without handing over fall back to the default': [
    kinds.deployment,
    apply('a', rollout(web(), { replicas: 3 })),
    apply('a', rollout(web())),
    at('spec.replicas', 1),
  ],
  'an annotation that a controller wrote stays': [
    kinds.deployment,
    apply('a', rollout(web())),
    merge('controller', { metadata: { annotations: { 'deployment.kubernetes.io/revision': '1' } } }),
    apply('a', rollout(web({ image: 'j' }))),
    at('metadata.annotations', { 'deployment.kubernetes.io/revision': '1' }),
  ],
  'a sidecar of another manager': [
    kinds.deployment,
    apply('a', rollout(web())),
    apply('mesh', { spec: { template: { spec: { containers: [{ name: 'proxy', image: 'p' }] } } } }),
    apply('a', rollout(web({ image: 'j' }))),
    at('spec.template.spec.containers.1.name', 'proxy'),
    apply('mesh', {}),
    at('spec.template.spec.containers.length', 1),
  ],
  'a selector cannot be changed by apply either': [
    kinds.deployment,
    apply('a', rollout(web())),
    refused(
      force('a', {
        spec: {
          selector: { matchLabels: { app: 'x', v: '2' } },
          template: { ...template(web()), metadata: { labels: { app: 'x', v: '2' } } },
        },
      }),
      422,
      'Deployment.apps "NAME" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"x","v":"2"}}: field is immutable',
    ),
    same(apply('a', rollout(web()))),
  ],
  'a strategic patch of an image takes that image': [
    kinds.deployment,
    apply('a', rollout(web())),
    strategic('u', { spec: { template: { spec: { containers: [{ name: 'web', image: 'j' }] } } } }),
    owned({ a: rolloutPaths.filter((path) => !path.endsWith('.image')), 'u!': [inTemplate(inWeb('image'))] }),
  ],
  'a template of a stateful set': [
    kinds.statefulSet,
    apply('a', {
      spec: {
        serviceName: 's',
        selector,
        template: template(web()),
        volumeClaimTemplates: [
          { metadata: { name: 'd' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
        ],
      },
    }),
    owned({ a: [...rolloutPaths, 'spec.serviceName', 'spec.volumeClaimTemplates'] }),
  ],
  'the template of a job cannot be changed by apply': [
    kinds.job,
    apply('a', { spec: { template: { spec: { restartPolicy: 'Never', containers: [web()] } } } }),
    conflicts(apply('b', { spec: { template: { spec: { restartPolicy: 'OnFailure' } } } }), '"a"', '.spec.template.spec.restartPolicy'),
  ],
  'quantities conflict by their text': [
    kinds.deployment,
    apply('a', rollout(web({ resources: { limits: { cpu: '1' } } }))),
    conflicts(
      apply('b', { spec: { template: { spec: { containers: [{ name: 'web', resources: { limits: { cpu: '1000m' } } }] } } } }),
      '"a"',
      '.spec.template.spec.containers[name="web"].resources.limits.cpu',
    ),
    same(apply('a', rollout(web({ resources: { limits: { cpu: '1000m' } } })))),
    at('spec.template.spec.containers.0.resources.limits.cpu', '1'),
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
