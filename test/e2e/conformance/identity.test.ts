// Conformance of identity: the tokens, authorities and names that pods are given, and what they are good for.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ClusterRoleBindings, ConfigMaps, Pods, ServiceAccounts } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { until as wait } from '../../support/until.ts';
import { inSpace, isReady, mounted, pod, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

const at = '/var/run/secrets/kubernetes.io/serviceaccount';

interface Review {
  readonly authenticated?: boolean;
  readonly error?: string;
  readonly user?: { readonly username: string; readonly groups: readonly string[] };
}

async function review({ kubectl }: Space, spec: object): Promise<Review> {
  const object = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
  return (JSON.parse(await kubectl.pipe(JSON.stringify(object), 'create', '-f', '-', '-o', 'json')) as { status: Review }).status;
}

describe('service accounts', { concurrency: 4 }, () => {
  for (const [pods, accounts, expected] of [
    [undefined, undefined, true],
    [undefined, true, true],
    [undefined, false, false],
    [true, undefined, true],
    [true, true, true],
    [true, false, true],
    [false, undefined, false],
    [false, true, false],
    [false, false, false],
  ] as const) {
    // Conformance: [sig-auth] ServiceAccounts should allow opting out of API token automount [Conformance]
    test(`automountServiceAccountToken ${pods} of the pod and ${accounts} of its account`, () =>
      inSpace(cluster, async ({ create }) => {
        const automount = (value: boolean | undefined): object => (value === undefined ? {} : { automountServiceAccountToken: value });
        await create(ServiceAccounts, { metadata: { name: 'a' }, ...automount(accounts) });
        const made = await create(Pods, pod('p', {}, { spec: { serviceAccountName: 'a', ...automount(pods) } }));
        const mounts = made.spec.containers[0]?.volumeMounts ?? [];
        assert.equal(
          mounts.some(({ mountPath }) => mountPath === at),
          expected,
        );
      }));
  }

  // Conformance: [sig-auth] ServiceAccounts should mount projected service account token [Conformance]
  test('a projected token has the audience that it was asked for, and is bound to its pod', () =>
    inSpace(cluster, async (space) => {
      const source = { projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 3600 } }] } };
      await space.create(Pods, mounted('p', source, { at: '/tokens' }));
      await space.until(Pods, 'p', isReady);
      const token = await space.exec('p', 'cat', '/tokens/token');
      assert.match(token, /^[A-Za-z0-9-_=]+\.[A-Za-z0-9-_=]+\.?[A-Za-z0-9-_.+/=]*$/);
      const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
      assert.deepEqual(claims.aud, ['vault']);
      assert.equal(claims['kubernetes.io'].pod.name, 'p');
      assert.equal(claims['kubernetes.io'].node.name, cluster.nodeName);
      assert.ok(claims.exp - claims.iat === 3600);
      assert.equal((await review(space, { token, audiences: ['vault'] })).authenticated, true);
      assert.notEqual((await review(space, { token })).authenticated, true);
      await space.remove(Pods, 'p', 0);
      await space.untilGone(Pods, 'p');
      await wait('the token is of no use', async () => (await review(space, { token, audiences: ['vault'] })).authenticated !== true);
    }));

  for (const [what, securityContext, perms, uid, gid] of [
    ['a user', { runAsUser: 1000 }, '-rw-------', 1000, 0],
    ['an fsGroup', { fsGroup: 10_000 }, '-rw-r-----', 0, 10_000],
    ['a user and an fsGroup', { runAsUser: 1000, fsGroup: 10_000 }, '-rw-r-----', 1000, 10_000],
    ['nothing', {}, '-rw-r--r--', 0, 0],
  ] as const) {
    test(`a projected token can be read by those who are to: ${what}`, () =>
      inSpace(cluster, async ({ output }) => {
        const source = { projected: { sources: [{ serviceAccountToken: { path: 'token', expirationSeconds: 3600 } }] } };
        const file = '/test-volume/token';
        const container = { args: ['mounttest', `--file_perm=${file}`, `--file_owner=${file}`, `--file_content=${file}`] };
        const made = mounted('p', source, { at: '/test-volume', container });
        const said = await output({ ...made, spec: { ...made.spec, securityContext } as typeof made.spec });
        assert.ok(said.includes(`perms of file "${file}": ${perms}\n`), said);
        assert.ok(said.includes(`owner UID of "${file}": ${uid}\nowner GID of "${file}": ${gid}\n`), said);
      }));
  }

  // Conformance: [sig-auth] ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer [Conformance]
  test('a pod finds the keys of the issuer of its token and checks it', () =>
    inSpace(cluster, async ({ create, output, namespace }) => {
      const name = `${namespace}-discovery`;
      await cluster.client.resource(ClusterRoleBindings).create({
        metadata: { name },
        subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }],
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:service-account-issuer-discovery' },
      });
      const user = `system:serviceaccount:${namespace}:default`;
      await wait(
        'its right holds',
        async () => (await cluster.kubectl('auth', 'can-i', 'get', '/openid/v1/jwks', `--as=${user}`)).code === 0,
      );
      const audience = 'oidc-discovery-test';
      const source = { projected: { sources: [{ serviceAccountToken: { path: 'sa-token', audience, expirationSeconds: 600 } }] } };
      const args = ['test-service-account-issuer-discovery', '--token-path', '/var/run/secrets/tokens/sa-token', '--audience', audience];
      const said = await output(mounted('p', source, { at: '/var/run/secrets/tokens', container: { args } }));
      assert.match(said, /OK: Validated signature on JWT\n/);
      assert.match(said, /OK: Got valid claims from token!\n/);
      await cluster.client.resource(ClusterRoleBindings).delete(name);
      await create(ConfigMaps, { metadata: { name: 'done' } });
    }));

  // Conformance: [sig-auth] ServiceAccounts should mount an API token into pods [Conformance]
  test('a pod uses the API with what it was given', () =>
    inSpace(cluster, async (space) => {
      const { create, get, until, exec, kubectl, namespace } = space;
      await create(ServiceAccounts, { metadata: { name: 'mounted' } });
      await create(Pods, pod('own', {}, { spec: { serviceAccountName: 'mounted' } }));
      await create(Pods, pod('p', {}));
      await until(Pods, 'own', isReady);
      await until(Pods, 'p', isReady);
      const { user, authenticated, error } = await review(space, { token: await exec('own', 'cat', `${at}/token`) });
      assert.equal(authenticated, true, error ?? '');
      assert.equal(user?.username, `system:serviceaccount:${namespace}:mounted`);
      for (const group of ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'])
        assert.ok(user?.groups.includes(group), group);
      assert.equal(await exec('own', 'cat', `${at}/namespace`), namespace);
      assert.equal(await exec('own', 'cat', `${at}/ca.crt`), (await get(ConfigMaps, 'kube-root-ca.crt')).data?.['ca.crt']);
      const version = `curl -s --cacert ${at}/ca.crt https://kubernetes.default.svc/version`;
      await wait('the API server answers', async () =>
        (await exec('p', 'sh', '-c', version).catch(() => '')).replaceAll(' ', '').includes('"major":"1"'),
      );
      const pods = `https://kubernetes.default.svc/api/v1/namespaces/${namespace}/pods`;
      const list = `curl -s --cacert ${at}/ca.crt -H "Authorization: Bearer $(cat ${at}/token)" ${pods}`;
      assert.match((await kubectl('exec', 'p', '--', 'sh', '-c', list)).stderr, /status 403/);
      await kubectl.ok('create', 'rolebinding', 'view', '--clusterrole=view', `--serviceaccount=${namespace}:default`);
      const listed = await wait('it may list pods', async () => {
        const text = await exec('p', 'sh', '-c', list).catch(() => undefined);
        return text !== undefined && JSON.parse(text);
      });
      assert.deepEqual(
        listed.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
        ['own', 'p'],
      );
    }));

  test('the authority of the cluster is in every namespace, whatever happens to it', () =>
    inSpace(cluster, async ({ get, remove, until, of, namespace }) => {
      const authority = (await get(ConfigMaps, 'kube-root-ca.crt')).data?.['ca.crt'];
      await remove(ConfigMaps, 'kube-root-ca.crt');
      await until(ConfigMaps, 'kube-root-ca.crt', ({ data }) => data?.['ca.crt'] === authority);
      await of(ConfigMaps).update({ metadata: { name: 'kube-root-ca.crt' }, data: { 'ca.crt': '' } } as never, { namespace });
      await until(ConfigMaps, 'kube-root-ca.crt', ({ data }) => data?.['ca.crt'] === authority);
    }));
});
