// What a client reads in protobuf and writes back unchanged is no change: nothing is lost on the way, zeros and empty texts
// least of all.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Draft, Unstructured } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { minimal } from '../../support/minimal.ts';
import { protobufTransport } from '../../support/protobuf.ts';
import { at } from '../../support/suite.ts';
import { kinds } from '../conformance/kinds.ts';

let https: HttpsApi;
let json: Client;
let protobuf: Client;
before(async () => {
  https = await startHttpsApi();
  const { world } = https.api;
  const access = await loadKubeconfig(world.fs, https.kubeconfig);
  const transport = httpTransport(world.net, { server: access.server, tls: access.tls });
  json = createClient(transport);
  protobuf = createClient(protobufTransport(transport));
});
after(async () => https?.[Symbol.asyncDispose]());

const container = {
  name: 'c',
  image: 'i',
  args: [''],
  env: [{ name: 'A', value: '' }],
  envFrom: [{ prefix: '', configMapRef: { name: 'x', optional: false } }],
  resources: { limits: {}, requests: { cpu: '0', memory: '1.5Gi' } },
  securityContext: { privileged: false, runAsUser: 0, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  livenessProbe: { exec: { command: ['true'] }, terminationGracePeriodSeconds: 1 },
  readinessProbe: { httpGet: { port: 'http', path: '' } },
  lifecycle: { preStop: { sleep: { seconds: 1 } } },
  ports: [{ containerPort: 80, name: 'http' }],
};
const podSpec = {
  terminationGracePeriodSeconds: 5,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: { runAsUser: 0, fsGroup: 0, runAsNonRoot: false },
  affinity: { nodeAffinity: {} },
  tolerations: [{ operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 0 }],
  volumes: [
    { name: 'a', emptyDir: {} },
    { name: 'b', configMap: { name: 'x', optional: false, defaultMode: 0 } },
    { name: 'c', hostPath: { path: '/x', type: '' } },
    { name: 'd', emptyDir: { medium: '', sizeLimit: '0' } },
  ],
  dnsConfig: { options: [{ name: 'ndots', value: '' }, { name: 'x' }] },
  containers: [container],
};
const labels = { a: '' };
const selector = { matchLabels: labels };
const template = { metadata: { labels, annotations: { x: '' } }, spec: podSpec };
const once = { metadata: { labels }, spec: { ...podSpec, restartPolicy: 'Never' } };

/** Full of zeros and empty things that mean something. */
const rich: Readonly<Record<string, object>> = {
  'v1 Pod': { spec: podSpec },
  'v1 Service': { spec: { ports: [{ port: 80 }], selector: {}, publishNotReadyAddresses: false } },
  'apps/v1 Deployment': {
    spec: { replicas: 0, revisionHistoryLimit: 0, selector, template, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: '10%' } } },
  },
  'apps/v1 DaemonSet': { spec: { selector, template, updateStrategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } } } },
  'apps/v1 StatefulSet': {
    spec: { replicas: 0, selector, template, serviceName: '', updateStrategy: { rollingUpdate: { partition: 0 } } },
  },
  'batch/v1 Job': { spec: { parallelism: 0, completions: 0, backoffLimit: 0, suspend: true, template: once } },
  'batch/v1 CronJob': {
    spec: { schedule: '@daily', startingDeadlineSeconds: 0, suspend: false, jobTemplate: { spec: { template: once } } },
  },
  'policy/v1 PodDisruptionBudget': { spec: { minAvailable: 0, selector: {} } },
  'networking.k8s.io/v1 NetworkPolicy': { spec: { podSelector: {}, ingress: [{}], egress: [] } },
};
const plurals: Readonly<Record<string, string>> = { NetworkPolicy: 'networkpolicies' };

type Any = Unstructured;

async function round(ref: ResourceRef<Any>, object: Draft<Any>, namespace: string | undefined): Promise<void> {
  const made = await at(json, ref, namespace).create(object);
  const typed = at(protobuf, ref, namespace);
  // The server itself may write a status meanwhile.
  let read: Any | undefined;
  const written = await typed.change(made.metadata.name, (object) => {
    read = object;
    return object;
  });
  assert.equal(written.metadata.resourceVersion, read?.metadata.resourceVersion, JSON.stringify({ made, read }));
}

describe('rounds of protobuf', () => {
  for (const { id, kind, cluster = false, names, make } of kinds) {
    it(id, async () => {
      const [group = '', version = '', resource = ''] = id.split('/');
      const ref = { group, version, resource, kind, namespaced: !cluster } as ResourceRef<Any>;
      const name = names?.[0] ?? `round-${group.split('.')[0]}-${resource}`.slice(0, 60);
      const object = { ...(make ? make(name) : (minimal[id] as object)), metadata: { name } };
      await round(ref, object, cluster ? undefined : 'default');
    });
  }
  for (const [id, object] of Object.entries(rich)) {
    it(`zeros: ${id}`, async () => {
      const [apiVersion = '', kind = ''] = id.split(' ');
      const [version = '', group = ''] = apiVersion.split('/').toReversed();
      const ref = { group, version, resource: plurals[kind] ?? `${kind.toLowerCase()}s`, kind, namespaced: true } as ResourceRef<Any>;
      await round(ref, { ...object, metadata: { name: 'zeros', labels, annotations: { x: '' } } }, 'kube-public');
    });
  }
});
