// An aggregated API server behind a Service, as the conformance suite's sample API server: registered, found, used by
// kubectl with the user's own identity, and gone again.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Draft } from '#api/object.ts';
import type { HttpRequest, HttpServer } from '#base/net.ts';
import { APIServices, ConfigMaps, EndpointSlices, Namespaces, Services } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { retryOnConflict } from '#client/retry.ts';
import { startHttpsApi, type HttpsApi } from '../../support/https.ts';
import { type Kubectl, kubectlFor } from '../../support/kubectl.ts';
import { shows } from '../../support/kubectlbench.ts';
import { until } from '../../support/until.ts';

const group = 'wardle.example.com';
const groupVersion = `${group}/v1alpha1`;
const base = `/apis/${groupVersion}`;
type Flunder = { metadata: { name: string; namespace: string; resourceVersion?: string; labels?: object }; spec?: object };

/** What the sample API server knows: flunders in memory, discovery, an OpenAPI document, and who asked. */
class Sample {
  readonly flunders = new Map<string, Flunder>();
  readonly seen: HttpRequest[] = [];
  readonly watchers = new Set<(event: object) => void>();
  version = 1;
  broken = false;

  private list(namespace: string) {
    const items = [...this.flunders.values()].filter(({ metadata }) => namespace === '' || metadata.namespace === namespace);
    return { kind: 'FlunderList', apiVersion: groupVersion, metadata: { resourceVersion: String(this.version) }, items };
  }

