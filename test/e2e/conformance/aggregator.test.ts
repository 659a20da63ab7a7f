// Conformance of aggregation: an API server in a pod, behind a Service, with the cluster's own identity and rights.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Flunder } from '../../images/wardle/flunders.ts';
import {
  APIServices,
  ClusterRoleBindings,
  ClusterRoles,
  Deployments,
  type ResourceRef,
  RoleBindings,
  Secrets,
  ServiceAccounts,
  Services,
} from '#api/refs.ts';
import type { KubeObject } from '#api/object.ts';
import { isConflict } from '#api/status.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until } from '../../support/until.ts';
import { wardleImage, wardleName } from '../../images/wardle.ts';
import { inSpace, type Space } from './support.ts';
import { refused } from './hooksupport.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster({ images: [wardleImage] });
});
after(async () => cluster?.[Symbol.asyncDispose]());

const group = 'wardle.example.com';
const apiService = `v1alpha1.${group}`;
const rbac = 'rbac.authorization.k8s.io';
const Flunders = { group, version: 'v1alpha1', resource: 'flunders', kind: 'Flunder', namespaced: true } as unknown as ResourceRef<
  KubeObject & Flunder
>;

/** Deploys the server, with the rights that it needs, and registers it. */
async function deploy({ namespace, create, until: untilObject, cluster: { client, world } }: Space): Promise<void> {
  const ca = await world.pki.createCa('e2e-sampleapiserver-ca');
  const commonName = `sample-api.${namespace}.svc`;
  const { cert, key } = await world.pki.issue(ca, { commonName, dnsNames: [commonName], usages: ['server'] });
  await create(Secrets, { metadata: { name: 'sample-apiserver-secret' }, stringData: { 'tls.crt': cert, 'tls.key': key } });
  await create(ServiceAccounts, { metadata: { name: 'sample-apiserver' } });
  const subjects = [{ kind: 'ServiceAccount', name: 'default', namespace }];
  const bind = (role: string) => ({ roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role }, subjects });
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
  await client.resource(ClusterRoles).create({
    metadata: { name: `${namespace}-wardler` },
    rules: [
      { verbs, apiGroups: [group], resources: ['flunders'] },
      { verbs: ['get'], nonResourceURLs: ['*'] },
    ],
  });
  await client.resource(ClusterRoleBindings).create({ metadata: { name: `${namespace}-wardler` }, ...bind(`${namespace}-wardler`) });
  await client.resource(ClusterRoleBindings).create({ metadata: { name: `${namespace}-delegator` }, ...bind('system:auth-delegator') });
  await client.resource(RoleBindings).create(
    {
      metadata: { name: `${namespace}-auth-reader` },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'extension-apiserver-authentication-reader' },
      subjects,
    },
    { namespace: 'kube-system' },
  );
  const labels = { app: 'sample-apiserver', apiserver: 'true' };
  const certificates = '/apiserver.local.config/certificates';
  await create(Deployments, {
    metadata: { name: 'sample-apiserver-deployment' },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: 0,
          containers: [
            {
              name: 'sample-apiserver',
              image: wardleName,
              args: [certificates],
              volumeMounts: [{ name: 'certs', mountPath: certificates, readOnly: true }],
            },
          ],
          volumes: [{ name: 'certs', secret: { secretName: 'sample-apiserver-secret' } }],
        },
      },
    },
  });
  await create(Services, {
    metadata: { name: 'sample-api', labels: { test: 'aggregator' } },
    spec: { selector: { apiserver: 'true' }, ports: [{ port: 7443, targetPort: 443 }] },
  });
  await client.resource(APIServices).create({
    metadata: { name: apiService },
    spec: {
      service: { namespace, name: 'sample-api', port: 7443 },
      group,
      version: 'v1alpha1',
      caBundle: Buffer.from(ca.cert).toString('base64'),
      groupPriorityMinimum: 2000,
      versionPriority: 200,
    },
  });
  await untilObject(Deployments, 'sample-apiserver-deployment', ({ status }) => status.availableReplicas === 1);
}

async function removeAll(namespace: string): Promise<void> {
  const { client } = cluster;
  const gone = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);
  await gone(client.resource(APIServices).delete(apiService));
  await gone(client.resource(ClusterRoles).delete(`${namespace}-wardler`));
  for (const name of ['wardler', 'delegator']) await gone(client.resource(ClusterRoleBindings).delete(`${namespace}-${name}`));
  await gone(client.resource(RoleBindings).delete(`${namespace}-auth-reader`, { namespace: 'kube-system' }));
}

