// Conformance of init containers, and of ephemeral ones that are added while a pod runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import { until } from '../../../support/until.ts';
import { agnhost, busybox, condition, idle, inSpace, isReady, pod, shell, update } from '../support.ts';
import { cluster } from './cluster.ts';

const steps = (...commands: string[]) => commands.map((command, n) => ({ name: `init${n + 1}`, image: busybox, command: [command] }));
const initialized = (now: Pod) => now.status?.conditions?.find(({ type }) => type === 'Initialized');

/** A container that is still to come tells no more than why it waits. */
function assertWaits(statuses: readonly { state?: { waiting?: { reason?: string } } }[]): void {
  for (const { state } of statuses) assert.equal(state?.waiting?.reason, 'PodInitializing');
}

export function initContainers(): void {
  // Conformance: [sig-node] InitContainer [NodeConformance] should not start app containers if init containers fail on a RestartAlways pod [Conformance]
  test('a failed init container is tried again when the pod restarts; nothing else starts', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, idle('p', { spec: { initContainers: steps('false', 'true'), restartPolicy: 'Always' } }));
      const now = await space.until(
        Pods,
        'p',
        (found) => {
          const { initContainerStatuses: [first, ...rest] = [], containerStatuses = [] } = found.status ?? {};
          if (first) assertWaits([...rest, ...containerStatuses]);
          assert.notEqual(first?.state?.terminated?.exitCode, 0);
          return (first?.restartCount ?? 0) >= 3;
        },
        240_000,
      );
      assert.equal(now.status?.phase, 'Pending');
      assert.ok(now.status?.initContainerStatuses?.[0]?.lastState?.terminated);
      assert.equal(now.status?.initContainerStatuses?.length, 2);
      const found = initialized(now);
      assert.deepEqual(
        [found?.status, found?.reason, found?.message],
        ['False', 'ContainersNotInitialized', 'containers with incomplete status: [init1 init2]'],
      );
    }));

  for (const restartPolicy of ['Never', 'Always'] as const) {
    // Conformance: [sig-node] InitContainer [NodeConformance] should invoke init containers on a RestartAlways pod [Conformance]
    test(`init containers run before the others: ${restartPolicy}`, () =>
      inSpace(cluster, async (space) => {
        const more = { spec: { restartPolicy, initContainers: steps('true', 'true') } };
        await space.create(Pods, restartPolicy === 'Never' ? pod('p', shell('true'), more) : idle('p', more));
        const ended = await space.until(Pods, 'p', (now) => (restartPolicy === 'Never' ? now.status?.phase === 'Succeeded' : isReady(now)));
        assert.equal(condition(ended, 'Initialized'), 'True');
        assert.equal(ended.status?.initContainerStatuses?.length, 2);
        for (const status of ended.status?.initContainerStatuses ?? []) {
          assert.equal(status.ready, true);
          assert.equal(status.state?.terminated?.exitCode, 0);
        }
      }));
  }

  // Conformance: [sig-node] InitContainer [NodeConformance] should not start app containers and fail the pod if init containers fail on a RestartNever pod [Conformance]
  test('a failed init container fails a pod that is never restarted', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('p', shell('true'), { spec: { initContainers: steps('true', 'false') } }));
      const ended = await space.until(Pods, 'p', (now) => now.status?.phase === 'Failed');
      const found = initialized(ended);
      assert.deepEqual(
        [found?.status, found?.reason, found?.message],
        ['False', 'ContainersNotInitialized', 'containers with incomplete status: [init2]'],
      );
      const exits = ended.status?.initContainerStatuses?.map(({ state }) => state?.terminated?.exitCode);
      assert.deepEqual(exits, [0, 1]);
      assertWaits(ended.status?.containerStatuses ?? []);
    }));

  // Conformance: [sig-node] Ephemeral Containers [NodeConformance] will start an ephemeral container in an existing pod [Conformance]
  // Conformance: [sig-node] Ephemeral Containers [NodeConformance] should update the ephemeral containers in an existing pod [Conformance]
  test('ephemeral containers are added to a pod that runs, and never change', () =>
    inSpace(cluster, async (space) => {
      const { namespace } = space;
      const made = await space.create(Pods, pod('p', shell('sleep 10000')));
      assert.equal(made.metadata.generation, 1);
      await space.until(Pods, 'p', isReady);
      const debug = (name: string) => ({
        name,
        image: busybox,
        command: ['sh', '-c', 'trap exit TERM; while true; do echo polo; sleep 2; done'],
        stdin: true,
        tty: true,
        targetContainerName: 'main',
      });
      const options = { type: 'strategic', namespace, subresource: 'ephemeralcontainers' } as const;
      await space.of(Pods).patch('p', { spec: { ephemeralContainers: [debug('debugger')] } }, options);
      await space.until(Pods, 'p', ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.running);
      assert.equal((await space.get(Pods, 'p')).metadata.generation, 2);
      assert.equal(await space.execIn('p', 'debugger', 'echo', 'marco'), 'marco\n');
      await until('the log of the ephemeral container', async () => (await space.logs('p', 'debugger')).includes('polo'));

      const count = async () =>
        (await space.of(Pods).get('p', { namespace, subresource: 'ephemeralcontainers' })).spec.ephemeralContainers?.length;
      assert.equal(await count(), 1);
      const second = { name: 'debugger2', image: agnhost, imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' } as const;
      const add = (now: Pod): Pod => ({
        ...now,
        spec: { ...now.spec, ephemeralContainers: [...(now.spec.ephemeralContainers ?? []), second] },
      });
      await update(space, 'p', add, 'ephemeralcontainers');
      assert.equal(await count(), 2);
      await space.until(Pods, 'p', ({ status }) => status?.ephemeralContainerStatuses?.[1]?.state?.running);
    }));
}
