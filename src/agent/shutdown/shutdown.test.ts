import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exec, RunResult, SpawnOptions } from '#base/exec.ts';
import type { World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { longestDelay, preparesForShutdown, watchLogind } from './logind.ts';
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

/** A machine with logind: what was started on it, and what its monitor says. */
function logind(delayMs: number): {
  world: World;
  started: string[];
  alive: () => string[];
  say: (value: boolean) => void;
  written: string[];
} {
  const started: string[] = [];
  const living = new Map<number, string>();
  const written: string[] = [];
  let delay = delayMs;
  let monitor: SpawnOptions | undefined;
  const exec = {
    run: (command: string) => {
      // The signal makes it read its configuration again.
      if (command === 'systemctl') delay = 30_000;
      return Promise.resolve({ code: 0, stdout: command === 'busctl' ? `t ${delay * 1000}\n` : '', stderr: '' });
    },
    spawn: (command: string, _args: readonly string[], options?: SpawnOptions) => {
      started.push(command);
      const pid = started.length;
      living.set(pid, command);
      if (command === 'busctl') monitor = options;
      const exited = Promise.withResolvers<number>();
      const kill = (): void => {
        living.delete(pid);
        exited.resolve(-1);
      };
      return { pid, exited: exited.promise, kill };
    },
  };
  const fs = { mkdir: () => Promise.resolve(), write: (path: string, text: string) => Promise.resolve(void written.push(path, text)) };
  const clock = { sleep: () => Promise.resolve() };
  const world = { exec, fs, clock, log: { warn: () => undefined } } as unknown as World;
  const say = (value: boolean): void =>
    monitor?.onOutput?.(`${JSON.stringify({ member: 'PrepareForShutdown', payload: { type: 'b', data: [value] } })}\n`);
  return { world, started, alive: () => [...living.values()], say, written };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('the machine waits until the pods have ended; one that stays up after all is held again', async () => {
  const machine = logind(30_000);
  const stop = new AbortController();
  const heard: string[] = [];
  const ended = Promise.withResolvers<void>();
  const options = {
    needed: 20_000,
    goesDown: () => {
      heard.push('down');
      return ended.promise;
    },
    staysUp: () => void heard.push('up'),
  };
  const watching = watchLogind(machine.world, options, stop.signal);
  await settled();
  assert.deepEqual(machine.alive(), ['systemd-inhibit', 'busctl']);
  assert.deepEqual(machine.written, []);
  machine.say(true);
  await settled();
  assert.deepEqual(machine.alive(), ['systemd-inhibit', 'busctl'], 'held as long as pods end');
  ended.resolve();
  await settled();
  assert.deepEqual(machine.alive(), ['busctl'], 'let go');
  machine.say(false);
  await settled();
  assert.deepEqual(machine.alive(), ['busctl', 'systemd-inhibit']);
  assert.deepEqual(heard, ['down', 'up']);
  stop.abort();
  await watching;
  assert.deepEqual(machine.alive(), []);
});

test('logind is told to wait longer where it would not', async () => {
  const machine = logind(5_000);
  const stop = new AbortController();
  const watching = watchLogind(machine.world, { needed: 20_500, goesDown: () => Promise.resolve(), staysUp: () => undefined }, stop.signal);
  await settled();
  await settled();
  assert.equal(machine.written[0], '/etc/systemd/logind.conf.d/99-tutti.conf');
  assert.match(machine.written[1] ?? '', /^\[Login\]\nInhibitDelayMaxSec=21$/m);
  assert.deepEqual(machine.started, ['systemd-inhibit', 'busctl']);
  stop.abort();
  await watching;
});

test('without logind nothing is started', async () => {
  const { world, started } = logind(0);
  const none = { ...world, exec: { ...world.exec, run: () => Promise.reject(new Error('ENOENT')) } } as World;
  await watchLogind(none, { needed: 1, goesDown: () => Promise.resolve(), staysUp: () => undefined }, new AbortController().signal);
  assert.deepEqual(started, []);
});
