// Lists that are always written and have no items: null for whoever reads the wire, empty lists for clients of this project.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { ClusterRoles, EndpointSlices } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { createWorld } from '#host/world.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';

const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const ns = { namespace: 'default' };

describe('empty lists', () => {
  let https: HttpsApi;
  let client: Client;
  const world = createWorld({ logLevel: 'error' });
  before(async () => {
    https = await startHttpsApi();
    const { ca, admin } = https.pki;
    const tls = { ca: ca.cert, cert: admin.cert, key: admin.key };
    client = createClient(httpTransport(world.net, { server: https.server, tls }));
    await client.resource(EndpointSlices).create({ metadata: { name: 's', ...ns }, addressType: 'IPv4', endpoints: [], ports: [] });
  });
  after(async () => {
    await https[Symbol.asyncDispose]();
  });
  const get = async (path: string, accept = 'application/json'): Promise<string> => {
    const { ca, admin } = https.pki;
    const tls = { ca: ca.cert, cert: admin.cert, key: admin.key };
    const answer = await world.net.fetch(https.server + path, { headers: { accept }, tls });
    assert.equal(answer.status, 200);
    return Buffer.from(await answer.bytes()).toString();
  };

  it('are null in JSON, indented or not, of an object, a list and a watch', async () => {
    for (const path of [
      `${slices}/s`,
      slices,
      `${slices}?watch=1&timeoutSeconds=1&resourceVersion=0`,
      `${slices}/s?pretty=true`,
      `${slices}?pretty=1`,
    ]) {
      const text = (await get(path)).replaceAll(/\s/g, '');
      assert.match(text, /"endpoints":null/, path);
      assert.match(text, /"ports":null/, path);
    }
  });

  it('are null in YAML', async () => {
    assert.match(await get(`${slices}/s`, 'application/yaml'), /^endpoints: null$/m);
    assert.match(await get(slices, 'application/yaml'), /^ {2}endpoints: null$/m);
  });

  it('are lists for our client, read, listed and watched', async () => {
    const ours = client.resource(EndpointSlices);
    const empty = ({ endpoints, ports }: EndpointSlice) => assert.deepEqual([endpoints, ports], [[], []]);
    empty(await ours.get('s', ns));
    for (const item of (await ours.list(ns)).items) empty(item);
    const stop = new AbortController();
    for await (const { object } of ours.watch({ ...ns, signal: stop.signal })) {
      empty(object);
      stop.abort();
    }
    const roles = client.resource(ClusterRoles);
    assert.deepEqual((await roles.create({ metadata: { name: 'idle' }, rules: [] })).rules, []);
    await roles.delete('idle');
  });

  it('are null of what was deleted, and of what was written back as it was read', async () => {
    const ours = client.resource(EndpointSlices);
    await ours.create({ metadata: { name: 'gone', ...ns }, addressType: 'IPv4', endpoints: [], ports: [] });
    const { metadata } = await ours.get('gone', ns);
    const read = JSON.parse(await get(`${slices}/gone`)) as EndpointSlice;
    const same = await ours.update(read);
    assert.equal(same.metadata.resourceVersion, metadata.resourceVersion);
    await ours.delete('gone', ns);
    const text = await get(`${slices}?watch=1&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`);
    assert.match(text, /"type":"DELETED".*"endpoints":null/);
  });
});
