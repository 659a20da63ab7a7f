// Role-based access control through the whole chain: a table of roles and requests, allowed and refused; impersonation,
// escalation, aggregation; and what nobody needs credentials for.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ClusterRoleBindings, ClusterRoles, ConfigMaps, Namespaces, RoleBindings, Roles } from '#api/refs.ts';
import type { PolicyRule } from '#api/rbac/v1/common.ts';
import type { UserInfo } from '#client/transport.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { createInformers } from '#client/informer.ts';
import { startClusterRoleAggregationController } from '#controllers/clusterroleaggregation/controller.ts';
import { componentUser } from '#apiserver/authn/groups.ts';
import { startHttpsApi, type HttpsApi } from '../../support/https.ts';
import { until } from '../../support/until.ts';

const group = 'rbac.authorization.k8s.io';
let https: HttpsApi;
let client: Client;
before(async () => {
  https = await startHttpsApi();
  ({ client } = https.api);
  await client.resource(Namespaces).create({ metadata: { name: 'shop' } });
  const role = (name: string, ...rules: PolicyRule[]) => client.resource(ClusterRoles).create({ metadata: { name }, rules });
  const bind = (user: string, roleName: string, namespace = '') => {
    const rest = {
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: roleName },
      subjects: [
        user.includes(':')
          ? { kind: 'Group', apiGroup: group, name: user.slice(user.indexOf(':') + 1) }
          : { kind: 'User', apiGroup: group, name: user },
      ],
    };
    const name = `${user.replace(':', '-')}-${roleName}`;
    return namespace === ''
      ? client.resource(ClusterRoleBindings).create({ metadata: { name }, ...rest })
      : client.resource(RoleBindings).create({ metadata: { name, namespace }, ...rest });
  };
  await role('one-map', { apiGroups: [''], resources: ['configmaps'], resourceNames: ['one'], verbs: ['get', 'update', 'list'] });
  await role('pod-status', { apiGroups: [''], resources: ['pods/status'], verbs: ['*'] });
  await role('all-scale', { apiGroups: ['*'], resources: ['*/scale'], verbs: ['get'] });
  await role('paths', { nonResourceURLs: ['/metrics', '/logs/*'], verbs: ['get'] });
  await role(
    'actor',
    { apiGroups: [''], resources: ['users'], resourceNames: ['viewer'], verbs: ['impersonate'] },
    { apiGroups: [''], resources: ['groups'], resourceNames: ['crew'], verbs: ['impersonate'] },
  );
  for (const [user, name, namespace] of [
    ['viewer', 'view', 'shop'],
    ['editor', 'edit', 'shop'],
    ['owner', 'admin', 'shop'],
    ['reader', 'view', ''],
    ['group:crew', 'view', 'shop'],
    ['picker', 'one-map', 'shop'],
    ['reporter', 'pod-status', 'shop'],
    ['scaler', 'all-scale', ''],
    ['scraper', 'paths', ''],
    ['actor', 'actor', ''],
  ] as const) {
    await bind(user, name, namespace);
  }
});
after(() => https[Symbol.asyncDispose]());

const as = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, 'system:authenticated'] });
async function code(user: UserInfo, method: string, path: string, headers: Record<string, string> = {}): Promise<number> {
  const [at = '', query] = path.split('?');
  const body = method === 'POST' || method === 'PUT' ? { body: { object: {} } } : {};
  const response = await https.api.api
    .transport(user)
    .send({ method: method as 'GET', path: at, ...(query ? { query } : {}), headers, ...body });
  if ('events' in response.body) await response.body.events[Symbol.asyncIterator]().return?.();
  return response.status;
}
/** Whether the request passed authorization; what happens to it afterwards does not matter. */
const allowed = async (...request: Parameters<typeof code>): Promise<boolean> => (await code(...request)) !== 403;

const shop = '/api/v1/namespaces/shop';
const apps = '/apis/apps/v1/namespaces/shop';
const rbac = `/apis/${group}/v1/namespaces/shop`;

