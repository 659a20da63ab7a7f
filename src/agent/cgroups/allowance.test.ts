import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowanceOf } from './allowance.ts';

const machine = { stat: 'cpu  1 2\ncpu0 1\ncpu1 1\nintr 5\n', meminfo: 'MemTotal:  4194304 kB\nMemFree: 1 kB\n', pidMax: '32768\n' };
const gi = 1024 ** 3;

for (const [name, reserved, expected] of [
  ['nothing reserved: the whole machine', {}, { cpuMilli: 2000 }],
  ['nothing enforced', undefined, { cpuMilli: 2000 }],
  ['memory', { memory: '1Gi' }, { cpuMilli: 2000, memory: 3 * gi }],
  ['all of it', { cpu: '500m', memory: '512Mi', pid: '1000' }, { cpuMilli: 1500, memory: 3.5 * gi, pids: 31_768 }],
  ['more than there is', { cpu: '3', memory: '5Gi', pid: '40k' }, { cpuMilli: 0, memory: 0, pids: 1 }],
] as const)
  test(`what pods may use together: ${name}`, () => assert.deepEqual(allowanceOf(machine, reserved), expected));
