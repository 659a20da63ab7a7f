import assert from 'node:assert/strict';
import { test } from 'node:test';
import { machineUsage, Rates } from './usage.ts';

test('a rate is what was used in the last ten seconds, however often somebody looks', () => {
  const rates = new Rates();
  const at = (seconds: number, cpu: number) => rates.rate('c', { at: seconds * 1000, cpu: cpu * 1e9 }, 0);
  assert.equal(at(100, 20), 200_000_000, 'at first that of its whole life');
  assert.equal(at(102, 21), 500_000_000);
  assert.equal(at(102.5, 21.5), 600_000_000);
  assert.equal(at(111, 21.5), 136_363_636);
  assert.equal(at(112.5, 21.5), 47_619_048);
  assert.equal(at(125, 22.5), 80_000_000, 'looks far apart: from the newest that is ten seconds old');
  assert.equal(at(126, 1), undefined, 'it was made anew under the same name');
  assert.equal(at(127, 1.5), 500_000_000);
});

test('what is younger than that is measured from its beginning', () => {
  const rates = new Rates();
  assert.equal(rates.rate('y', { at: 5_000, cpu: 1e9 }, 0), 200_000_000);
  assert.equal(rates.rate('y', { at: 6_000, cpu: 1.4e9 }, 0), 233_333_333);
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
