// Pods and workloads: their lists, maps and atomic parts, and who scales and extends them.
import * as kinds from './kinds.ts';
import { apply, at, conflicts, force, merge, owned, refused, same, strategic, type Scenarios } from './script.ts';

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