// Conformance: [sig-api-machinery] Aggregator Should be able to support the 1.17 Sample API Server using the current Aggregator [LinuxOnly] [Conformance]
test('an API server in a pod is registered, used, changed and taken away', () =>
  inSpace(cluster, async (space) => {
    const {
      namespace,
      kubectl,
      cluster: { client },
    } = space;
    try {
      await deploy(space);
      const flunders = client.resource(Flunders);
      const draft = (name: string) => ({
        apiVersion: `${group}/v1alpha1`,
        kind: 'Flunder',
        metadata: { name, labels: { 'sample-label': 'true' } },
      });
      const listed = async (): Promise<string[]> => (await flunders.list({ namespace })).items.map(({ metadata }) => metadata.name);
      await until('flunders are served', () =>
        listed().then(
          () => true,
          () => false,
        ),
      );

      await flunders.create(draft('rest-flunder') as never, { namespace });
      assert.deepEqual(await listed(), ['rest-flunder']);
      await flunders.delete('rest-flunder', { namespace });
      assert.deepEqual(await listed(), []);

      // As a client finds it that knows nothing beforehand.
      const found = /^flunders +wardle\.example\.com\/v1alpha1 +true +Flunder$/m;
      await until('it is found', async () => found.test((await kubectl('api-resources', '--api-group', group)).stdout));
      await kubectl.pipe(JSON.stringify(draft('dynamic-flunder')), 'create', '-f', '-');
      assert.equal(await kubectl.ok('get', 'flunders', '-o', 'name'), `flunder.${group}/dynamic-flunder\n`);
      await until('it is explained', async () =>
        (await kubectl('explain', 'flunder')).stdout.includes('Flunder is what this server keeps.'),
      );
      const defined = async (): Promise<string | undefined> =>
        JSON.parse(await kubectl.ok('get', '--raw', '/openapi/v2')).definitions['com.example.wardle.v1alpha1.Flunder']?.type;
      await until('it is defined', async () => (await defined()) === 'object');
      await kubectl.ok('delete', 'flunder', 'dynamic-flunder');
      assert.deepEqual(await listed(), []);

      // Somebody without rights is refused before the server is asked.
      const stranger = await kubectl('get', 'flunders', '--as=stranger');
      assert.match(stranger.stderr, /User "stranger" cannot list resource "flunders" in API group "wardle\.example\.com"/);

      const services = client.resource(APIServices);
      await until('it is available', async () => {
        const { status } = await services.get(apiService, { subresource: 'status' });
        return status.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True');
      });
      const patched = await services.patch(apiService, { spec: { versionPriority: 400 } }, { type: 'merge' });
      assert.equal(patched.spec.versionPriority, 400);
      assert.ok((await services.list()).items.some(({ metadata, spec }) => metadata.name === apiService && spec.versionPriority === 400));
      const condition = { type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
      const updated = await until('its status is written', async () => {
        const now = await services.get(apiService);
        const status = { conditions: [...(now.status.conditions ?? []), condition] };
        return services.updateStatus({ ...now, status }).catch((error: unknown) => {
          if (!isConflict(error)) throw error;
          return undefined;
        });
      });
      assert.ok(updated.status.conditions?.some(({ type }) => type === 'StatusUpdated'));
      const merged = { status: { conditions: [{ type: 'StatusPatched', status: 'True', reason: 'E2E', message: 'Set by e2e test' }] } };
      const after = await services.patch(apiService, merged, { type: 'merge', subresource: 'status' });
      assert.ok(after.status.conditions?.some(({ type }) => type === 'StatusPatched'));

      // The patch has put others' conditions in the place of its own: it is found available anew.
      await until('it is available again', async () =>
        (await services.get(apiService)).status.conditions?.some(({ type, status: value }) => type === 'Available' && value === 'True'),
      );
      await flunders.create(draft('first') as never, { namespace });
      const watching = new AbortController();
      const seen: string[] = [];
      for await (const { type, object } of flunders.watch({ namespace, signal: watching.signal })) {
        seen.push(`${type} ${object.metadata.name}`);
        if (seen.length === 1) await flunders.create(draft('second') as never, { namespace });
        else break;
      }
      watching.abort();
      assert.deepEqual(seen, ['ADDED first', 'ADDED second']);
      await flunders.deleteCollection({ namespace });
      assert.deepEqual(await listed(), []);

      const label = { metadata: { labels: { 'e2e-apiservice': 'patched' } } };
      assert.equal((await services.patch(apiService, label, { type: 'merge' })).metadata.labels?.['e2e-apiservice'], 'patched');
      await services.deleteCollection({ labelSelector: 'e2e-apiservice=patched' });
      await until('nobody serves flunders', async () => (await refused(listed()).catch(() => undefined))?.code === 404);
    } finally {
      await removeAll(namespace);
    }
  }));
