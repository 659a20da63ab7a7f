// Custom resources in several versions: without conversion, with a webhook, and with one that lies.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { CustomResourceDefinition } from '#api/apiextensions/v1/customresourcedefinition.ts';
import type { Unstructured } from '#api/object.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { customRef, establish, versionOf } from '../../support/definitions.ts';
import { until } from '../../support/until.ts';
import { startWebhooks, type WebhookPath, type WebhookServer } from '../../support/webhooks.ts';

const text = { type: 'string' };
const v1 = { type: 'object', properties: { hostPort: text } };
const v2 = { type: 'object', properties: { host: text, port: text } };

/** `hostPort` of v1 is `host` and `port` in v2. */
function converted({ apiVersion, hostPort, host, port, ...rest }: Unstructured, wanted: string): object {
  if (apiVersion === wanted) return { ...rest, apiVersion, ...(hostPort ? { hostPort } : {}) };
  if (wanted.endsWith('/v2')) {
    const [left, right] = String(hostPort ?? '').split(':');
    return { ...rest, apiVersion: wanted, host: left, port: right };
  }
  return { ...rest, apiVersion: wanted, hostPort: `${String(host)}:${String(port)}` };
}
const convert: WebhookPath = ({ body }) => ({
  body: {
    kind: 'ConversionReview',
    apiVersion: body.apiVersion,
    response: {
      uid: body.request.uid,
      result: { status: 'Success' },
      convertedObjects: body.request.objects.map((object: Unstructured) => converted(object, body.request.desiredAPIVersion)),
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
  hooks.asked.length = 0;
  hooks.paths.set('/convert', convert);
});

let count = 0;
async function versions(conversion: object | undefined): Promise<CustomResourceDefinition> {
  const plural = `things${++count}`;
  return establish(api.client, {
    plural,
    kind: `Thing${count}`,
    versions: [versionOf('v1', v1), versionOf('v2', v2, { storage: false })],
    ...(conversion ? { conversion } : {}),
  });
}
const webhook = () => ({
  strategy: 'Webhook',
  webhook: { clientConfig: { url: `${hooks.url}/convert`, caBundle: hooks.caBundle }, conversionReviewVersions: ['v1', 'v1beta1'] },
});
const named = (name: string, more: object = {}) => ({ metadata: { name, namespace: 'default' }, ...more });
const ns = { namespace: 'default' };

describe('versions', () => {
  it('differ in their name only when nobody converts', async () => {
    const crd = await versions(undefined);
    const [one, two] = [api.client.resource(customRef(crd, 'v1')), api.client.resource(customRef(crd, 'v2'))];
    await one.create(named('a', { hostPort: 'h:1' }));
    const seen = await two.get('a', ns);
    assert.equal(seen.apiVersion, 'stable.example.com/v2');
    assert.equal(seen['hostPort'], undefined);
    await two.create(named('b', { host: 'x' }));
    assert.equal((await one.get('b', ns))['host'], undefined);
    assert.deepEqual(
      (await two.list()).items.map(({ apiVersion }) => apiVersion),
      ['stable.example.com/v2', 'stable.example.com/v2'],
    );
  });

  it('are converted by a webhook, singly and in mixed lists', async () => {
    const crd = await versions(webhook());
    const [one, two] = [api.client.resource(customRef(crd, 'v1')), api.client.resource(customRef(crd, 'v2'))];
    await one.create(named('a', { hostPort: 'localhost:8080' }));
    const seen = await two.get('a', ns);
    assert.deepEqual([seen['host'], seen['port'], seen.apiVersion], ['localhost', '8080', 'stable.example.com/v2']);
    const changed = await two.patch('a', { port: '9090' }, { type: 'merge', ...ns });
    assert.equal(changed['port'], '9090');
    assert.equal((await one.get('a', ns))['hostPort'], 'localhost:9090');

    const definitions = api.client.resource(CustomResourceDefinitions);
    const storage = [
      { op: 'replace', path: '/spec/versions/0/storage', value: false },
      { op: 'replace', path: '/spec/versions/1/storage', value: true },
    ];
    const updated = await definitions.patch(crd.metadata.name, storage, { type: 'json' });
    assert.deepEqual(updated.status.storedVersions, ['v1', 'v2']);
    await until('v2 is stored', async () => {
      await two.create(named(`b${Math.round(performance.now())}`, { host: 'h', port: '1' }));
      return true;
    });
    hooks.asked.length = 0;
    const first = await one.list(ns);
    assert.deepEqual(new Set(first.items.map(({ apiVersion }) => apiVersion)), new Set(['stable.example.com/v1']));
    assert.deepEqual(
      first.items.map((item) => item['hostPort']),
      ['localhost:9090', 'h:1'],
    );
    assert.equal(hooks.asked.length, 1, 'a list is one question');
    const second = await two.list(ns);
    assert.deepEqual(
      second.items.map((item) => [item['host'], item['port']]),
      [
        ['localhost', '9090'],
        ['h', '1'],
      ],
    );
    await one.list(ns);
    await two.list(ns);
    assert.equal(hooks.asked.length, 2, 'what was converted is remembered');
    const names = async (fieldSelector: string) => (await one.list({ fieldSelector })).items.length;
    assert.equal(await names('metadata.name=a'), 1);
  });

  it('are watched through the webhook, in order', async () => {
    const crd = await versions(webhook());
    const [one, two] = [api.client.resource(customRef(crd, 'v1')), api.client.resource(customRef(crd, 'v2'))];
    await one.create(named('before', { hostPort: 'a:1' }));
    const stop = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const { type, object } of two.watch({ signal: stop.signal, ...ns })) {
        seen.push(`${type} ${object.metadata.name} ${String(object['host'])}:${String(object['port'])}`);
        if (type === 'DELETED') stop.abort();
      }
    })();
    await until('the watch runs', () => seen.length > 0);
    const made = await one.create(named('w', { hostPort: 'b:2' }));
    await one.update({ ...made, hostPort: 'c:3' });
    await two.delete('w', ns);
    await watching;
    assert.deepEqual(seen, ['ADDED before a:1', 'ADDED w b:2', 'MODIFIED w c:3', 'DELETED w c:3']);
  });

  it('are refused when the webhook lies or is away', async () => {
    const crd = await versions(webhook());
    const [one, two] = [api.client.resource(customRef(crd, 'v1')), api.client.resource(customRef(crd, 'v2'))];
    await one.create(named('a', { hostPort: 'h:1' }));
    const head = `Internal error occurred: conversion webhook for stable.example.com/v1, Kind=${crd.spec.names.kind}`;
    const lies: readonly (readonly [(review: never) => unknown, string])[] = [
      [() => ({}), ' failed: expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got /, Kind='],
      [(review: { response: object }) => ({ ...review, response: undefined }), ' failed: no response provided'],
      [
        (review: { response: object }) => ({
          ...review,
          response: { ...review.response, result: { status: 'Failed', message: 'no idea' } },
        }),
        ' failed: no idea',
      ],
      [
        (review: { response: object }) => ({ ...review, response: { ...review.response, convertedObjects: [] } }),
        ' returned 0 objects, expected 1',
      ],
      ...(
        [
          [{ apiVersion: 'x/v9' }, 'invalid groupVersion (expected stable.example.com/v2, received x/v9)'],
          [{ kind: 'Other' }, `must have the same kind: ${crd.spec.names.kind} != Other`],
          [{ metadata: undefined }, 'missing metadata in converted object'],
          [{ metadata: { name: 'b', namespace: 'default' } }, 'must have the same name: a != b'],
        ] as const
      ).map(
        ([change, why]) =>
          [
            (review: { response: { convertedObjects: object[] } }) => ({
              ...review,
              response: {
                ...review.response,
                convertedObjects: review.response.convertedObjects.map((object) => ({ ...object, ...change })),
              },
            }),
            ` returned invalid converted object at index 0: ${why}`,
          ] as const,
      ),
    ];
    for (const [lie, message] of lies) {
      hooks.paths.set('/convert', async (asked) => ({ body: lie((await convert(asked)).body as never) }));
      await assert.rejects(two.get('a', ns), (error: StatusError) => {
        assert.equal(error.message, head + message);
        return error.code === 500;
      });
    }
    hooks.paths.delete('/convert');
    await assert.rejects(two.list(ns), (error: StatusError) => error.message.startsWith(`${head} failed:`));
    assert.equal((await one.get('a', ns))['hostPort'], 'h:1', 'the stored version needs nobody');
    hooks.paths.set('/convert', async (asked) => {
      const { body } = (await convert(asked)) as { body: { response: { convertedObjects: Unstructured[] } } };
      for (const object of body.response.convertedObjects) {
        Object.assign(object.metadata, { labels: { converted: 'yes' }, finalizers: ['x.example.com/y'], generation: 77 });
      }
      return { body };
    });
    const seen = await two.get('a', ns);
    assert.deepEqual([seen.metadata.labels, seen.metadata.finalizers, seen.metadata.generation], [{ converted: 'yes' }, undefined, 1]);
  });

  it('go on being watched while the definition stays the same, and begin anew when it changes', async () => {
    const crd = await versions(undefined);
    const one = api.client.resource(customRef(crd, 'v1'));
    let ended = false;
    const seen: string[] = [];
    const stop = new AbortController();
    const watching = (async () => {
      for await (const { type, object } of one.watch({ signal: stop.signal, ...ns })) seen.push(`${type} ${object.metadata.name}`);
      ended = true;
    })();
    const definitions = api.client.resource(CustomResourceDefinitions);
    await definitions.patch(crd.metadata.name, { metadata: { labels: { a: 'b' } } }, { type: 'merge' });
    await one.create(named('first'));
    await until('it is seen', () => seen.length === 1);
    assert.equal(ended, false);
    await definitions.patch(crd.metadata.name, [{ op: 'replace', path: '/spec/versions/1/served', value: false }], { type: 'json' });
    await until('the watch ends', () => ended);
    await watching;
    await one.create(named('second'));
    assert.equal((await one.list(ns)).items.length, 2);
  });

  it('that are gone from the definition own nothing after the next write', async () => {
    const crd = await versions(undefined);
    const definitions = api.client.resource(CustomResourceDefinitions);
    const one = api.client.resource(customRef(crd, 'v1'));
    const two = api.client.resource(customRef(crd, 'v2'));
    const apply = (version: typeof one, manager: string, labels: object, name = 'a') =>
      version.patch(
        name,
        { apiVersion: `stable.example.com/${version.ref.version}`, kind: crd.spec.names.kind, metadata: { name, labels } },
        { type: 'apply', fieldManager: manager, ...ns },
      );
    for (const name of ['a', 'b']) {
      await apply(one, 'old', { old: '1' }, name);
      await apply(one, 'both', { both: '1', left: '1' }, name);
      await apply(two, 'new', { new: '1' }, name);
      await one.patch(name, { metadata: { labels: { updated: '1' } } }, { type: 'merge', fieldManager: 'updater', ...ns });
    }
    const owners = ({ metadata }: Unstructured) =>
      (metadata.managedFields ?? []).map(({ manager, apiVersion }) => `${manager} ${apiVersion?.split('/')[1]}`).sort();
    assert.deepEqual(owners(await two.get('a', ns)), ['both v1', 'new v2', 'old v1', 'updater v1']);
    // Not served is not gone.
    const unserved = [
      { op: 'replace', path: '/spec/versions/0/storage', value: false },
      { op: 'replace', path: '/spec/versions/0/served', value: false },
      { op: 'replace', path: '/spec/versions/1/storage', value: true },
    ];
    await definitions.patch(crd.metadata.name, unserved, { type: 'json' });
    const refused = (promise: Promise<unknown>) =>
      promise.then(
        () => false,
        () => true,
      );
    await until('v1 is not served', () => refused(one.get('a', ns)));
    await two.patch('a', { host: 'h' }, { type: 'merge', fieldManager: 'someone', ...ns });
    assert.deepEqual(owners(await two.get('a', ns)), ['both v1', 'new v2', 'old v1', 'someone v2', 'updater v1']);
    await definitions.patch(crd.metadata.name, { status: { storedVersions: ['v2'] } }, { type: 'merge', subresource: 'status' });
    await definitions.patch(crd.metadata.name, [{ op: 'remove', path: '/spec/versions/0' }], { type: 'json' });
    await until('v1 is gone', async () => {
      // Nothing but the managers changes: even so the object is written.
      const { metadata } = await two.patch('a', { host: 'h' }, { type: 'merge', fieldManager: 'someone', ...ns });
      return metadata.managedFields?.length === 2;
    });
    assert.deepEqual(owners(await two.get('a', ns)), ['new v2', 'someone v2']);
    // Who applies again begins anew: nothing is taken away that only the gone version owned.
    const applied = await apply(two, 'both', { both: '2' }, 'b');
    assert.deepEqual(owners(applied), ['both v2', 'new v2']);
    assert.deepEqual(applied.metadata.labels, { old: '1', both: '2', left: '1', new: '1', updated: '1' });
    await assert.rejects(apply(two, 'other', { both: '3' }, 'b'), (error: StatusError) => error.code === 409);
    await apply(two, 'other', { old: '2', updated: '2' }, 'b');
  });

  it('are served again by a server that starts, and by another one beside it', async () => {
    const crd = await versions(webhook());
    await api.client.resource(customRef(crd, 'v1')).create(named('kept', { hostPort: 'k:1' }));
    await using other = await startTestApi({ store: api.store, world: api.world });
    const kept = await other.client.resource(customRef(crd, 'v2')).get('kept', ns);
    assert.equal(kept['host'], 'k');
    const later = await versions(undefined);
    const there = other.client.resource(customRef(later, 'v2'));
    await until('the other server serves it', () =>
      there.list().then(
        () => true,
        () => false,
      ),
    );
    await there.create(named('from-there'));
    assert.equal((await api.client.resource(customRef(later, 'v1')).get('from-there', ns)).apiVersion, 'stable.example.com/v1');
    await api.client.resource(CustomResourceDefinitions).delete(later.metadata.name);
    await until('it is gone from both', () =>
      there.list().then(
        () => false,
        () => true,
      ),
    );
  });
});
