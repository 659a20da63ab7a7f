import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import { ConfigMaps } from '#api/refs.ts';
import { expired, statusOf } from '#api/status.ts';
import { silent } from '#base/log.ts';
import { createTestClock } from '#base/testclock.ts';
import { createClient } from './create.ts';
import { createInformers } from './informer.ts';
import type { ApiRequest, Transport, WatchEvent } from './transport.ts';

const random = { next: () => 0, bytes: (length: number) => new Uint8Array(length), uuid: () => '' };

function configMap(name: string, version: number, uid = name): ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', uid, resourceVersion: String(version), labels: { first: name[0] ?? '' } },
  };
}

/** A server of one resource, by hand. */
function scripted() {
  const requests: ApiRequest[] = [];
  let items: ConfigMap[] = [];
  let version = '1';
  let push: (event: WatchEvent | undefined) => void = () => {};
  const transport: Transport = {
    async send(request) {
      requests.push(request);
      if (!request.query?.includes('watch=true')) {
        return { status: 200, headers: {}, body: { object: { kind: 'ConfigMapList', metadata: { resourceVersion: version }, items } } };
      }
      const queue: (WatchEvent | undefined)[] = [];
      let wake: () => void = () => {};
      push = (event) => {
        queue.push(event);
        wake();
      };
      request.signal?.addEventListener('abort', () => push(undefined));
      async function* events(): AsyncGenerator<WatchEvent> {
        for (;;) {
          while (queue.length > 0) {
            const event = queue.shift();
            if (event === undefined) return;
            yield event;
          }
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      return { status: 200, headers: {}, body: { events: events() } };
    },
  };
  return {
    transport,
    requests,
    set(next: ConfigMap[], at: string) {
      items = next;
      version = at;
    },
    push: (event: WatchEvent | undefined) => push(event),
  };
}

test('lists, follows, relists after 410, tells the differences, isolates handlers', async () => {
  const clock = createTestClock();
  const server = scripted();
  server.set([configMap('a', 1), configMap('b', 2)], '2');
  await using informers = createInformers(createClient(server.transport), { clock, random, log: silent });
  const informer = informers.of(ConfigMaps);
  assert.equal(informers.of(ConfigMaps), informer, 'shared');
  informer.addIndex('first', ({ metadata }) => [metadata.labels?.first ?? '']);
  const told: string[] = [];
  informer.onChange({
    added() {
      throw new Error('a handler that fails');
    },
  });
  informer.onChange({
    added: ({ metadata }) => told.push(`+${metadata.name}`),
    updated: ({ metadata }) => told.push(`~${metadata.name}${metadata.resourceVersion}`),
    deleted: ({ metadata }) => told.push(`-${metadata.name}`),
  });
  informers.start();
  await informers.synced();
  await clock.settle();
  assert.deepEqual(told.splice(0), ['+a', '+b']);
  assert.equal(informer.lister.list('default').length, 2);
  assert.equal(informer.lister.get('a', 'default')?.metadata.resourceVersion, '1');

  server.push({ type: 'MODIFIED', object: configMap('a', 3) });
  server.push({ type: 'ADDED', object: configMap('c', 4) });
  server.push({ type: 'DELETED', object: configMap('b', 5) });
  server.push({ type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { resourceVersion: '9' } } });
  await clock.settle();
  assert.deepEqual(told.splice(0), ['~a3', '+c', '-b']);
  assert.equal(informer.resourceVersion, '9');
  assert.deepEqual(
    informer.lister.byIndex('first', 'c').map(({ metadata }) => metadata.name),
    ['c'],
  );
  assert.equal(informer.lister.byIndex('first', 'b').length, 0);

  // While the watch was gone: c was made anew, a vanished, d came.
  server.set([configMap('c', 12, 'other'), configMap('d', 11)], '12');
  server.push({ type: 'ERROR', object: statusOf(expired('too old resource version: 9 (10)')) });
  await clock.advance(1000);
  assert.deepEqual(told.splice(0), ['-a', '-c', '+c', '+d']);
  const lists = server.requests.filter(({ query }) => !query?.includes('watch'));
  assert.deepEqual(
    lists.map(({ query }) => query),
    ['resourceVersion=0', undefined],
  );
  const late: string[] = [];
  informer.onChange({ added: ({ metadata }) => late.push(metadata.name) });
  assert.deepEqual(late, ['c', 'd']);
});

test('what is said twice, or again after something newer, changes nothing', async () => {
  const clock = createTestClock();
  const server = scripted();
  server.set([configMap('a', 2)], '3');
  await using informers = createInformers(createClient(server.transport), { clock, random, log: silent });
  const informer = informers.of(ConfigMaps);
  const seen: string[] = [];
  informer.onChange({
    added: ({ metadata }) => void seen.push(`+${metadata.name}@${metadata.resourceVersion}`),
    updated: ({ metadata }) => void seen.push(`~${metadata.name}@${metadata.resourceVersion}`),
    deleted: ({ metadata }) => void seen.push(`-${metadata.name}@${metadata.resourceVersion}`),
  });
  informers.start();
  await clock.settle();
  const old: WatchEvent = { type: 'ADDED', object: configMap('b', 4) };
  const gone: WatchEvent = { type: 'DELETED', object: configMap('b', 6) };
  const events: WatchEvent[] = [old, old, { type: 'MODIFIED', object: configMap('b', 5) }, old, gone, gone, old];
  for (const event of [...events, { type: 'ADDED', object: configMap('b', 7, 'other') } as const, gone]) {
    server.push(event);
    await clock.settle();
  }
  assert.deepEqual(seen, ['+a@2', '+b@4', '~b@5', '-b@6', '+b@7']);
  assert.equal(informer.resourceVersion, '7');
});

test('lists again when asked to: a watch may be dead and nobody knows', async () => {
  const clock = createTestClock();
  const server = scripted();
  server.set([configMap('a', 1)], '1');
  await using informers = createInformers(createClient(server.transport), { clock, random, log: silent });
  const informer = informers.of(ConfigMaps);
  informers.start();
  await informers.synced();
  await clock.settle();
  const [, dead] = server.requests;
  server.set([configMap('a', 5)], '6');
  const relisted = [informer.relist(), informer.relist()];
  await clock.settle();
  await Promise.all(relisted);
  assert.equal(informer.lister.get('a', 'default')?.metadata.resourceVersion, '5');
  assert.ok(dead?.signal?.aborted, 'the old watch is given up');
  assert.deepEqual(
    server.requests.slice(2).map(({ query }) => new URLSearchParams(query).get('resourceVersion')),
    ['0', '6'],
    'one list for both, and a watch from there',
  );
  server.push({ type: 'MODIFIED', object: configMap('a', 7) });
  await clock.settle();
  assert.equal(informer.lister.get('a', 'default')?.metadata.resourceVersion, '7');
});

test('a server that is away is asked again, ever more slowly', async () => {
  const clock = createTestClock();
  let tries = 0;
  const transport: Transport = {
    async send() {
      tries++;
      throw new Error('connection refused');
    },
  };
  await using informers = createInformers(createClient(transport), { clock, random, log: silent });
  informers.of(ConfigMaps);
  informers.start();
  await clock.advance(100 + 200 + 400 + 50);
  assert.equal(tries, 4);
  await clock.advance(600_000);
  assert.ok(tries < 4 + 50);
});
