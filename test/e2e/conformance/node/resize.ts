// Conformance of in-place resizing: specification, status, and the control files as the containers see them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import { quantityMilli, quantityValue } from '#format/quantity.ts';
import { until as wait } from '../../../support/until.ts';
import { condition, inSpace, isReady, pod, shell, type Space, update } from '../support.ts';
import { cluster } from './cluster.ts';

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
if mount -t cgroup2 | grep -q /sys/fs/cgroup; then head -n 1 cpu.weight; cut -d ' ' -f 1 cpu.max; cat memory.max
else head -n 1 cpu/cpu.shares; head -n 1 cpu/cpu.cfs_quota_us; head -n 1 memory/memory.limit_in_bytes; echo v1; fi`;

const sizesOf = (now: Pod): unknown => now.status?.containerStatuses?.map((status) => status.resources);

/** Waits until the pod shows these sizes and has nothing left to do for them, then looks into its containers. */
async function verify(space: Space, name: string, sizes: readonly Size[]): Promise<Pod> {
  const now = await space.until(
    Pods,
    name,
    (found) =>
      isReady(found) &&
      !condition(found, 'PodResizePending') &&
      !condition(found, 'PodResizeInProgress') &&
      isDeepStrictEqual(sizesOf(found), sizes.map(resources)),
  );
  await verifyControls(space, name, sizes);
  return now;
}

async function verifyControls(space: Space, name: string, sizes: readonly Size[]): Promise<void> {
  for (const [index, size] of sizes.entries()) {
    const text = await space.execIn(name, `c${index + 1}`, 'sh', '-c', script);
    const [weight = '', quota = '', memory = '', v1] = text.trim().split('\n');
    const wanted = controls(size);
    assert.equal(weight, String(v1 ? wanted.shares : 1 + Math.floor(((wanted.shares - 2) * 9999) / 262_142)), `weight of c${index + 1}`);
    assert.ok(wanted.quotas.includes(quota), `quota of c${index + 1}: ${quota}, not ${wanted.quotas.join()}`);
    if (wanted.memory !== undefined) assert.equal(memory, wanted.memory, `memory of c${index + 1}`);
  }
}

const containers = (sizes: readonly Size[], more: object = {}): object[] =>
  sizes.map((size, index) => ({ name: `c${index + 1}`, ...shell('sleep 100000'), resources: resources(size), ...more }));

async function start(space: Space, sizes: readonly Size[], more: object = {}): Promise<Pod> {
  // As restricted as a pod may be: it reads its sizes all the same.
  const securityContext = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } };
  const spec = {
    restartPolicy: 'OnFailure',
    terminationGracePeriodSeconds: 0,
    os: { name: 'linux' },
    securityContext,
    containers: containers(sizes, { ...more, securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } } }),
  };
  await space.create(Pods, pod('p', {}, { spec }));
  // The first status that is ready tells the sizes already.
  const ready = await space.until(Pods, 'p', isReady);
  assert.deepEqual(sizesOf(ready), sizes.map(resources));
  await verifyControls(space, 'p', sizes);
  return ready;
}

const counts = (now: Pod): unknown => now.status?.containerStatuses?.map(({ restartCount }) => restartCount);

/** A strategic patch from one list of sizes to another, as a client computes it. */
function patchOf(before: readonly Size[], now: readonly Size[]): object {
  const changed = now.flatMap((size, index) => {
    const [a, b] = [resources(before[index] as Size), resources(size)];
    const fields: Record<string, object | null> = {};
    for (const field of ['limits', 'requests']) {
      const [had = {}, has = {}] = [a[field], b[field]];
      const names = [...new Set([...Object.keys(had), ...Object.keys(has)])].filter((key) => had[key] !== has[key]);
      // What all goes away goes as a whole.
      if (names.length > 0) fields[field] = b[field] ? Object.fromEntries(names.map((key) => [key, has[key] ?? null])) : null;
    }
    return Object.keys(fields).length === 0 ? [] : [{ name: `c${index + 1}`, resources: fields }];
  });
  return { spec: { '$setElementOrder/containers': now.map((_, index) => ({ name: `c${index + 1}` })), containers: changed } };
}

export function resizing(): void {
  const guaranteed = (cpu: string, memory: string): Size => [cpu, cpu, memory, memory];
  const three = [guaranteed('20m', '35Mi'), guaranteed('22m', '37Mi'), guaranteed('24m', '39Mi')];
  const cases: { title: string; before: readonly Size[]; now: readonly Size[]; back: boolean }[] = [
    {
      // Conformance: [sig-node] Pod InPlace Resize Container guaranteed pods with multiple containers 3 containers - increase cpu & mem on c1, c2, decrease cpu & mem on c3 - net increase [MinimumKubeletVersion:1.34] [Conformance]
      title: 'three guaranteed containers, more in sum',
      before: three,
      now: [guaranteed('25m', '40Mi'), guaranteed('27m', '42Mi'), guaranteed('19m', '34Mi')],
      back: true,
    },
    {
      // Conformance: [sig-node] Pod InPlace Resize Container guaranteed pods with multiple containers 3 containers - increase cpu & mem on c1, decrease cpu & mem on c2, c3 - net decrease [MinimumKubeletVersion:1.34] [Conformance]
      title: 'three guaranteed containers, less in sum',
      before: three,
      now: [guaranteed('25m', '40Mi'), guaranteed('17m', '32Mi'), guaranteed('19m', '34Mi')],
      back: true,
    },
    {
      title: 'three guaranteed containers, crosswise',
      before: three,
      now: [guaranteed('25m', '35Mi'), guaranteed('17m', '42Mi'), guaranteed('29m', '44Mi')],
      back: true,
    },
    {
      // Conformance: [sig-node] Pod InPlace Resize Container burstable pods - extended 6 containers - various operations performed (including adding limits and requests) [MinimumKubeletVersion:1.34] [Conformance]
      title: 'burstable containers of all kinds',
      before: [
        ['20m', '', '', ''],
        ['', '', '35Mi', ''],
        ['20m', '', '35Mi', ''],
        ['20m', '', '', ''],
        ['', '', '35Mi', ''],
      ],
      now: [
        ['25m', '35m', '', ''],
        ['', '', '30Mi', '50Mi'],
        ['20m', '', '30Mi', ''],
        ['15m', '', '35Mi', ''],
        ['20m', '', '40Mi', ''],
      ],
      back: false,
    },
    {
      // Conformance: [sig-node] Pod InPlace Resize Container burstable pods - extended resize with equivalents [MinimumKubeletVersion:1.34] [Conformance]
      title: 'equivalents: what the kernel cannot tell apart is told apart',
      before: [['2m', '10m', '', '']],
      now: [['1m', '5m', '', '']],
      back: true,
    },
  ];
  for (const { title, before, now, back } of cases) {
    test(`in-place resize: ${title}`, () =>
      inSpace(cluster, async (space) => {
        const { namespace, of } = space;
        await start(space, before);
        const options = { type: 'strategic', namespace, subresource: 'resize' } as const;
        const steps: readonly (readonly Size[])[] = back ? [before, now, before] : [before, now];
        for (const [index, to] of steps.entries()) {
          const from = steps[index - 1];
          if (from === undefined) continue;
          const patched = await of(Pods).patch('p', patchOf(from, to), options);
          assert.deepEqual(
            patched.spec.containers.map((container) => container.resources),
            to.map(resources),
          );
          assert.equal(patched.metadata.generation, index + 1);
          const resized = await verify(space, 'p', to);
          assert.deepEqual(
            counts(resized),
            to.map(() => 0),
          );
        }
      }));
  }

  test('in-place resize: the subresource is written whole, and read it is the pod', () =>
    inSpace(cluster, async (space) => {
      const { namespace, of } = space;
      const [before, now]: [Size, Size] = [
        ['20m', '', '35Mi', ''],
        ['25m', '', '40Mi', ''],
      ];
      await start(space, [before]);
      const change = (found: Pod): Pod => ({
        ...found,
        spec: { ...found.spec, containers: found.spec.containers.map((container) => ({ ...container, resources: resources(now) })) },
      });
      await update(space, 'p', change, 'resize');
      const updated = await space.get(Pods, 'p');
      assert.equal(updated.metadata.generation, 2);
      assert.deepEqual(updated.spec.containers[0]?.resources, resources(now));
      assert.deepEqual(counts(await verify(space, 'p', [now])), [0]);
      await wait('both are the same', async () =>
        isDeepStrictEqual(await space.get(Pods, 'p'), await of(Pods).get('p', { namespace, subresource: 'resize' })),
      );
    }));

  test('in-place resize: a policy of restarting restarts', () =>
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

  test('in-place resize: what the node does not have is told, and taken back', () =>
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
}

const cpus = async (space: Space): Promise<number> =>
  Number(await space.kubectl.ok('get', 'node', space.cluster.nodeName, '-o', 'jsonpath={.status.capacity.cpu}'));
