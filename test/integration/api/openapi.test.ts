// OpenAPI documents over the API: their forms, their addresses, and that both forms say the same.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openApiPlug } from '#apiserver/openapi/plug.ts';
import { decodeDocument } from '../../facts/gnosticmessages.ts';
import { admin, startTestApi, type TestApi } from '../../support/api.ts';
import { establish, versionOf } from '../../support/definitions.ts';
import { until } from '../../support/until.ts';

const schema = {
  type: 'object',
  description: 'A thing',
  properties: { spec: { type: 'object', nullable: true, properties: { size: { type: 'integer', minimum: 1, default: 3 } } } },
};

describe('OpenAPI', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi({ plugs: [openApiPlug()] });
    await establish(api.client, { group: 'example.com', plural: 'things', kind: 'Thing', versions: [versionOf('v1', schema)] });
    await until(
      'the definition is published',
      async () => (await get('/openapi/v3/apis/example.com/v1', 'application/json')).status === 200,
    );
  });
  after(() => api[Symbol.asyncDispose]());

  async function get(url: string, accept: string, more: Record<string, string> = {}) {
    const [path = '', query] = url.split('?');
    const { status, headers, body } = await api.api
      .transport(admin)
      .send({ method: 'GET', path, ...(query ? { query } : {}), headers: { accept, ...more } });
    return { status, headers, bytes: 'bytes' in body ? Buffer.from(body.bytes) : Buffer.alloc(0) };
  }
  const protobuf = (version: string) => `application/com.github.proto-openapi.spec.${version}@v1.0+protobuf`;
  const json = async (url: string): Promise<unknown> => JSON.parse((await get(url, 'application/json')).bytes.toString());

  it('says the same in protobuf as in JSON', async () => {
    const v2 = await get('/openapi/v2', protobuf('v2'));
    assert.equal(v2.headers['content-type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    assert.deepEqual(decodeDocument('v2', v2.bytes), await json('/openapi/v2'));
    for (const path of ['/openapi/v3/api/v1', '/openapi/v3/apis/example.com/v1']) {
      const v3 = await get(path, protobuf('v3'));
      assert.equal(v3.status, 200);
      assert.equal(v3.headers['content-type'], 'application/com.github.proto-openapi.spec.v3.v1.0+protobuf');
      assert.match(String(v3.headers['vary']), /\bAccept\b/);
      assert.deepEqual(decodeDocument('v3', v3.bytes), await json(path));
    }
  });

  it('has one address and one tag for both forms', async () => {
    const { paths } = (await json('/openapi/v3')) as { paths: Record<string, { serverRelativeURL: string }> };
    for (const name of ['api/v1', 'apis/example.com/v1']) {
      const url = paths[name]?.serverRelativeURL ?? '';
      const [one, other] = [await get(url, 'application/json'), await get(url, protobuf('v3'))];
      assert.deepEqual([one.status, other.status], [200, 200]);
      assert.equal(one.headers['etag'], other.headers['etag']);
      assert.ok(url.endsWith(`?hash=${String(one.headers['etag']).slice(1, -1)}`));
      for (const { headers } of [one, other]) assert.match(String(headers['cache-control']), /immutable/);
      assert.equal((await get(url, protobuf('v3'), { 'if-none-match': String(other.headers['etag']) })).status, 304);
      const moved = await get(`/openapi/v3/${name}?hash=OLD`, protobuf('v3'));
      assert.deepEqual([moved.status, moved.headers['location']], [301, url]);
    }
    assert.equal((await get('/openapi/v3/api/v1', 'text/html')).status, 406);
    assert.equal((await get('/openapi/v3/api/v1', protobuf('v2'))).status, 406);
  });
});