describe('roles and requests', () => {
  const rows: readonly (readonly [who: UserInfo, method: string, path: string, yes: boolean])[] = [
    [as('viewer'), 'GET', `${shop}/pods`, true],
    [as('viewer'), 'GET', `${shop}/pods/p/log`, true],
    [as('viewer'), 'GET', `${shop}/secrets`, false],
    [as('viewer'), 'POST', `${shop}/pods`, false],
    [as('viewer'), 'POST', `${shop}/pods/p/exec`, false],
    [as('viewer'), 'GET', '/api/v1/namespaces/default/pods', false],
    [as('viewer'), 'GET', '/api/v1/pods', false],
    [as('viewer'), 'GET', '/api/v1/nodes', false],
    [as('viewer'), 'GET', `${rbac}/roles`, false],
    [as('reader'), 'GET', '/api/v1/pods', true],
    [as('reader'), 'GET', '/api/v1/namespaces', true],
    [as('reader'), 'GET', '/api/v1/nodes', false],
    [as('editor'), 'GET', `${shop}/secrets`, true],
    [as('editor'), 'PUT', `${apps}/deployments/d`, true],
    [as('editor'), 'PATCH', `${apps}/deployments/d/scale`, true],
    [as('editor'), 'DELETE', `${shop}/pods`, true],
    [as('editor'), 'POST', `${rbac}/rolebindings`, false],
    [as('editor'), 'PUT', `${shop}/resourcequotas/q`, false],
    [as('editor'), 'PUT', '/api/v1/namespaces/shop', false],
    [as('owner'), 'POST', `${rbac}/roles`, true],
    [as('owner'), 'POST', '/apis/authorization.k8s.io/v1/namespaces/shop/localsubjectaccessreviews', true],
    [as('owner'), 'POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', false],
    [as('x', 'crew'), 'GET', `${shop}/pods`, true],
    [as('x', 'others'), 'GET', `${shop}/pods`, false],
    [as('picker'), 'GET', `${shop}/configmaps/one`, true],
    [as('picker'), 'PUT', `${shop}/configmaps/one`, true],
    [as('picker'), 'GET', `${shop}/configmaps/two`, false],
    [as('picker'), 'GET', `${shop}/configmaps`, false],
    [as('picker'), 'GET', `${shop}/configmaps?fieldSelector=metadata.name%3Done`, true],
    [as('picker'), 'POST', `${shop}/configmaps`, false],
    [as('reporter'), 'PUT', `${shop}/pods/p/status`, true],
    [as('reporter'), 'PUT', `${shop}/pods/p`, false],
    [as('scaler'), 'GET', `${apps}/deployments/d/scale`, true],
    [as('scaler'), 'GET', `${apps}/deployments/d`, false],
    [as('scraper'), 'GET', '/metrics', true],
    [as('scraper'), 'GET', '/logs/a/b', true],
    [as('scraper'), 'GET', '/logs', false],
    [as('scraper'), 'POST', '/metrics', false],
    [as('anybody'), 'GET', '/apis', true],
    [as('anybody'), 'GET', '/openapi/v3', true],
    [as('anybody'), 'GET', '/metrics', false],
    [as('anybody'), 'POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', true],
    [as('anybody'), 'POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', true],
    [as('anybody'), 'POST', '/apis/authentication.k8s.io/v1/tokenreviews', false],
    [as('root', 'system:masters'), 'DELETE', '/api/v1/nodes', true],
  ];
  for (const [who, method, path, yes] of rows) {
    it(`${who.name} ${method} ${path}: ${yes ? 'yes' : 'no'}`, async () => assert.equal(await allowed(who, method, path), yes));
  }

  const actor = as('actor');
  const acting: readonly (readonly [headers: Record<string, string>, path: string, code: number])[] = [
    [{ 'impersonate-user': 'viewer' }, `${shop}/pods`, 200],
    [{ 'impersonate-user': 'viewer' }, `${shop}/secrets`, 403],
    [{ 'impersonate-user': 'viewer', 'impersonate-group': 'crew' }, `${shop}/pods`, 200],
    [{ 'impersonate-user': 'editor' }, `${shop}/pods`, 403],
    [{ 'impersonate-user': 'viewer', 'impersonate-group': 'system:masters' }, `${shop}/secrets`, 403],
    [{ 'impersonate-user': 'viewer', 'impersonate-extra-a': 'b' }, `${shop}/pods`, 403],
    [{ 'impersonate-user': 'viewer', 'impersonate-uid': '7' }, `${shop}/pods`, 403],
    [{ 'impersonate-group': 'crew' }, `${shop}/pods`, 400],
  ];
  for (const [headers, path, expected] of acting) {
    it(`actor as ${JSON.stringify(headers)} ${path}: ${expected}`, async () =>
      assert.equal(await code(actor, 'GET', path, headers), expected));
  }
});