  answer(request: HttpRequest, body: string): { code: number; value: object } | 'watch' {
    const url = new URL(request.url, 'https://x');
    if (this.broken) return { code: 500, value: {} };
    if (url.pathname === base) {
      const verbs = ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'];
      const flunders = { name: 'flunders', singularName: 'flunder', namespaced: true, kind: 'Flunder', verbs, shortNames: ['fl'] };
      return { code: 200, value: { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources: [flunders] } };
    }
    if (url.pathname === `/openapi/v3${base}`) {
      const gvk = { group, version: 'v1alpha1', kind: 'Flunder' };
      const schema = {
        description: 'Flunder is a thing.',
        type: 'object',
        properties: { spec: { type: 'object', description: 'what it should be' } },
        'x-kubernetes-group-version-kind': [gvk],
      };
      const paths = {
        [`${base}/namespaces/{namespace}/flunders`]: {
          get: { 'x-kubernetes-action': 'list', 'x-kubernetes-group-version-kind': gvk, responses: {} },
        },
      };
      return {
        code: 200,
        value: { openapi: '3.0.0', info: { title: 'wardle', version: '1' }, paths, components: { schemas: { Flunder: schema } } },
      };
    }
    if (url.pathname === '/openapi/v2') {
      const ref = { $ref: '#/definitions/com.example.wardle.Flunder' };
      const definitions = { 'com.example.wardle.Flunder': { type: 'object', description: 'Flunder is a thing.' } };
      const post = { responses: { 201: { description: 'Created', schema: ref } } };
      return { code: 200, value: { swagger: '2.0', paths: { [`${base}/namespaces/{namespace}/flunders`]: { post } }, definitions } };
    }
    const [, namespace = '', name = ''] = /^.*?(?:\/namespaces\/([^/]+))?\/flunders(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (!url.pathname.startsWith(base)) return { code: 404, value: {} };
    const key = `${namespace}/${name}`;
    if (request.method === 'POST') {
      const flunder = { kind: 'Flunder', apiVersion: groupVersion, ...(JSON.parse(body) as Flunder) };
      flunder.metadata = { ...flunder.metadata, namespace, resourceVersion: String(++this.version) };
      this.flunders.set(`${namespace}/${flunder.metadata.name}`, flunder);
      for (const watcher of this.watchers) watcher({ type: 'ADDED', object: flunder });
      return { code: 201, value: flunder };
    }
    if (request.method === 'GET' && name === '')
      return url.searchParams.has('watch') ? 'watch' : { code: 200, value: this.list(namespace) };
    const found = this.flunders.get(key);
    if (!found) {
      const message = `flunders.${group} "${name}" not found`;
      return {
        code: 404,
        value: {
          kind: 'Status',
          apiVersion: 'v1',
          status: 'Failure',
          message,
          reason: 'NotFound',
          details: { name, group, kind: 'flunders' },
          code: 404,
        },
      };
    }
    if (request.method === 'DELETE') this.flunders.delete(key);
    return { code: 200, value: found };
  }
}

const sample = new Sample();
let https: HttpsApi;
let server: HttpServer;
let client: Client;
let k: Kubectl;
let caBundle = '';
let address = '';
before(async () => {
  https = await startHttpsApi();
  ({ client } = https.api);
  const { world } = https.api;
  const ca = await world.pki.createCa('sample-ca');
  const serving = await world.pki.issue(ca, { commonName: 'sample', dnsNames: ['sample-api.aggregator.svc'], usages: ['server'] });
  caBundle = Buffer.from(ca.cert).toString('base64');
  address = world.net.addresses().find((entry) => entry.family === 4 && !entry.internal)?.address ?? '127.0.0.1';
  server = await world.net.serveHttp(
    { host: '0.0.0.0', port: 0, tls: { ...serving, clientCa: https.pki.frontProxyCa.cert } },
    {
      request(request, reply) {
        void (async () => {
          // Only the front proxy is believed, as the authentication ConfigMap says.
          if (!request.peer?.trusted || request.peer.commonName !== 'front-proxy-client') return reply.send(401, {}, '{}');
          sample.seen.push(request);
          const chunks: Uint8Array[] = [];
          for await (const chunk of request.body) chunks.push(chunk);
          const answer = sample.answer(request, Buffer.concat(chunks).toString());
          if (answer !== 'watch') return reply.send(answer.code, { 'content-type': 'application/json' }, JSON.stringify(answer.value));
          const writer = reply.stream(200, { 'content-type': 'application/json' });
          const send = (event: object): void => void writer.write(`${JSON.stringify(event)}\n`);
          for (const object of sample.flunders.values()) send({ type: 'ADDED', object });
          sample.watchers.add(send);
          request.signal.addEventListener('abort', () => sample.watchers.delete(send));
        })();
      },
    },
  );
  k = kubectlFor(https.kubeconfig);
  await client.resource(Namespaces).create({ metadata: { name: 'aggregator' } });
});
after(async () => {
  await server.close(0);
  await https[Symbol.asyncDispose]();
});

const condition = async (name: string) => {
  const { status } = await client.resource(APIServices).get(name);
  const { type, status: value, reason, message } = status.conditions?.find((one) => one.type === 'Available') ?? {};
  return type === undefined ? undefined : { value, reason, message };
};
const untilReason = (name: string, reason: string) =>
  until(
    `${name} is ${reason}`,
    async () => {
      const found = await condition(name);
      return found?.reason === reason && found;
    },
    60_000,
  );
/** The newest request for flunders: the server is asked for other things, too, whenever its availability is looked at. */
const lastSeen = (): HttpRequest['headers'] => sample.seen.findLast(({ url }) => url.includes('/flunders'))?.headers ?? {};

describe('API aggregation', () => {
  it('registers what the server answers itself', async () => {
    const apps = await until('v1.apps', () =>
      client
        .resource(APIServices)
        .get('v1.apps')
        .catch(() => undefined),
    );
    assert.deepEqual(apps.spec, { group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 });
    assert.equal(apps.metadata.labels?.['kube-aggregator.kubernetes.io/automanaged'], 'onstart');
    assert.deepEqual(await condition('v1.apps'), { value: 'True', reason: 'Local', message: 'Local APIServices are always available' });
    const names = (await client.resource(APIServices).list()).items.map(({ metadata }) => metadata.name);
    for (const name of ['v1.', 'v2.autoscaling', 'v1.rbac.authorization.k8s.io', 'v1.resource.k8s.io'])
      assert.ok(names.includes(name), name);
    assert.ok(!names.includes('v1.apiregistration.k8s.io'));
    assert.match(await k.ok('get', 'apiservices', 'v1.apps'), /v1\.apps +Local +True/);
  });

  it('tells extension servers whom to believe', async () => {
    const { data } = await client.resource(ConfigMaps).get('extension-apiserver-authentication', { namespace: 'kube-system' });
    assert.equal(data?.['requestheader-client-ca-file'], https.pki.frontProxyCa.cert);
    assert.equal(data?.['client-ca-file'], https.pki.ca.cert);
    assert.equal(data?.['requestheader-allowed-names'], '["front-proxy-client"]');
  });

  it('says step by step what a server is missing', async () => {
    const name = `v1alpha1.${group}`;
    await client.resource(APIServices).create({
      metadata: { name, labels: { 'apiserver-name': 'sample' } },
      spec: {
        group,
        version: 'v1alpha1',
        groupPriorityMinimum: 2000,
        versionPriority: 200,
        caBundle,
        service: { namespace: 'aggregator', name: 'sample-api', port: 7443 },
      },
    });
    assert.deepEqual(await untilReason(name, 'ServiceNotFound'), {
      value: 'False',
      reason: 'ServiceNotFound',
      message: 'service/sample-api in "aggregator" is not present',
    });
    const refused = await k('get', '--raw', base);
    assert.match(refused.stderr, /service unavailable|currently unable to handle the request/);
    const services = client.resource(Services);
    const made = await services.create({ metadata: { name: 'sample-api', namespace: 'aggregator' }, spec: { ports: [{ port: 443 }] } });
    assert.equal((await untilReason(name, 'ServicePortError')).message, 'service/sample-api in "aggregator" is not listening on port 7443');
    await services.update({ ...made, spec: { ...made.spec, ports: [{ port: 7443, protocol: 'TCP' }] } });
    assert.equal(
      (await untilReason(name, 'EndpointsNotFound')).message,
      'cannot find endpointslices for service/sample-api in "aggregator"',
    );
    const slice: Draft<EndpointSlice> = {
      metadata: { name: 'sample-api-1', namespace: 'aggregator', labels: { 'kubernetes.io/service-name': 'sample-api' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: false } }],
      ports: [{ name: '', port: server.port, protocol: 'TCP' }],
    };
    const slices = client.resource(EndpointSlices);
    const present = await slices.create(slice);
    assert.equal(
      (await untilReason(name, 'MissingEndpoints')).message,
      'endpoints for service/sample-api in "aggregator" have no addresses with port name ""',
    );
    sample.broken = true;
    await slices.update({ ...present, endpoints: [{ addresses: [address], conditions: { ready: true } }] });
    const failed = await untilReason(name, 'FailedDiscoveryCheck');
    assert.match(
      failed.message ?? '',
      /^failing or missing response from https:\/\/sample-api\.aggregator\.svc:7443\/apis\/wardle\.example\.com\/v1alpha1: bad status from .*: 500$/,
    );
    // It is asked again, without anybody's doing.
    sample.broken = false;
    assert.deepEqual(await untilReason(name, 'Passed'), { value: 'True', reason: 'Passed', message: 'all checks passed' });
  });

  it('shows the group in every form of discovery and its schemas in OpenAPI', async () => {
    await shows(/flunders +fl +wardle\.example\.com\/v1alpha1 +true +Flunder/, k, 'api-resources', '--api-group', group);
    await shows(/Flunder is a thing\./, k, 'get', '--raw', '/openapi/v2');
    await shows(/Flunder is a thing\.[\s\S]*spec/, k, 'explain', 'flunders');
    const list = JSON.parse(await k.ok('get', '--raw', '/apis'));
    assert.ok(list.groups.some(({ name }: { name: string }) => name === group));
    const one = JSON.parse(await k.ok('get', '--raw', `/apis/${group}`));
    assert.deepEqual(one.preferredVersion, { groupVersion, version: 'v1alpha1' });
    const index = JSON.parse(await k.ok('get', '--raw', '/openapi/v3'));
    assert.ok(index.paths[`apis/${groupVersion}`]);
    const v2 = JSON.parse(await k.ok('get', '--raw', '/openapi/v2'));
    assert.equal(v2.definitions['com.example.wardle.Flunder'].description, 'Flunder is a thing.');
    assert.ok(v2.paths[`${base}/namespaces/{namespace}/flunders`].post);
    assert.ok(v2.definitions['io.k8s.api.core.v1.Pod']);
  });

  it('passes requests on with the user’s identity', async () => {
    const flunder = { kind: 'Flunder', apiVersion: groupVersion, metadata: { name: 'rest-flunder', labels: { a: 'b' } } };
    await k.pipe(JSON.stringify(flunder), 'create', '--validate=false', '-f', '-');
    assert.match(await k.ok('get', 'fl', 'rest-flunder', '-o', 'name'), /flunder\.wardle\.example\.com\/rest-flunder/);
    const headers = lastSeen();
    assert.equal(headers['x-remote-user'], 'kubernetes-admin');
    assert.equal(headers['x-remote-group'], 'system:masters, system:authenticated');
    assert.equal(headers['x-remote-extra-authentication.kubernetes.io%2fcredential-id']?.startsWith('X509SHA256='), true);
    assert.equal(headers['authorization'], undefined);

    // Somebody who claims to be another is believed no more than before, and rights are asked for here.
    const jane = await k('get', 'fl', '--as', 'jane');
    assert.match(jane.stderr, /flunders\.wardle\.example\.com is forbidden: User "jane" cannot list resource "flunders"/);
    const lying = await https.api.world.net.fetch(`${https.server}${base}/namespaces/default/flunders`, {
      headers: { 'x-remote-user': 'root', 'x-remote-group': 'system:masters' },
      tls: { ca: https.pki.ca.cert, cert: https.pki.admin.cert, key: https.pki.admin.key },
    });
    await lying.bytes();
    assert.equal(lastSeen()['x-remote-user'], 'kubernetes-admin');
    const missing = await k('get', 'fl', 'none');
    assert.match(missing.stderr, /flunders\.wardle\.example\.com "none" not found/);
  });

  it('passes watches on as they come', async () => {
    const abort = new AbortController();
    const response = await https.api.world.net.fetch(`${https.server}${base}/flunders?watch=true`, {
      tls: { ca: https.pki.ca.cert, cert: https.pki.admin.cert, key: https.pki.admin.key },
      signal: abort.signal,
    });
    const names: string[] = [];
    for await (const chunk of response.body) {
      for (const line of Buffer.from(chunk).toString().trim().split('\n')) names.push(JSON.parse(line).object.metadata.name);
      if (names.length === 1)
        await k.pipe(
          JSON.stringify({ kind: 'Flunder', apiVersion: groupVersion, metadata: { name: 'second' } }),
          'create',
          '--validate=false',
          '-f',
          '-',
        );
      if (names.length >= 2) break;
    }
    abort.abort();
    assert.deepEqual(names, ['rest-flunder', 'second']);
  });

  it('answers controllers of this process, too', async () => {
    const inside = createClient(https.api.api.transport({ name: 'inside', groups: ['system:masters'] }));
    const flunders = inside.resource({ group, version: 'v1alpha1', resource: 'flunders', kind: 'Flunder', namespaced: true } as never);
    assert.equal((await flunders.list()).items.length, 2);
    await flunders.delete('second', { namespace: 'default' });
    assert.equal(sample.flunders.size, 1);
  });

  it('keeps conditions of others, survives changes, and forgets a deleted server', async () => {
    const name = `v1alpha1.${group}`;
    const services = client.resource(APIServices);
    const updated = { type: 'StatusUpdated', status: 'True', reason: 'E2E', message: 'Set from e2e test' };
    await retryOnConflict(https.api.world, async () => {
      const present = await services.get(name);
      await services.updateStatus({ ...present, status: { conditions: [...(present.status.conditions ?? []), updated] } });
    });
    await k.ok('patch', 'apiservice', name, '--type=merge', '-p', '{"spec":{"versionPriority":400}}');
    const after = await services.get(name);
    assert.equal(after.spec.versionPriority, 400);
    assert.deepEqual(after.status.conditions?.map(({ type }) => type).sort(), ['Available', 'StatusUpdated']);
    await services.deleteCollection({ labelSelector: 'apiserver-name=sample' });
    await until('its description is gone', async () => !(await k.ok('get', '--raw', '/openapi/v2')).includes('wardle'));
    await until('the group is gone', async () => !(await k.ok('get', '--raw', '/apis')).includes(group));
    assert.match((await k('get', '--raw', `${base}/flunders`)).stderr, /could not find the requested resource|NotFound/);
  });
});
