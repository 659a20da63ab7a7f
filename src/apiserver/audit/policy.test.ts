import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRequestInfo } from '../requestinfo.ts';
import { parsePolicy, type PolicyRule, rulingFor } from './policy.ts';

const policy = (rules: readonly object[], more: object = {}) =>
  parsePolicy({ kind: 'Policy', apiVersion: 'audit.k8s.io/v1', rules, ...more });
const jane = { name: 'jane', groups: ['dev', 'system:authenticated'] };
const info = (method: string, path: string) => parseRequestInfo(method, path, new URLSearchParams());
const pod = info('GET', '/api/v1/namespaces/shop/pods/p');
const status = info('PUT', '/api/v1/namespaces/shop/pods/p/status');
const healthz = info('GET', '/healthz/etcd');

describe('audit policies', () => {
  const rows: readonly (readonly [string, Omit<PolicyRule, 'level'>, typeof pod, boolean])[] = [
    ['everything', {}, pod, true],
    ['a user', { users: ['jane'] }, pod, true],
    ['another user', { users: ['joe'] }, pod, false],
    ['a group', { userGroups: ['ops', 'dev'] }, pod, true],
    ['a verb', { verbs: ['get'] }, pod, true],
    ['other verbs', { verbs: ['list', 'watch'] }, pod, false],
    ['a resource', { resources: [{ group: '', resources: ['pods'] }] }, pod, true],
    ['a group of resources', { resources: [{ group: '' }] }, pod, true],
    ['another group', { resources: [{ group: 'apps' }] }, pod, false],
    ['a resource is not its subresource', { resources: [{ resources: ['pods'] }] }, status, false],
    ['a subresource', { resources: [{ resources: ['pods/status'] }] }, status, true],
    ['any subresource', { resources: [{ resources: ['pods/*'] }] }, status, true],
    ['a subresource of anything', { resources: [{ resources: ['*/status'] }] }, status, true],
    ['a name', { resources: [{ resources: ['pods'], resourceNames: ['p'] }] }, pod, true],
    ['another name', { resources: [{ resources: ['pods'], resourceNames: ['q'] }] }, pod, false],
    ['a namespace', { namespaces: ['shop'] }, pod, true],
    ['cluster scope only', { namespaces: [''] }, pod, false],
    ['a path', { nonResourceURLs: ['/healthz*'] }, healthz, true],
    ['a path is no resource', { nonResourceURLs: ['*'] }, pod, false],
    ['a resource is no path', { resources: [{ group: '' }] }, healthz, false],
  ];
  for (const [what, rule, request, matches] of rows) {
    it(`${what}: ${matches ? 'noted' : 'left out'}`, () => {
      assert.equal(rulingFor(policy([{ level: 'Metadata', ...rule }]), jane, request).level, matches ? 'Metadata' : 'None');
    });
  }
  it('the first rule decides; stages add up', () => {
    const both = policy(
      [
        { level: 'None', verbs: ['list'] },
        { level: 'Request', omitStages: ['RequestReceived'] },
      ],
      { omitStages: ['ResponseStarted'], omitManagedFields: true },
    );
    assert.deepEqual(rulingFor(both, jane, pod), {
      level: 'Request',
      omitStages: ['ResponseStarted', 'RequestReceived'],
      omitManagedFields: true,
    });
    assert.equal(rulingFor(both, jane, info('GET', '/api/v1/pods')).level, 'None');
  });
  it('mistakes are named', () => {
    assert.throws(() => parsePolicy({ kind: 'Policy', apiVersion: 'audit.k8s.io/v1' }), /must have rules/);
    assert.throws(() => policy([{ level: 'All' }]), /rules\[0\]\.level must be one of None, Metadata, Request, RequestResponse/);
    assert.throws(() => policy([{ level: 'None', verbs: 'get' }]), /rules\[0\]\.verbs must be a list of strings/);
    assert.throws(() => policy([{ level: 'None' }], { omitStages: ['Never'] }), /omitStages: unsupported value "Never"/);
    assert.throws(() => parsePolicy([]), /kind Policy/);
  });
});
