// Conformance of garbage collection: what goes with its owner, what stays, and in which order, on simulated nodes.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '#api/core/v1/pod.ts';
import type { ReplicationController } from '#api/core/v1/replicationcontroller.ts';
import { controllerOf } from '#api/object.ts';
import { Deployments, Pods, ReplicaSets, ReplicationControllers } from '#api/refs.ts';
import { type At, at, type Suite, startSuite } from '../../support/suite.ts';
import { until } from '../../support/until.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(2);
});
after(async () => suite?.[Symbol.asyncDispose]());

const limit = 120_000;
const containers = [{ name: 'nginx', image: 'nginx' }];

interface Place {
  readonly pods: At<Pod>;
  readonly controllers: At<ReplicationController>;
  readonly namespace: string;
}
const inPlace = (run: (place: Place) => Promise<void>): Promise<void> =>
  suite.inNamespace('gc', (namespace) =>
    run({
      namespace,
      pods: at(suite.client, Pods, namespace),
      controllers: at(suite.client, ReplicationControllers, namespace),
    }),
  );
const controller = ({ controllers }: Place, name: string, replicas: number): Promise<ReplicationController> =>
  controllers.create({
    metadata: { name },
    spec: { replicas, selector: { gctest: name }, template: { metadata: { labels: { gctest: name } }, spec: { containers } } },
  });
const replicated = ({ controllers }: Place, name: string, replicas: number) =>
  until(`${replicas} replicas`, async () => (await controllers.get(name)).status.replicas === replicas, limit);
/** Deletion as the suite asks for it: with the policy, and only of the very object. */
const options = (propagationPolicy: 'Background' | 'Foreground' | 'Orphan', { metadata }: { metadata: { uid?: string } }): object => ({
  propagationPolicy,
  preconditions: { uid: metadata.uid },
});
const count = async (objects: { list(): Promise<{ items: readonly unknown[] }> }): Promise<number> => (await objects.list()).items.length;
/** Long enough for the collector to make a mistake. */
const mistake = 2_000;

describe('garbage', { concurrency: 4 }, () => {
  // Conformance: [sig-api-machinery] Garbage collector should delete pods created by rc when not orphaning [Conformance]
  test('pods go with a controller that is deleted before it is done', () =>
    inPlace(async (place) => {
      const rc = await controller(place, 'simpletest.rc', 2);
      await until('some pods', async () => (await count(place.pods)) > 0, limit);
      await place.controllers.remove('simpletest.rc', options('Background', rc));
      await until('nothing is left', async () => (await count(place.controllers)) + (await count(place.pods)) === 0, limit);
    }));

  // Conformance: [sig-api-machinery] Garbage collector should orphan pods created by rc if delete options say so [Serial] [Conformance]
  test('pods of a controller stay as orphans', () =>
    inPlace(async (place) => {
      const rc = await controller(place, 'simpletest.rc', 20);
      await replicated(place, 'simpletest.rc', 20);
      await place.controllers.remove('simpletest.rc', options('Orphan', rc));
      await until('the controller is gone', async () => (await count(place.controllers)) === 0, limit);
      await sleep(mistake);
      const { items } = await place.pods.list();
      assert.equal(items.length, 20);
      for (const pod of items) assert.deepEqual([pod.metadata.ownerReferences, pod.metadata.deletionTimestamp], [undefined, undefined]);
    }));

  /** A Deployment with its ReplicaSet. */
  const deployment = async (namespace: string) => {
    const labels = { gctest: 'deployment' };
    const deployments = at(suite.client, Deployments, namespace);
    const sets = at(suite.client, ReplicaSets, namespace);
    const made = await deployments.create({
      metadata: { name: 'simpletest.deployment' },
      spec: { replicas: 2, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
    });
    await until('a ReplicaSet', async () => (await count(sets)) > 0, limit);
    return { deployments, sets, made };
  };

  // Conformance: [sig-api-machinery] Garbage collector should delete RS created by deployment when not orphaning [Conformance]
  test('a ReplicaSet and its pods go with their Deployment', () =>
    inPlace(async ({ namespace, pods }) => {
      const { deployments, sets, made } = await deployment(namespace);
      await deployments.remove('simpletest.deployment', options('Background', made));
      await until('nothing is left', async () => (await count(deployments)) + (await count(sets)) + (await count(pods)) === 0, limit);
    }));

  // Conformance: [sig-api-machinery] Garbage collector should orphan RS created by deployment when deleteOptions.PropagationPolicy is Orphan [Conformance]
  test('a ReplicaSet stays as an orphan, with its pods', () =>
    inPlace(async ({ namespace, pods }) => {
      const { deployments, sets, made } = await deployment(namespace);
      await until('its pods', async () => (await sets.list()).items[0]?.status.replicas === 2, limit);
      await deployments.remove('simpletest.deployment', options('Orphan', made));
      await until('the Deployment is gone', async () => (await count(deployments)) === 0, limit);
      assert.deepEqual([await count(sets), await count(pods)], [1, 2]);
      for (const set of (await sets.list()).items) assert.equal(controllerOf(set), undefined);
    }));

  test('a controller waits until its pods are gone', () =>
    inPlace(async (place) => {
      const rc = await controller(place, 'simpletest.rc', 20);
      await replicated(place, 'simpletest.rc', 20);
      await place.controllers.remove('simpletest.rc', options('Foreground', rc));
      await until('the controller is gone', async () => (await place.controllers.find('simpletest.rc')) === undefined, limit);
      assert.equal(await count(place.pods), 0);
    }));

  test('pods with another owner stay when one of theirs waits for its dependents', () =>
    inPlace(async (place) => {
      const [leaving, staying] = ['simpletest-rc-to-be-deleted', 'simpletest-rc-to-stay'];
      const rc = await controller(place, leaving, 10);
      const other = await controller(place, staying, 0);
      await replicated(place, leaving, 10);
      const half = (await place.pods.list()).items.slice(0, 5);
      const reference = { apiVersion: 'v1', kind: 'ReplicationController', name: staying, uid: other.metadata.uid };
      for (const { metadata } of half) await place.pods.patch(metadata.name, 'strategic', { metadata: { ownerReferences: [reference] } });
      await place.controllers.remove(leaving, options('Foreground', rc));
      await until('the controller is gone', async () => (await place.controllers.find(leaving)) === undefined, limit);
      const left = (await place.pods.list()).items;
      assert.deepEqual(left.map(({ metadata }) => metadata.name).toSorted(), half.map(({ metadata }) => metadata.name).toSorted());
      for (const { metadata } of left) {
        assert.equal(metadata.deletionTimestamp, undefined);
        assert.deepEqual(
          metadata.ownerReferences?.map(({ uid }) => uid),
          [other.metadata.uid],
        );
      }
    }));

  test('owners in a circle do not wait for each other for ever', () =>
    inPlace(async ({ pods }) => {
      const made: Pod[] = [];
      for (const name of ['pod1', 'pod2', 'pod3']) made.push(await pods.create({ metadata: { name }, spec: { containers } }));
      for (const [i, pod] of made.entries()) {
        const owner = made[(i + 2) % 3] as Pod;
        const { name, uid } = owner.metadata;
        const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true }];
        await pods.patch(pod.metadata.name, 'strategic', { metadata: { ownerReferences } });
      }
      await pods.remove('pod1', options('Foreground', made[0] as Pod));
      await until('all are gone', async () => (await count(pods)) === 0, limit);
    }));
});
