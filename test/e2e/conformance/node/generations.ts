// Conformance of pods' generations: they count the changes of the specification, and the node tells which it has seen.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import { busybox, idle, inSpace, isReady, pauseImage, type Space, update } from '../support.ts';
import { cluster } from './cluster.ts';

const generation = async (space: Space): Promise<unknown> => (await space.get(Pods, 'p')).metadata.generation;
const observed = (space: Space, value: number, ms = 180_000): Promise<Pod> =>
  space.until(Pods, 'p', ({ status }) => status?.observedGeneration === value, ms);
const withSpec = (now: Pod, change: object): Pod => ({ ...now, spec: { ...now.spec, ...change } });
const otherImage = (list: Pod['spec']['containers'] | undefined): object[] => (list ?? []).map((one) => ({ ...one, image: pauseImage }));

export function generations(): void {
  // Conformance: [sig-node] Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34] [Conformance]
  test('500 quick changes are all observed in the end', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, idle('p', { spec: { restartPolicy: 'Always', activeDeadlineSeconds: 5000 } }));
      await space.until(Pods, 'p', isReady);
      for (let n = 0; n < 499; n++)
        await update(space, 'p', (now) => withSpec(now, { activeDeadlineSeconds: (now.spec.activeDeadlineSeconds ?? 0) - 1 }));
      assert.equal(await generation(space), 500);
      const now = await observed(space, 500);
      assert.ok(isReady(now));
      assert.equal(now.metadata.generation, 500);
    }));

  // Conformance: [sig-node] Pods Extended (pod generation) Pod Generation pod generation should start at 1 and increment per update [MinimumKubeletVersion:1.34] [Conformance]
  test('the generation grows with the specification only, and the node follows each step', () =>
    inSpace(cluster, async (space) => {
      const spec = { initContainers: [{ name: 'init', image: busybox }], restartPolicy: 'Always' };
      const made = await space.create(Pods, idle('p', { spec }));
      assert.equal(made.metadata.generation, 1);
      await space.until(Pods, 'p', isReady);
      const toleration = { key: 'foo', operator: 'Equal', value: 'bar', effect: 'NoSchedule' };
      const steps: [string, (pod: Pod) => Pod, number][] = [
        ['nothing', (now) => now, 1],
        ['tolerations', (now) => withSpec(now, { tolerations: [toleration] }), 2],
        ['deadline', (now) => withSpec(now, { activeDeadlineSeconds: 5000 }), 3],
        ['image', (now) => withSpec(now, { containers: otherImage(now.spec.containers) }), 4],
        ['image of an init container', (now) => withSpec(now, { initContainers: otherImage(now.spec.initContainers) }), 5],
        ['annotations', (now) => ({ ...now, metadata: { ...now.metadata, annotations: { key: 'value' } } }), 5],
        ['generation', (now) => ({ ...now, metadata: { ...now.metadata, generation: 1 } }), 5],
      ];
      for (const [what, change, expected] of steps) {
        await update(space, 'p', change);
        assert.equal(await generation(space), expected, what);
        await observed(space, expected);
      }
    }));

  // Conformance: [sig-node] Pods Extended (pod generation) Pod Generation custom-set generation on new pods and graceful delete [Conformance]
  test('a generation of one’s own is not taken; a graceful deletion counts', () =>
    inSpace(cluster, async (space) => {
      const { namespace } = space;
      const draft = idle('p');
      const made = await space.create(Pods, { ...draft, metadata: { ...draft.metadata, generation: 100 } });
      assert.equal(made.metadata.generation, 1);
      await space.until(Pods, 'p', isReady);
      // The finalizer keeps the pod for a look at it, however quickly its container ends.
      await space.of(Pods).patch('p', { metadata: { finalizers: ['example.com/hold'] } }, { type: 'merge', namespace });
      const deleted = await space.cluster.client.transport.send({
        method: 'DELETE',
        path: `/api/v1/namespaces/${namespace}/pods/p`,
        query: 'gracePeriodSeconds=60',
      });
      assert.equal(deleted.status, 200);
      const now = await space.get(Pods, 'p');
      assert.deepEqual([now.metadata.generation, now.metadata.deletionGracePeriodSeconds], [2, 60]);
      await space.of(Pods).patch('p', { metadata: { finalizers: null } }, { type: 'merge', namespace });
      await space.untilGone(Pods, 'p');
    }));
}
