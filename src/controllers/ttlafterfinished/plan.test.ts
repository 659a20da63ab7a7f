import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '#api/batch/v1/job.ts';
import { expiresAt } from './plan.ts';

const end = (type: string, status = 'True') => ({ type, status, lastTransitionTime: '2026-01-01T00:00:00Z' });
const at = Date.parse('2026-01-01T00:00:00Z');
const cases = [
  { name: 'a complete job', ttl: 60, conditions: [end('Complete')], expires: at + 60_000 },
  { name: 'a failed job', ttl: 0, conditions: [end('FailureTarget'), end('Failed')], expires: at },
  { name: 'a running job', ttl: 60, conditions: [end('Suspended')], expires: undefined },
  { name: 'a job that is not complete after all', ttl: 60, conditions: [end('Complete', 'False')], expires: undefined },
  { name: 'a job that stays', ttl: undefined, conditions: [end('Complete')], expires: undefined },
  { name: 'a job that is going', ttl: 1, conditions: [end('Complete')], going: true, expires: undefined },
];
for (const { name, ttl, conditions, going, expires } of cases) {
  test(name, () => {
    const metadata = { name: 'j', ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) };
    assert.equal(expiresAt({ metadata, spec: { ttlSecondsAfterFinished: ttl }, status: { conditions } } as unknown as Job), expires);
  });
}
