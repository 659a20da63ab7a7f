// Conformance of in-place resizing: specification, status, and the control files as the containers see them.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { condition, inSpace, isReady, pod, shell, type Space } from './support.ts';

let cluster: TestCluster;
before(async () => {
  cluster = await startCluster();
});
after(async () => cluster?.[Symbol.asyncDispose]());

/** Requests and limits of a container: `[cpu request, cpu limit, memory request, memory limit]`; empty: none. */
type Size = readonly [string, string, string, string];

const list = (cpu: string, memory: string): Record<string, string> => ({ ...(cpu ? { cpu } : {}), ...(memory ? { memory } : {}) });
const resources = ([cpuRequest, cpuLimit, memoryRequest, memoryLimit]: Size): Record<string, Record<string, string>> => {
  const [requests, limits] = [list(cpuRequest, memoryRequest), list(cpuLimit, memoryLimit)];
  return { ...(Object.keys(limits).length ? { limits } : {}), ...(Object.keys(requests).length ? { requests } : {}) };
};

/** What the kernel is to be told, as a container of either version of control groups reads it. */
function controls([cpuRequest, cpuLimit, , memoryLimit]: Size): { shares: number; quotas: string[]; memory: string | undefined } {
  const milli = quantityMilli(cpuRequest || cpuLimit || '0');
  const limit = quantityMilli(cpuLimit || '0');
  const quota = (thousandths: number): string => String(Math.max(1000, thousandths * 100));
  // runc may round a quota up to whole hundredths of a core.
  const quotas = limit === 0 ? ['-1', 'max'] : [quota(limit), quota(Math.ceil(limit / 10) * 10)];
  return {
    shares: Math.max(2, Math.floor((milli * 1024) / 1000)),
    quotas,
    memory: memoryLimit === '' ? undefined : String(quantityValue(memoryLimit)),
  };
}

const script = `cd /sys/fs/cgroup
if [ -f cgroup.controllers ]; then head -n 1 cpu.weight; cut -d ' ' -f 1 cpu.max; cat memory.max
else head -n 1 cpu/cpu.shares; head -n 1 cpu/cpu.cfs_quota_us; head -n 1 memory/memory.limit_in_bytes; echo v1; fi`;

async function verify(space: Space, name: string, sizes: readonly Size[]): Promise<Pod> {
  const expected = sizes.map(resources);
  const now = await space.until(
    Pods,
    name,
    (found) =>
      isReady(found) &&
      !condition(found, 'PodResizePending') &&
      !condition(found, 'PodResizeInProgress') &&
      isDeepStrictEqual(
        found.status?.containerStatuses?.map((status) => status.resources),
        expected,
      ),
    60_000,
  );
  for (const [index, size] of sizes.entries()) {
    const text = await space.kubectl.ok('exec', name, '-c', `c${index + 1}`, '--', 'sh', '-c', script);
    const [weight = '', quota = '', memory = '', v1] = text.trim().split('\n');
    const wanted = controls(size);
    assert.equal(weight, String(v1 ? wanted.shares : 1 + Math.floor(((wanted.shares - 2) * 9999) / 262_142)), `weight of c${index + 1}`);
    assert.ok(wanted.quotas.includes(quota), `quota of c${index + 1}: ${quota}, not ${wanted.quotas.join()}`);
    if (wanted.memory !== undefined) assert.equal(memory, wanted.memory, `memory of c${index + 1}`);
  }
  return now;
}

const containers = (sizes: readonly Size[], more: object = {}): object[] =>
  sizes.map((size, index) => ({ name: `c${index + 1}`, ...shell('sleep 100000'), resources: resources(size), ...more }));

async function start(space: Space, sizes: readonly Size[], more: object = {}): Promise<Pod> {
  const spec = { restartPolicy: 'OnFailure', terminationGracePeriodSeconds: 0, os: { name: 'linux' }, containers: containers(sizes, more) };
  await space.create(Pods, pod('p', {}, { spec }));
  return verify(space, 'p', sizes);
}

const counts = (now: Pod): unknown => now.status?.containerStatuses?.map(({ restartCount }) => restartCount);

/** A strategic patch from one list of sizes to another, as a client computes it. */
function patchOf(before: readonly Size[], now: readonly Size[]): object {
  const changed = now.flatMap((size, index) => {
    const [a, b] = [resources(before[index] as Size), resources(size)];
    const removed = (field: string): object =>
      Object.fromEntries(Object.keys(a[field] ?? {}).flatMap((name) => (b[field]?.[name] === undefined ? [[name, null]] : [])));
    const fields = ['limits', 'requests'].map((field) => [field, { ...removed(field), ...b[field] }]);
    return isDeepStrictEqual(a, b) ? [] : [{ name: `c${index + 1}`, resources: Object.fromEntries(fields) }];
  });
  return { spec: { containers: changed } };
}

