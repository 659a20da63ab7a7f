// Conformance of watches: who sees what, in which order, from which version on.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import { ConfigMaps } from '#api/refs.ts';
import { type At, at, type Suite, startSuite, type Watching } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(0);
});
after(async () => suite?.[Symbol.asyncDispose]());

const key = 'watch-this-configmap';
const configMap = (name: string, label: string): { metadata: object } => ({ metadata: { name, labels: { [key]: label } } });
const watchOf = (maps: At<ConfigMap>, values: readonly string[], resourceVersion?: string): Promise<Watching<ConfigMap>> =>
  maps.watch({ labelSelector: `${key} in (${values.join(',')})`, resourceVersion });
const mutate = (maps: At<ConfigMap>, name: string, mutation: string): Promise<ConfigMap> =>
  maps.change(name, (map) => ({ ...map, data: { ...map.data, mutation } }));
const relabel = (maps: At<ConfigMap>, name: string, label: string): Promise<ConfigMap> =>
  maps.change(name, (map) => ({ ...map, metadata: { ...map.metadata, labels: { [key]: label } } }));
/** The event must hold the very object that the writer was answered. */
async function expectEvent(watch: Watching<ConfigMap>, type: 'ADDED' | 'MODIFIED', object: ConfigMap): Promise<void> {
  assert.deepEqual(await watch.next(type), object);
}
const inMaps = (run: (maps: At<ConfigMap>) => Promise<void>): Promise<void> =>
  suite.inNamespace('watch', (namespace) => run(at(suite.client, ConfigMaps, namespace)));

describe('watches', { concurrency: 6 }, () => {
  // Conformance: [sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps [Conformance]
  test('each watcher sees what its selector chooses', () =>
    inMaps(async (maps) => {
      const [a, b, both] = [await watchOf(maps, ['A']), await watchOf(maps, ['B']), await watchOf(maps, ['A', 'B'])];
      const [nameA, nameB] = ['e2e-watch-test-configmap-a', 'e2e-watch-test-configmap-b'];
      const made = await maps.create(configMap(nameA, 'A'));
      for (const watch of [a, both]) await expectEvent(watch, 'ADDED', made);
      for (const mutation of ['1', '2']) {
        const changed = await mutate(maps, nameA, mutation);
        for (const watch of [a, both]) await expectEvent(watch, 'MODIFIED', changed);
      }
      await maps.remove(nameA);
      for (const watch of [a, both]) await watch.next('DELETED');
      const other = await maps.create(configMap(nameB, 'B'));
      for (const watch of [b, both]) await expectEvent(watch, 'ADDED', other);
      await maps.remove(nameB);
      for (const watch of [b, both]) await watch.next('DELETED');
      // All three hang on the same writes: what A's watcher was spared, it was spared for good.
      for (const watch of [a, b, both]) {
        assert.deepEqual(watch.waiting(), []);
        watch.stop();
      }
    }));

  // Conformance: [sig-api-machinery] Watchers should be able to start watching from a specific resource version [Conformance]
  test('a watch starts after the version that it names', () =>
    inMaps(async (maps) => {
      const name = 'e2e-watch-test-resource-version';
      await maps.create(configMap(name, 'from-resource-version'));
      const first = await mutate(maps, name, '1');
      const second = await mutate(maps, name, '2');
      await maps.remove(name);
      const watch = await watchOf(maps, ['from-resource-version'], first.metadata.resourceVersion);
      await until('two events', () => watch.waiting().length === 2);
      await expectEvent(watch, 'MODIFIED', second);
      await watch.next('DELETED');
      watch.stop();
    }));

  // Conformance: [sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch [Conformance]
  test('a watch goes on where another one ended', () =>
    inMaps(async (maps) => {
      const name = 'e2e-watch-test-watch-closed';
      const broken = await watchOf(maps, ['watch-closed-and-restarted']);
      const made = await maps.create(configMap(name, 'watch-closed-and-restarted'));
      await mutate(maps, name, '1');
      await expectEvent(broken, 'ADDED', made);
      const last = await broken.next('MODIFIED');
      broken.stop();
      const missed = await mutate(maps, name, '2');
      const restarted = await watchOf(maps, ['watch-closed-and-restarted'], last.metadata.resourceVersion);
      await maps.remove(name);
      await expectEvent(restarted, 'MODIFIED', missed);
      await restarted.next('DELETED');
      assert.deepEqual(restarted.waiting(), []);
      restarted.stop();
    }));

  // Conformance: [sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector [Conformance]
  test('what leaves the selector is deleted, what comes back is added', () =>
    inMaps(async (maps) => {
      const [name, label] = ['e2e-watch-test-label-changed', 'label-changed-and-restored'];
      const watch = await watchOf(maps, [label]);
      const made = await maps.create(configMap(name, label));
      const first = await mutate(maps, name, '1');
      await relabel(maps, name, 'wrong-value');
      await expectEvent(watch, 'ADDED', made);
      await expectEvent(watch, 'MODIFIED', first);
      await watch.next('DELETED');
      await mutate(maps, name, '2');
      const restored = await relabel(maps, name, label);
      const third = await mutate(maps, name, '3');
      await maps.remove(name);
      await until('three more events, none of the second change', () => watch.waiting().length === 3);
      await expectEvent(watch, 'ADDED', restored);
      await expectEvent(watch, 'MODIFIED', third);
      await watch.next('DELETED');
      watch.stop();
    }));

  // Conformance: [sig-api-machinery] Watchers should receive events on concurrent watches in same order [Conformance]
  test('watches from every version see the rest in one order', () =>
    inMaps(async (maps) => {
      let { resourceVersion } = (await maps.list()).metadata;
      let stopped = false;
      const producing = (async () => {
        const made: number[] = [];
        for (let step = 0; !stopped; step++) {
          const random = (step * 7919) % 10;
          if (made.length === 0 || random < 3) {
            made.push(step);
            await maps.create({ metadata: { name: `cm-${step}` } });
          } else if (random < 6) await maps.patch(`cm-${made[random % made.length]}`, 'merge', { data: { step: String(step) } });
          else await maps.remove(`cm-${made.splice(random % made.length, 1)[0]}`);
        }
      })();
      const watches: Watching<ConfigMap>[] = [];
      const versionOf = async (watch: Watching<ConfigMap>): Promise<string | undefined> => {
        await until('an event', () => watch.waiting().length > 0, 120_000);
        const { type } = watch.waiting()[0] ?? { type: 'ERROR' };
        return (await watch.next(type)).metadata.resourceVersion;
      };
      for (let round = 0; round < 100; round++) {
        watches.push(await maps.watch({ resourceVersion }));
        const [version, ...others] = await Promise.all(watches.map(versionOf));
        assert.ok(BigInt(version ?? '') > BigInt(resourceVersion ?? ''));
        resourceVersion = version;
        for (const other of others) assert.equal(other, version);
      }
      stopped = true;
      await producing;
      for (const watch of watches) watch.stop();
    }));
});
