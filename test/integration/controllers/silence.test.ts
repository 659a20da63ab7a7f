// Nodes that fall silent, on a clock of the test's own: a node is given up, a whole cluster is not believed to be dead.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { TestClock } from '#base/testclock.ts';
import { Leases, Nodes } from '#api/refs.ts';
import type { Transport, WatchEvent } from '#client/transport.ts';
import { startNodeLifecycleController } from '#controllers/nodelifecycle/controller.ts';
import { type ControllerBench, withControllers } from '../../support/controllers.ts';
import { virtualWorld } from '../../support/virtual.ts';

const names = ['a', 'b', 'c'];
const namespace = 'kube-node-lease';
let clock: TestClock;
let bench: ControllerBench;
let alive: Set<string>;
/** The line does not tell any more what the watches say that are open now. */
let mute: () => void;
let lists: number;

/** Watches can be made mute: they stay open, and nobody is told. */
function line(inner: Transport): Transport {
  let generation = 0;
  mute = () => void generation++;
  async function* telling(events: AsyncIterable<WatchEvent>): AsyncGenerator<WatchEvent> {
    const born = generation;
    for await (const event of events) if (born === generation) yield event;
  }
  return {
    async send(request) {
      const answer = await inner.send(request);
      if (request.method === 'GET' && request.path.endsWith('/leases') && !('events' in answer.body)) lists++;
      return 'events' in answer.body ? { ...answer, body: { events: telling(answer.body.events) } } : answer;
    },
  };
}

const iso = (): string => new Date(clock.now()).toISOString();

/** What an agent does when it (re)starts: it says that its node is ready, or not. */
async function report(name: string, status = 'True'): Promise<void> {
  const ready = { type: 'Ready', status, lastHeartbeatTime: `${iso().slice(0, 19)}Z` };
  await bench.client.resource(Nodes).patch(name, { status: { conditions: [ready] } }, { type: 'strategic', subresource: 'status' });
}

beforeEach(async () => {
  const world = virtualWorld();
  clock = world.clock;
  lists = 0;
  alive = new Set(names);
  bench = await withControllers((deps) => [startNodeLifecycleController(deps)], { world, line });
  const { client } = bench;
  for (const name of names) {
    await client.resource(Nodes).create({ metadata: { name } });
    await report(name);
    await client.resource(Leases).create({ metadata: { name, namespace }, spec: { holderIdentity: name, leaseDurationSeconds: 40 } });
  }
  clock.every(10_000, () => {
    const body = { spec: { renewTime: iso().replace('Z', '000Z') } };
    for (const name of alive) void client.resource(Leases).patch(name, body, { type: 'merge', namespace });
  });
  await clock.advance(20_000);
});
afterEach(() => bench[Symbol.asyncDispose]());

async function seen(): Promise<Record<string, string>> {
  const { items } = await bench.client.resource(Nodes).list();
  return Object.fromEntries(
    items.map(({ metadata, spec, status }) => {
      const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status;
      const evicts = spec.taints?.some(({ effect }) => effect === 'NoExecute') === true;
      return [metadata.name, `${ready}${evicts ? ', to be emptied' : ''}`];
    }),
  );
}

test('one node of three is given up after the grace period', async () => {
  alive.delete('c');
  await clock.advance(45_000);
  assert.deepEqual(await seen(), { a: 'True', b: 'True', c: 'True' });
  await clock.advance(10_000);
  assert.deepEqual(await seen(), { a: 'True', b: 'True', c: 'Unknown, to be emptied' });
});

test('when all are silent none is emptied, and the first that is heard gives the others time again', async () => {
  alive.delete('c');
  await clock.advance(55_000);
  assert.equal((await seen())['c'], 'Unknown, to be emptied');
  alive.clear();
  await clock.advance(55_000);
  assert.equal((await seen())['a'], 'True', 'they are waited for a little longer');
  await clock.advance(20_000);
  assert.deepEqual(await seen(), { a: 'Unknown', b: 'Unknown', c: 'Unknown' });

  alive.add('a');
  await report('a');
  await clock.advance(40_000);
  assert.deepEqual(await seen(), { a: 'True', b: 'Unknown', c: 'Unknown' });
  // One in ten seconds.
  await clock.advance(30_000);
  assert.deepEqual(await seen(), { a: 'True', b: 'Unknown, to be emptied', c: 'Unknown, to be emptied' });
});

test('while no node is ready none is emptied, and the first that is ready again gives the silent ones time again', async () => {
  alive.delete('c');
  await clock.advance(55_000);
  for (const name of alive) await report(name, 'False');
  await clock.advance(20_000);
  assert.deepEqual(await seen(), { a: 'False', b: 'False', c: 'Unknown' });
  await report('a');
  await report('b');
  await clock.advance(45_000);
  assert.deepEqual(await seen(), { a: 'True', b: 'True', c: 'Unknown' });
  await clock.advance(10_000);
  assert.deepEqual(await seen(), { a: 'True', b: 'True', c: 'Unknown, to be emptied' });
});

test('a watch that says nothing any more is not believed', async () => {
  const before = lists;
  mute();
  await clock.advance(200_000);
  assert.deepEqual(await seen(), { a: 'True', b: 'True', c: 'True' });
  assert.equal(lists, before + 1, 'the leases were listed once, and followed from there');
});
