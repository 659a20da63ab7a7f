// Managers of the fields of custom resources that speak versions between which a webhook converts.
import assert from 'node:assert/strict';
import { after, before, beforeEach, it } from 'node:test';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { Unstructured } from '#api/object.ts';
import type { StatusError } from '#api/status.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { customRef, establish, versionOf } from '../../support/definitions.ts';
import { until } from '../../support/until.ts';
import { startWebhooks, type WebhookPath, type WebhookServer } from '../../support/webhooks.ts';

const text = { type: 'string' };
const properties = { color: text };
const v1 = { type: 'object', properties: { hostPort: text, ...properties } };
const v2 = { type: 'object', properties: { host: text, port: text, ...properties } };

/** `hostPort` of v1 is `host` and `port` in v2. */
function converted({ apiVersion, hostPort, host, port, ...rest }: Unstructured, wanted: string): object {
  if (apiVersion === wanted) throw new Error(`nobody needs ${wanted} as ${wanted}`);
  const head = { ...rest, apiVersion: wanted };
  if (!wanted.endsWith('/v2')) return host === undefined ? head : { ...head, hostPort: `${String(host)}:${String(port ?? '')}` };
  if (hostPort === undefined) return head;
  const [left, right] = String(hostPort).split(':');
  return { ...head, host: left, ...(right ? { port: right } : {}) };
}
const convert: WebhookPath = ({ body: { request, apiVersion } }) => ({
  body: {
    kind: 'ConversionReview',
    apiVersion,
    response: {
      uid: request.uid,
      result: { status: 'Success' },
      convertedObjects: request.objects.map((object: Unstructured) => converted(object, request.desiredAPIVersion)),
    },
  },
});