describe('in-place resize', { concurrency: 3 }, () => {
  const guaranteed = (cpu: string, memory: string): Size => [cpu, cpu, memory, memory];
  const three = [guaranteed('20m', '35Mi'), guaranteed('22m', '37Mi'), guaranteed('24m', '39Mi')];
  const cases: [string, readonly Size[], readonly Size[], boolean][] = [
    [
      'three guaranteed containers, more in sum',
      three,
      [guaranteed('25m', '40Mi'), guaranteed('27m', '42Mi'), guaranteed('19m', '34Mi')],
      true,
    ],
    [
      'three guaranteed containers, less in sum',
      three,
      [guaranteed('25m', '40Mi'), guaranteed('17m', '32Mi'), guaranteed('19m', '34Mi')],
      true,
    ],
    [
      'three guaranteed containers, crosswise',
      three,
      [guaranteed('25m', '35Mi'), guaranteed('17m', '42Mi'), guaranteed('29m', '44Mi')],
      true,
    ],
    [
      'burstable containers of all kinds',
      [
        ['20m', '', '', ''],
        ['', '', '35Mi', ''],
        ['20m', '', '35Mi', ''],
        ['20m', '', '', ''],
        ['', '', '35Mi', ''],
      ],
      [
        ['25m', '35m', '', ''],
        ['', '', '30Mi', '50Mi'],
        ['20m', '', '30Mi', ''],
        ['15m', '', '35Mi', ''],
        ['20m', '', '40Mi', ''],
      ],
      false,
    ],
    ['equivalents: what the kernel cannot tell apart is told apart', [['2m', '10m', '', '']], [['1m', '5m', '', '']], true],
  ];
  for (const [what, before, now, back] of cases) {
    test(what, () =>
      inSpace(cluster, async (space) => {
        const { namespace, of } = space;
        await start(space, before);
        const options = { type: 'strategic', namespace, subresource: 'resize' } as const;
        const patched = await of(Pods).patch('p', patchOf(before, now), options);
        assert.deepEqual(
          patched.spec.containers.map((container) => container.resources),
          now.map(resources),
        );
        assert.equal(patched.metadata.generation, 2);
        const resized = await verify(space, 'p', now);
        assert.deepEqual(
          counts(resized),
          now.map(() => 0),
        );
        if (back) {
          await of(Pods).patch('p', patchOf(now, before), options);
          await verify(space, 'p', before);
        }
      }),
    );
  }

  test('the subresource is read, and written whole', () =>
    inSpace(cluster, async (space) => {
      const { namespace, of } = space;
      const [before, now]: [Size, Size] = [guaranteed('20m', '35Mi'), guaranteed('25m', '40Mi')];
      await start(space, [before]);
      const read = await of(Pods).get('p', { namespace, subresource: 'resize' });
      const spec = { ...read.spec, containers: read.spec.containers.map((container) => ({ ...container, resources: resources(now) })) };
      await of(Pods).update({ ...read, spec }, { namespace, subresource: 'resize' });
      assert.deepEqual(counts(await verify(space, 'p', [now])), [0]);
    }));

  test('a policy of restarting restarts', () =>
    inSpace(cluster, async (space) => {
      const [before, now]: [Size, Size] = [
        ['20m', '30m', '35Mi', '45Mi'],
        ['20m', '30m', '40Mi', '50Mi'],
      ];
      const resizePolicy = [
        { resourceName: 'cpu', restartPolicy: 'NotRequired' },
        { resourceName: 'memory', restartPolicy: 'RestartContainer' },
      ];
      await start(space, [before], { resizePolicy });
      await space.of(Pods).patch('p', patchOf([before], [now]), { type: 'strategic', namespace: space.namespace, subresource: 'resize' });
      assert.deepEqual(counts(await verify(space, 'p', [now])), [1]);
    }));

  test('what the node does not have is told, and taken back', () =>
    inSpace(cluster, async (space) => {
      const [before, now]: [Size, Size] = [guaranteed('20m', '35Mi'), guaranteed('1000', '35Mi')];
      await start(space, [before]);
      const options = { type: 'strategic', namespace: space.namespace, subresource: 'resize' } as const;
      await space.of(Pods).patch('p', patchOf([before], [now]), options);
      const waiting = await space.until(Pods, 'p', (found) => condition(found, 'PodResizePending'));
      const found = waiting.status?.conditions?.find(({ type }) => type === 'PodResizePending');
      assert.equal(found?.reason, 'Infeasible');
      assert.equal(found.message, `Node didn't have enough capacity: cpu, requested: 1000000, capacity: ${(await cpus(space)) * 1000}`);
      await space.of(Pods).patch('p', patchOf([now], [before]), options);
      await verify(space, 'p', [before]);
    }));
});

const cpus = async (space: Space): Promise<number> =>
  Number(await space.kubectl.ok('get', 'node', space.cluster.nodeName, '-o', 'jsonpath={.status.capacity.cpu}'));
