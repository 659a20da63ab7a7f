// The server around the API: health, metrics, encodings, Tables.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ConfigMaps, Pods } from '#api/refs.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { raw } from '../../support/raw.ts';

describe('serving', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
    await api.client.resource(ConfigMaps).create({ metadata: { name: 'a', namespace: 'default' }, data: { k: 'v' } });
    await api.client
      .resource(Pods)
      .create({ metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i' }] } });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });
  const map = '/api/v1/namespaces/default/configmaps/a';
  const pods = '/api/v1/namespaces/default/pods';

  it('tells its health, check by check', async () => {
    assert.equal((await raw(api, 'GET', '/healthz')).text, 'ok');
    const verbose = await raw(api, 'GET', '/readyz?verbose');
    assert.match(verbose.text, /^\[\+\]ping ok\n/);
    assert.match(verbose.text, /readyz check passed\n$/);
    for (const hook of [
      'poststarthook/rbac/bootstrap-roles',
      'poststarthook/crd-informer-synced',
      'autoregister-completion',
      'informer-sync',
    ])
      assert.ok(verbose.text.includes(`[+]${hook} ok\n`), hook);
    assert.equal((await raw(api, 'GET', '/healthz/poststarthook/rbac/bootstrap-roles')).text, 'ok');
    assert.equal((await raw(api, 'GET', '/livez/etcd')).text, 'ok');
    assert.equal((await raw(api, 'GET', '/livez/none')).code, 404);
    const excluded = await raw(api, 'GET', '/livez?verbose&exclude=etcd');
    assert.match(excluded.text, /\[\+\]etcd excluded: ok/);
  });

  it('tells every path at its root', async () => {
    const { text, code } = await raw(api, 'GET', '/');
    assert.equal(code, 200);
    const { paths } = JSON.parse(text) as { paths: string[] };
    for (const path of ['/api/v1', '/apis/', '/apis/apps', '/apis/apps/v1', '/healthz/ping', '/readyz/shutdown', '/metrics'])
      assert.ok(paths.includes(path), path);
    assert.deepEqual(paths, [...new Set(paths)].sort());
    assert.match(text, /^\{\n {2}"paths": \[\n {4}"\//);
    for (const path of paths.filter((one) => one.startsWith('/healthz'))) assert.equal((await raw(api, 'GET', path)).code, 200, path);
    assert.equal((await raw(api, 'GET', '/index.html')).text, text);
    assert.equal((await raw(api, 'GET', '/nowhere')).code, 404);
  });

  it('counts', async () => {
    const { text } = await raw(api, 'GET', '/metrics');
    assert.match(
      text,
      /^apiserver_request_total\{code="201",component="apiserver",dry_run="",group="",resource="pods",subresource="",version="v1",scope="resource",verb="POST"\} 1$/m,
    );
    assert.match(text, /^apiserver_storage_objects\{resource="configmaps"\} 1$/m);
    assert.match(text, /^apiserver_request_duration_seconds_bucket\{.*le="\+Inf"\} \d+$/m);
  });

  it('writes YAML', async () => {
    const { text } = await raw(api, 'GET', map, undefined, { accept: 'application/yaml' });
    assert.match(text, /^apiVersion: v1\ndata:\n {2}k: v\nkind: ConfigMap\n/);
  });

  it('reads YAML', async () => {
    const body = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  on: "yes"\n';
    const made = await raw(api, 'POST', '/api/v1/namespaces/default/configmaps', body, { 'content-type': 'application/yaml' });
    assert.equal(made.code, 201);
    const twice = await raw(api, 'POST', '/api/v1/namespaces/default/configmaps?fieldValidation=Strict', `${body}data:\n  a: b\n`, {
      'content-type': 'application/yaml',
    });
    assert.equal(twice.code, 400);
    assert.match(twice.object.message ?? '', /key "data" already set in map/);
  });

  it('makes Tables and metadata', async () => {
    const accept = (as: string) => ({ accept: `application/json;as=${as};v=v1;g=meta.k8s.io` });
    const table = JSON.parse((await raw(api, 'GET', pods, undefined, accept('Table'))).text) as {
      kind: string;
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[]; object: { kind: string } }[];
    };
    assert.equal(table.kind, 'Table');
    assert.deepEqual(
      table.columnDefinitions.slice(0, 4).map((column) => column.name),
      ['Name', 'Ready', 'Status', 'Restarts'],
    );
    assert.deepEqual(table.rows[0]?.cells.slice(0, 4), ['p', '0/1', 'Pending', '0']);
    assert.equal(table.rows[0]?.object.kind, 'PartialObjectMetadata');
    const list = JSON.parse((await raw(api, 'GET', pods, undefined, accept('PartialObjectMetadataList'))).text) as {
      kind: string;
      items: { metadata: { name: string }; spec?: object }[];
    };
    assert.equal(list.kind, 'PartialObjectMetadataList');
    assert.equal(list.items[0]?.metadata.name, 'p');
    assert.equal(list.items[0]?.spec, undefined);
  });

  it('warns of unknown fields', async () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'w' }, foo: 1 };
    const made = await raw(api, 'POST', '/api/v1/namespaces/default/configmaps?fieldValidation=Warn', body);
    assert.equal(made.code, 201);
    const strict = await raw(
      api,
      'PATCH',
      '/api/v1/namespaces/default/configmaps/w?fieldValidation=Strict',
      { bar: 1 },
      {
        'content-type': 'application/merge-patch+json',
      },
    );
    assert.equal(strict.code, 422);
    assert.match(strict.object.message ?? '', /patch: Invalid value: ".*": strict decoding error: unknown field "bar"$/);
  });
});
