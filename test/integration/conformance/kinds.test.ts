// Conformance of APIs without containers: for each kind what the suite's "should support … API operations" tests do:
// discovery, the whole life of an object with watches in between, status, and deletion of a collection by label.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { minimal } from '../../support/minimal.ts';
import { fromProtobuf, protobuf, toProtobuf, type Wire, type WireAnswer, wireTo } from '../../support/wire.ts';

interface Kind {
  /** `group/version/resource`. */
  readonly id: string;
  readonly kind: string;
  readonly cluster?: boolean;
  /** A status that a client may write; undefined: the kind has none. */
  readonly status?: object;
  /** Names, for kinds that say what they may be called. */
  readonly names?: readonly [string, string, string];
  /** What every object needs besides the smallest one. */
  readonly make?: (name: string) => object;
}

const now = '2026-01-01T00:00:00Z';
const conditions = [{ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from a test', lastTransitionTime: now }];
const crd = (name: string) => {
  const plural = name.split('.')[0] as string;
  const base = minimal['apiextensions.k8s.io/v1/customresourcedefinitions'] as { spec: object };
  return { ...base, spec: { ...base.spec, names: { plural, kind: `K${plural}` } } };
};
const service = (name: string) => {
  const base = minimal['apiregistration.k8s.io/v1/apiservices'] as { spec: object };
  return { ...base, spec: { ...base.spec, version: name.split('.')[0] } };
};

const kinds: readonly Kind[] = [
  { id: '/v1/configmaps', kind: 'ConfigMap' },
  { id: '/v1/secrets', kind: 'Secret' },
  { id: '/v1/endpoints', kind: 'Endpoints' },
  { id: '/v1/events', kind: 'Event' },
  { id: '/v1/podtemplates', kind: 'PodTemplate' },
  { id: '/v1/serviceaccounts', kind: 'ServiceAccount' },
  { id: '/v1/limitranges', kind: 'LimitRange' },
  { id: '/v1/resourcequotas', kind: 'ResourceQuota', status: { hard: { pods: '5' } } },
  {
    id: '/v1/services',
    kind: 'Service',
    make: () => ({ spec: { type: 'LoadBalancer', loadBalancerClass: 'example.com/internal-vip', ports: [{ port: 80 }] } }),
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.1', ipMode: 'VIP' }] } },
  },
  { id: '/v1/replicationcontrollers', kind: 'ReplicationController', status: { replicas: 0, conditions } },
  { id: '/v1/nodes', kind: 'Node', cluster: true, status: { phase: 'Running' } },
  { id: '/v1/persistentvolumes', kind: 'PersistentVolume', cluster: true, status: { phase: 'Available', reason: 'E2E' } },
  {
    id: '/v1/persistentvolumeclaims',
    kind: 'PersistentVolumeClaim',
    status: { phase: 'Pending', conditions: [{ type: 'StatusPatched', status: 'True' }] },
  },
  { id: 'apps/v1/controllerrevisions', kind: 'ControllerRevision' },
  {
    id: 'apps/v1/daemonsets',
    kind: 'DaemonSet',
    status: { numberReady: 0, currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, conditions },
  },
  { id: 'apps/v1/deployments', kind: 'Deployment', status: { conditions } },
  { id: 'apps/v1/replicasets', kind: 'ReplicaSet', status: { replicas: 0, conditions } },
  { id: 'apps/v1/statefulsets', kind: 'StatefulSet', status: { replicas: 0, conditions } },
  { id: 'autoscaling/v2/horizontalpodautoscalers', kind: 'HorizontalPodAutoscaler', status: { desiredReplicas: 2, currentMetrics: null } },
  { id: 'batch/v1/cronjobs', kind: 'CronJob', status: { lastScheduleTime: now } },
  { id: 'batch/v1/jobs', kind: 'Job', status: { startTime: now } },
  { id: 'certificates.k8s.io/v1/certificatesigningrequests', kind: 'CertificateSigningRequest', cluster: true },
  { id: 'coordination.k8s.io/v1/leases', kind: 'Lease' },
  { id: 'discovery.k8s.io/v1/endpointslices', kind: 'EndpointSlice' },
  { id: 'events.k8s.io/v1/events', kind: 'Event' },
  {
    id: 'flowcontrol.apiserver.k8s.io/v1/flowschemas',
    kind: 'FlowSchema',
    cluster: true,
    status: { conditions: [{ type: 'Dangling', status: 'False', reason: 'E2E', lastTransitionTime: now }] },
  },
  {
    id: 'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    cluster: true,
    status: { conditions: [{ type: 'Concurrent', status: 'False', reason: 'E2E', lastTransitionTime: now }] },
  },
  { id: 'networking.k8s.io/v1/ingresses', kind: 'Ingress', status: { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } } },
  { id: 'networking.k8s.io/v1/ingressclasses', kind: 'IngressClass', cluster: true },
  { id: 'networking.k8s.io/v1/networkpolicies', kind: 'NetworkPolicy' },
  {
    id: 'networking.k8s.io/v1/ipaddresses',
    kind: 'IPAddress',
    cluster: true,
    names: ['192.168.8.1', '192.168.8.2', '192.168.8.3'],
  },
  { id: 'networking.k8s.io/v1/servicecidrs', kind: 'ServiceCIDR', cluster: true, status: { conditions } },
  { id: 'node.k8s.io/v1/runtimeclasses', kind: 'RuntimeClass', cluster: true },
  {
    id: 'policy/v1/poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, conditions },
  },
  { id: 'rbac.authorization.k8s.io/v1/clusterroles', kind: 'ClusterRole', cluster: true },
  { id: 'rbac.authorization.k8s.io/v1/clusterrolebindings', kind: 'ClusterRoleBinding', cluster: true },
  { id: 'rbac.authorization.k8s.io/v1/roles', kind: 'Role' },
  { id: 'rbac.authorization.k8s.io/v1/rolebindings', kind: 'RoleBinding' },
  { id: 'resource.k8s.io/v1/deviceclasses', kind: 'DeviceClass', cluster: true },
  {
    id: 'resource.k8s.io/v1/resourceclaims',
    kind: 'ResourceClaim',
    status: { allocation: { devices: { results: [{ request: 'r', driver: 'd.example.com', pool: 'p', device: 'dev' }] } } },
  },
  { id: 'resource.k8s.io/v1/resourceclaimtemplates', kind: 'ResourceClaimTemplate' },
  { id: 'resource.k8s.io/v1/resourceslices', kind: 'ResourceSlice', cluster: true },
  { id: 'scheduling.k8s.io/v1/priorityclasses', kind: 'PriorityClass', cluster: true },
  { id: 'storage.k8s.io/v1/csidrivers', kind: 'CSIDriver', cluster: true },
  { id: 'storage.k8s.io/v1/csinodes', kind: 'CSINode', cluster: true },
  { id: 'storage.k8s.io/v1/csistoragecapacities', kind: 'CSIStorageCapacity' },
  { id: 'storage.k8s.io/v1/storageclasses', kind: 'StorageClass', cluster: true },
  { id: 'storage.k8s.io/v1/volumeattachments', kind: 'VolumeAttachment', cluster: true, status: { attached: true } },
  { id: 'storage.k8s.io/v1/volumeattributesclasses', kind: 'VolumeAttributesClass', cluster: true },
  {
    id: 'admissionregistration.k8s.io/v1/validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    cluster: true,
    status: { conditions },
  },
  { id: 'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings', kind: 'ValidatingAdmissionPolicyBinding', cluster: true },
  { id: 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', kind: 'MutatingWebhookConfiguration', cluster: true },
  { id: 'admissionregistration.k8s.io/v1/validatingwebhookconfigurations', kind: 'ValidatingWebhookConfiguration', cluster: true },
  {
    id: 'apiextensions.k8s.io/v1/customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    cluster: true,
    names: ['as.example.com', 'bs.example.com', 'cs.example.com'],
    make: crd,
    status: { conditions },
  },
  {
    id: 'apiregistration.k8s.io/v1/apiservices',
    kind: 'APIService',
    cluster: true,
    names: ['v11.example.com', 'v12.example.com', 'v13.example.com'],
    make: service,
    status: { conditions },
  },
];

const namespace = 'kind-tests';

/** Every event of a watch until `count` of them came. */
async function events(
  wire: Wire,
  url: string,
  count: number,
): Promise<readonly { type: string; object: { metadata: { name: string; annotations?: Record<string, string> } } }[]> {
  const answer = await wire('GET', url, { lines: count });
  return Buffer.from(answer.bytes)
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Tries again while somebody else was faster, as clients do. */
async function retried(attempt: () => Promise<WireAnswer>): Promise<WireAnswer['json']> {
  for (let left = 10; ; left--) {
    const answer = await attempt();
    if (answer.code !== 409 || left === 0) return ok(answer).json;
  }
}

const ok = (answer: WireAnswer, code = 200): WireAnswer => {
  assert.equal(answer.code, code, Buffer.from(answer.bytes).toString('utf8').slice(0, 2_000));
  return answer;
};

describe('kinds', { concurrency: 8 }, () => {
  let https: HttpsApi;
  let wire: Wire;
  before(async () => {
    https = await startHttpsApi();
    wire = await wireTo(https);
    ok(await wire('POST', '/api/v1/namespaces', { body: { metadata: { name: namespace } } }), 201);
  });
  after(async () => {
    await https[Symbol.asyncDispose]();
  });

  for (const { id, kind, cluster = false, status, names, make } of kinds) {
    const [group = '', version = '', resource = ''] = id.split('/');
    it(id, async () => {
      const root = group === '' ? '/api/v1' : `/apis/${group}/${version}`;
      const apiVersion = group === '' ? version : `${group}/${version}`;
      const collection = cluster ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`;
      const label = `kind-tests=${kind.toLowerCase()}-${group.split('.')[0] || 'core'}`;
      const [key = '', value = ''] = label.split('=');
      const selector = `labelSelector=${encodeURIComponent(label)}`;
      const called = names ?? [`e2e-${resource}-a`, `e2e-${resource}-b`, `e2e-${resource}-c`];
      const object = (name: string) => ({
        ...(make ? make(name) : (minimal[id] as object)),
        apiVersion,
        kind,
        metadata: { name, labels: { [key]: value } },
        ...(id.endsWith('/events') ? { [group === '' ? 'involvedObject' : 'regarding']: { kind: 'Pod', name: 'x', namespace } } : {}),
      });

      // Discovery knows it.
      const groups = ok(await wire('GET', group === '' ? '/api' : '/apis')).json;
      if (group === '') assert.ok(groups.versions.includes('v1'));
      else assert.ok(groups.groups.some((one: { name: string }) => one.name === group));
      const list = ok(await wire('GET', root)).json;
      const found = list.resources.find((one: { name: string }) => one.name === resource);
      assert.equal(found.kind, kind);
      assert.equal(found.namespaced, !cluster);

      // Creation, in protobuf as typed clients send it.
      const headers = { 'content-type': protobuf, accept: protobuf };
      const [name] = called;
      const item = `${collection}/${name}`;
      for (const each of called) {
        const made = fromProtobuf(ok(await wire('POST', collection, { body: toProtobuf(object(each)), headers }), 201));
        assert.equal((made as { metadata: { name: string } }).metadata.name, each);
      }
      const first = ok(await wire('GET', item)).json;
      const listed = ok(await wire('GET', `${collection}?${selector}`)).json;
      assert.equal(listed.items.length, 3);
      if (!cluster) assert.equal(ok(await wire('GET', `${root}/${resource}?${selector}`)).json.items.length, 3);

      // A watch from here sees a patch and an update.
      const from = listed.metadata.resourceVersion;
      const watching = events(wire, `${collection}?watch=1&resourceVersion=${from}&${selector}&timeoutSeconds=60`, 2);
      const patch = { metadata: { annotations: { patched: 'true' } } };
      const patched = ok(await wire('PATCH', item, { body: patch, headers: { 'content-type': 'application/merge-patch+json' } })).json;
      assert.equal(patched.metadata.annotations.patched, 'true');
      assert.ok(BigInt(patched.metadata.resourceVersion) > BigInt(first.metadata.resourceVersion));
      const changed = { ...patched, metadata: { ...patched.metadata, annotations: { ...patched.metadata.annotations, updated: 'true' } } };
      const updated = ok(await wire('PUT', item, { body: changed })).json;
      assert.deepEqual(
        (await watching).map(({ type, object: { metadata } }) => [
          type,
          metadata.annotations?.['patched'],
          metadata.annotations?.['updated'],
        ]),
        [
          ['MODIFIED', 'true', undefined],
          ['MODIFIED', 'true', 'true'],
        ],
      );

      if (status !== undefined) {
        const body = { metadata: { annotations: { patchedstatus: 'true' } }, status };
        const written = ok(
          await wire('PATCH', `${item}/status`, { body, headers: { 'content-type': 'application/merge-patch+json' } }),
        ).json;
        assert.equal(written.metadata.annotations.patchedstatus, 'true');
        for (const [field, value] of Object.entries(status))
          if (value !== null) assert.partialDeepStrictEqual(written.status[field], value, field);
        const read = ok(await wire('GET', `${item}/status`)).json;
        // Controllers of ours may have added conditions of their own meanwhile; those that a client wrote stay.
        const types = (object: { status: { conditions?: { type: string }[] } }) => object.status.conditions?.map((one) => one.type) ?? [];
        for (const type of types({ status })) assert.ok(types(read).includes(type), type);
        if (!('conditions' in status)) assert.deepEqual(read.status, written.status);
        const replaced = await retried(async () => {
          const { json } = ok(await wire('GET', `${item}/status`));
          const body = { ...json, spec: undefined, metadata: { ...json.metadata, annotations: { updatedstatus: 'true' } } };
          return wire('PUT', `${item}/status`, { body });
        });
        assert.equal(replaced.metadata.annotations.updatedstatus, 'true');
        assert.deepEqual(replaced.spec, updated.spec, 'the spec is not touched');
      }

      // Deletion of one and of the rest, which a watch sees.
      const { resourceVersion } = ok(await wire('GET', `${collection}?${selector}`)).json.metadata;
      const type = { 'content-type': 'application/merge-patch+json' };
      for (const each of called) await wire('PATCH', `${collection}/${each}`, { body: { metadata: { finalizers: null } }, headers: type });
      ok(await wire('DELETE', `${item}?propagationPolicy=Background&gracePeriodSeconds=0`));
      assert.equal((await wire('GET', item)).code, 404);
      assert.equal(ok(await wire('GET', `${collection}?${selector}`)).json.items.length, 2);
      ok(await wire('DELETE', `${collection}?${selector}&propagationPolicy=Background&gracePeriodSeconds=0`));
      assert.equal(ok(await wire('GET', `${collection}?${selector}`)).json.items.length, 0);
      const url = `${collection}?watch=1&resourceVersion=${resourceVersion}&fieldSelector=metadata.name%3D${name}&timeoutSeconds=60`;
      const last = await events(wire, url, first.metadata.finalizers ? 2 : 1);
      assert.equal(last.at(-1)?.type, 'DELETED');
    });
  }
});
