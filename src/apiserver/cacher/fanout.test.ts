import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { createTestClock } from '#base/testclock.ts';
import type { EncodableEvent } from '../chain.ts';
import { frameEncoder } from '../frames.ts';
import type { ResourceRow } from '../resources/row.ts';
import { encodeStored } from './codec.ts';
import { encodable, Entry } from './entry.ts';
import { Fanout } from './fanout.ts';
import { Table } from './table.ts';
import { Watch } from './watch.ts';

const moment = (): Promise<void> => createTestClock().settle();

describe('fan-out', () => {
  it('runs what is asked for several times in one moment once, and again when it is asked for again', async () => {
    const clock = createTestClock();
    const fanout = new Fanout(clock);
    let runs = 0;
    const turn = (): void => void runs++;
    fanout.add(turn);
    fanout.add(turn);
    assert.equal(runs, 0);
    await moment();
    assert.equal(runs, 1);
    fanout.add(turn);
    await moment();
    assert.equal(runs, 2);
  });

  it('leaves what takes long to the next turns of the loop', async () => {
    const later: (() => void)[] = [];
    let time = 0;
    const fanout = new Fanout({
      monotonic: () => time,
      after: (ms, fn) => {
        assert.equal(ms, 0);
        later.push(fn);
        return { cancel: () => {} };
      },
    });
    const done: number[] = [];
    for (let i = 0; i < 40; i++) {
      fanout.add(() => {
        done.push(i);
        time += 5;
      });
    }
    await moment();
    assert.equal(done.length, 16);
    // Who is asked for meanwhile comes after all who wait.
    fanout.add(() => done.push(99));
    for (let next = later.shift(); next; next = later.shift()) next();
    assert.deepEqual(done, [...Array.from({ length: 40 }, (_, i) => i), 99]);
  });
});

const object = (name: string, note?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...(note ? { annotations: { note } } : {}) },
});

describe('a pushed watch', () => {
  const make = (signal: AbortSignal, { initial = 0, after = 0 } = {}) => {
    const clock = createTestClock();
    let reached = 0;
    const table = new Table({ prefix: '/registry/configmaps/', freeze: true, history: 10 });
    const watch = new Watch({
      scope: { prefix: table.prefix },
      clock,
      fanout: new Fanout(clock),
      signal,
      timeout: 60_000,
      bookmarks: after > 0,
      after,
      bookmark: (revision) => {
        assert.ok(after > 0, 'no bookmark was asked for');
        return object(`bookmark-${revision}`);
      },
      revision: () => reached,
    });
    const present = Array.from(
      { length: initial },
      (_, i) => new Entry(`${table.prefix}x/${i}`, 1, encodeStored(object(`first-${i}`)), true),
    );
    if (initial > 0) watch.begin(table, present);
    else watch.attach(table, []);
    const put = (name: string, revision: number, note?: string): void => {
      const value = encodeStored(object(name, note));
      reached = revision;
      const key = `${table.prefix}default/${name}`;
      table.apply({ type: 'put', entry: { key, value, createRevision: revision, modRevision: revision, version: 1 }, previous: undefined });
    };
    return { clock, table, watch, put };
  };

  it('gives the changes of one moment together and ends with its signal', async () => {
    const abort = new AbortController();
    const { table, watch, put } = make(abort.signal);
    const batches: string[] = [];
    const ended = watch.push((batch) => {
      batches.push(batch.map((event) => `${event.type} ${event.item.object.metadata.name}`).join());
      return undefined;
    });
    put('a', 1);
    put('b', 2);
    await moment();
    put('a', 3);
    await moment();
    assert.deepEqual(batches, ['ADDED a,ADDED b', 'MODIFIED a']);
    abort.abort();
    await ended;
    assert.equal(table.watchers, 0);
  });

  for (const [revisions, wanted] of [
    [[2], []],
    [[2, 3], ['BOOKMARK bookmark-3']],
    [
      [2, 3, 4],
      ['MODIFIED a', 'BOOKMARK bookmark-4'],
    ],
  ] as const)
    it(`tells nothing up to the revision that its client has, bookmarks included: ${revisions.join()}`, async () => {
      const { clock, watch, put } = make(new AbortController().signal, { after: 3 });
      const told: string[] = [];
      const ended = watch.push((batch) => {
        told.push(...batch.map((event) => `${event.type} ${event.item.object.metadata.name}`));
        return undefined;
      });
      for (const revision of revisions) put('a', revision);
      await moment();
      await clock.advance(58_000);
      await moment();
      await clock.advance(2_000);
      await ended;
      assert.deepEqual(told, wanted);
    });

  it('ends after its time', async () => {
    const { clock, table, watch } = make(new AbortController().signal);
    const ended = watch.push(() => assert.fail('nothing has happened'));
    await moment();
    await clock.advance(60_000);
    await ended;
    assert.equal(table.watchers, 0);
  });

  it('waits for its reader, and gives what it begins with in parts', async () => {
    const { table, watch, put } = make(new AbortController().signal, { initial: 240 });
    const sizes: number[] = [];
    let drained = Promise.withResolvers<void>();
    watch.push((batch) => {
      sizes.push(batch.length);
      return drained.promise;
    });
    await moment();
    put('late', 1);
    assert.deepEqual(sizes, [100]);
    for (const expected of [
      [100, 100],
      [100, 100, 40],
      [100, 100, 40, 1],
    ]) {
      const { resolve } = drained;
      drained = Promise.withResolvers();
      resolve();
      await moment();
      assert.deepEqual(sizes, expected);
    }
    assert.equal(table.watchers, 1);
  });

  it('is cut off when its reader takes nothing while much happens', async () => {
    const { table, watch, put } = make(new AbortController().signal);
    const ended = watch.push(() => new Promise(() => {}));
    put('a', 1);
    await moment();
    const rejected = assert.rejects(ended, /too slow/);
    for (let revision = 2; table.watchers > 0; revision++) {
      assert.ok(revision < 300);
      put('large', revision, 'x'.repeat(100_000));
    }
    await rejected;
  });

  it('ends when what it is given is too much', async () => {
    const { table, watch, put } = make(new AbortController().signal);
    const ended = watch.push(() => {
      throw new Error('too slow');
    });
    put('a', 1);
    await assert.rejects(ended, /too slow/);
    assert.equal(table.watchers, 0);
  });
});

describe('frames', () => {
  const event = (type: EncodableEvent['type'], name: string): EncodableEvent => ({
    type,
    item: encodable(object(name)),
  });
  const row = {} as ResourceRow;
  const options = { includeObject: 'Metadata', now: () => 0 } as const;
  const encoder = (form: 'object' | 'PartialObjectMetadata') => frameEncoder(row, { encoding: 'json', form, metaVersion: 'v1' }, options);
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

  it('are the same bytes for all watchers that want the same', () => {
    const [a, b] = [event('ADDED', 'a'), event('ADDED', 'b')];
    const one = encoder('object');
    const other = encoder('object');
    const bytes = one([a, b]);
    assert.equal(other([{ ...a }, b]), bytes);
    assert.equal(one([a]), other([a]));
    assert.equal(text(bytes), `${text(one([a]))}${text(one([b]))}`);
  });

  it('differ by type, order, length and form', () => {
    const [a, b] = [event('ADDED', 'a'), event('ADDED', 'b')];
    const encode = encoder('object');
    const all = [encode([a, b]), encode([b, a]), encode([a]), encode([{ ...a, type: 'MODIFIED' }]), encoder('PartialObjectMetadata')([a])];
    assert.equal(new Set(all.map(text)).size, all.length);
  });
});
