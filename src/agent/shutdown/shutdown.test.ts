import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exec, RunResult } from '#base/exec.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { longestDelay, preparesForShutdown } from './logind.ts';
import { machineGoesDown } from './machine.ts';
import { plainPeriods, shutdownGrace, shutdownGroups, shutdownSeconds } from './plan.ts';

const pod = (name: string, priority: number | undefined, seconds?: number): Pod =>
  ({ metadata: { name }, spec: { priority, terminationGracePeriodSeconds: seconds, containers: [] } }) as unknown as Pod;
const told = (groups: ReturnType<typeof shutdownGroups>): unknown[] =>
  groups.map(({ seconds, pods }) => [seconds, pods.map((one) => one.metadata.name).join()]);

test('the plain settings make two groups: ordinary pods first, critical ones in the time that is theirs', () => {
  const periods = plainPeriods(30, 10);
  assert.equal(shutdownSeconds(periods), 30);
  const pods = [pod('node', 2_000_001_000), pod('plain', undefined), pod('cluster', 2_000_000_000), pod('low', -5)];
  assert.deepEqual(told(shutdownGroups(periods, pods)), [
    [20, 'plain,low'],
    [10, 'node,cluster'],
  ]);
  assert.deepEqual(plainPeriods(0, 0), []);
  assert.deepEqual(plainPeriods(10, 20), []);
});

test('groups by priority: each takes what lies between it and the next; empty ones are not waited for', () => {
  const periods = [
    { priority: 1000, seconds: 5 },
    { priority: 0, seconds: 60 },
    { priority: 100_000, seconds: 7 },
  ];
  assert.deepEqual(told(shutdownGroups(periods, [pod('a', 999), pod('b', 100_000), pod('c', 200_000)])), [
    [60, 'a'],
    [7, 'b,c'],
  ]);
});

test('a pod gets its own time, at most that of its group', () => {
  assert.equal(shutdownGrace(pod('a', 0, 5), 20), 5);
  assert.equal(shutdownGrace(pod('a', 0, 50), 20), 20);
});

test("logind's signal", () => {
  const line = (value: boolean): string =>
    JSON.stringify({
      type: 'signal',
      path: '/org/freedesktop/login1',
      interface: 'org.freedesktop.login1.Manager',
      member: 'PrepareForShutdown',
      payload: { type: 'b', data: [value] },
    });
  assert.equal(preparesForShutdown(line(true)), true);
  assert.equal(preparesForShutdown(line(false)), false);
  assert.equal(preparesForShutdown('{"member":"PrepareForSleep","payload":{"type":"b","data":[true]}}'), undefined);
  assert.equal(preparesForShutdown('Monitoring bus message stream.'), undefined);
});

const answering = (answers: Readonly<Record<string, Partial<RunResult>>>): { exec: Exec } => ({
  exec: {
    run: (command: string) => {
      const answer = answers[command];
      return answer ? Promise.resolve({ code: 0, stdout: '', stderr: '', ...answer }) : Promise.reject(new Error('ENOENT'));
    },
  } as unknown as Exec,
});

test('how long logind waits; without logind nobody knows', async () => {
  assert.equal(await longestDelay(answering({ busctl: { stdout: 't 5000000\n' } })), 5000);
  assert.equal(await longestDelay(answering({ busctl: { code: 1, stderr: 'The name is not activatable' } })), undefined);
  assert.equal(await longestDelay(answering({})), undefined);
});

test('a stopping machine is told from a mere restart of the service', async () => {
  assert.equal(await machineGoesDown(answering({ systemctl: { code: 1, stdout: 'stopping\n' } })), true);
  assert.equal(await machineGoesDown(answering({ systemctl: { stdout: 'running\n' } })), false);
  assert.equal(await machineGoesDown(answering({ runlevel: { stdout: '2 6\n' } })), true);
  assert.equal(await machineGoesDown(answering({ runlevel: { stdout: 'N 2\n' } })), false);
  assert.equal(await machineGoesDown(answering({})), false);
});
