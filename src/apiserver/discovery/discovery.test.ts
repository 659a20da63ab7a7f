import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allRows } from '../resources/all.ts';
import { parseAccept } from './accept.ts';
import { apiGroupList, apiResourceList, groupDiscoveryList } from './documents.ts';
import { compareVersions, discoveredGroups } from './model.ts';
import { wantsAggregated } from './plug.ts';

const rows = allRows.filter((row) => row.stage === 'GA');
const groups = discoveredGroups(rows);

test('versions are ordered by stability, then by number', () => {
  const versions = ['v1alpha1', 'foo1', 'v1', 'v2beta1', 'v10', 'v2', 'v1beta3', 'bar'];
  assert.deepEqual(versions.sort(compareVersions), ['v10', 'v2', 'v1', 'v2beta1', 'v1beta3', 'v1alpha1', 'bar', 'foo1']);
});

test('the core group comes first, autoscaling prefers v2', () => {
  assert.equal(groups[0]?.group, '');
  assert.equal(groups[1]?.group, 'apiregistration.k8s.io');
  const autoscaling = groups.find((group) => group.group === 'autoscaling');
  assert.deepEqual(
    autoscaling?.versions.map(({ version }) => version),
    ['v2', 'v1'],
  );
});

test('groups that others answer for come after those built in', () => {
  const extra = { group: 'metrics.k8s.io', versions: [{ version: 'v1beta1', freshness: 'Current' as const, resources: [] }] };
  assert.equal(discoveredGroups(rows, [extra]).at(-1)?.group, 'metrics.k8s.io');
});

test('legacy documents', () => {
  const core = groups[0];
  assert.ok(core);
  const list = apiResourceList(core, 'v1');
  assert.equal(list?.groupVersion, 'v1');
  assert.equal('apiVersion' in (list ?? {}), false);
  const names = list?.resources.map((resource) => resource.name) ?? [];
  assert.deepEqual(
    names.filter((name) => name.startsWith('namespaces')),
    ['namespaces', 'namespaces/finalize', 'namespaces/status'],
  );
  const scale = apiResourceList(groups.find((group) => group.group === 'apps') ?? core, 'v1')?.resources.find(
    (resource) => resource.name === 'deployments/scale',
  );
  assert.deepEqual(scale, {
    name: 'deployments/scale',
    singularName: '',
    namespaced: true,
    group: 'autoscaling',
    version: 'v1',
    kind: 'Scale',
    verbs: ['get', 'patch', 'update'],
  });
  assert.equal(apiResourceList(core, 'v2'), undefined);
  const list2 = apiGroupList(groups);
  assert.equal(
    list2.groups.some((group) => group.name === ''),
    false,
  );
  assert.deepEqual(list2.groups.find((group) => group.name === 'apps')?.preferredVersion, { groupVersion: 'apps/v1', version: 'v1' });
});

test('the aggregated document', () => {
  const document = JSON.parse(JSON.stringify(groupDiscoveryList(groups, 'v2')));
  assert.equal(document.apiVersion, 'apidiscovery.k8s.io/v2');
  const apps = document.items.find((item: { metadata: { name?: string } }) => item.metadata.name === 'apps');
  const deployments = apps.versions[0].resources.find((resource: { resource: string }) => resource.resource === 'deployments');
  assert.deepEqual(deployments.responseKind, { group: 'apps', version: 'v1', kind: 'Deployment' });
  assert.deepEqual(deployments.shortNames, ['deploy']);
  assert.deepEqual(
    deployments.subresources.map((sub: { subresource: string; responseKind: { kind: string } }) => [
      sub.subresource,
      sub.responseKind.kind,
    ]),
    [
      ['scale', 'Scale'],
      ['status', 'Deployment'],
    ],
  );
});

test('the form is chosen by Accept', () => {
  const v2 = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
  const beta = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';
  assert.equal(wantsAggregated(`${v2},${beta},application/json`), 'v2');
  assert.equal(wantsAggregated(`${beta},application/json`), 'v2beta1');
  assert.equal(wantsAggregated(`application/json, ${v2}`), undefined);
  assert.equal(wantsAggregated(`application/json;q=0.5, ${v2}`), 'v2');
  assert.equal(wantsAggregated('*/*'), undefined);
  assert.equal(wantsAggregated(undefined), undefined);
  assert.equal(wantsAggregated('application/json;g=apidiscovery.k8s.io;v=v3;as=APIGroupDiscoveryList,application/json'), undefined);
});

test('Accept is parsed with qualities and quoted parameters', () => {
  assert.deepEqual(
    parseAccept('text/plain;q=0.2, application/JSON ; v="v1", , a/b;q=0').map(({ type, params }) => [type, params['v']]),
    [
      ['application/json', 'v1'],
      ['text/plain', undefined],
    ],
  );
});
