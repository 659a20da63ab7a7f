// Protobuf bodies as Go's typed clients send them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Deployment } from '#api/apps/v1/deployment.ts';
import { DeleteOptions } from '#api/meta/v1/options.ts';
import { ConfigMap } from '#api/core/v1/configmap.ts';
import { decodeProtobuf, encodeEnveloped, openEnvelope } from '#api/walk/protobuf.ts';
import type { ApiRequest } from '#client/transport.ts';
import { admin, startTestApi, type TestApi } from '../../support/api.ts';

const type = 'application/vnd.kubernetes.protobuf';
const base = '/apis/apps/v1/namespaces/default/deployments';

describe('protobuf', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  async function send(method: ApiRequest['method'], path: string, bytes?: Uint8Array) {
    const answer = await api.api.transport(admin).send({
      method,
      path,
      headers: { 'content-type': type, accept: `${type},application/json` },
      ...(bytes ? { body: { bytes } } : {}),
    });
    assert.ok('bytes' in answer.body);
    const { kind, raw } = openEnvelope(answer.body.bytes);
    return { code: answer.status, kind, raw };
  }

  it('creates, reads and deletes', async () => {
    const labels = { app: 'x' };
    const deployment = {
      metadata: { name: 'd' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    };
    const made = await send('POST', base, encodeEnveloped(Deployment, 'apps/v1', 'Deployment', deployment));
    assert.equal(made.code, 201);
    const read = decodeProtobuf(Deployment, (await send('GET', `${base}/d`)).raw) as {
      spec: { replicas: number; strategy: { type: string } };
    };
    assert.equal(read.spec.replicas, 2);
    assert.equal(read.spec.strategy.type, 'RollingUpdate');
    assert.equal((await send('GET', base)).kind, 'DeploymentList');
    // Clients name the options after the group of what they delete.
    const options = encodeEnveloped(DeleteOptions, 'apps/v1', 'DeleteOptions', { propagationPolicy: 'Foreground' });
    const deleted = await send('DELETE', `${base}/d`, options);
    assert.equal(deleted.code, 200);
    const marked = decodeProtobuf(Deployment, deleted.raw) as { metadata: { finalizers: string[] } };
    assert.deepEqual(marked.metadata.finalizers, ['foregroundDeletion']);
  });

  it('refuses what it cannot read', async () => {
    const bad = await send('POST', base, Buffer.from('no protobuf'));
    assert.equal(bad.code, 400);
    assert.equal(bad.kind, 'Status');
    const other = await send('POST', base, encodeEnveloped(ConfigMap, 'v1', 'ConfigMap', { metadata: { name: 'x' } }));
    assert.equal(other.code, 400);
  });
});
