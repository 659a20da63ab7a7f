// Custom resources: definitions are established, their objects served like all others, and cleaned up after.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import { discoveryPlug } from '#apiserver/discovery/plug.ts';
import { isNotFound, type StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { startHttpsApi } from '../../support/https.ts';
import { customRef, definition, establish, hasCondition, versionOf } from '../../support/definitions.ts';
import { raw } from '../../support/raw.ts';
import { until } from '../../support/until.ts';

describe('custom resources', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ plugs: [discoveryPlug()] });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });
  const definitions = () => api.client.resource(CustomResourceDefinitions);

  it('gives definitions their names and serves them', async () => {
    const crd = await establish(api.client, { names: { shortNames: ['ct'], categories: ['all'] } });
    assert.deepEqual(crd.status.acceptedNames, {
      plural: 'crontabs',
      singular: 'crontab',
      kind: 'CronTab',
      listKind: 'CronTabList',
      shortNames: ['ct'],
      categories: ['all'],
    });
    assert.deepEqual(crd.status.storedVersions, ['v1']);
    assert.deepEqual(
      crd.status.conditions?.map(({ lastTransitionTime: _, ...rest }) => rest),
      [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
        { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' },
      ],
    );
    const groups = await raw(api, 'GET', '/apis/stable.example.com/v1');
    assert.deepEqual((groups.object as unknown as { resources: unknown[] }).resources, [
      {
        name: 'crontabs',
        singularName: 'crontab',
        namespaced: true,
        kind: 'CronTab',
        verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
        shortNames: ['ct'],
        categories: ['all'],
        storageVersionHash: (groups.object as unknown as { resources: { storageVersionHash: string }[] }).resources[0]?.storageVersionHash,
      },
    ]);
  });

  it('serves every verb', async () => {
    const crontabs = api.client.resource(customRef((await definitions().get('crontabs.stable.example.com')) as CustomResourceDefinition));
    const made = await crontabs.create({ metadata: { name: 'a', namespace: 'default' }, spec: { cron: '* * * * *', n: 0, on: false } });
    assert.equal(made.apiVersion, 'stable.example.com/v1');
    assert.equal(made.metadata.generation, 1);
    assert.deepEqual(made['spec'], { cron: '* * * * *', n: 0, on: false });
    const changed = await crontabs.update({ ...made, spec: { cron: '1 * * * *' } });
    assert.equal(changed.metadata.generation, 2);
    const labelled = await crontabs.patch('a', { metadata: { labels: { x: 'y' } } }, { type: 'merge', namespace: 'default' });
    assert.equal(labelled.metadata.generation, 2);
    const json = await crontabs.patch('a', [{ op: 'add', path: '/spec/image', value: 'i' }], { type: 'json', namespace: 'default' });
    assert.deepEqual(json['spec'], { cron: '1 * * * *', image: 'i' });
    const strategic = await raw(api, 'PATCH', '/apis/stable.example.com/v1/namespaces/default/crontabs/a', '{}', {
      'content-type': 'application/strategic-merge-patch+json',
    });
    assert.equal(strategic.code, 415);
    assert.equal(
      strategic.object.message,
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    );
    const { resourceVersion: _, ...metadata } = json.metadata;
    await assert.rejects(crontabs.update({ ...json, metadata } as never), (error: StatusError) => error.code === 422);
    assert.equal((await crontabs.list({ namespace: 'default', labelSelector: 'x=y' })).items.length, 1);
    await crontabs.create({ metadata: { generateName: 'b-', namespace: 'default' } });
    await crontabs.delete('a', { namespace: 'default' });
    await crontabs.deleteCollection({ namespace: 'default' });
    assert.deepEqual((await crontabs.list()).items, []);
    const list = await raw(api, 'GET', '/apis/stable.example.com/v1/crontabs');
    assert.equal(list.object.kind, 'CronTabList');
  });

  it('watches', async () => {
    const crontabs = api.client.resource(customRef(await definitions().get('crontabs.stable.example.com')));
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const event of crontabs.watch({ signal: stop.signal, namespace: 'default' })) {
        seen.push(`${event.type} ${event.object.metadata.name}`);
        if (event.type === 'DELETED') stop.abort();
      }
    })();
    const made = await crontabs.create({ metadata: { name: 'w', namespace: 'default' } });
    await crontabs.update({ ...made, spec: 1 });
    await crontabs.delete('w', { namespace: 'default' });
    await watching;
    assert.deepEqual(seen.slice(-2), ['MODIFIED w', 'DELETED w']);
  });

  it('replays what happened right after a definition was made', async () => {
    const crd = await establish(api.client, { plural: 'primes', kind: 'Prime', scope: 'Cluster' });
    const primes = api.client.resource(customRef(crd));
    const made = await primes.create({ metadata: { namespace: '', name: 'setup-instance' }, alpha: 'foo_123', beta: 10, spec: {} });
    await primes.delete('setup-instance');
    const stop = new AbortController();
    for await (const event of primes.watch({ signal: stop.signal, resourceVersion: made.metadata.resourceVersion ?? '' })) {
      assert.equal(event.type, 'DELETED');
      break;
    }
    stop.abort();
  });

  it('keeps status and spec apart, and scales', async () => {
    const crd = await establish(api.client, {
      plural: 'shops',
      kind: 'Shop',
      versions: [
        versionOf('v1', undefined, {
          subresources: {
            status: {},
            scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size', labelSelectorPath: '.status.selector' },
          },
        }),
      ],
    });
    const shops = api.client.resource(customRef(crd));
    const made = await shops.create({ metadata: { name: 's', namespace: 'default' }, spec: { size: 1 }, status: { size: 9 } });
    assert.equal(made['status'], undefined);
    const status = await shops.updateStatus({
      ...made,
      metadata: { ...made.metadata, labels: { a: 'b' } },
      spec: { size: 7 },
      status: { size: 1, selector: 'x=y' },
    });
    assert.deepEqual(
      [status['spec'], status['status'], status.metadata.labels, status.metadata.generation],
      [{ size: 1 }, { size: 1, selector: 'x=y' }, undefined, 1],
    );
    const path = '/apis/stable.example.com/v1/namespaces/default/shops/s/scale';
    const scale = await raw(api, 'GET', path);
    assert.deepEqual((scale.object as unknown as { status: object }).status, { replicas: 1, selector: 'x=y' });
    const scaled = await raw(api, 'PATCH', path, { spec: { replicas: 4 } }, { 'content-type': 'application/merge-patch+json' });
    assert.equal(scaled.code, 200, scaled.text);
    assert.deepEqual((await shops.get('s', { namespace: 'default' }))['spec'], { size: 4 });
  });

  it('refuses names that are taken until they are free', async () => {
    const group = 'names.example.com';
    await establish(api.client, { group, plural: 'firsts', kind: 'First', names: { shortNames: ['f'] } });
    await definitions().create(
      definition({ group, plural: 'seconds', kind: 'First', names: { shortNames: ['f'], singular: 'second', listKind: 'SecondList' } }),
    );
    const refused = await until('names are refused', async () => {
      const crd = await definitions().get(`seconds.${group}`);
      return (crd.status.conditions?.length ?? 0) > 1 ? crd : undefined;
    });
    assert.deepEqual(
      refused.status.conditions?.map(({ lastTransitionTime: _, ...rest }) => rest),
      [
        { type: 'NamesAccepted', status: 'False', reason: 'KindConflict', message: '"First" is already in use' },
        { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
      ],
    );
    assert.equal((await raw(api, 'GET', `/apis/${group}/v1/seconds`)).code, 404);
    await definitions().delete(`firsts.${group}`);
    await until('the freed name is taken', async () => hasCondition(await definitions().get(`seconds.${group}`), 'Established'));
  });

  it('deletes the instances with their definition', async () => {
    const crd = await establish(api.client, { plural: 'tmps', kind: 'Tmp' });
    const tmps = api.client.resource(customRef(crd));
    await tmps.create({ metadata: { name: 'plain', namespace: 'default' } });
    await tmps.create({ metadata: { name: 'held', namespace: 'kube-system', finalizers: ['example.com/hold'] } });
    await definitions().delete(crd.metadata.name);
    const going = await until('deletion begins', async () => {
      const now = await definitions().get(crd.metadata.name);
      return now.status.conditions?.some((condition) => condition.reason === 'InstanceDeletionInProgress') ? now : undefined;
    });
    assert.deepEqual(going.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io']);
    await assert.rejects(tmps.create({ metadata: { name: 'late', namespace: 'default' } }), (error: StatusError) => {
      assert.equal(error.message, 'create not allowed while custom resource definition is terminating');
      return error.code === 405;
    });
    await until('the plain one is gone', async () => (await tmps.list()).items.length === 1);
    await tmps.patch('held', { metadata: { finalizers: null } }, { type: 'merge', namespace: 'kube-system' });
    await until('the definition is gone', async () => {
      try {
        await definitions().get(crd.metadata.name);
        return undefined;
      } catch (error) {
        return isNotFound(error);
      }
    });
    await until('nothing is served any more', async () => (await raw(api, 'GET', '/apis/stable.example.com/v1/tmps')).code === 404);
  });

  // Conformance: [sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition creating/deleting custom resource definition objects works [Conformance]
  // Conformance: [sig-api-machinery] CustomResourceDefinition resources [Privileged:ClusterAdmin] Simple CustomResourceDefinition getting/updating/patching custom resource definition status sub-resource works [Conformance]
  it('lists, watches, changes and deletes definitions themselves', async () => {
    const group = 'listed.example.com';
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of definitions().watch({ signal: stop.signal, fieldSelector: `metadata.name=twos.${group}` })) {
        if (type !== 'MODIFIED') seen.push(`${type} ${object.metadata.name}`);
        if (type === 'DELETED') stop.abort();
      }
    })();
    for (const plural of ['ones', 'twos', 'threes']) {
      const crd = await establish(api.client, { group, plural, kind: `K${plural}` });
      await definitions().patch(crd.metadata.name, { metadata: { labels: { test: 'list' } } }, { type: 'merge' });
    }
    assert.equal((await definitions().list({ labelSelector: 'test=list' })).items.length, 3);
    const one = await definitions().get(`ones.${group}`);
    const marked = { type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from a test' } as never;
    const updated = await definitions().updateStatus({
      ...one,
      status: { ...one.status, conditions: [...(one.status.conditions ?? []), marked] },
    });
    assert.ok(hasCondition(updated, 'StatusUpdate'));
    const patch = [{ op: 'add', path: '/status/conditions', value: [{ message: 'patched' }] }];
    const patched = await definitions().patch(`ones.${group}`, patch, { type: 'json', subresource: 'status' });
    assert.deepEqual(patched.status.conditions, [{ lastTransitionTime: null, message: 'patched', status: '', type: '' }]);
    await until('the other conditions are back', async () => hasCondition(await definitions().get(`ones.${group}`), 'Established'));
    await definitions().deleteCollection({ labelSelector: 'test=list' });
    await until('all are gone', async () => (await definitions().list({ labelSelector: 'test=list' })).items.length === 0);
    await watching;
    assert.deepEqual(seen, [`ADDED twos.${group}`, `DELETED twos.${group}`]);
  });

  it('answers protobuf for definitions, and JSON or 406 for their objects', async () => {
    const accept = 'application/vnd.kubernetes.protobuf';
    const url = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await using https = await startHttpsApi();
    await establish(https.api.client);
    const get = async (path: string, wanted: string) => {
      const { world } = https.api;
      const { cert, key } = https.pki.admin;
      const tls = { ca: https.pki.ca.cert, cert, key };
      const response = await world.net.fetch(`${https.server}${path}`, { method: 'GET', headers: { accept: wanted }, tls });
      for await (const _ of response.body);
      return { code: response.status, type: response.headers['content-type'] };
    };
    assert.deepEqual(await get(url, accept), { code: 200, type: accept });
    const objects = '/apis/stable.example.com/v1/crontabs';
    assert.deepEqual(await get(objects, `${accept},application/json`), { code: 200, type: 'application/json' });
    assert.equal((await get(objects, accept)).code, 406);
    const metadata = `${accept};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1`;
    assert.deepEqual(await get(objects, metadata), { code: 200, type: accept });
    const scale = { specReplicasPath: '.spec.n', statusReplicasPath: '.status.n' };
    const crd = await establish(https.api.client, {
      plural: 'scaled',
      kind: 'Scaled',
      scope: 'Cluster',
      versions: [versionOf('v1', undefined, { subresources: { scale } })],
    });
    await https.api.client.resource(customRef(crd)).create({ metadata: { name: 's' }, spec: { n: 1 } });
    assert.deepEqual(await get('/apis/stable.example.com/v1/scaled/s/scale', accept), { code: 200, type: accept });
  });

  // Conformance: [sig-api-machinery] AggregatedDiscovery should support raw aggregated discovery request for CRDs [Conformance]
  it('is found by aggregated discovery as soon as it is established', async () => {
    await establish(api.client, { group: 'found.example.com', plural: 'founds', kind: 'Found' });
    const answer = await raw(api, 'GET', '/apis', undefined, {
      accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    });
    const groups = answer.object.items as unknown as { metadata: { name: string }; versions: { resources: { resource: string }[] }[] }[];
    assert.equal(groups.find(({ metadata }) => metadata.name === 'found.example.com')?.versions[0]?.resources[0]?.resource, 'founds');
  });

  it('leaves what is built in alone', async () => {
    const annotations = { 'api-approved.kubernetes.io': 'unapproved, a test' };
    const crd = await establish(api.client, { group: 'networking.k8s.io', plural: 'ingresses', kind: 'Ingress', annotations });
    await until('it is told not to be approved', async () => {
      const { conditions } = (await definitions().get(crd.metadata.name)).status;
      return conditions?.some(({ type, status }) => type === 'KubernetesAPIApprovalPolicyConformant' && status === 'False');
    });
    const refused = await raw(api, 'POST', '/apis/networking.k8s.io/v1/namespaces/default/ingresses', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'i' },
      spec: { anything: 1 },
    });
    assert.equal(refused.code, 422, 'the built-in kind checks it');
    await definitions().delete(crd.metadata.name);
    await until('the definition is gone', () =>
      definitions()
        .get(crd.metadata.name)
        .then(() => false, isNotFound),
    );
    assert.equal((await raw(api, 'GET', '/apis/networking.k8s.io/v1/ingresses')).code, 200);
  });
});
