// The client's parts that need a server: events, election, adoption.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigMaps, Events, Leases, Pods } from '#api/refs.ts';
import type { Component } from '#base/world.ts';
import { createClient } from '#client/create.ts';
import { createRecorder } from '#client/events.ts';
import { startElection } from '#client/leader.ts';
import { claimObjects } from '#client/ownership.ts';
import { retryOnConflict } from '#client/retry.ts';
import { startTestApi } from '../../support/api.ts';
import { until } from '../../support/until.ts';

const namespace = 'default';

test('events are written, counted and combined', async () => {
  await using bench = await startTestApi();
  const { client, world } = bench;
  await using recorder = createRecorder(client, world, { component: 'tester', host: 'here' });
  const about = await client.resource(ConfigMaps).create({ metadata: { name: 'thing', namespace } });
  for (let i = 0; i < 3; i++) recorder.event(about, 'Normal', 'Happened', 'something happened');
  recorder.event(about, 'Warning', 'Failed', 'no');
  await recorder.flush();
  const { items } = await client.resource(Events).list({ namespace, fieldSelector: 'involvedObject.name=thing' });
  assert.deepEqual(items.map(({ reason, count, type }) => [reason, count, type]).toSorted(), [
    ['Failed', 1, 'Warning'],
    ['Happened', 3, 'Normal'],
  ]);
  const [event] = items;
  assert.equal(event?.involvedObject.uid, about.metadata.uid);
  assert.deepEqual(event?.source, { component: 'tester', host: 'here' });
  assert.equal(event?.reportingComponent, 'tester');
});

test('one of two candidates leads; the other follows when it leaves', async () => {
  await using bench = await startTestApi();
  const { client, world } = bench;
  const log: string[] = [];
  /** How often the second has asked for the lease. */
  let asked = 0;
  const counting = createClient({
    send(request) {
      if (request.method === 'GET') asked++;
      return client.transport.send(request);
    },
  });
  const candidate = (identity: string, by = client) =>
    startElection({
      client: by,
      world,
      name: 'test',
      identity,
      // No pause of a busy machine is as long.
      leaseDuration: 120_000,
      renewDeadline: 60_000,
      retryPeriod: 30,
      start: (): Component => {
        log.push(`+${identity}`);
        return {
          ready: Promise.resolve(),
          health: () => undefined,
          async [Symbol.asyncDispose]() {
            log.push(`-${identity}`);
          },
        };
      },
    });
  const first = candidate('first');
  await first.ready;
  await using _second = candidate('second', counting);
  await until('the second has asked', () => asked >= 3);
  assert.deepEqual(log, ['+first']);
  await first[Symbol.asyncDispose]();
  await until('second leads', () => log.includes('+second'));
  assert.deepEqual(log, ['+first', '-first', '+second']);
  const lease = await client.resource(Leases).get('test', { namespace: 'kube-system' });
  assert.equal(lease.spec.holderIdentity, 'second');
  assert.equal(lease.spec.leaseTransitions, 1);
});

test('claims adopt and release on the server', async () => {
  await using bench = await startTestApi();
  const { client } = bench;
  const owners = client.resource(ConfigMaps);
  const owner = await owners.create({ metadata: { name: 'owner', namespace } });
  const pods = client.resource(Pods);
  const make = (name: string, app: string) =>
    pods.create({ metadata: { name, namespace, labels: { app } }, spec: { containers: [{ name: 'c', image: 'x' }] } });
  const candidates = [await make('a', 'web'), await make('b', 'db')];
  const selector = { matches: (labels: Readonly<Record<string, string>>) => labels.app === 'web' };
  const claimed = await claimObjects({ owner, owners, dependents: pods, selector, candidates });
  assert.deepEqual(
    claimed.map(({ metadata }) => metadata.name),
    ['a'],
  );
  const adopted = await pods.get('a', { namespace });
  assert.equal(adopted.metadata.ownerReferences?.[0]?.controller, true);
  const relabelled = await pods.patch('a', { metadata: { labels: { app: 'db' } } }, { type: 'merge', namespace });
  assert.deepEqual(await claimObjects({ owner, owners, dependents: pods, selector, candidates: [relabelled] }), []);
  assert.equal((await pods.get('a', { namespace })).metadata.ownerReferences, undefined);
});

test('conflicts are retried with a fresh read', async () => {
  await using bench = await startTestApi();
  const { client, world } = bench;
  const maps = client.resource(ConfigMaps);
  await maps.create({ metadata: { name: 'counter', namespace }, data: { n: '0' } });
  await Promise.all(
    Array.from({ length: 4 }, () =>
      retryOnConflict(world, async () => {
        const map = await maps.get('counter', { namespace });
        return maps.update({ ...map, data: { n: String(Number(map.data?.n) + 1) } });
      }),
    ),
  );
  assert.equal((await maps.get('counter', { namespace })).data?.n, '4');
});