let api: TestApi;
let hooks: WebhookServer;
before(async () => {
  api = await startTestApi();
  hooks = await startWebhooks(api.world, {});
});
after(async () => {
  await hooks[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});
beforeEach(() => {
  hooks.paths.set('/convert', convert);
});

const group = 'stable.example.com';
const ns = { namespace: 'default' };
let count = 0;

class Kind {
  readonly crd: CustomResourceDefinition;

  constructor(crd: CustomResourceDefinition) {
    this.crd = crd;
  }

  static async make(): Promise<Kind> {
    const webhook = {
      clientConfig: { url: `${hooks.url}/convert`, caBundle: hooks.caBundle },
      conversionReviewVersions: ['v1'],
    };
    const crd = await establish(api.client, {
      plural: `places${++count}`,
      kind: `Place${count}`,
      versions: [versionOf('v1', v1), versionOf('v2', v2, { storage: false })],
      conversion: { strategy: 'Webhook', webhook },
    });
    return new Kind(crd);
  }

  in(version: string) {
    return api.client.resource(customRef(this.crd, version));
  }

  apply(version: string, manager: string, fields: object, force = false): Promise<Unstructured> {
    const body = { apiVersion: `${group}/${version}`, kind: this.crd.spec.names.kind, metadata: { name: 'a' }, ...fields };
    return this.in(version).patch('a', body, { type: 'apply', fieldManager: manager, force, ...ns });
  }

  merge(version: string, manager: string, fields: object): Promise<Unstructured> {
    return this.in(version).patch('a', fields, { type: 'merge', fieldManager: manager, ...ns });
  }
}

/** Who owns what, such as `one Apply v1 hostPort`. */
function owners({ metadata }: Unstructured): string[] {
  return (metadata.managedFields ?? [])
    .map(({ manager, operation, apiVersion, fieldsV1 }) => {
      const fields = Object.keys(fieldsV1 as object).map((name) => name.slice(2));
      return `${manager} ${operation} ${apiVersion?.split('/')[1]} ${fields.sort().join(' ')}`;
    })
    .sort();
}

it('a change through one version takes fields from managers of the other', async () => {
  const kind = await Kind.make();
  await kind.apply('v1', 'one', { hostPort: 'h:1' });
  await kind.apply('v2', 'two', { color: 'red' });
  assert.deepEqual(owners(await kind.in('v1').get('a', ns)), ['one Apply v1 hostPort', 'two Apply v2 color']);

  // Nothing of hostPort is called so in v2, yet it is what changes.
  const changed = await kind.merge('v2', 'editor', { port: '2' });
  assert.deepEqual(owners(changed), ['editor Update v2 port', 'two Apply v2 color']);
  assert.equal((await kind.in('v1').get('a', ns))['hostPort'], 'h:2');

  const back = await kind.merge('v1', 'editor', { hostPort: 'i:2' });
  assert.deepEqual(owners(back), ['editor Update v1 hostPort', 'editor Update v2 port', 'two Apply v2 color']);
});

it('an apply conflicts with what others own in the other version, named as they wrote it', async () => {
  const kind = await Kind.make();
  await kind.apply('v1', 'one', { hostPort: 'h:1', color: 'red' });
  await assert.rejects(kind.apply('v2', 'two', { host: 'h', port: '2' }), (error: StatusError) => {
    assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "one": .hostPort');
    return error.code === 409;
  });
  // The same values are shared; what is forced is taken.
  assert.deepEqual(owners(await kind.apply('v2', 'two', { host: 'h', port: '1' })), [
    'one Apply v1 color hostPort',
    'two Apply v2 host port',
  ]);
  const forced = await kind.apply('v2', 'two', { host: 'h', port: '3' }, true);
  assert.deepEqual(owners(forced), ['one Apply v1 color', 'two Apply v2 host port']);
  assert.equal((await kind.in('v1').get('a', ns))['hostPort'], 'h:3');
});

it('what an applier no longer applies goes, in whatever version it was applied before', async () => {
  const kind = await Kind.make();
  await kind.apply('v1', 'one', { hostPort: 'h:1', color: 'red' });
  const applied = await kind.apply('v2', 'one', { color: 'blue' });
  assert.deepEqual(owners(applied), ['one Apply v2 color']);
  assert.deepEqual([applied['host'], applied['port'], applied['color']], [undefined, undefined, 'blue']);
  assert.equal((await kind.in('v1').get('a', ns))['hostPort'], undefined);
});

it('what others claim in another version stays when an applier gives it up', async () => {
  const kind = await Kind.make();
  await kind.apply('v1', 'one', { hostPort: 'h:1', color: 'red' });
  await kind.apply('v2', 'two', { host: 'h', port: '1' });
  const applied = await kind.apply('v1', 'one', { color: 'red' });
  assert.equal(applied['hostPort'], 'h:1');
  assert.deepEqual(owners(applied), ['one Apply v1 color', 'two Apply v2 host port']);
});

it('managers of a version that is not served any more are still asked about, those of one that is gone are dropped', async () => {
  const kind = await Kind.make();
  const definitions = api.client.resource(CustomResourceDefinitions);
  await kind.apply('v1', 'one', { hostPort: 'h:1' });
  await kind.apply('v2', 'two', { color: 'red' });
  const unserved = [
    { op: 'replace', path: '/spec/versions/0/storage', value: false },
    { op: 'replace', path: '/spec/versions/0/served', value: false },
    { op: 'replace', path: '/spec/versions/1/storage', value: true },
  ];
  await definitions.patch(kind.crd.metadata.name, unserved, { type: 'json' });
  const refused = (): Promise<boolean> =>
    kind
      .in('v1')
      .get('a', ns)
      .then(
        () => false,
        () => true,
      );
  await until('v1 is not served', refused);
  await assert.rejects(kind.apply('v2', 'two', { port: '2' }), (error: StatusError) => error.code === 409);
  const changed = await kind.merge('v2', 'editor', { color: 'blue' });
  assert.deepEqual(owners(changed), ['editor Update v2 color', 'one Apply v1 hostPort']);
  await definitions.patch(kind.crd.metadata.name, { status: { storedVersions: ['v2'] } }, { type: 'merge', subresource: 'status' });
  await definitions.patch(kind.crd.metadata.name, [{ op: 'remove', path: '/spec/versions/0' }], { type: 'json' });
  await until('v1 is gone', async () => {
    const seen = await kind.merge('v2', 'editor', { color: 'blue' });
    return seen.metadata.managedFields?.length === 1;
  });
  assert.deepEqual(owners(await kind.in('v2').get('a', ns)), ['editor Update v2 color']);
});

it('a webhook that fails refuses an apply, and costs an update its owners', async () => {
  const kind = await Kind.make();
  await kind.apply('v1', 'one', { color: 'red' });
  await kind.apply('v2', 'two', { host: 'h', port: '1' });
  hooks.paths.set('/convert', () => ({ status: 200, body: {} }));
  // The stored version needs nobody to be read and written: only the manager's fields are in doubt.
  await assert.rejects(kind.apply('v1', 'one', { color: 'blue' }), (error: StatusError) => {
    const why = 'failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind=';
    assert.equal(error.message, `conversion webhook for ${group}/v1, Kind=${kind.crd.spec.names.kind} ${why}`);
    assert.equal(error.reason, '');
    return error.code === 500;
  });
  const changed = await kind.merge('v1', 'editor', { color: 'blue' });
  assert.equal(changed.metadata.managedFields, undefined);
  assert.equal(changed['color'], 'blue');
});

it('a create that brings managers of another version asks nobody about what was not there', async () => {
  const kind = await Kind.make();
  const managedFields = [
    { manager: 'mover', operation: 'Update', apiVersion: `${group}/v2`, fieldsType: 'FieldsV1', fieldsV1: { 'f:port': {} } },
    {
      manager: 'other',
      operation: 'Apply',
      apiVersion: `${group}/v2`,
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:metadata': { 'f:labels': { 'f:a': {} } } },
    },
  ];
  const made = await kind.in('v1').create({ metadata: { name: 'a', ...ns, managedFields } as never, hostPort: 'h:1' });
  const [creator] = (made.metadata.managedFields ?? []).filter(({ apiVersion }) => apiVersion === `${group}/v1`);
  assert.deepEqual(creator?.fieldsV1, { 'f:hostPort': {} });
  assert.deepEqual(owners(made).slice(1), ['other Apply v2 metadata']);
});
