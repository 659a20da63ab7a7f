import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { silent } from '#base/log.ts';
import { createTestClock } from '#base/testclock.ts';
import { createClient } from '#client/create.ts';
import type { ApiRequest } from '#client/transport.ts';
import { annotations } from '../static/annotations.ts';
import { StatusManager } from './manager.ts';

const pod = {
  metadata: { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '7' },
  spec: { containers: [] },
  status: { phase: 'Running' },
} as unknown as Pod;

test('a deletion that got lost on its way is tried again', async () => {
  const sent: ApiRequest[] = [];
  const client = createClient({
    async send(request) {
      sent.push(request);
      if (sent.length < 3) throw new Error('the connection failed');
      return { status: 200, headers: {}, body: { object: pod } };
    },
  });
  const clock = createTestClock();
  const manager = new StatusManager(client, { clock, log: silent });
  manager.remove(pod);
  await clock.advanceUntil(() => sent.length === 3, 10_000);
  await clock.advance(60_000);
  assert.deepEqual(
    sent.map(({ method, path }) => `${method} ${path}`),
    Array.from({ length: 3 }, () => 'DELETE /api/v1/namespaces/default/pods/web'),
  );
  await manager.dispose();
});

test('a static pod keeps the time since which its mirror says that it is there', async () => {
  const source = { [annotations.source]: 'file' };
  const own = { ...pod, metadata: { ...pod.metadata, uid: 's', annotations: source } };
  const status = { phase: 'Running', startTime: '2026-01-01T00:00:00Z' };
  const mirror = { ...pod, metadata: { ...pod.metadata, annotations: { ...source, [annotations.mirror]: 's' } }, status } as unknown as Pod;
  const patches: unknown[] = [];
  const client = createClient({
    async send({ body }) {
      patches.push(body);
      return { status: 200, headers: {}, body: { object: { ...mirror, status: { ...status, message: 'm' } } } };
    },
  });
  const clock = createTestClock();
  const manager = new StatusManager(client, { clock, log: silent });
  manager.set(own, { phase: 'Running', startTime: '2026-02-02T00:00:00Z', message: 'm' });
  manager.mirror(own, mirror);
  assert.equal(manager.base(own).startTime, '2026-01-01T00:00:00Z');
  await clock.advanceUntil(() => patches.length > 0, 10_000);
  assert.match(JSON.stringify(patches), /"message":"m"/);
  assert.doesNotMatch(JSON.stringify(patches), /startTime/);
  await manager.dispose();
});
