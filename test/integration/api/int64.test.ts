// Whole numbers of built-in kinds that JavaScript's numbers cannot hold: as they were sent, on every way in and out.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Pods } from '#api/refs.ts';
import { decodeProtobuf, encodeProtobuf, structOfKind } from '#api/walk/protobuf.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { raw } from '../../support/raw.ts';

const odd = '9007199254740993';
const most = '9223372036854775807';
const least = '-9223372036854775808';
const revisions = '/apis/apps/v1/namespaces/default/controllerrevisions';
const pods = '/api/v1/namespaces/default/pods';

describe('64 bits of built-in kinds', () => {
  let api: TestApi;
  before(async () => {
    api = await startTestApi();
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
  });

  const podText = (name: string, grace: string, more = ''): string =>
    `{"metadata":{"name":"${name}"},"spec":{"terminationGracePeriodSeconds":${grace},"containers":[{"name":"c","image":"i"}]${more}}}`;

  for (const [name, number] of Object.entries({ odd, most })) {
    it(`${number} is kept by creation, patches, lists and YAML`, async () => {
      const created = await raw(api, 'POST', revisions, `{"metadata":{"name":"${name}"},"data":{},"revision":${number}}`);
      assert.equal(created.code, 201, created.text);
      const kept = (text: string, format: RegExp): void => assert.equal(format.exec(text)?.[1], number, text);
      const json = /"revision":(-?\d+)/;
      for (const [type, patch] of [
        ['application/merge-patch+json', { metadata: { labels: { a: 'b' } } }],
        ['application/strategic-merge-patch+json', { metadata: { labels: { a: 'c' } } }],
        ['application/json-patch+json', [{ op: 'add', path: '/metadata/labels/d', value: 'e' }]],
      ] as const) {
        const patched = await raw(api, 'PATCH', `${revisions}/${name}`, patch, { 'content-type': type });
        assert.equal(patched.code, 200, patched.text);
      }
      const list = await raw(api, 'GET', `${revisions}?fieldSelector=metadata.name=${name}`);
      kept(list.text, json);
      const configuration = `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"${name}"},"revision":${number}}`;
      const query = '?fieldManager=other';
      const applied = await raw(api, 'PATCH', `${revisions}/${name}${query}`, configuration, {
        'content-type': 'application/apply-patch+yaml',
      });
      // The same number is no conflict; one that only a number takes for the same is.
      assert.equal(applied.code, 200, applied.text);
      const near = configuration.replace(number, String(BigInt(number) + (number === most ? -1n : 1n)));
      const refused = await raw(api, 'PATCH', `${revisions}/${name}${query}2`, near, { 'content-type': 'application/apply-patch+yaml' });
      assert.equal(refused.code, 409, refused.text);
      const yaml = await raw(api, 'GET', `${revisions}/${name}`, undefined, { accept: 'application/yaml' });
      kept(yaml.text, /^revision: (-?\d+)$/m);
    });
  }

  for (const number of [odd, most, least]) {
    it(`${number} goes through protobuf`, () => {
      const struct = structOfKind('apps/v1', 'ControllerRevision');
      assert.ok(struct);
      const bytes = encodeProtobuf(struct, { metadata: { name: 'r' }, revision: BigInt(number) });
      assert.equal(String((decodeProtobuf(struct, bytes) as { revision: unknown }).revision), number);
    });
  }

  it('what has more bits is refused', async () => {
    for (const number of ['9223372036854775808', '-9223372036854775809', '1.5']) {
      const { code, object } = await raw(api, 'POST', pods, podText('large', number));
      assert.equal(code, 400, number);
      const field = 'Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64';
      const told = new RegExp(
        String.raw`^Pod in version "v1" cannot be handled as a Pod: json: cannot unmarshal number -?[\d.]+ into ${field}$`,
      );
      assert.match(object.message ?? '', told);
    }
  });

  it('a limit that it breaks is told with all digits', async () => {
    const { object } = await raw(api, 'POST', pods, podText('user', '30', `,"securityContext":{"runAsUser":${most}}`));
    const detail = `Invalid value: ${most}: must be between 0 and 2147483647, inclusive`;
    assert.equal(object.message, `Pod "user" is invalid: spec.securityContext.runAsUser: ${detail}`);
  });

  it('a pod that may take for ever to end can be deleted all the same', async () => {
    const created = await raw(api, 'POST', pods, podText('slow', most, ',"nodeName":"n"'));
    assert.equal(created.code, 201, created.text);
    const marked = await raw(api, 'DELETE', `${pods}/slow`);
    assert.equal(marked.code, 200, marked.text);
    assert.match(marked.text, new RegExp(`"deletionGracePeriodSeconds":${most}`));
    assert.equal(marked.object.metadata.deletionTimestamp, '9999-12-31T23:59:59Z');
    const sooner = await raw(api, 'DELETE', `${pods}/slow?gracePeriodSeconds=5`);
    assert.equal(sooner.code, 200, sooner.text);
    await raw(api, 'DELETE', `${pods}/slow?gracePeriodSeconds=0`);
    const left = await api.client.resource(Pods).list({ namespace: 'default' });
    assert.deepEqual(
      left.items.map(({ metadata }) => metadata.name),
      [],
    );
  });
});
