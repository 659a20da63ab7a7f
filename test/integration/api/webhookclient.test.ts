// The caller of webhooks against a real TLS server: by URL and by Service, and every way to fail.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EndpointSlices, Services } from '#api/refs.ts';
import { callWebhook, targetOf, WebhookError } from '#apiserver/webhook/client.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';
import { startWebhooks, type WebhookServer } from '../../support/webhooks.ts';

let api: TestApi;
let hooks: WebhookServer;
let release: () => void = () => {};
before(async () => {
  api = await startTestApi();
  hooks = await startWebhooks(
    api.world,
    {
      '/echo': ({ body }) => ({ body: { got: body } }),
      '/slow': () => new Promise((resolve) => (release = () => resolve({ body: {} }))),
      '/broken': () => ({ text: 'Internal' }),
      '/teapot': () => ({ status: 418, text: 'short and stout' }),
      '/crash': () => ({ status: 500, text: 'boom\n' }),
      '/status': () => ({ status: 403, body: { kind: 'Status', apiVersion: 'v1', message: 'not you' } }),
      '/huge': () => ({ text: `"${'x'.repeat(5000)}"` }),
    },
    ['hook.default.svc'],
  );
  await api.client.resource(Services).create({
    metadata: { name: 'hook', namespace: 'default' },
    spec: { ports: [{ name: 'https', port: 443, targetPort: 8443 }] },
  });
});
after(async () => {
  release();
  await hooks[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

const call = (config: Parameters<typeof targetOf>[1], more: { timeout?: number; limit?: number } = {}): Promise<unknown> =>
  callWebhook(api.world, targetOf(api.api.backend, config), { a: 1 }, { timeout: 10_000, ...more });
const fails = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => assert.fail('was answered'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof WebhookError, String(error));
  return error.message;
};
const service = (path: string) => ({ service: { namespace: 'default', name: 'hook', path }, caBundle: hooks.caBundle });

describe('the caller of webhooks', () => {
  it('posts JSON to a URL and tells its time limit', async () => {
    assert.deepEqual(await call({ url: `${hooks.url}/echo`, caBundle: hooks.caBundle }), { got: { a: 1 } });
    const last = hooks.asked.at(-1);
    assert.equal(last?.url, '/echo?timeout=10s');
    assert.equal(last?.headers['content-type'], 'application/json');
  });

  it('says what is missing of a Service', async () => {
    const at = 'Post "https://hook.default.svc:443/echo?timeout=10s"';
    assert.equal(await fails(call(service('/echo'))), `${at}: no endpoints available for service "hook"`);
    const other = { service: { namespace: 'default', name: 'none', path: '/x' }, caBundle: hooks.caBundle };
    assert.equal(await fails(call(other)), 'Post "https://none.default.svc:443/x?timeout=10s": services "none" not found');
    const port = { service: { namespace: 'default', name: 'hook', port: 8, path: '/' }, caBundle: hooks.caBundle };
    assert.equal(await fails(call(port)), 'Post "https://hook.default.svc:8/?timeout=10s": no service port 8 found for service "hook"');
  });

  it('finds the endpoints of a Service and checks its name', async () => {
    await api.client.resource(EndpointSlices).create({
      metadata: { name: 'hook-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'hook' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [hooks.address], conditions: { ready: true } }],
      ports: [{ name: 'https', port: hooks.port, protocol: 'TCP' }],
    });
    assert.deepEqual(await call(service('/echo')), { got: { a: 1 } });
    assert.equal(hooks.asked.at(-1)?.headers['host'], 'hook.default.svc');

    await api.client
      .resource(Services)
      .create({ metadata: { name: 'alias', namespace: 'default' }, spec: { ports: [{ name: 'https', port: 443 }] } });
    await api.client.resource(EndpointSlices).create({
      metadata: { name: 'alias-1', namespace: 'default', labels: { 'kubernetes.io/service-name': 'alias' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [hooks.address], conditions: { ready: true } }],
      ports: [{ name: 'https', port: hooks.port, protocol: 'TCP' }],
    });
    const alias = { service: { namespace: 'default', name: 'alias', path: '/echo' }, caBundle: hooks.caBundle };
    assert.match(await fails(call(alias)), /x509: certificate is valid for .*hook\.default\.svc.*, not alias\.default\.svc$/);
  });

  it('words failures as Kubernetes does', async () => {
    const url = (path: string) => ({ url: hooks.url + path, caBundle: hooks.caBundle });
    assert.equal(await fails(call(url('/none'))), 'the server could not find the requested resource');
    assert.equal(await fails(call(url('/broken'))), "invalid character 'I' looking for beginning of value");
    assert.equal(await fails(call(url('/crash'))), 'an error on the server ("boom") has prevented the request from succeeding');
    assert.equal(await fails(call(url('/teapot'))), 'the server responded with the status code 418 but did not return more information');
    assert.equal(await fails(call(url('/status'))), 'not you');
    assert.equal(await fails(call(url('/huge'), { limit: 1000 })), 'the answer is larger than 1000 bytes');
    assert.equal(await fails(call(url('/slow'), { timeout: 50 })), `Post "${hooks.url}/slow?timeout=50ms": context deadline exceeded`);
    assert.equal(
      await fails(call({ url: `${hooks.url}/echo` })),
      `Post "${hooks.url}/echo?timeout=10s": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
    );
    const closed = await api.world.net.listenTcp('127.0.0.1', 0, (socket) => socket.destroy());
    await closed.close();
    assert.equal(
      await fails(call({ url: `https://127.0.0.1:${closed.port}/` })),
      `Post "https://127.0.0.1:${closed.port}/?timeout=10s": dial tcp 127.0.0.1:${closed.port}: connect: connection refused`,
    );
  });
});
