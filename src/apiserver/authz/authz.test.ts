import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import type { ResourceRef } from '#api/refs.ts';
import type { UserInfo } from '#client/transport.ts';
import type { AuthzAttributes } from '../chain.ts';
import { createAuthorizer, forbiddenError } from './authorizer.ts';
import { missing, repaired } from './bootstrap.ts';
import { attributesOf, reviewRules, validateSubject, validateWhat } from './review.ts';
import { allow, allowPaths, ruleAllows } from './rules.ts';

const alice: UserInfo = { name: 'alice', groups: ['dev', 'system:authenticated'] };
const asked = (verb: string, resource: string, more: Partial<AuthzAttributes> = {}): AuthzAttributes => ({
  user: alice,
  verb,
  isResource: true,
  group: '',
  version: 'v1',
  resource,
  subresource: '',
  namespace: 'shop',
  name: '',
  path: '',
  ...more,
});
const path = (verb: string, url: string): AuthzAttributes => asked(verb, '', { isResource: false, path: url, namespace: '' });

test('rules match verbs, groups, resources, subresources and names', () => {
  const rule = allow('get list', 'core', 'pods */status', 'web');
  assert.equal(ruleAllows(rule, asked('get', 'pods', { name: 'web' })), true);
  assert.equal(ruleAllows(rule, asked('get', 'pods', { name: 'other' })), false);
  assert.equal(ruleAllows(rule, asked('list', 'pods')), false);
  assert.equal(ruleAllows(rule, asked('get', 'pods', { name: 'web', subresource: 'log' })), false);
  assert.equal(ruleAllows(rule, asked('get', 'nodes', { name: 'web', subresource: 'status' })), true);
  assert.equal(ruleAllows(rule, asked('get', 'pods', { name: 'web', group: 'apps' })), false);
  assert.equal(ruleAllows(rule, asked('delete', 'pods', { name: 'web' })), false);
  assert.equal(ruleAllows(allow('*', '*', '*'), asked('delete', 'x', { group: 'y', subresource: 'z' })), true);
});

test('paths match exactly, by prefix and with a star', () => {
  const rule = allowPaths('get', '/healthz', '/api/*');
  assert.equal(ruleAllows(rule, path('get', '/healthz')), true);
  assert.equal(ruleAllows(rule, path('get', '/healthz/etcd')), false);
  assert.equal(ruleAllows(rule, path('get', '/api/v1')), true);
  assert.equal(ruleAllows(rule, path('post', '/api/v1')), false);
  assert.equal(ruleAllows(rule, asked('get', 'pods')), false);
  assert.equal(ruleAllows(allowPaths('*', '*'), path('post', '/x')), true);
});

/** The reads of a server whose caches hold just these. */
function reads(objects: Record<string, readonly KubeObject[]>) {
  const changes = new Map<string, (object: KubeObject, type: 'MODIFIED' | 'DELETED') => void>();
  const losses: (() => void)[] = [];
  return {
    objects,
    tell: (resource: string, object: KubeObject, type: 'MODIFIED' | 'DELETED') => changes.get(resource)?.(object, type),
    lose: () => losses.forEach((call) => call()),
    backend: {
      peek: <T extends KubeObject>(ref: ResourceRef<T>, name: string, namespace?: string) =>
        objects[ref.resource]?.find((o) => o.metadata.name === name && o.metadata.namespace === namespace) as T | undefined,
      list: <T extends KubeObject>(ref: ResourceRef<T>, namespace?: string) =>
        (objects[ref.resource] ?? []).filter(
          (o) => namespace === undefined || o.metadata.namespace === namespace,
        ) as readonly KubeObject[] as readonly T[],
      onChange: (ref: ResourceRef, call: (object: KubeObject, type: 'MODIFIED' | 'DELETED') => void, lost?: () => void) => {
        changes.set(ref.resource, call);
        losses.push(() => lost?.());
        return () => {};
      },
    },
  };
}

const role = (name: string, namespace: string | undefined, ...rules: object[]) => ({ metadata: { name, namespace }, rules }) as KubeObject;
const binding = (name: string, namespace: string | undefined, kind: string, ref: string, ...subjects: object[]) =>
  ({ metadata: { name, namespace }, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: ref }, subjects }) as KubeObject;

