import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { isConflict, isNotFound, notFound } from '#api/status.ts';
import { createClient } from './create.ts';
import { httpTransport } from './http.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

function answering(answer: (request: ApiRequest) => ApiResponse): { transport: Transport; requests: ApiRequest[] } {
  const requests: ApiRequest[] = [];
  return {
    requests,
    transport: {
      async send(request) {
        requests.push(request);
        return answer(request);
      },
    },
  };
}

async function* chunks(...texts: string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

test('paths, queries, content types and bodies', async () => {
  const { transport, requests } = answering(() => ({ status: 200, headers: {}, body: { object: { metadata: { name: 'a' } } } }));
  const pods = createClient(transport).resource(Pods);
  await pods.get('a', { namespace: 'ns', subresource: 'status' });
  await pods.create({ metadata: { name: 'a', namespace: 'ns' } }, { fieldManager: 'me', dryRun: true });
  await pods.patch('a', { x: 1 }, { type: 'strategic', namespace: 'ns' });
  await pods.patch('a', {}, { type: 'apply', namespace: 'ns', fieldManager: 'me', force: true });
  await pods.delete('a', { namespace: 'ns', options: { gracePeriodSeconds: 0 } });
  await pods.deleteCollection({ namespace: 'ns', labelSelector: 'a=b,c' });
  await pods.createSub('a', 'binding', { target: { name: 'n' } }, { namespace: 'ns' });
  assert.deepEqual(
    requests.map(({ method, path, query, headers }) => [method, path, query, headers?.['content-type']]),
    [
      ['GET', '/api/v1/namespaces/ns/pods/a/status', undefined, undefined],
      ['POST', '/api/v1/namespaces/ns/pods', 'fieldManager=me&dryRun=All', 'application/json'],
      ['PATCH', '/api/v1/namespaces/ns/pods/a', undefined, 'application/strategic-merge-patch+json'],
      ['PATCH', '/api/v1/namespaces/ns/pods/a', 'fieldManager=me&force=true', 'application/apply-patch+yaml'],
      ['DELETE', '/api/v1/namespaces/ns/pods/a', undefined, 'application/json'],
      ['DELETE', '/api/v1/namespaces/ns/pods', 'labelSelector=a%3Db%2Cc', undefined],
      ['POST', '/api/v1/namespaces/ns/pods/a/binding', undefined, 'application/json'],
    ],
  );
  assert.deepEqual(requests[1]?.body, { object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', namespace: 'ns' } } });
  assert.deepEqual(requests[4]?.body, { object: { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0 } });
});

test('refusals become StatusErrors, with or without a Status', async () => {
  const status = notFound({ group: '', resource: 'pods' }, 'a').status;
  const asBytes = answering(() => ({ status: 404, headers: {}, body: { stream: chunks(JSON.stringify(status)) } }));
  await assert.rejects(createClient(asBytes.transport).resource(Pods).get('a'), (error) => isNotFound(error));
  const asText = answering(() => ({ status: 409, headers: {}, body: { bytes: Buffer.from('busy') } }));
  await assert.rejects(
    createClient(asText.transport).resource(Pods).get('a'),
    (error) => isConflict(error) && (error as Error).message === 'busy',
  );
});

test('watch events come whole however the bytes are cut', async () => {
  const line = (name: string): string => `${JSON.stringify({ type: 'ADDED', object: { metadata: { name } } })}\n`;
  const text = line('ä') + line('b') + line('c');
  for (const size of [1, 7, 40, 1000]) {
    const bytes = Buffer.from(text);
    async function* cut(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    }
    const { transport } = answering(() => ({ status: 200, headers: {}, body: { stream: cut() } }));
    const names: string[] = [];
    for await (const event of createClient(transport).resource(Pods).watch({ signal: new AbortController().signal }))
      names.push(event.object.metadata.name);
    assert.deepEqual(names, ['ä', 'b', 'c']);
  }
});

test('an ERROR event is thrown, an abort ends the watch quietly', async () => {
  const error = { type: 'ERROR', object: { kind: 'Status', reason: 'Expired', code: 410, message: 'old' } };
  const failing = answering(() => ({ status: 200, headers: {}, body: { stream: chunks(`${JSON.stringify(error)}\n`) } }));
  const all = async (transport: Transport, signal: AbortSignal): Promise<number> => {
    let count = 0;
    for await (const _ of createClient(transport).resource(Pods).watch({ signal })) count++;
    return count;
  };
  await assert.rejects(all(failing.transport, new AbortController().signal), /old/);
  const abort = new AbortController();
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n');
    abort.abort();
    throw new Error('socket closed');
  }
  const aborted = answering(() => ({ status: 200, headers: {}, body: { stream: endless() } }));
  assert.equal(await all(aborted.transport, abort.signal), 1);
});

test('the http transport encodes objects and carries the token', async () => {
  const seen: unknown[] = [];
  const net = {
    async fetch(url: string, options: object) {
      seen.push({ url, ...options });
      return { status: 200, headers: {}, body: chunks('{"metadata":{"name":"a"}}') };
    },
  };
  const transport = httpTransport(net as never, { server: 'https://host:6443/', token: async () => 'secret' });
  const pod = await createClient(transport)
    .resource(Pods)
    .create({ metadata: { name: 'a', namespace: 'ns' } });
  assert.equal(pod.metadata.name, 'a');
  const [request] = seen as [{ url: string; headers: Record<string, string>; body: string }];
  assert.equal(request.url, 'https://host:6443/api/v1/namespaces/ns/pods');
  assert.equal(request.headers.authorization, 'Bearer secret');
  assert.equal(JSON.parse(request.body).kind, 'Pod');
});