describe('what nobody needs credentials for', () => {
  const rows: readonly (readonly [string, number])[] = [
    ['/healthz', 200],
    ['/livez', 200],
    ['/readyz', 200],
    ['/version', 200],
    ['/apis', 403],
    ['/api/v1/namespaces', 403],
    ['/metrics', 403],
    ['/openapi/v2', 403],
    ['/.well-known/openid-configuration', 403],
    ['/', 403],
  ];
  for (const [path, expected] of rows) {
    it(`${path}: ${expected}`, async () => {
      const response = await https.api.world.net.fetch(https.server + path, { tls: { ca: https.pki.ca.cert } });
      await response.bytes();
      assert.equal(response.status, expected);
    });
  }
});

describe('rights that grow', () => {
  it('nobody gives more than he holds, unless he may escalate or bind', async () => {
    const owner = createClient(https.api.api.transport(as('owner')));
    const role = (name: string, ...rules: PolicyRule[]) => owner.resource(Roles).create({ metadata: { name, namespace: 'shop' }, rules });
    await role('harmless', { apiGroups: [''], resources: ['pods'], verbs: ['get'] });
    await assert.rejects(
      role('greedy', { apiGroups: [''], resources: ['nodes'], verbs: ['get'] }),
      /attempting to grant RBAC permissions not currently held:\n\{APIGroups:\[""\], Resources:\["nodes"\], Verbs:\["get"\]\}/,
    );
    const bindTo = (name: string, roleName: string) =>
      owner.resource(RoleBindings).create({
        metadata: { name, namespace: 'shop' },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name: roleName },
        subjects: [{ kind: 'User', apiGroup: group, name: 'friend' }],
      });
    await bindTo('fine', 'view');
    await assert.rejects(bindTo('much', 'cluster-admin'), /attempting to grant RBAC permissions not currently held/);
  });

  it('aggregated roles collect the rules of labelled ones', async () => {
    const informers = createInformers(client, https.api.world);
    const user = componentUser('system:serviceaccount:kube-system:clusterrole-aggregation-controller');
    const controller = startClusterRoleAggregationController({ client: https.api.clientFor(user), informers, world: https.api.world });
    informers.start();
    await controller.ready;
    try {
      assert.equal(await allowed(as('viewer'), 'GET', '/apis/example.com/v1/namespaces/shop/things'), false);
      await client.resource(ClusterRoles).create({
        metadata: { name: 'view-things', labels: { [`${group}/aggregate-to-view`]: 'true' } },
        rules: [{ apiGroups: ['example.com'], resources: ['things'], verbs: ['get', 'list', 'watch'] }],
      });
      for (const name of ['viewer', 'editor', 'owner']) {
        await until(`${name} sees things`, () => allowed(as(name), 'GET', '/apis/example.com/v1/namespaces/shop/things'));
      }
    } finally {
      await controller[Symbol.asyncDispose]();
      await informers[Symbol.asyncDispose]();
    }
  });

  it('rights end with their binding', async () => {
    assert.equal(await allowed(as('reader'), 'GET', '/api/v1/pods'), true);
    await client.resource(ClusterRoleBindings).delete('reader-view');
    await until('reader is out', async () => !(await allowed(as('reader'), 'GET', '/api/v1/pods')));
    await client.resource(ConfigMaps).list();
  });
});
