// A state that is larger than what waits for a slow client, and lists that are made in parts: all arrives whole all the same.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ConfigMaps, Namespaces } from '#api/refs.ts';
import { createWorld } from '#host/world.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';

const path = '/api/v1/namespaces/default/configmaps';
const count = 30;

describe('a large state over https', () => {
  let https: HttpsApi;
  const world = createWorld({ logLevel: 'error' });
  before(async () => {
    https = await startHttpsApi();
    const maps = https.api.client.resource(ConfigMaps);
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        maps.create({ metadata: { name: `large-${i}`, namespace: 'default' }, data: { text: 'x'.repeat(900_000) } }),
      ),
    );
  });
  after(async () => {
    await https[Symbol.asyncDispose]();
  });
  const get = async (query: string, headers: Record<string, string> = {}) => {
    const { ca, admin } = https.pki;
    const answer = await world.net.fetch(`${https.server}${path}${query}`, {
      headers,
      tls: { ca: ca.cert, cert: admin.cert, key: admin.key },
    });
    assert.equal(answer.status, 200);
    return answer.bytes();
  };

  it('begins a watch', async () => {
    const { ca, admin } = https.pki;
    const abort = new AbortController();
    const query = '?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const tls = { ca: ca.cert, cert: admin.cert, key: admin.key };
    const answer = await world.net.fetch(`${https.server}${path}${query}`, { tls, signal: abort.signal });
    const parts: Uint8Array[] = [];
    let lines = 0;
    for await (const part of answer.body) {
      parts.push(part);
      for (const byte of part) if (byte === 0x0a) lines++;
      if (lines > count) break;
    }
    abort.abort();
    const texts = Buffer.concat(parts).toString().trimEnd().split('\n');
    const types = texts.map((line) => (JSON.parse(line) as { type: string }).type);
    assert.deepEqual(types, [...Array.from({ length: count }, () => 'ADDED'), 'BOOKMARK']);
  });

  it('is a list in every encoding', async () => {
    const list = JSON.parse(Buffer.from(await get('')).toString()) as { items: { metadata: { name: string }; data: { text: string } }[] };
    assert.equal(list.items.filter((item) => item.data.text.length === 900_000).length, count);
    const protobuf = await get('', { accept: 'application/vnd.kubernetes.protobuf' });
    assert.equal(Buffer.from(protobuf).subarray(0, 4).toString('latin1'), 'k8s\0');
    assert.ok(protobuf.length > count * 900_000);
  });

  it('is the same made in parts as at once', async () => {
    const many = 1_500;
    const maps = https.api.client.resource(ConfigMaps);
    const make = (i: number) => maps.create({ metadata: { name: `many-${i}`, namespace: 'many' }, data: { i: String(i) } });
    await https.api.client.resource(Namespaces).create({ metadata: { name: 'many' } });
    for (let i = 0; i < many; i += 50) await Promise.all(Array.from({ length: 50 }, (_, n) => make(i + n)));
    const { ca, admin } = https.pki;
    const tls = { ca: ca.cert, cert: admin.cert, key: admin.key };
    const list = async (query: string, headers: Record<string, string> = {}) => {
      const answer = await world.net.fetch(`${https.server}/api/v1/namespaces/many/configmaps${query}`, { headers, tls });
      return { headers: answer.headers, bytes: Buffer.from(await answer.bytes()) };
    };
    const { bytes, headers } = await list('');
    assert.equal(headers['content-length'], String(bytes.length));
    const whole = JSON.parse(bytes.toString()) as { items: { metadata: { name: string } }[] };
    assert.equal(whole.items.length, many);
    // A page is short enough to be made at once.
    const page = JSON.parse((await list('?limit=900')).bytes.toString()) as typeof whole;
    assert.deepEqual(page.items, whole.items.slice(0, 900));
    const zipped = await list('', { 'accept-encoding': 'gzip' });
    assert.equal(zipped.headers['content-encoding'], 'gzip');
    assert.deepEqual(gunzipSync(zipped.bytes), bytes);
    const protobuf = await list('', { accept: 'application/vnd.kubernetes.protobuf' });
    assert.equal(protobuf.headers['content-type'], 'application/vnd.kubernetes.protobuf');
    for (const i of [0, 777, many - 1]) assert.ok(protobuf.bytes.includes(`many-${i}`));
    assert.equal((await list('', { accept: 'text/html' })).bytes.includes('NotAcceptable'), true);
  });
});
