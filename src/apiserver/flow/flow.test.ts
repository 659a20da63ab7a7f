import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FlowSchema } from '#api/flowcontrol/v1/flowschema.ts';
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/prioritylevelconfiguration.ts';
import { FlowSchemas } from '#api/refs.ts';
import type { StatusError } from '#api/status.ts';
import { createTestClock } from '#base/testclock.ts';
import type { UserInfo } from '#client/transport.ts';
import { flowSchemas, priorityLevels } from '../bootstrapflow.ts';
import type { Backend, RequestInfo } from '../chain.ts';
import { parseRequestInfo } from '../requestinfo.ts';
import { FlowControl, type Seat } from './flow.ts';
import { deal, hashOf } from './hand.ts';
import { FairQueues } from './queues.ts';
import { divide } from './shares.ts';
import { danglingCondition } from './status.ts';
import { Turns } from './turns.ts';
import { widthOf } from './width.ts';

const info = (method: string, path: string, query = ''): RequestInfo => parseRequestInfo(method, path, new URLSearchParams(query));
const pods = info('GET', '/api/v1/namespaces/shop/pods/p');

function control(seats: number, levels: readonly object[] = priorityLevels, schemas: readonly object[] = flowSchemas) {
  const clock = createTestClock();
  const named = (object: object) => ({
    ...object,
    metadata: { ...(object as FlowSchema).metadata, uid: `uid-${(object as FlowSchema).metadata.name}` },
  });
  let changed: (() => void)[] = [];
  const lists = { levels: levels.map(named), schemas: schemas.map(named) };
  const backend = {
    world: { clock },
    list: (ref: unknown) => (ref === FlowSchemas ? lists.schemas : lists.levels),
    onChange: (_ref: unknown, fn: () => void) => {
      changed.push(fn);
      return () => (changed = []);
    },
  } as unknown as Backend;
  return { clock, lists, notify: () => changed.forEach((fn) => fn()), flow: new FlowControl(backend, { seats, patience: 15_000 }) };
}
const call = { signal: new AbortController().signal };
const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups: [...groups, 'system:authenticated'] });

describe('classification', () => {
  const { flow } = control(600);
  const rows: readonly (readonly [UserInfo, RequestInfo, string])[] = [
    [user('root', 'system:masters'), pods, 'exempt'],
    [user('jane'), info('GET', '/healthz'), 'probes'],
    [user('jane'), info('GET', '/metrics'), 'global-default'],
    [user('jane'), pods, 'global-default'],
    [user('system:node:a', 'system:nodes'), info('PUT', '/api/v1/nodes/a/status'), 'system-node-high'],
    [user('system:node:a', 'system:nodes'), pods, 'system-nodes'],
    [user('system:kube-scheduler'), info('PUT', '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/s'), 'system-leader-election'],
    [user('system:kube-scheduler'), pods, 'kube-scheduler'],
    [user('system:serviceaccount:kube-system:x', 'system:serviceaccounts'), pods, 'kube-system-service-accounts'],
    [user('system:serviceaccount:shop:x', 'system:serviceaccounts'), pods, 'service-accounts'],
  ];
  for (const [who, what, schema] of rows) {
    it(`${who.name} ${what.verb} ${what.path}: ${schema}`, () => assert.equal(flow.classify(who, what)?.schema.metadata.name, schema));
  }
});

describe('seats', () => {
  it('are divided by shares', () => {
    const limits = divide(priorityLevels as readonly PriorityLevelConfiguration[], 600);
    assert.deepEqual(limits.get('workload-low'), { nominal: 245, lendable: 221, most: 600 });
    assert.deepEqual(limits.get('catch-all'), { nominal: 13, lendable: 0, most: 600 });
    assert.equal(limits.get('exempt')?.nominal, 0);
  });

  it('are taken at once while there are enough, and cost no promise', () => {
    const { flow } = control(600);
    const seat = flow.enter({ user: user('jane'), info: pods, seats: 1, call });
    assert.ok(!(seat instanceof Promise));
    assert.equal(seat.schema, 'uid-global-default');
    assert.equal(seat.level, 'uid-global-default');
    seat.release();
  });

  it('go to the quiet user before the second request of the loud one', async () => {
    const { flow } = control(8);
    const order: string[] = [];
    const running: Seat[] = [];
    const enter = (name: string) => {
      const entered = flow.enter({ user: user(name), info: pods, seats: 1, call });
      if (!(entered instanceof Promise)) running.push(entered);
      else {
        void entered.then((seat) => {
          order.push(name);
          running.push(seat);
        });
      }
    };
    for (let i = 0; i < 40; i++) enter('loud');
    const started = running.length;
    assert.ok(started < 40, 'some must wait');
    enter('quiet');
    for (let i = 0; i < 3; i++) {
      running.shift()?.release();
      await Promise.resolve();
      await Promise.resolve();
    }
    assert.ok(order.slice(0, 2).includes('quiet'), order.join());
    while (order.length < 41 - started) {
      running.shift()?.release();
      await Promise.resolve();
      await Promise.resolve();
    }
    for (const seat of running) seat.release();
    assert.equal(
      [...flow.levels].reduce((sum, level) => sum + level.running, 0),
      0,
      'all seats come back',
    );
  });

  it('are refused with 429 when the queues are full, when nobody may wait, and when it takes too long', async () => {
    const rejecting = (error: StatusError): boolean => error.code === 429 && error.message === 'Too many requests, please try again later.';
    const one = {
      metadata: { name: 'one' },
      spec: {
        type: 'Limited',
        limited: {
          nominalConcurrencyShares: 10,
          borrowingLimitPercent: 0,
          limitResponse: { type: 'Queue', queuing: { queues: 1, handSize: 1, queueLengthLimit: 2 } },
        },
      },
    };
    const everything = {
      subjects: [{ kind: 'Group', group: { name: 'system:authenticated' } }],
      resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
    };
    const schema = { metadata: { name: 's' }, spec: { priorityLevelConfiguration: { name: 'one' }, rules: [everything] } };
    const { flow, clock, lists, notify } = control(1, [one], [schema]);
    const enter = () => flow.enter({ user: user('a'), info: pods, seats: 1, call });
    const first = enter() as Seat;
    const waiting = [enter(), enter()] as Promise<Seat>[];
    await assert.rejects(enter() as Promise<Seat>, rejecting);
    const late = Promise.all(waiting.map((promise) => assert.rejects(promise, rejecting)));
    await clock.advance(15_000);
    await late;
    // Without queues nobody waits.
    lists.levels = [
      {
        ...one,
        metadata: { name: 'one', uid: 'u' },
        spec: { type: 'Limited', limited: { ...one.spec.limited, limitResponse: { type: 'Reject' } } },
      },
    ] as never;
    notify();
    await assert.rejects(enter() as Promise<Seat>, rejecting);
    first.release();
    (enter() as Seat).release();
  });

  it('are borrowed from levels that do not use them', () => {
    const { flow } = control(100);
    const low = user('system:serviceaccount:shop:x', 'system:serviceaccounts');
    let taken = 0;
    for (; taken < 100; taken++) if (flow.enter({ user: low, info: pods, seats: 1, call }) instanceof Promise) break;
    const level = [...flow.levels].find(({ name }) => name === 'workload-low');
    assert.ok(level && taken > level.limits.nominal, `${taken} of ${level?.limits.nominal}`);
    // The others still have what they do not lend.
    assert.ok(!(flow.enter({ user: user('system:node:a', 'system:nodes'), info: pods, seats: 1, call }) instanceof Promise));
  });
});

