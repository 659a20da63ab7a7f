import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lease } from '#api/coordination/v1/lease.ts';
import { conflict, notFound } from '#api/status.ts';
import { seededRandom } from '#base/seeded.ts';
import { createTestClock, type TestClock } from '#base/testclock.ts';
import type { Component } from '#base/world.ts';
import type { Client } from './client.ts';
import type { Transport } from './transport.ts';
import { planElection, startElection, whileLeading } from './leader.ts';

const type = { group: 'coordination.k8s.io', resource: 'leases' };
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };

/** One lease on a server, which counts versions and refuses stale writes. */
function server() {
  let stored: Lease | undefined;
  let version = 0;
  const keep = (lease: Lease): Lease => {
    stored = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++version) } };
    return stored;
  };
  const client = (mood: { fails: boolean; hangs: boolean }): Client => {
    const reach = async (): Promise<void> => {
      if (mood.hangs) await new Promise(() => {});
      if (mood.fails) throw new Error('cut off');
    };
    const leases = {
      async get() {
        await reach();
        if (stored === undefined) throw notFound(type, 'x');
        return stored;
      },
      async create(lease: Lease) {
        await reach();
        if (stored !== undefined) throw conflict(type, 'x', 'exists');
        return keep(lease);
      },
      async update(lease: Lease) {
        await reach();
        if (lease.metadata.resourceVersion !== stored?.metadata.resourceVersion) throw conflict(type, 'x', 'stale');
        return keep(lease);
      },
    };
    return { resource: () => leases } as unknown as Client;
  };
  return { client, lease: () => stored };
}

/** Candidates on one clock, and who works. */
function candidates(clock: TestClock) {
  const { client, lease } = server();
  const working = new Set<string>();
  let most = 0;
  const enter = (identity: string) => {
    const mood = { fails: false, hangs: false };
    const start = (): Component => {
      working.add(identity);
      most = Math.max(most, working.size);
      return {
        ready: Promise.resolve(),
        health: () => undefined,
        [Symbol.asyncDispose]: async () => void working.delete(identity),
      };
    };
    const world = { clock, random: seededRandom(identity.length), log };
    return { mood, election: startElection({ client: client(mood), world, name: 'x', identity, start }) };
  };
  return { enter, lease, working, most: () => most };
}

test('one works; when it stops, it gives the lease back and the next one follows', async () => {
  const clock = createTestClock();
  const { enter, lease, working, most } = candidates(clock);
  const a = enter('a');
  await clock.advance(100);
  const b = enter('bb');
  await clock.advance(60_000);
  assert.deepEqual([...working], ['a']);
  assert.deepEqual([lease()?.spec.holderIdentity, lease()?.spec.leaseDurationSeconds, lease()?.spec.leaseTransitions], ['a', 15, 0]);
  await a.election[Symbol.asyncDispose]();
  assert.equal(lease()?.spec.holderIdentity, '');
  await clock.advance(6_000);
  assert.deepEqual([...working], ['bb']);
  assert.equal(lease()?.spec.leaseTransitions, 1);
  await b.election[Symbol.asyncDispose]();
  assert.equal(most(), 1);
});

for (const mood of ['fails', 'hangs'] as const) {
  test(`one whose server ${mood} stops after ten seconds, before another takes over after fifteen`, async () => {
    const clock = createTestClock();
    const { enter, working, most } = candidates(clock);
    const a = enter('a');
    await clock.advance(100);
    const b = enter('bb');
    await clock.advance(30_000);
    a.mood[mood] = true;
    await clock.advance(9_000);
    assert.deepEqual([...working], ['a']);
    await clock.advance(4_000);
    assert.deepEqual([...working], []);
    await clock.advance(10_000);
    assert.deepEqual([...working], ['bb']);
    // What has come back waits its turn.
    a.mood[mood] = false;
    await clock.advance(60_000);
    assert.deepEqual([...working], ['bb']);
    assert.equal(most(), 1);
    await b.election[Symbol.asyncDispose]();
  });
}

test('what is under way when the lease is lost sends nothing any more; one that is stopped ends in peace', async () => {
  const sent: string[] = [];
  const transport: Transport = {
    async send({ path }) {
      sent.push(path);
      return { status: 200, headers: {}, body: { object: {} } };
    },
  };
  for (const lost of [true, false]) {
    const clock = createTestClock();
    const mood = { fails: false, hangs: false };
    const started = Promise.withResolvers<Client>();
    const over = Promise.withResolvers<void>();
    const start = (leading: AbortSignal): Component => {
      started.resolve(whileLeading({ transport } as Client, leading));
      return { ready: Promise.resolve(), health: () => undefined, [Symbol.asyncDispose]: () => over.promise };
    };
    const world = { clock, random: seededRandom(1), log };
    const election = startElection({ client: server().client(mood), world, name: 'x', identity: 'a', start });
    const client = await started.promise;
    const send = () => client.transport.send({ method: 'POST', path: '/x' });
    await send();
    if (lost) {
      mood.fails = true;
      await clock.advance(20_000);
      await assert.rejects(send, /another one may lead by now/);
      over.resolve();
    } else {
      const ending = election[Symbol.asyncDispose]();
      await clock.settle();
      await send();
      over.resolve();
      await ending;
    }
    await election[Symbol.asyncDispose]();
  }
  assert.equal(sent.length, 3);
});

test('when to take the lease', () => {
  const self = { identity: 'me', leaseDuration: 15_000 };
  const held = (holder: string, at: number) => ({
    lease: { metadata: { name: 'x' }, spec: { holderIdentity: holder, leaseDurationSeconds: 15, leaseTransitions: 3 } } as Lease,
    at,
  });
  const at = (monotonic: number) => ({ now: 0, monotonic });
  assert.equal(planElection(undefined, self, at(0))?.leaseTransitions, 0);
  assert.equal(planElection(held('other', 0), self, at(14_999)), undefined);
  assert.equal(planElection(held('other', 0), self, at(15_000))?.leaseTransitions, 4);
  assert.equal(planElection(held('me', 0), self, at(1))?.leaseTransitions, 3);
  assert.equal(planElection(held('', 0), self, at(1))?.leaseTransitions, 4);
});