test('bindings give roles at the cluster or in one namespace', async () => {
  const world = reads({
    clusterroles: [role('viewer', undefined, allow('list', 'core', 'pods')), role('nodes', undefined, allow('list', 'core', 'nodes'))],
    roles: [role('writer', 'shop', allow('create', 'core', 'pods'))],
    clusterrolebindings: [binding('n', undefined, 'ClusterRole', 'nodes', { kind: 'Group', name: 'dev' })],
    rolebindings: [
      binding('v', 'shop', 'ClusterRole', 'viewer', { kind: 'User', name: 'alice' }),
      binding('w', 'shop', 'Role', 'writer', { kind: 'ServiceAccount', name: 'bot', namespace: 'other' }),
    ],
  });
  const { authorizer, rbac } = createAuthorizer(world.backend);
  const decision = async (attributes: AuthzAttributes) => await authorizer.authorize(attributes);
  assert.deepEqual(await decision(asked('list', 'pods')), {
    decision: 'allow',
    reason: 'RBAC: allowed by RoleBinding "v/shop" of ClusterRole "viewer" to User "alice"',
  });
  assert.equal((await decision(asked('list', 'pods', { namespace: 'else' }))).decision, 'no-opinion');
  assert.equal((await decision(asked('list', 'pods', { namespace: '' }))).decision, 'no-opinion');
  assert.equal(
    (await decision(asked('list', 'nodes', { namespace: '' }))).reason,
    'RBAC: allowed by ClusterRoleBinding "n" of ClusterRole "nodes" to Group "dev"',
  );
  const bot = { name: 'system:serviceaccount:other:bot', groups: [] };
  assert.equal((await decision(asked('create', 'pods', { user: bot }))).decision, 'allow');
  assert.equal((await decision(asked('delete', 'x', { user: { name: 'root', groups: ['system:masters'] } }))).decision, 'allow');
  assert.deepEqual(
    reviewRules(rbac, alice, 'shop').resourceRules.map((rule) => rule.resources),
    [['pods'], ['nodes']],
  );

  const [given, other] = world.objects['rolebindings'] ?? [];
  assert.ok(given && other);
  world.tell('rolebindings', { ...given, subjects: [{ kind: 'User', name: 'carol' }] } as KubeObject, 'MODIFIED');
  assert.equal((await decision(asked('list', 'pods'))).decision, 'no-opinion');
  const carol = asked('list', 'pods', { user: { name: 'carol', groups: [] } });
  assert.equal((await decision(carol)).decision, 'allow');
  world.tell('rolebindings', given, 'DELETED');
  assert.equal((await decision(carol)).decision, 'no-opinion');
  assert.equal((await decision(asked('create', 'pods', { user: bot }))).decision, 'allow');
  // When changes may have been missed, what is there now counts.
  world.objects['rolebindings'] = [given];
  world.lose();
  assert.equal((await decision(asked('create', 'pods', { user: bot }))).decision, 'no-opinion');
  assert.equal((await decision(asked('list', 'pods'))).decision, 'allow');
});

test('a node agent reads only what pods on its node need', async () => {
  const pod = (name: string, nodeName: string, secretName: string) =>
    ({
      metadata: { name, namespace: 'shop' },
      spec: { nodeName, volumes: [{ name: 's', secret: { secretName } }], containers: [] },
    }) as unknown as KubeObject;
  const { backend } = reads({ pods: [pod('a', 'n1', 'mine'), pod('b', 'n2', 'theirs')] });
  const { authorizer } = createAuthorizer(backend);
  const user = { name: 'system:node:n1', groups: ['system:nodes'] };
  const decide = async (verb: string, resource: string, more: Partial<AuthzAttributes> = {}) =>
    (await authorizer.authorize(asked(verb, resource, { user, ...more }))).decision;
  assert.equal(await decide('get', 'secrets', { name: 'mine' }), 'allow');
  assert.equal(await decide('get', 'secrets', { name: 'theirs' }), 'no-opinion');
  assert.equal(await decide('list', 'secrets'), 'no-opinion');
  assert.equal(await decide('list', 'pods'), 'no-opinion');
  assert.equal(await decide('list', 'pods', { fieldSelector: 'spec.nodeName=n1' }), 'allow');
  assert.equal(await decide('update', 'pods', { subresource: 'status', name: 'a' }), 'allow');
  assert.equal(await decide('create', 'serviceaccounts', { subresource: 'token', name: 'default' }), 'allow');
  assert.equal(await decide('create', 'serviceaccounts', { subresource: 'token', name: 'admin' }), 'no-opinion');
  assert.equal(await decide('delete', 'deployments', { group: 'apps' }), 'no-opinion');
});

test('a refusal is worded as Kubernetes words it', () => {
  assert.equal(
    forbiddenError(asked('list', 'deployments', { group: 'apps' })).message,
    'deployments.apps is forbidden: User "alice" cannot list resource "deployments" in API group "apps" in the namespace "shop"',
  );
  assert.equal(
    forbiddenError(asked('get', 'pods', { name: 'web', subresource: 'log' })).message,
    'pods "web" is forbidden: User "alice" cannot get resource "pods/log" in API group "" in the namespace "shop"',
  );
  assert.equal(forbiddenError(path('get', '/metrics')).message, 'forbidden: User "alice" cannot get path "/metrics"');
  assert.equal(forbiddenError(path('get', '/metrics')).code, 403);
});

test('reviews must ask about one thing and about somebody', () => {
  assert.equal(validateWhat({}).length, 1);
  assert.equal(validateWhat({ resourceAttributes: {}, nonResourceAttributes: {} }).length, 1);
  assert.equal(validateSubject({ resourceAttributes: {} }).length, 1);
  assert.equal(validateSubject({ resourceAttributes: {}, groups: ['g'] }).length, 0);
  assert.equal(attributesOf(alice, { nonResourceAttributes: { path: '/x', verb: 'get' } }).isResource, false);
});

test('default roles regain what they lost, unless their owner opted out', () => {
  const rule = allow('get', 'core', 'pods');
  const same: typeof rule = { resources: ['pods'], apiGroups: [''], verbs: ['get'] };
  assert.deepEqual(missing([same], [rule]), []);
  const present = { metadata: { name: 'r' }, rules: [] };
  assert.deepEqual(repaired(present, { rules: [rule] })?.rules, [rule]);
  assert.equal(repaired({ ...present, rules: [rule] }, { rules: [rule] }), undefined);
  const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'true', 'rbac.authorization.k8s.io/autoupdate': 'false' };
  assert.equal(repaired({ metadata: { name: 'r', annotations }, rules: [] }, { rules: [rule] }), undefined);
});
