import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineUsage, Rates } from './usage.ts';

test('a rate is what was used between two looks, at least a second apart', () => {
  const rates = new Rates();
  assert.equal(rates.rate('c', { at: 10_000, cpu: 2e9 }, 0), 200_000_000);
  assert.equal(rates.rate('c', { at: 12_000, cpu: 3e9 }, 0), 500_000_000);
  // Too soon after the last look: measured from the same base.
  assert.equal(rates.rate('c', { at: 12_500, cpu: 3.5e9 }, 0), 600_000_000);
  assert.equal(rates.rate('c', { at: 14_000, cpu: 3.5e9 }, 0), 250_000_000);
});

test('without a beginning the first look gives no rate', () => {
  const rates = new Rates();
  assert.equal(rates.rate('n', { at: 1_000, cpu: 5 }, undefined), undefined);
  assert.equal(rates.rate('n', { at: 3_000, cpu: 5 + 4e9 }, undefined), 2_000_000_000);
});

test('the machine: busy time without idle and waiting, memory that is not available', () => {
  const usage = machineUsage(
    'cpu  100 0 50 1000 30 1 2 3 0 0\ncpu0 1\n',
    'MemTotal: 1000 kB\nMemFree: 300 kB\nMemAvailable: 600 kB\nAnonPages: 200 kB\n',
    5,
  );
  assert.deepEqual(usage, { at: 5, cpu: 1.56e9, memory: 700 * 1024, workingSet: 400 * 1024, rss: 200 * 1024, available: 600 * 1024 });
});
