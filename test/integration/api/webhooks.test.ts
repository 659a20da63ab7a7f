// Admission webhooks as their authors and the conformance suite use them, against a TLS server by URL.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ValidatingWebhook } from '#api/admissionregistration/v1/validatingwebhookconfiguration.ts';
import type { MutatingWebhook } from '#api/admissionregistration/v1/mutatingwebhookconfiguration.ts';
import type { KubeObject } from '#api/object.ts';
import {
  ConfigMaps,
  CustomResourceDefinitions,
  Deployments,
  HorizontalPodAutoscalers,
  MutatingWebhookConfigurations,
  Namespaces,
  Pods,
  type ResourceRef,
  ServiceAccounts,
  ValidatingWebhookConfigurations,
} from '#api/refs.ts';
import { StatusError } from '#api/status.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';
import { raw } from '../../support/raw.ts';
import { type Asked, startWebhooks, type WebhookAnswer, type WebhookPath, type WebhookServer } from '../../support/webhooks.ts';

const admissionV1 = { kind: 'AdmissionReview', apiVersion: 'admission.k8s.io/v1' };
const answer = ({ body }: Asked, response: object): WebhookAnswer => ({
  body: { ...admissionV1, response: { uid: body.request.uid, ...response } },
});
const patchWith = (asked: Asked, operations: readonly object[]): WebhookAnswer =>
  answer(asked, { allowed: true, patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(operations)).toString('base64') });
const deny =
  (message: string): WebhookPath =>
  (asked) =>
    answer(asked, { allowed: false, status: { message } });
const allow: WebhookPath = (asked) => answer(asked, { allowed: true });

// The stages that agnhost's webhook knows.
const mutateConfigMap: WebhookPath = (asked) => {
  const { data = {} } = asked.body.request.object;
  const operations = [];
  if (data['mutation-start'] === 'yes') operations.push({ op: 'add', path: '/data/mutation-stage-1', value: 'yes' });
  if (data['mutation-stage-1'] === 'yes') operations.push({ op: 'add', path: '/data/mutation-stage-2', value: 'yes' });
  return operations.length > 0 ? patchWith(asked, operations) : allow(asked);
};

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

const validating = () => api.client.resource(ValidatingWebhookConfigurations);
const mutating = () => api.client.resource(MutatingWebhookConfigurations);
const maps = () => api.client.resource(ConfigMaps);
const pods = () => api.client.resource(Pods);

let ns = '';
let count = 0;
beforeEach(async () => {
  await validating().deleteCollection({});
  await mutating().deleteCollection({});
  hooks.paths.clear();
  hooks.asked.length = 0;
  ns = `ns-${++count}`;
  await api.client.resource(Namespaces).create({ metadata: { name: ns, labels: { team: ns } } });
  await api.client.resource(ServiceAccounts).create({ metadata: { name: 'default', namespace: ns } });
});

const rule = (operations: string[], group: string, resources: string[], version = 'v1') => ({
  operations,
  apiGroups: [group],
  apiVersions: [version],
  resources,
});
type Options = Partial<ValidatingWebhook & MutatingWebhook>;
/** A webhook of this test's namespace at a path of the server. */
const hook = (path: string, rules: object[], more: Options = {}): ValidatingWebhook & MutatingWebhook =>
  ({
    name: `${path.slice(1)}.example.com`,
    clientConfig: { url: hooks.url + path, caBundle: hooks.caBundle },
    rules,
    sideEffects: 'None',
    admissionReviewVersions: ['v1', 'v1beta1'],
    namespaceSelector: { matchLabels: { team: ns } },
    ...more,
  }) as ValidatingWebhook & MutatingWebhook;
const validate = (name: string, ...webhooks: ValidatingWebhook[]) => validating().create({ metadata: { name }, webhooks });
const mutate = (name: string, ...webhooks: MutatingWebhook[]) => mutating().create({ metadata: { name }, webhooks });
const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name, namespace: ns }, data });
const pod = (name: string, more: object = {}) => ({
  metadata: { name, namespace: ns },
  spec: { containers: [{ name: 'c', image: 'busybox' }] },
  ...more,
});

