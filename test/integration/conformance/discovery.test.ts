// Conformance of discovery: the version, groups and resources, one document by document and all in one.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { CustomResourceDefinitions } from '#api/refs.ts';
import { definition } from '../../support/definitions.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { until } from '../../support/until.ts';
import { type Wire, wireTo } from '../../support/wire.ts';

let https: HttpsApi;
let wire: Wire;
before(async () => {
  https = await startHttpsApi();
  wire = await wireTo(https);
});
after(async () => https?.[Symbol.asyncDispose]());

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** A resource that every server must have, by group and version. */
const expected = [
  ['', 'v1', 'namespaces'],
  ['', 'v1', 'pods'],
  ['admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations'],
  ['apiextensions.k8s.io', 'v1', 'customresourcedefinitions'],
  ['apiregistration.k8s.io', 'v1', 'apiservices'],
  ['apps', 'v1', 'deployments'],
  ['authentication.k8s.io', 'v1', 'tokenreviews'],
  ['authorization.k8s.io', 'v1', 'selfsubjectaccessreviews'],
  ['autoscaling', 'v1', 'horizontalpodautoscalers'],
  ['autoscaling', 'v2', 'horizontalpodautoscalers'],
  ['batch', 'v1', 'jobs'],
  ['certificates.k8s.io', 'v1', 'certificatesigningrequests'],
  ['coordination.k8s.io', 'v1', 'leases'],
  ['discovery.k8s.io', 'v1', 'endpointslices'],
  ['events.k8s.io', 'v1', 'events'],
  ['networking.k8s.io', 'v1', 'ingresses'],
  ['node.k8s.io', 'v1', 'runtimeclasses'],
  ['policy', 'v1', 'poddisruptionbudgets'],
  ['scheduling.k8s.io', 'v1', 'priorityclasses'],
  ['storage.k8s.io', 'v1', 'csinodes'],
] as const;

async function read(url: string, accept = 'application/json') {
  const answer = await wire('GET', url, { headers: { accept } });
  assert.equal(answer.code, 200, url);
  return answer;
}

interface Aggregated {
  readonly metadata?: { readonly name?: string };
  readonly versions: readonly {
    readonly version: string;
    readonly resources: readonly {
      readonly resource: string;
      readonly responseKind: { readonly kind: string };
      readonly verbs?: readonly string[];
      readonly subresources?: readonly { readonly subresource: string }[];
    }[];
  }[];
}

/** Every group of one of the two roots. */
async function groups(root: '/api' | '/apis'): Promise<readonly Aggregated[]> {
  const answer = await read(root, aggregated);
  assert.ok(String(answer.headers['content-type']).startsWith(aggregated));
  assert.deepEqual([answer.json.kind, answer.json.apiVersion], ['APIGroupDiscoveryList', 'apidiscovery.k8s.io/v2']);
  return answer.json.items;
}

const holds = (list: readonly Aggregated[], [group, version, resource]: readonly [string, string, string]): boolean =>
  list
    .filter(({ metadata }) => (metadata?.name ?? '') === group)
    .flatMap(({ versions }) => versions)
    .some((one) => one.version === version && one.resources.some((found) => found.resource === resource));

describe('discovery', () => {
  // Conformance: [sig-api-machinery] server version should find the server version [Conformance]
  test('the version is made of numbers', async () => {
    const { json } = await read('/version');
    assert.match(json.major, /^[1-9]\d*$/);
    assert.match(json.minor, /^\d+$/);
    assert.match(json.gitVersion, /^v\d+\.\d+\.\d+/);
  });

  // Conformance: [sig-api-machinery] Discovery should validate PreferredVersion for each APIGroup [Conformance]
  test('each group prefers a version that it has', async () => {
    const { json } = await read('/apis/');
    assert.ok(json.groups.length > 15);
    for (const { name, preferredVersion } of json.groups) {
      const group = (await read(`/apis/${name}/`)).json;
      assert.ok(group.versions.some((one: { groupVersion: string }) => one.groupVersion === group.preferredVersion.groupVersion));
      assert.deepEqual(group.preferredVersion, preferredVersion);
    }
  });

  // Conformance: [sig-api-machinery] Discovery should locate the groupVersion and a resource within each APIGroup [Conformance]
  test('each group and version lists its resources', async () => {
    for (const [group, version, resource] of expected) {
      const { json } = await read(group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
      assert.equal(json.groupVersion, group === '' ? version : `${group}/${version}`);
      assert.ok(json.resources.some((one: { name: string }) => one.name === resource));
    }
  });

  // Conformance: [sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery endpoint Accept headers [Conformance]
  test('one document holds all groups, another the core', async () => {
    const [core, named] = [await groups('/api'), await groups('/apis')];
    for (const one of expected) assert.ok(holds(one[0] === '' ? core : named, one), one.join('/'));
  });

  // Conformance: [sig-api-machinery] AggregatedDiscovery should support aggregated discovery interface [Conformance]
  test('the documents in one say what the single ones say, to whoever asks for either', async () => {
    // What client-go asks for: the newest form first, the oldest if need be.
    const accept = `${aggregated},application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json`;
    for (const root of ['/api', '/apis'] as const) {
      assert.equal((await read(root, accept)).json.kind, 'APIGroupDiscoveryList');
      for (const { metadata, versions } of await groups(root)) {
        for (const { version, resources } of versions) {
          const path = root === '/api' ? '/api/v1' : `/apis/${metadata?.name}/${version}`;
          const single = (await read(path)).json.resources.map((resource: { name: string }) => resource.name);
          const parts = resources.flatMap(({ resource, subresources = [] }) => [
            resource,
            ...subresources.map((sub) => `${resource}/${sub.subresource}`),
          ]);
          assert.deepEqual(parts.toSorted(), single.toSorted(), path);
          for (const resource of resources) assert.ok(resource.verbs?.length && resource.responseKind.kind, resource.resource);
        }
      }
    }
  });

  // Conformance: [sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]
  test('a definition shows up in the one document soon', async () => {
    const group = 'group-e2e.example.com';
    const wanted = definition({ group, plural: 'testcrds', kind: 'testcrd' });
    await https.api.client.resource(CustomResourceDefinitions).create(wanted);
    await until('its resource', async () => holds(await groups('/apis'), [group, 'v1', 'testcrds']), 120_000);
    const url = `/apis/${group}/v1/namespaces/default/testcrds`;
    await until('it is served', async () => (await wire('GET', url)).code === 200, 120_000);
    await https.api.client.resource(CustomResourceDefinitions).delete(`testcrds.${group}`);
    await until('it is gone', async () => !holds(await groups('/apis'), [group, 'v1', 'testcrds']), 120_000);
  });
});