describe('shuffle sharding', () => {
  it('deals different cards, the same for the same flow', () => {
    for (const flow of ['a', 'b', 'jane', 'system:serviceaccount:x:y']) {
      const hand = deal(hashOf(flow), 128, 6);
      assert.deepEqual(hand, deal(hashOf(flow), 128, 6));
      assert.equal(new Set(hand).size, 6);
      assert.ok(hand.every((card) => card >= 0 && card < 128));
    }
    assert.deepEqual(deal(7, 3, 8).toSorted(), [0, 1, 2]);
  });
  it('gives flows hands that differ', () => {
    const hands = new Set(
      Array.from({ length: 500 }, (_, i) =>
        deal(hashOf(`user-${i}`), 128, 6)
          .toSorted((a, b) => a - b)
          .join(),
      ),
    );
    assert.equal(hands.size, 500);
  });
  it('serves queues by turns, wide requests less often', () => {
    const queues = new FairQueues({ queues: 64, handSize: 1, queueLengthLimit: 50 });
    const order: string[] = [];
    const add = (flow: string, seats: number) => queues.add(flow, { seats, start: () => order.push(flow) });
    for (let i = 0; i < 6; i++) add('wide', 3);
    for (let i = 0; i < 6; i++) add('thin', 1);
    for (let next = queues.take(); next; next = queues.take()) next.start();
    assert.equal(order.slice(0, 8).filter((flow) => flow === 'thin').length, 6);
  });
});

describe('width and turns', () => {
  it('grows with the objects of a list', () => {
    const objects = () => 450;
    const width = (method: string, query: string) => widthOf(info(method, '/api/v1/pods', query), new URLSearchParams(query), objects);
    assert.equal(width('GET', ''), 5);
    assert.equal(width('GET', 'limit=100'), 1);
    assert.equal(width('GET', 'limit=100&labelSelector=a'), 5);
    assert.equal(width('POST', ''), 1);
  });
  it('takes one after the other', async () => {
    const clock = createTestClock();
    const turns = new Turns(clock);
    const order: number[] = [];
    await turns.next();
    const rest = [1, 2].map((n) => turns.next().then(() => order.push(n)));
    assert.equal(order.length, 0);
    turns.done();
    await clock.advance(1);
    assert.deepEqual(order, [1]);
    turns.done();
    await clock.advance(1);
    await Promise.all(rest);
    turns.done();
    // One that comes in the same moment waits, too, though nobody is before it.
    const last = turns.next().then(() => void order.push(3));
    await Promise.resolve();
    assert.equal(order.length, 2);
    await clock.advance(1);
    await last;
    turns.done();
    await clock.advance(1);
    await turns.next();
  });
});

describe('the condition of a schema', () => {
  const schema = { metadata: { name: 's' }, spec: { priorityLevelConfiguration: { name: 'l' } } } as FlowSchema;
  it('tells whether its level is there', () => {
    assert.deepEqual(danglingCondition(schema, true, 't'), {
      type: 'Dangling',
      lastTransitionTime: 't',
      status: 'False',
      reason: 'Found',
      message: 'This FlowSchema references the PriorityLevelConfiguration object named "l" and it exists',
    });
    const told = { ...schema, status: { conditions: [danglingCondition(schema, false, 't')] } } as FlowSchema;
    assert.equal(told.status?.conditions?.[0]?.reason, 'NotFound');
    assert.equal(danglingCondition(told, false, 'u'), undefined);
  });
});
