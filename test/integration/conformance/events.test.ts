// Conformance of events, in both their versions.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Event } from '#api/core/v1/event.ts';
import type { KubeObject } from '#api/object.ts';
import { Events, EventsV1 } from '#api/refs.ts';
import { at, type Suite, startSuite } from '../../support/suite.ts';

let suite: Suite;
before(async () => {
  suite = await startSuite(0);
});
after(async () => suite?.[Symbol.asyncDispose]());

const names = ({ items }: { items: readonly KubeObject[] }): string[] => items.map(({ metadata }) => metadata.name).toSorted();
const three = ['test-event-1', 'test-event-2', 'test-event-3'];
/** Without what the server sets at each write. */
const bare = <T extends KubeObject>(object: T): T => {
  const { resourceVersion: _, managedFields: __, ...metadata } = object.metadata;
  return { ...object, metadata };
};
const series = { count: 100, lastObservedTime: '2017-09-19T13:49:16.000000Z' };

const core = (namespace: string, name: string, label: string) => ({
  metadata: { name, labels: { [label]: 'true' } },
  message: `This is ${name}`,
  reason: 'Test',
  type: 'Normal',
  count: 1,
  involvedObject: { namespace },
});
const modern = (namespace: string, name: string, label: string) => ({
  metadata: { name, labels: { [label]: 'true' } },
  regarding: { namespace },
  eventTime: series.lastObservedTime,
  note: `This is ${name}`,
  action: 'Do',
  reason: 'Test',
  type: 'Normal' as const,
  reportingController: 'test-controller',
  reportingInstance: 'test-node',
});

describe('events', { concurrency: 4 }, () => {
  // Conformance: [sig-instrumentation] Events should manage the lifecycle of an event [Conformance]
  test('the life of an event', () =>
    suite.inNamespace('events', async (namespace) => {
      const events = at(suite.client, Events, namespace);
      const everywhere = async () =>
        (await at(suite.client, Events).list({ labelSelector: 'testevent-constant=true' })).items.filter(
          ({ metadata }) => metadata.namespace === namespace,
        );
      await events.create(core(namespace, 'event-test', 'testevent-constant'));
      assert.equal((await everywhere()).length, 1);
      await events.patch('event-test', 'strategic', { message: 'This is a test event - patched' });
      const patched = await events.get('event-test');
      assert.equal(patched.message, 'This is a test event - patched');
      // As in the suite: without a revision, so that it is written whatever there is.
      const wanted = { ...bare(patched), series } as Event;
      await events.update(wanted);
      assert.deepEqual(bare(await events.get('event-test')), wanted);
      await events.remove('event-test');
      assert.deepEqual(await everywhere(), []);
    }));

  // Conformance: [sig-instrumentation] Events should delete a collection of events [Conformance]
  test('events are deleted by their label', () =>
    suite.inNamespace('events', async (namespace) => {
      const events = at(suite.client, Events, namespace);
      for (const name of three) await events.create(core(namespace, name, 'testevent-set'));
      assert.deepEqual(names(await events.list({ labelSelector: 'testevent-set=true' })), three);
      await events.removeAll('testevent-set=true');
      assert.deepEqual(names(await events.list({ labelSelector: 'testevent-set=true' })), []);
    }));

  test('the life of an event of events.k8s.io, found by its source in both versions', () =>
    suite.inNamespace('events', async (namespace) => {
      const events = at(suite.client, EventsV1, namespace);
      const mine = async () =>
        names({
          items: (await at(suite.client, EventsV1).list({ labelSelector: 'testevent-constant=true' })).items.filter(
            ({ metadata }) => metadata.namespace === namespace,
          ),
        });
      await events.create(modern(namespace, 'event-test', 'testevent-constant'));
      assert.deepEqual(await mine(), ['event-test']);
      const coreEvents = at(suite.client, Events, namespace);
      assert.deepEqual(names(await coreEvents.list({ fieldSelector: 'source=test-controller' })), ['event-test']);
      assert.deepEqual(names(await coreEvents.list({ fieldSelector: 'source=other' })), []);
      assert.deepEqual(names(await events.list({ fieldSelector: 'reportingController=test-controller' })), ['event-test']);
      const read = await events.get('event-test');
      const few = { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' };
      await events.patch('event-test', 'strategic', { series: few });
      assert.deepEqual(bare(await events.get('event-test')), bare({ ...read, series: few }));
      await events.update({ ...bare(read), series });
      assert.deepEqual(bare(await events.get('event-test')), bare({ ...read, series }));
      assert.equal((await coreEvents.get('event-test')).series?.count, 100);
      await events.remove('event-test');
      assert.deepEqual(await mine(), []);
    }));

  // Conformance: [sig-instrumentation] Events API should delete a collection of events [Conformance]
  test('events of events.k8s.io are deleted by their label', () =>
    suite.inNamespace('events', async (namespace) => {
      const events = at(suite.client, EventsV1, namespace);
      for (const name of three) await events.create(modern(namespace, name, 'testevent-set'));
      assert.deepEqual(names(await events.list({ labelSelector: 'testevent-set=true' })), three);
      await events.removeAll('testevent-set=true');
      assert.deepEqual(names(await events.list({ labelSelector: 'testevent-set=true' })), []);
    }));
});
