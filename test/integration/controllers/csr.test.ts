// Certificate requests and small controllers, against the real API server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateSigningRequests, ClusterRoles, ConfigMaps, Nodes, Pods, ResourceQuotas, Secrets, Services } from '#api/refs.ts';
import { startClusterRoleAggregationController } from '#controllers/clusterroleaggregation/controller.ts';
import { startCsrController } from '#controllers/csr/controller.ts';
import { startResourceQuotaController } from '#controllers/resourcequota/controller.ts';
import { startTokenCleaner } from '#controllers/tokencleaner/controller.ts';
import { startTtlController } from '#controllers/ttl/controller.ts';
import { createWorld } from '#host/world.ts';
import { withControllers } from '../../support/controllers.ts';
import { until } from '../../support/until.ts';

test('an approved request is signed, a bad one fails', async () => {
  const { pki } = createWorld({ logLevel: 'error' });
  const ca = await pki.createCa('test-ca');
  await using bench = await withControllers((deps) => [startCsrController({ ...deps, ca })]);
  const requests = bench.client.resource(CertificateSigningRequests);
  const make = async (name: string, signerName: string, options: { commonName: string; organizations?: string[] }, usages: string[]) => {
    const { csr } = await pki.createCsr(options);
    const request = Buffer.from(csr).toString('base64');
    return requests.create({ metadata: { name }, spec: { request, signerName, usages: usages as never, expirationSeconds: 3600 } });
  };
  const approve = async (name: string): Promise<void> => {
    const csr = await requests.get(name);
    const conditions = [{ type: 'Approved', status: 'True', reason: 'Test', message: 'yes' }];
    await requests.update({ ...csr, status: { conditions } }, { subresource: 'approval' });
  };
  await make('user', 'kubernetes.io/kube-apiserver-client', { commonName: 'jane', organizations: ['devs'] }, ['client auth']);
  await approve('user');
  const signed = await until('certificate', async () => (await requests.get('user')).status.certificate);
  const pem = Buffer.from(signed, 'base64').toString();
  const cert = pki.parseCert(pem);
  assert.deepEqual([cert.commonName, cert.organizations], ['jane', ['devs']]);
  assert.ok(pki.signedBy(pem, ca.cert));
  assert.ok(cert.notAfter - Date.now() <= 3_600_000);

  await make('bad', 'kubernetes.io/kube-apiserver-client', { commonName: 'jane' }, ['server auth']);
  await approve('bad');
  const failed = await until('failed', async () => (await requests.get('bad')).status.conditions?.find(({ type }) => type === 'Failed'));
  assert.equal(failed.reason, 'SignerValidationFailure');

  // The administrator may create nodeclient requests, so this one needs nobody.
  await make('node', 'kubernetes.io/kube-apiserver-client-kubelet', { commonName: 'system:node:n1', organizations: ['system:nodes'] }, [
    'digital signature',
    'client auth',
  ]);
  const node = await until('node certificate', async () => {
    const found = await requests.get('node');
    return found.status.certificate !== undefined && found;
  });
  assert.equal(node.status.conditions?.[0]?.message, 'Auto approving kubelet client certificate after SubjectAccessReview.');
});

test('aggregated roles, quotas, node TTL, bootstrap tokens', async (t) => {
  await using bench = await withControllers((deps) => [
    startClusterRoleAggregationController(deps),
    startResourceQuotaController(deps),
    startTtlController(deps),
    startTokenCleaner(deps),
  ]);
  const { client } = bench;
  const namespace = 'default';
  await t.test('aggregation', async () => {
    const roles = client.resource(ClusterRoles);
    const rule = { apiGroups: [''], resources: ['pods'], verbs: ['get'] };
    await roles.create({ metadata: { name: 'sum' }, aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'yes' } }] } });
    await roles.create({ metadata: { name: 'part', labels: { part: 'yes' } }, rules: [rule] });
    await until('rules', async () => (await roles.get('sum')).rules?.length === 1);
    await roles.delete('part');
    await until('no rules', async () => ((await roles.get('sum')).rules ?? []).length === 0);
  });
  await t.test('quota', async () => {
    const hard = {
      pods: '5',
      'requests.cpu': '2',
      'limits.memory': '1Gi',
      services: '3',
      'services.nodeports': '1',
      configmaps: '9',
      'count/deployments.apps': '4',
    };
    await client.resource(ResourceQuotas).create({ metadata: { name: 'q', namespace }, spec: { hard } });
    await until('first count', async () => (await client.resource(ResourceQuotas).get('q', { namespace })).status.hard !== undefined);
    const resources = { requests: { cpu: '250m' }, limits: { memory: '64Mi' } };
    for (const name of ['a', 'b'])
      await client.resource(Pods).create({ metadata: { name, namespace }, spec: { containers: [{ name: 'c', image: 'x', resources }] } });
    await client.resource(Services).create({ metadata: { name: 's', namespace }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
    await client.resource(ConfigMaps).create({ metadata: { name: 'm', namespace } });
    const want = {
      pods: '2',
      'requests.cpu': '500m',
      'limits.memory': '128Mi',
      services: '1',
      'services.nodeports': '1',
      configmaps: '1',
      'count/deployments.apps': '0',
    };
    await until('used', async () => {
      const { used = {} } = (await client.resource(ResourceQuotas).get('q', { namespace })).status;
      // The kubernetes Service and the root CA may be there or not.
      return Object.entries(want).every(
        ([key, value]) => used[key] === value || (['services', 'configmaps'].includes(key) && Number(used[key]) >= 1),
      );
    });
  });
  await t.test('ttl', async () => {
    await client.resource(Nodes).create({ metadata: { name: 'n' } });
    await until(
      'annotation',
      async () => (await client.resource(Nodes).get('n')).metadata.annotations?.['node.alpha.kubernetes.io/ttl'] === '0',
    );
  });
  await t.test('tokens', async () => {
    const secrets = client.resource(Secrets);
    const make = (name: string, expiration: string) =>
      secrets.create({ metadata: { name, namespace: 'kube-system' }, type: 'bootstrap.kubernetes.io/token', stringData: { expiration } });
    await make('bootstrap-token-aaaaaa', '2020-01-01T00:00:00Z');
    await make('bootstrap-token-bbbbbb', '2999-01-01T00:00:00Z');
    await until('expired token gone', async () => {
      const { items } = await secrets.list({ namespace: 'kube-system' });
      return items.length === 1 && items[0]?.metadata.name === 'bootstrap-token-bbbbbb';
    });
  });
});
