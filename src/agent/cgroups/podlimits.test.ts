import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { cgroupLayout } from './layout.ts';
import { cpuWeight, groupSettings, podLimits, podTotal } from './podlimits.ts';

type Lists = { requests?: Record<string, string>; limits?: Record<string, string> };

function pod(containers: readonly Lists[], extra: Partial<Pod['spec']> = {}): Pod {
  return {
    metadata: { name: 'p', uid: 'u' },
    spec: { containers: containers.map((resources, i) => ({ name: `c${i}`, resources })), ...extra },
    status: {},
  } as Pod;
}

test('the pod weighs what its containers ask for together', () => {
  const p = pod([{ requests: { cpu: '100m', memory: '64Mi' } }, { requests: { cpu: '250m' }, limits: { cpu: '1' } }]);
  assert.deepEqual(podTotal(p, 'requests'), { cpu: 350, memory: 64 * 2 ** 20 });
  assert.deepEqual(podLimits(p), { cpuShares: 358 });
});

test('a limit holds for the pod only when all containers have one', () => {
  const limited = { limits: { cpu: '500m', memory: '100Mi' } };
  assert.deepEqual(podLimits(pod([limited, limited])), { cpuShares: 2, cpuQuota: 100_000, memory: 200 * 2 ** 20 });
  const memoryOnly = { limits: { memory: '100Mi' }, requests: { cpu: '1' } };
  assert.deepEqual(podLimits(pod([limited, memoryOnly])), { cpuShares: 1024, memory: 200 * 2 ** 20 });
});

test('nothing asked for: the lowest weight and no limits', () => {
  assert.deepEqual(podLimits(pod([{}])), { cpuShares: 2 });
});

test('init containers count by their peak, sidecars always, overhead on top', () => {
  const spec = {
    initContainers: [
      { name: 'i1', resources: { requests: { cpu: '300m' } } },
      { name: 's', restartPolicy: 'Always', resources: { requests: { cpu: '100m' } } },
      { name: 'i2', resources: { requests: { cpu: '900m' } } },
    ],
    overhead: { cpu: '50m' },
  } as Partial<Pod['spec']>;
  assert.equal(podTotal(pod([{ requests: { cpu: '200m' } }], spec), 'requests').cpu, 1050);
  assert.equal(podTotal(pod([{ requests: { cpu: '2' } }], spec), 'requests').cpu, 2150);
});

test('what the pod itself says wins', () => {
  const spec = { resources: { requests: { cpu: '1' }, limits: { cpu: '2', memory: '1Gi' } } } as Partial<Pod['spec']>;
  assert.deepEqual(podLimits(pod([{ requests: { cpu: '10m' } }], spec)), { cpuShares: 1024, cpuQuota: 200_000, memory: 2 ** 30 });
});

test('control files of both versions', () => {
  const limits = { cpuShares: 1024, cpuQuota: 50_000, memory: 1000 };
  const text = (version: 1 | 2): string[] => groupSettings(version, limits, 100).map(({ file, value }) => `${file}=${value}`);
  assert.deepEqual(text(1), [
    'cpu.shares=1024',
    'cpu.cfs_period_us=100000',
    'cpu.cfs_quota_us=50000',
    'memory.limit_in_bytes=1000',
    'pids.max=100',
  ]);
  assert.deepEqual(text(2), ['cpu.weight=39', 'cpu.max=50000 100000', 'memory.max=1000', 'pids.max=100']);
  assert.deepEqual(
    groupSettings(2, { cpuShares: 2 }, undefined).map(({ value }) => value),
    ['1', 'max 100000', 'max', 'max'],
  );
  assert.deepEqual([cpuWeight(2), cpuWeight(262_144)], [1, 10_000]);
});

test('layouts of version 1, hybrid and version 2', () => {
  const line = (point: string, type: string, options: string): string => `30 20 0:26 / ${point} rw shared:1 - ${type} none ${options}`;
  const v1 = [
    line('/c/cpu,cpuacct', 'cgroup', 'rw,cpu,cpuacct'),
    line('/c/memory', 'cgroup', 'rw,memory'),
    line('/c/unified', 'cgroup2', 'rw'),
  ];
  const one = cgroupLayout(v1.join('\n'), ['hugetlb']);
  assert.equal(one?.version, 1);
  assert.equal(one.controllers.get('cpuacct'), '/c/cpu,cpuacct');
  assert.equal(one.controllers.has('hugetlb'), false);
  assert.equal(one.roots.length, 3);
  const two = cgroupLayout(line('/sys/fs/cgroup', 'cgroup2', 'rw'), ['cpu', 'memory', 'pids']);
  assert.equal(two?.version, 2);
  assert.equal(two.controllers.get('memory'), '/sys/fs/cgroup');
  assert.equal(cgroupLayout('', []), undefined);
});