async function refused(promise: Promise<unknown>): Promise<{ message: string; code: number; reason: string }> {
  const error: unknown = await promise.then(
    () => assert.fail('was let through'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof StatusError, String(error));
  return { message: error.message, code: error.code, reason: error.reason };
}

describe('validating webhooks', () => {
  it('deny creation, update and patch, and nothing in exempted namespaces', async () => {
    hooks.paths.set('/configmaps', (asked) =>
      asked.body.request.object.data?.['webhook-e2e-test'] === 'webhook-disallow'
        ? deny('the configmap contains unwanted key and value')(asked)
        : allow(asked),
    );
    await validate(
      'w',
      hook('/configmaps', [rule(['CREATE', 'UPDATE', 'DELETE'], '', ['configmaps'])], {
        namespaceSelector: { matchExpressions: [{ key: 'skip-webhook-admission', operator: 'NotIn', values: ['yes'] }] },
      }),
    );
    const unwanted = { 'webhook-e2e-test': 'webhook-disallow' };
    const denied = 'admission webhook "configmaps.example.com" denied the request: the configmap contains unwanted key and value';
    assert.deepEqual(await refused(maps().create(map('bad', unwanted))), { message: denied, code: 400, reason: '' });
    const good = await maps().create(map('good', { a: 'b' }));
    assert.equal((await refused(maps().update({ ...good, data: unwanted }))).message, denied);
    assert.equal((await refused(maps().patch('good', { data: unwanted }, { namespace: ns, type: 'merge' }))).message, denied);
    assert.deepEqual((await maps().get('good', { namespace: ns })).data, { a: 'b' });

    await api.client.resource(Namespaces).create({ metadata: { name: `${ns}-exempt`, labels: { 'skip-webhook-admission': 'yes' } } });
    await maps().create({ ...map('bad', unwanted), metadata: { name: 'bad', namespace: `${ns}-exempt` } });
  });

  it('are asked what Kubernetes asks', async () => {
    hooks.paths.set('/all', allow);
    await validate('w', hook('/all', [rule(['*'], '', ['configmaps'])]));
    const user = { name: 'jane', uid: 'u-1', groups: ['system:masters'], extra: { scopes: ['a'] } };
    const mine = api.clientFor(user).resource(ConfigMaps);
    await mine.create(map('m'), { fieldManager: 'me' });
    const { request, ...review } = hooks.asked[0]?.body ?? assert.fail();
    assert.deepEqual(review, admissionV1);
    const { uid, object, ...rest } = request;
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.equal(object.kind, 'ConfigMap');
    assert.ok(object.metadata.uid, 'the object has its uid already');
    const kind = { group: '', version: 'v1', kind: 'ConfigMap' };
    const resource = { group: '', version: 'v1', resource: 'configmaps' };
    assert.deepEqual(rest, {
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: 'm',
      namespace: ns,
      operation: 'CREATE',
      userInfo: { username: 'jane', uid: 'u-1', groups: ['system:masters'], extra: { scopes: ['a'] } },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
    });
    await mine.delete('m', { namespace: ns });
    const deletion = hooks.asked[1]?.body.request;
    assert.equal(deletion.operation, 'DELETE');
    assert.equal(deletion.object, null);
    assert.equal(deletion.oldObject.metadata.name, 'm');
    assert.equal(deletion.options.kind, 'DeleteOptions');
  });

  it('see custom words of refusal, warnings and codes', async () => {
    hooks.paths.set('/no', (asked) =>
      answer(asked, {
        allowed: false,
        warnings: ['old words'],
        status: { code: 418, message: 'no', reason: 'Teapot', details: { causes: [{ field: 'a' }] } },
      }),
    );
    hooks.paths.set('/silent', (asked) => answer(asked, { allowed: false }));
    hooks.paths.set('/reason', (asked) => answer(asked, { allowed: false, status: { code: 200, reason: 'Because', status: 'Success' } }));
    hooks.paths.set('/warn', (asked) => answer(asked, { allowed: true, warnings: ['mind the gap'] }));
    const on = (name: string) => [rule(['CREATE'], '', [name])];
    await validate(
      'w',
      hook('/no', on('configmaps')),
      hook('/silent', on('secrets')),
      hook('/reason', on('services')),
      hook('/warn', on('limitranges')),
    );
    const answered = await raw(api, 'POST', `/api/v1/namespaces/${ns}/configmaps`, { metadata: { name: 'x' } });
    assert.equal(answered.code, 418);
    assert.equal(answered.object.message, 'admission webhook "no.example.com" denied the request: no');
    assert.equal(answered.object.reason, 'Teapot');
    assert.deepEqual(answered.object.details?.causes, [{ field: 'a' }]);
    const secret = await raw(api, 'POST', `/api/v1/namespaces/${ns}/secrets`, { metadata: { name: 'x' } });
    assert.equal(secret.object.message, 'admission webhook "silent.example.com" denied the request without explanation');
    assert.equal(secret.code, 400);
    const service = await raw(api, 'POST', `/api/v1/namespaces/${ns}/services`, {
      metadata: { name: 'x' },
      spec: { ports: [{ port: 80 }] },
    });
    assert.equal(service.object.message, 'admission webhook "reason.example.com" denied the request: Because');
    assert.equal(service.code, 400);
    assert.equal(service.object.status as unknown, 'Failure');
  });

  it('fail closed or open, in time', async () => {
    let release: () => void = () => {};
    hooks.paths.set('/slow', (asked) => new Promise((resolve) => (release = () => resolve(allow(asked) as WebhookAnswer))));
    hooks.paths.set('/nonsense', () => ({ text: '[]' }));
    hooks.paths.set('/liar', ({ body }) => ({ body: { ...admissionV1, response: { uid: `not ${body.request.uid}`, allowed: true } } }));
    hooks.paths.set('/patcher', (asked) => patchWith(asked, [{ op: 'add', path: '/data', value: {} }]));
    const rules = [rule(['CREATE'], '', ['configmaps'])];
    const failing = async (path: string, more: Options = {}): Promise<string> => {
      await validate('w', hook(path, rules, more));
      const { message, code, reason } = await refused(maps().create(map('x')));
      assert.equal(code, 500);
      assert.equal(reason, 'InternalError');
      await validating().delete('w');
      return message;
    };
    const head = (name: string) => `Internal error occurred: failed calling webhook "${name}.example.com": `;
    assert.equal(
      await failing('/slow', { timeoutSeconds: 1 }),
      `${head('slow')}failed to call webhook: Post "${hooks.url}/slow?timeout=1s": context deadline exceeded`,
    );
    release();
    assert.equal(await failing('/gone'), `${head('gone')}failed to call webhook: the server could not find the requested resource`);
    const service = { service: { namespace: ns, name: 'none', path: '/x' }, caBundle: hooks.caBundle };
    assert.equal(
      await failing('/closed', { clientConfig: service }),
      `${head('closed')}failed to call webhook: Post "https://none.${ns}.svc:443/x?timeout=10s": services "none" not found`,
    );
    assert.match(
      await failing('/nonsense'),
      /received invalid webhook response: expected webhook response of admission\.k8s\.io\/v1, Kind=AdmissionReview/,
    );
    assert.match(await failing('/liar'), /received invalid webhook response: expected response\.uid="[^"]+", got "not [^"]+"$/);
    assert.match(await failing('/patcher'), /received invalid webhook response: validating webhook may not return response\.patch$/);
    // A dead one with failurePolicy Ignore hurts nobody, whatever else is asked.
    await validate(
      'w',
      hook('/gone', rules, { failurePolicy: 'Ignore' }),
      hook('/slow', rules, { failurePolicy: 'Ignore', timeoutSeconds: 1 }),
    );
    await maps().create(map('let-through'));
    release();
  });

  it('are not asked what their rules and selectors leave out', async () => {
    hooks.paths.set('/all', allow);
    await validate(
      'w',
      hook('/all', [rule(['CREATE'], '', ['pods', 'configmaps']), { ...rule(['*'], '*', ['*/*'], '*'), scope: 'Cluster' }], {
        objectSelector: { matchLabels: { judged: 'yes' } },
        namespaceSelector: {},
      }),
    );
    await maps().create(map('unlabelled'));
    assert.equal(hooks.asked.length, 0);
    const labelled = await maps().create({ ...map('labelled'), metadata: { name: 'labelled', namespace: ns, labels: { judged: 'yes' } } });
    assert.equal(hooks.asked.length, 1);
    await maps().update({ ...labelled, data: { b: 'c' } });
    assert.equal(hooks.asked.length, 1, 'updates are not in the rules');
    await api.client.resource(Namespaces).create({ metadata: { name: `${ns}-x`, labels: { judged: 'yes' } } });
    assert.equal(hooks.asked.at(-1)?.body.request.namespace, `${ns}-x`);
    assert.equal(hooks.asked.length, 2, 'scope Cluster means namespaces too');
  });

  it('are left out by conditions that do not hold', async () => {
    hooks.paths.set('/all', deny('no'));
    const rules = [rule(['CREATE', 'DELETE'], '', ['configmaps'])];
    const matchConditions = [
      { name: 'not-skipped', expression: "object != null && object.metadata.name != 'skip-me'" },
      { name: 'not-jane', expression: "request.userInfo.username != 'jane'" },
    ];
    await validate('w', hook('/all', rules, { matchConditions }));
    await maps().create(map('skip-me'));
    assert.equal((await refused(maps().create(map('other')))).message, 'admission webhook "all.example.com" denied the request: no');
    await api
      .clientFor({ name: 'jane', groups: ['system:masters'] })
      .resource(ConfigMaps)
      .create(map('by-jane'));
    await maps().delete('skip-me', { namespace: ns });
    await validating().delete('w');

    const invalid = [{ name: 'broken', expression: '...' }];
    assert.match((await refused(validate('w', hook('/all', rules, { matchConditions: invalid })))).message, /compilation failed/);
    const failing = [{ name: 'fails', expression: 'object.data.none == "x"' }];
    await validate('w', hook('/all', rules, { matchConditions: failing }));
    const { code, message } = await refused(maps().create(map('x')));
    assert.equal(code, 403);
    assert.match(message, /^configmaps "x" is forbidden: expression 'object\.data\.none == "x"' resulted in error: no such key: data$/);
    await validating().delete('w');
    await validate('w', hook('/all', rules, { matchConditions: failing, failurePolicy: 'Ignore' }));
    await maps().create(map('x'));
  });

  it('never judge the configuration of webhooks', async () => {
    hooks.paths.set('/deny', deny('no'));
    hooks.paths.set('/mutate', (asked) => patchWith(asked, [{ op: 'add', path: '/metadata/labels', value: { touched: 'yes' } }]));
    const everything = [rule(['*'], 'admissionregistration.k8s.io', ['*'], '*')];
    await validate('w', hook('/deny', everything, { namespaceSelector: {} }));
    await mutate('m', hook('/mutate', everything, { namespaceSelector: {} }));
    // An empty path of a Service is allowed, and means none.
    const clientConfig = { service: { namespace: ns, name: 'none', path: '' } };
    const made = await validate('other', hook('/other', [rule(['CREATE'], '', ['invalid'])], { clientConfig }));
    assert.equal(made.metadata.labels, undefined);
    await validating().delete('other');
    assert.equal(hooks.asked.length, 0);
  });

  it('can be changed, patched, listed and deleted together', async () => {
    hooks.paths.set('/configmaps', deny('no'));
    const made = await validate('w', hook('/configmaps', [rule(['CREATE'], '', ['configmaps'])]));
    await refused(maps().create(map('a')));
    const updated = await validating().update({ ...made, webhooks: [hook('/configmaps', [rule(['UPDATE'], '', ['configmaps'])])] });
    assert.equal(updated.metadata.generation, 2);
    await maps().create(map('a'));
    await validating().patch('w', [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], { type: 'json' });
    await refused(maps().create(map('b')));
    await validating().deleteCollection({});
    await maps().create(map('b'));
  });

  it('refuse connections, deletions and whole collections', async () => {
    hooks.paths.set('/attach', deny("attaching to pod 'p' is not allowed"));
    hooks.paths.set('/delete', (asked) => (asked.body.request.oldObject.metadata.name === 'keep' ? deny('kept')(asked) : allow(asked)));
    await validate('w', hook('/attach', [rule(['CONNECT'], '', ['pods/attach'])]), hook('/delete', [rule(['DELETE'], '', ['configmaps'])]));
    await pods().create(pod('p'));
    const { plugs } = await import('../../support/streamingplug.ts');
    await using streaming = await startTestApi({ store: api.store, world: api.world, plugs: await plugs(api.world) });
    const attached = await raw(streaming, 'POST', `/api/v1/namespaces/${ns}/pods/p/attach?container=c&stdin=true&stdout=true`);
    assert.equal(attached.object.message, `admission webhook "attach.example.com" denied the request: attaching to pod 'p' is not allowed`);
    const connection = hooks.asked.at(-1)?.body.request;
    assert.deepEqual(connection.object, { kind: 'PodAttachOptions', apiVersion: 'v1', stdin: true, stdout: true, container: 'c' });
    assert.deepEqual(connection.kind, { group: '', version: 'v1', kind: 'PodAttachOptions' });
    assert.equal(connection.subResource, 'attach');
    assert.equal(connection.options, null);

    await maps().create(map('keep'));
    await maps().create(map('drop'));
    assert.equal(
      (await refused(maps().delete('keep', { namespace: ns }))).message,
      'admission webhook "delete.example.com" denied the request: kept',
    );
    await refused(maps().deleteCollection({ namespace: ns }));
    assert.equal((await maps().get('keep', { namespace: ns })).metadata.name, 'keep');
  });

  it('are asked about evictions and bindings, not about what these do to the pod', async () => {
    hooks.paths.set('/pods', allow);
    await validate('w', hook('/pods', [rule(['*'], '', ['pods', 'pods/eviction', 'pods/binding', 'pods/status'])]));
    await pods().create(pod('p'));
    await pods().create(pod('q'));
    hooks.asked.length = 0;
    const target = { kind: 'Node', name: 'n' };
    await pods().createSub('p', 'binding', { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target }, { namespace: ns });
    const plain = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'q' }, target };
    assert.equal((await raw(api, 'POST', `/api/v1/namespaces/${ns}/bindings`, plain)).code, 201);
    await pods().createSub('p', 'eviction', { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }, { namespace: ns });
    assert.deepEqual(
      hooks.asked.map(({ body: { request } }) => [request.operation, request.resource.resource, request.subResource, request.kind.kind]),
      [
        ['CREATE', 'pods', 'binding', 'Binding'],
        ['CREATE', 'pods', 'eviction', 'Eviction'],
      ],
    );
    assert.equal((await pods().get('q', { namespace: ns })).spec.nodeName, 'n');
  });

  it('see the version that their rules name', async () => {
    hooks.paths.set('/v1', allow);
    hooks.paths.set('/exact', allow);
    const rules = [rule(['CREATE'], 'autoscaling', ['horizontalpodautoscalers'], 'v1')];
    await validate('w', hook('/v1', rules), hook('/exact', rules, { matchPolicy: 'Exact' }));
    const hpas = api.client.resource(HorizontalPodAutoscalers);
    const metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }];
    await hpas.create({
      metadata: { name: 'h', namespace: ns },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 2, metrics },
    });
    assert.deepEqual(
      hooks.asked.map(({ url }) => url.split('?')[0]),
      ['/v1'],
    );
    const { request } = hooks.asked[0]?.body ?? assert.fail();
    assert.equal(request.resource.version, 'v1');
    assert.equal(request.requestResource.version, 'v2');
    assert.equal(request.object.apiVersion, 'autoscaling/v1');
    assert.equal(request.object.spec.targetCPUUtilizationPercentage, 50);
  });

  it('see a Scale at /scale', async () => {
    hooks.paths.set('/scale', (asked) => (asked.body.request.object.spec.replicas > 3 ? deny('too many')(asked) : allow(asked)));
    await validate('w', hook('/scale', [rule(['UPDATE'], 'apps', ['deployments/scale'])]));
    const deployments = api.client.resource(Deployments);
    const labels = { app: 'x' };
    await deployments.create({
      metadata: { name: 'd', namespace: ns },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'i' }] } } },
    });
    const path = `/apis/apps/v1/namespaces/${ns}/deployments/d/scale`;
    const merge = { 'content-type': 'application/merge-patch+json' };
    assert.equal((await raw(api, 'PATCH', path, { spec: { replicas: 2 } }, merge)).code, 200);
    const denied = await raw(api, 'PATCH', path, { spec: { replicas: 5 } }, merge);
    assert.equal(denied.object.message, 'admission webhook "scale.example.com" denied the request: too many');
    assert.deepEqual(hooks.asked[0]?.body.request.kind, { group: 'autoscaling', version: 'v1', kind: 'Scale' });
    assert.equal(hooks.asked[0]?.body.request.options.kind, 'UpdateOptions');
  });
});

