// Server-side apply and managed fields through the whole API server.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ManagedFieldsEntry } from '#api/meta/v1/objectmeta.ts';
import type { Status } from '#api/meta/v1/status.ts';
import { toYaml } from '#format/yaml.ts';
import { admin, startTestApi, type TestApi } from '../../support/api.ts';

interface Answer {
  readonly code: number;
  readonly object: Status & {
    metadata: { managedFields?: readonly ManagedFieldsEntry[]; generation?: number; resourceVersion?: string };
    spec: Record<string, never>;
    data?: Record<string, string>;
  };
}

const deployment = (replicas: number | undefined, image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image, ports: [{ containerPort: 80 }] }] } },
  },
});
const url = '/apis/apps/v1/namespaces/default/deployments';

describe('server-side apply', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  async function send(
    method: 'POST' | 'PUT' | 'PATCH' | 'GET',
    path: string,
    query: string,
    body?: string,
    type = 'application/json',
  ): Promise<Answer> {
    const response = await api.api.transport(admin).send({
      method,
      path,
      query,
      headers: { 'content-type': type, accept: 'application/json', 'user-agent': 'tester/1.0' },
      ...(body === undefined ? {} : { body: { bytes: Buffer.from(body) } }),
    });
    const { body: answer } = response;
    if ('object' in answer) return { code: response.status, object: answer.object as Answer['object'] };
    assert.ok('bytes' in answer);
    return { code: response.status, object: JSON.parse(Buffer.from(answer.bytes).toString()) as Answer['object'] };
  }
  const apply = (path: string, query: string, object: object) => send('PATCH', path, query, toYaml(object), 'application/apply-patch+yaml');
  const managers = (answer: Answer) =>
    (answer.object.metadata.managedFields ?? []).map(
      (entry) => `${entry.manager} ${entry.operation}${entry.subresource ? ` ${entry.subresource}` : ''}`,
    );

  it('creates what is absent, owns what it says, conflicts, and yields to force', async () => {
    const created = await apply(`${url}/web`, 'fieldManager=ci', deployment(2, 'web:1'));
    assert.equal(created.code, 201);
    assert.deepEqual(managers(created), ['ci Apply']);
    assert.deepEqual(created.object.metadata.managedFields?.[0]?.fieldsV1, {
      'f:spec': {
        'f:replicas': {},
        'f:selector': {},
        'f:template': {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:containers': {
              'k:{"name":"web"}': {
                '.': {},
                'f:image': {},
                'f:name': {},
                'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
              },
            },
          },
        },
      },
    });
    const again = await apply(`${url}/web`, 'fieldManager=ci', deployment(2, 'web:1'));
    assert.equal(again.code, 200);
    assert.equal(again.object.metadata.resourceVersion, created.object.metadata.resourceVersion, 'nothing to write');

    const scaled = await send('PATCH', `${url}/web`, 'fieldManager=hpa', '{"spec":{"replicas":5}}', 'application/merge-patch+json');
    assert.deepEqual(managers(scaled), ['ci Apply', 'hpa Update']);
    const refused = await apply(`${url}/web`, 'fieldManager=ci', deployment(2, 'web:2'));
    assert.equal(refused.code, 409);
    assert.equal(refused.object.reason, 'Conflict');
    assert.equal(refused.object.message, 'Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas');
    assert.deepEqual(refused.object.details?.causes, [
      { reason: 'FieldManagerConflict', message: 'conflict with "hpa" using apps/v1', field: '.spec.replicas' },
    ]);
    const without = await apply(`${url}/web`, 'fieldManager=ci', deployment(undefined, 'web:2'));
    assert.equal(without.code, 200);
    assert.equal(without.object.spec['replicas'], 5);
    const forced = await apply(`${url}/web`, 'fieldManager=ci&force=true', deployment(3, 'web:2'));
    assert.equal(forced.object.spec['replicas'], 3);
    assert.deepEqual(managers(forced), ['ci Apply']);
    assert.equal(forced.object.metadata.generation, 4);
  });

  it('tracks creates, updates and status by their manager', async () => {
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data: { a: '1' } };
    const path = '/api/v1/namespaces/default/configmaps';
    const created = await send('POST', path, '', JSON.stringify(object));
    assert.deepEqual(
      created.object.metadata.managedFields?.map(({ time: _, ...entry }) => entry),
      [
        {
          manager: 'tester',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:data': { '.': {}, 'f:a': {} } },
        },
      ],
    );
    const updated = await send('PUT', `${path}/m`, 'fieldManager=other', JSON.stringify({ ...object, data: { a: '1', b: '2' } }));
    // They are told by their times, which may be the same second or not.
    assert.deepEqual(managers(updated).toSorted(), ['other Update', 'tester Update']);
    const status = await send(
      'PATCH',
      `${url}/web/status`,
      'fieldManager=ctl',
      '{"status":{"replicas":3}}',
      'application/merge-patch+json',
    );
    assert.ok(managers(status).includes('ctl Update status'));
  });

  it('refuses bad configurations in the words of Kubernetes', async () => {
    const message = async (query: string, object: object) => {
      const answer = await apply(`${url}/bad`, query, object);
      return [answer.code, answer.object.message];
    };
    assert.deepEqual(await message('', deployment(1, 'x')), [
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ]);
    const named = (extra: object) => ({ ...deployment(1, 'x'), metadata: { name: 'bad', namespace: 'default', ...extra } });
    assert.deepEqual(await message('fieldManager=a', { ...named({}), spec: { wrong: 1 } }), [
      400,
      'failed to create typed patch object (default/bad; apps/v1, Kind=Deployment): .spec.wrong: field not declared in schema',
    ]);
    assert.equal((await message('fieldManager=a', { ...named({}), apiVersion: 'apps/v1beta1' }))[0], 400);
    assert.deepEqual(await message('fieldManager=a', named({ managedFields: [{ manager: 'x' }] })), [
      400,
      'metadata.managedFields must be nil',
    ]);
  });
});
