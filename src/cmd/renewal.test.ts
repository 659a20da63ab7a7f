import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestClock } from '#base/testclock.ts';
import type { KeyPair } from '#base/pki.ts';
import type { World } from '#base/world.ts';
import { keepRenewed, renewalTime } from './renewal.ts';

const day = 86_400_000;

test('a certificate is renewed between seven and nine tenths of its life', () => {
  assert.equal(renewalTime({ notBefore: 0, notAfter: 1_000 }, 0), 700);
  assert.equal(renewalTime({ notBefore: 0, notAfter: 1_000 }, 1), 900);
});

test('it is renewed again and again, and a failure is retried', async () => {
  const clock = createTestClock();
  const start = clock.now();
  let refuse = 3;
  let issued = 0;
  const asked: number[] = [];
  const used: KeyPair[] = [];
  const pairAt = (time: number): KeyPair => ({ cert: String(time), key: '' });
  const log = { debug() {}, info() {}, warn() {}, error: assert.fail, child: () => log };
  const world = {
    clock,
    log,
    random: { next: () => 0.5 },
    pki: { parseCert: (text: string) => ({ notBefore: Number(text), notAfter: Number(text) + 100 * day }) },
  } as unknown as World;
  await using renewal = keepRenewed(world, {
    name: 'client',
    pair: pairAt(start),
    async issue() {
      asked.push(clock.now() - start);
      if (refuse-- > 0) throw new Error('nobody signs');
      issued++;
      return pairAt(clock.now());
    },
    use: (pair) => void used.push(pair),
  });
  await clock.advanceUntil(() => issued === 1, 100 * day);
  // Asked at 80 days, then after one, two and four minutes more.
  assert.deepEqual(
    asked,
    [0, 1, 3, 7].map((minutes) => 80 * day + minutes * 60_000),
  );
  await clock.advanceUntil(() => issued === 2, 100 * day);
  assert.equal(clock.now() - start, 160 * day + 7 * 60_000);
  assert.equal(used.length, 2);
  assert.ok(renewal);
});