describe('mutating webhooks', () => {
  it('change configmaps in stages', async () => {
    hooks.paths.set('/one', mutateConfigMap);
    hooks.paths.set('/two', mutateConfigMap);
    const rules = [rule(['CREATE'], '', ['configmaps'])];
    const made = await mutate('m', hook('/one', rules), hook('/two', rules));
    const got = await maps().create(map('m', { 'mutation-start': 'yes' }));
    assert.deepEqual(got.data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', 'mutation-stage-2': 'yes' });
    // Without CREATE in its rules, nothing is changed any more; put back by a patch, it is.
    const none = made.webhooks?.map((each) => ({ ...each, rules: [rule(['UPDATE'], '', ['configmaps'])] }));
    await mutating().update({ ...made, webhooks: none as never });
    assert.deepEqual((await maps().create(map('n', { 'mutation-start': 'yes' }))).data, { 'mutation-start': 'yes' });
    await mutating().patch('m', [{ op: 'replace', path: '/webhooks/0/rules/0/operations', value: ['CREATE'] }], { type: 'json' });
    assert.equal((await maps().create(map('o', { 'mutation-start': 'yes' }))).data?.['mutation-stage-1'], 'yes');
  });

  it('see an object without the name that is still to be generated, and may give it one', async () => {
    hooks.paths.set('/look', allow);
    hooks.paths.set('/name', (asked) =>
      asked.body.request.object.data?.nameless ? patchWith(asked, [{ op: 'add', path: '/metadata/name', value: 'named' }]) : allow(asked),
    );
    const rules = [rule(['CREATE'], '', ['configmaps'])];
    await mutate('m', hook('/name', rules));
    await validate('v', hook('/look', rules));
    const generated = { metadata: { generateName: 'g-', namespace: ns } };
    const made = await maps().create(generated as never);
    assert.match(made.metadata.name, /^g-[a-z0-9]{5}$/);
    const [first, second] = hooks.asked.map(({ body }) => body.request);
    assert.equal(first.name, undefined);
    assert.deepEqual(Object.keys(first.object.metadata).toSorted(), ['generateName', 'managedFields', 'namespace']);
    assert.equal(second.name, made.metadata.name);
    assert.equal(second.object.metadata.name, made.metadata.name);
    assert.equal(second.object.metadata.uid, made.metadata.uid);
    assert.equal((await maps().create({ ...generated, data: { nameless: 'yes' } } as never)).metadata.name, 'named');
  });

  it('add to pods what then gets defaults and the built-in plug-ins’ own', async () => {
    hooks.paths.set('/pods', (asked) =>
      patchWith(asked, [
        { op: 'add', path: '/spec/initContainers', value: [{ name: 'webhook-added-init-container', image: 'busybox', resources: {} }] },
      ]),
    );
    await mutate('m', hook('/pods', [rule(['CREATE'], '', ['pods'])]));
    const made = await pods().create(pod('p'));
    const [added] = made.spec.initContainers ?? [];
    assert.equal(added?.name, 'webhook-added-init-container');
    assert.equal(added?.terminationMessagePolicy, 'File');
    assert.equal(added?.volumeMounts?.length, 1, 'the account’s token is mounted there as well');
    assert.equal(made.spec.volumes?.filter(({ name }) => name.startsWith('kube-api-access-')).length, 1);
    assert.equal(made.metadata.managedFields?.length, 1);
    assert.equal(hooks.asked.length, 1);
  });

  it('are called again when somebody later changes the object, if they ask for it', async () => {
    hooks.paths.set('/first', (asked) => {
      const { data } = asked.body.request.object;
      return data.seen ? patchWith(asked, [{ op: 'add', path: '/data/first', value: 'again' }]) : allow(asked);
    });
    hooks.paths.set('/never', allow);
    hooks.paths.set('/last', (asked) =>
      asked.body.request.object.data.seen ? allow(asked) : patchWith(asked, [{ op: 'add', path: '/data/seen', value: 'x' }]),
    );
    const rules = [rule(['CREATE'], '', ['configmaps'])];
    await mutate(
      'm',
      hook('/first', rules, { reinvocationPolicy: 'IfNeeded' }),
      hook('/never', rules),
      hook('/last', rules, { reinvocationPolicy: 'IfNeeded' }),
    );
    const made = await maps().create(map('m', { a: 'b' }));
    assert.deepEqual(made.data, { a: 'b', seen: 'x', first: 'again' });
    // The second time, the first one changes the object after the last one saw it: which is asked again in turn.
    assert.deepEqual(
      hooks.asked.map(({ url }) => url.split('?')[0]),
      ['/first', '/never', '/last', '/first', '/last'],
    );
  });

  it('have their changes judged', async () => {
    hooks.paths.set('/break', (asked) => patchWith(asked, [{ op: 'replace', path: '/metadata/labels', value: { 'not a label!': 'x' } }]));
    hooks.paths.set('/wild', (asked) => patchWith(asked, [{ op: 'remove', path: '/data/none' }]));
    hooks.paths.set('/type', (asked) => patchWith(asked, [{ op: 'replace', path: '/data', value: 7 }]));
    hooks.paths.set('/delete', (asked) => patchWith(asked, [{ op: 'add', path: '/x', value: 7 }]));
    const create = [rule(['CREATE'], '', ['configmaps'])];
    await mutate('m', hook('/break', create));
    assert.equal((await refused(maps().create({ ...map('m'), metadata: { name: 'm', namespace: ns, labels: { a: 'b' } } }))).code, 422);
    await mutating().delete('m');
    for (const path of ['/wild', '/type']) {
      await mutate('m', hook(path, create));
      const { code, message } = await refused(maps().create(map('m')));
      assert.equal(code, 500, message);
      await mutating().delete('m');
    }
    await maps().create(map('m'));
    await mutate('m', hook('/delete', [rule(['DELETE'], '', ['configmaps'])]));
    assert.equal(
      (await refused(maps().delete('m', { namespace: ns }))).message,
      'Internal error occurred: admission webhook "delete.example.com" attempted to modify the object, which is not supported for this operation',
    );
  });

  it('take part in dry runs if they have no side effects', async () => {
    hooks.paths.set('/one', mutateConfigMap);
    await mutate('m', hook('/one', [rule(['CREATE'], '', ['configmaps'])]));
    const path = `/api/v1/namespaces/${ns}/configmaps?dryRun=All`;
    const body = { metadata: { name: 'dry' }, data: { 'mutation-start': 'yes' } };
    const dry = await raw(api, 'POST', path, body);
    assert.equal((dry.object as unknown as { data: object }).data['mutation-stage-1' as never], 'yes');
    assert.equal(hooks.asked[0]?.body.request.dryRun, true);
    assert.deepEqual(hooks.asked[0]?.body.request.options.dryRun, ['All']);
    assert.equal((await refused(maps().get('dry', { namespace: ns }))).code, 404);
  });

  it('work on subresources and keep to them', async () => {
    hooks.paths.set('/status', (asked) =>
      patchWith(asked, [
        { op: 'add', path: '/status/message', value: 'webhook' },
        { op: 'add', path: '/spec/nodeName', value: 'elsewhere' },
      ]),
    );
    await mutate('m', hook('/status', [rule(['UPDATE'], '', ['pods/status'])]));
    const made = await pods().create(pod('p'));
    const updated = await pods().updateStatus({ ...made, status: { ...made.status, phase: 'Running' } });
    assert.equal(updated.status.message, 'webhook');
    assert.equal(updated.spec.nodeName, undefined);
  });
});

describe('webhooks and custom resources', () => {
  const crGroup = 'webhook.example.com';
  type Thing = KubeObject & { data?: Record<string, unknown>; extra?: unknown };
  const ref = (version: string): ResourceRef<Thing> =>
    ({ group: crGroup, version, resource: 'things', kind: 'Thing', namespaced: true }) as never;
  const things = (version = 'v1') => api.client.resource(ref(version));
  const thing = (name: string, data: Record<string, unknown>, version = 'v1') => ({
    apiVersion: `${crGroup}/${version}`,
    kind: 'Thing',
    metadata: { name, namespace: ns },
    data,
  });
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        data: {
          type: 'object',
          properties: {
            'webhook-e2e-test': { type: 'string' },
            'mutation-start': { type: 'string' },
            'mutation-stage-1': { type: 'string' },
            size: { type: 'integer', default: 3 },
          },
        },
      },
    },
  };
  const version = (name: string, storage: boolean) => ({ name, served: true, storage, schema });
  before(async () => {
    const definitions = api.client.resource(CustomResourceDefinitions);
    await definitions.create({
      metadata: { name: `things.${crGroup}` },
      spec: {
        group: crGroup,
        scope: 'Namespaced',
        names: { plural: 'things', kind: 'Thing' },
        versions: [version('v1', true), version('v2', false)],
      },
    } as never);
    await until('things are served', () =>
      things('v2')
        .list()
        .then(
          () => true,
          () => false,
        ),
    );
  });

  it('deny creation, update, patch and deletion', async () => {
    hooks.paths.set('/custom-resource', (asked) => {
      const { object, oldObject, operation } = asked.body.request;
      const unwanted =
        (operation === 'DELETE' ? oldObject : object).data?.['webhook-e2e-test'] ===
        (operation === 'DELETE' ? 'webhook-nondeletable' : 'webhook-disallow');
      if (!unwanted) return allow(asked);
      return deny(
        operation === 'DELETE'
          ? 'the custom resource cannot be deleted because it contains unwanted key and value'
          : 'the custom resource contains unwanted data',
      )(asked);
    });
    await validate('w', hook('/custom-resource', [rule(['CREATE', 'UPDATE', 'DELETE'], crGroup, ['things'])]));
    const denied = 'admission webhook "custom-resource.example.com" denied the request: the custom resource contains unwanted data';
    assert.equal((await refused(things().create(thing('bad', { 'webhook-e2e-test': 'webhook-disallow' }) as never))).message, denied);
    await things().create(thing('kept', { 'webhook-e2e-test': 'webhook-nondeletable' }) as never);
    const patch = (value: string) => things().patch('kept', { data: { 'webhook-e2e-test': value } }, { namespace: ns, type: 'merge' });
    assert.equal((await refused(patch('webhook-disallow'))).message, denied);
    assert.match(
      (await refused(things().delete('kept', { namespace: ns }))).message,
      /the custom resource cannot be deleted because it contains unwanted key and value$/,
    );
    await patch('webhook-allow');
    await things().delete('kept', { namespace: ns });
  });

  it('change them, prune what the schema does not know, and fill in defaults', async () => {
    hooks.paths.set('/stage', (asked) =>
      patchWith(asked, [
        { op: 'add', path: '/data/mutation-stage-1', value: 'yes' },
        { op: 'add', path: '/data/mutation-stage-2', value: 'pruned' },
        { op: 'add', path: '/extra', value: { pruned: true } },
        { op: 'remove', path: '/data/size' },
      ]),
    );
    await mutate('m', hook('/stage', [rule(['CREATE'], crGroup, ['things'])]));
    const made = await things().create(thing('m', { 'mutation-start': 'yes' }) as never);
    assert.deepEqual(made.data, { 'mutation-start': 'yes', 'mutation-stage-1': 'yes', size: 3 });
    assert.equal(made.extra, undefined);
    const stored = await things().get('m', { namespace: ns });
    assert.deepEqual(stored.data, made.data);
  });

  it('change those of another version than the stored one', async () => {
    hooks.paths.set('/other', (asked) =>
      patchWith(asked, [{ op: 'add', path: '/data/mutation-stage-1', value: asked.body.request.object.apiVersion }]),
    );
    // Rules name v1 only: objects that come as v2 are shown as v1.
    await mutate('m', hook('/other', [rule(['CREATE', 'UPDATE'], crGroup, ['things'])]));
    const made = await things('v2').create(thing('v', { 'mutation-start': 'yes' }, 'v2') as never);
    assert.equal(made.apiVersion, `${crGroup}/v2`);
    assert.equal(made.data?.['mutation-stage-1'], `${crGroup}/v1`);
    const { request } = hooks.asked[0]?.body ?? assert.fail();
    assert.equal(request.requestKind.version, 'v2');
    assert.equal(request.kind.version, 'v1');
    // The version that is stored changes while the object lives.
    const definitions = api.client.resource(CustomResourceDefinitions);
    const definition = await definitions.get(`things.${crGroup}`);
    await definitions.update({
      ...definition,
      spec: { ...definition.spec, versions: [version('v1', false), version('v2', true)] },
    } as never);
    await until('v2 is stored', async () => {
      const patched = await things().patch('v', { data: { 'mutation-start': String(Math.random()) } }, { namespace: ns, type: 'merge' });
      return (
        patched.data?.['mutation-stage-1'] === `${crGroup}/v1` &&
        (await definitions.get(`things.${crGroup}`)).status.storedVersions?.includes('v2')
      );
    });
  });

  it('refuse definitions', async () => {
    hooks.paths.set('/crd', (asked) =>
      asked.body.request.object.metadata.labels?.['webhook-e2e-test'] === 'webhook-disallow'
        ? deny('the crd contains unwanted label')(asked)
        : allow(asked),
    );
    const rules = [rule(['CREATE'], 'apiextensions.k8s.io', ['customresourcedefinitions'], '*')];
    await validate('w', hook('/crd', rules, { objectSelector: { matchLabels: { 'webhook-e2e-test': 'webhook-disallow' } } }));
    const definition = {
      metadata: { name: `denied.${crGroup}`, labels: { 'webhook-e2e-test': 'webhook-disallow' } },
      spec: { group: crGroup, scope: 'Cluster', names: { plural: 'denied', kind: 'Denied' }, versions: [version('v1', true)] },
    };
    assert.equal(
      (await refused(api.client.resource(CustomResourceDefinitions).create(definition as never))).message,
      'admission webhook "crd.example.com" denied the request: the crd contains unwanted label',
    );
  });
});
