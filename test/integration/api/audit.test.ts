// The audit log of a server: what is noted at which level and stage, in a file and at a webhook.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigMaps } from '#api/refs.ts';
import { createAuditor } from '#apiserver/audit/auditor.ts';
import { FileSink } from '#apiserver/audit/sinks.ts';
import { kubeconfigText } from '#client/kubeconfig.ts';
import { createWorld } from '#host/world.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';
import { startWebhooks, type WebhookServer } from '../../support/webhooks.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- read back from JSON
type Event = Record<string, any>;

const world = createWorld({ logLevel: 'error' });
let dir: string;
let api: TestApi;
let hooks: WebhookServer;
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tutti-audit-'));
  hooks = await startWebhooks(world, { '/events': () => ({ body: {} }) });
  const policy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitManagedFields: true
rules:
- level: None
  users: [system:apiserver, kubernetes-admin]
- level: RequestResponse
  resources: [{ group: "", resources: [configmaps] }]
- level: Metadata
  omitStages: [RequestReceived]
`;
  await writeFile(join(dir, 'policy.yaml'), policy);
  await writeFile(join(dir, 'webhook.yaml'), kubeconfigText({ server: `${hooks.url}/events`, ca: hooks.ca }));
  const auditor = await createAuditor(world, {
    policyFile: join(dir, 'policy.yaml'),
    logPath: join(dir, 'audit.log'),
    webhookConfig: join(dir, 'webhook.yaml'),
  });
  api = await startTestApi({ world, auditor });
});
after(async () => {
  await api[Symbol.asyncDispose]();
  await hooks[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

const logged = async (): Promise<Event[]> =>
  (await readFile(join(dir, 'audit.log'), 'utf8').catch(() => ''))
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event);

describe('the audit log', () => {
  it('holds stages, bodies, decisions, and who acted as whom', async () => {
    const jane = { name: 'jane', uid: 'u', groups: ['system:masters'], extra: { a: ['b'] } };
    const maps = api.clientFor(jane).resource(ConfigMaps);
    await maps.create({ metadata: { name: 'm', namespace: 'default' }, data: { a: 'b' } });
    await api
      .clientFor({ name: 'nobody', groups: [] })
      .resource(ConfigMaps)
      .get('m', { namespace: 'default' })
      .catch(() => undefined);
    await api.api.transport(jane).send({ method: 'GET', path: '/version', headers: { 'impersonate-user': 'joe', 'user-agent': 'test/1' } });
    const events = await until('five events', async () => {
      const all = await logged();
      return all.length >= 5 && all;
    });
    const [received, created, , denied, version] = events as [Event, Event, Event, Event, Event];
    assert.equal(received['stage'], 'RequestReceived');
    assert.equal(received['level'], 'RequestResponse');
    assert.equal(created['stage'], 'ResponseComplete');
    assert.equal(created['auditID'], received['auditID']);
    assert.equal(created['verb'], 'create');
    assert.deepEqual(created['user'], { username: 'jane', uid: 'u', groups: ['system:masters'], extra: { a: ['b'] } });
    assert.deepEqual(created['objectRef'], { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' });
    assert.equal(created['requestURI'], '/api/v1/namespaces/default/configmaps');
    assert.deepEqual(created['requestObject'].data, { a: 'b' });
    assert.equal(created['responseObject'].metadata.managedFields, undefined);
    assert.ok(created['responseObject'].metadata.uid);
    assert.deepEqual(created['responseStatus'], { metadata: {}, code: 201 });
    assert.equal(created['annotations']['authorization.k8s.io/decision'], 'allow');
    assert.match(created['requestReceivedTimestamp'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.equal(denied['responseStatus'].code, 403);
    assert.equal(denied['responseStatus'].reason, 'Forbidden');
    assert.equal(denied['annotations']['authorization.k8s.io/decision'], 'forbid');
    assert.equal(version['level'], 'Metadata');
    assert.equal(version['user'].username, 'jane');
    assert.equal(version['impersonatedUser'].username, 'joe');
    assert.equal(version['userAgent'], 'test/1');
    assert.equal(version['responseObject'], undefined);
  });

  it('holds that somebody was not believed, and how he tried', async () => {
    const before = (await logged()).length;
    const ask = (headers: Record<string, string>, query = ''): Promise<number> =>
      new Promise((resolve) => {
        const fixed = { method: 'GET', httpVersion: '2', remoteAddress: '192.0.2.1', signal: new AbortController().signal } as const;
        const url = `/api/v1/namespaces/default/configmaps${query}`;
        const body = (async function* () {})();
        api.api.handlers.request({ ...fixed, url, headers, peer: undefined, body }, { send: resolve, stream: () => assert.fail() });
      });
    assert.equal(await ask({ authorization: 'Bearer wrong' }), 401);
    assert.equal(await ask({ authorization: 'Basic d3Jvbmc=' }, '?access_token=x'), 401);
    const [bearer, basic] = await until('two events', async () => {
      const all = (await logged()).slice(before);
      return all.length >= 2 && all;
    });
    assert.deepEqual(bearer?.['user'], {});
    assert.equal(bearer?.['stage'], 'ResponseStarted');
    assert.deepEqual(bearer?.['objectRef'], { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' });
    assert.deepEqual(bearer?.['responseStatus'], { metadata: {}, message: 'Authentication failed, attempted: bearer', code: 401 });
    assert.equal(basic?.['responseStatus'].message, 'Authentication failed, attempted: basic, access_token');
  });

  it('arrives at the webhook in batches', async () => {
    const items = await until('the events', () => {
      const all = hooks.asked.flatMap(({ body }) => body.items as Event[]);
      return all.length >= 5 && all;
    });
    assert.equal(hooks.asked[0]?.body.kind, 'EventList');
    assert.deepEqual(items.slice(0, 5), (await logged()).slice(0, 5));
  });

  it('puts full files aside', async () => {
    const path = join(dir, 'small.log');
    const sink = new FileSink(world, { path, maxSize: 100 });
    for (let i = 0; i < 5; i++) {
      sink.write({ i, text: 'x'.repeat(60) });
      await until('written', async () => (await readFile(path, 'utf8').catch(() => '')).includes(`"i":${i}`));
    }
    await sink[Symbol.asyncDispose]();
    const files = (await readdir(dir)).filter((name) => name.startsWith('small'));
    assert.ok(files.length >= 4, files.join());
  });

  it('refuses a policy that is wrong, by the name of its file', async () => {
    await writeFile(join(dir, 'wrong.yaml'), 'kind: Policy\napiVersion: audit.k8s.io/v1\nrules: [{ level: Some }]\n');
    await assert.rejects(createAuditor(world, { policyFile: join(dir, 'wrong.yaml') }), /wrong\.yaml: rules\[0\]\.level must be one of/);
  });
});
