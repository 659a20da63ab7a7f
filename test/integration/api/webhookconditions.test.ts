// matchConditions of admission webhooks, as the conformance suite uses them.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { ConfigMaps, MutatingWebhookConfigurations, Namespaces, ValidatingWebhookConfigurations } from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { startWebhooks, type WebhookServer } from '../../support/webhooks.ts';

let api: TestApi;
let hooks: WebhookServer;
const ns = 'conditions';
before(async () => {
  api = await startTestApi();
  hooks = await startWebhooks(api.world, {});
  await api.client.resource(Namespaces).create({ metadata: { name: ns } });
});
after(async () => {
  await hooks[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await validating().deleteCollection({});
  await mutating().deleteCollection({});
  hooks.asked.length = 0;
});

const validating = () => api.client.resource(ValidatingWebhookConfigurations);
const mutating = () => api.client.resource(MutatingWebhookConfigurations);
const maps = () => api.client.resource(ConfigMaps);
const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name, namespace: ns }, data });
type Condition = { readonly name: string; readonly expression: string };

const webhook = (path: string, matchConditions: readonly Condition[], more: object = {}) => ({
  name: `${path.slice(1)}.example.com`,
  clientConfig: { url: hooks.url + path, caBundle: hooks.caBundle },
  rules: [{ operations: ['CREATE' as const], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
  sideEffects: 'None' as const,
  admissionReviewVersions: ['v1'],
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns } },
  matchConditions,
  ...more,
});
const only = (expression: string): Condition[] => [{ name: 'only', expression }];

for (const kind of ['validating', 'mutating'] as const) {
  const configurations = (): ReturnType<typeof validating> => (kind === 'validating' ? validating() : (mutating() as never));

  describe(`match conditions of ${kind} webhooks`, () => {
    it('can be written, changed and read', async () => {
      const first: Condition[] = [{ name: 'expression-1', expression: "object.metadata.namespace == 'production'" }];
      const made = await configurations().create({ metadata: { name: 'w' }, webhooks: [webhook('/x', first)] });
      assert.deepEqual(made.webhooks?.[0]?.matchConditions, first);
      const second = [...first, { name: 'expression-2', expression: "object.metadata.namespace == 'staging'" }];
      await configurations().update({ ...made, webhooks: [webhook('/x', second)] as never });
      assert.deepEqual((await configurations().get('w')).webhooks?.[0]?.matchConditions, second);
    });

    it('are refused when they do not compile', async () => {
      const bad = webhook('/x', [{ name: 'invalid-expression', expression: "...bad object.metadata.namespace == 'production'" }]);
      const check = (error: StatusError): boolean => {
        assert.equal(error.code, 422);
        assert.match(
          error.message,
          /webhooks\[0\]\.matchConditions\[0\]\.expression: Invalid value: .*: compilation failed: ERROR: <input>:1:/,
        );
        return true;
      };
      await assert.rejects(configurations().create({ metadata: { name: 'w' }, webhooks: [bad] }), check);
      const made = await configurations().create({ metadata: { name: 'w' }, webhooks: [webhook('/x', only('true'))] });
      await assert.rejects(configurations().update({ ...made, webhooks: [bad] as never }), check);
    });
  });
}

describe('match conditions', () => {
  it('keep a validating webhook from being called', async () => {
    hooks.paths.set('/deny', ({ body }) => ({
      body: {
        kind: 'AdmissionReview',
        apiVersion: 'admission.k8s.io/v1',
        response: { uid: body.request.uid, allowed: false, status: { message: 'no' } },
      },
    }));
    await validating().create({ metadata: { name: 'w' }, webhooks: [webhook('/deny', only("object.metadata.name != 'skip-me'"))] });
    await maps().create(map('skip-me'));
    assert.equal(hooks.asked.length, 0);
    await assert.rejects(maps().create(map('other')), /denied the request: no$/);
  });

  it('keep a mutating webhook from being called', async () => {
    hooks.paths.set('/mark', ({ body }) => ({
      body: {
        kind: 'AdmissionReview',
        apiVersion: 'admission.k8s.io/v1',
        response: {
          uid: body.request.uid,
          allowed: true,
          patchType: 'JSONPatch',
          patch: Buffer.from(JSON.stringify([{ op: 'add', path: '/data', value: { marked: 'yes' } }])).toString('base64'),
        },
      },
    }));
    const conditions = [
      ...only("object.metadata.name != 'skip-me-2'"),
      { name: 'who', expression: "request.userInfo.username == 'kubernetes-admin'" },
    ];
    await mutating().create({ metadata: { name: 'w' }, webhooks: [webhook('/mark', conditions)] });
    assert.equal((await maps().create(map('skip-me-2'))).data, undefined);
    assert.deepEqual((await maps().create(map('marked'))).data, { marked: 'yes' });
  });

  it('that fail are left to the failure policy', async () => {
    hooks.paths.set('/never', () => assert.fail('was called'));
    const failing = only("object.data.missing == 'x'");
    await validating().create({ metadata: { name: 'w' }, webhooks: [webhook('/never', failing, { failurePolicy: 'Ignore' })] });
    await maps().create(map('open'));
    await validating().deleteCollection({});
    await validating().create({ metadata: { name: 'w' }, webhooks: [webhook('/never', failing)] });
    await assert.rejects(maps().create(map('closed')), (error: StatusError) => {
      assert.equal(error.code, 403);
      assert.equal(
        error.message,
        `configmaps "closed" is forbidden: expression 'object.data.missing == 'x'' resulted in error: no such key: data`,
      );
      return true;
    });
  });
});
