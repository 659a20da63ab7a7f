// Selections among many objects are made in slices of time; what changes in between does not show in them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { KubeObject } from '#api/object.ts';
import { ConfigMaps } from '#api/refs.ts';
import { createWorld } from '#host/world.ts';
import { startTestApi, type TestApi } from '../../support/api.ts';

const count = 2_500;
const ns = { namespace: 'default' };
const labelSelector = 'third=1';

describe('selecting among many objects', () => {
  let api: TestApi;
  before(async () => {
    const world = createWorld({ logLevel: 'warn' });
    // A clock whose time is always up: there is a pause wherever there may be one.
    let skew = 0;
    const clock = { ...world.clock, monotonic: () => world.clock.monotonic() + (skew += 10) };
    api = await startTestApi({ world: { ...world, clock }, config: { watchHistory: 10 } });
    for (let from = 0; from < count; from += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => make(from + i)));
  });
  after(() => api[Symbol.asyncDispose]());
  const maps = () => api.client.resource(ConfigMaps);
  const make = (i: number) => maps().create({ metadata: { name: `m-${i}`, namespace: 'default', labels: { third: String(i % 3) } } });
  const names = (items: readonly KubeObject[]) => items.map(({ metadata }) => metadata.name);
  /** What was selected at a revision: from the history of the store. */
  const then = (resourceVersion = '') => maps().list({ ...ns, labelSelector, resourceVersion, resourceVersionMatch: 'Exact' });

  let next = count;
  /** Makes, changes and removes objects while the work goes on; tells how often. */
  async function during<T>(work: Promise<T>): Promise<{ result: T; writes: number }> {
    let done = false;
    let writes = 0;
    const watched = work.finally(() => {
      done = true;
    });
    while (!done) {
      const i = next++;
      const turn = i - count;
      await make(i);
      if (turn < 1_000) await maps().delete(`m-${count - 1 - turn}`, ns);
      await maps().patch(`m-${turn % 1_000}`, { metadata: { labels: { third: '1' } } }, { ...ns, type: 'merge' });
      writes++;
      // Writes to a store in memory never leave the turn of the loop by themselves.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { result: await watched, writes };
  }

  it('lists a state that was there at one moment', async () => {
    const before = names((await maps().list({ ...ns, labelSelector })).items);
    const { result, writes } = await during(maps().list({ ...ns, labelSelector }));
    assert.ok(writes > 1, 'the list was made in one go');
    assert.deepEqual(names(result.items), before);
    const { items } = await then(result.metadata.resourceVersion);
    assert.deepEqual(items, result.items);
    assert.notDeepEqual(names((await maps().list({ ...ns, labelSelector })).items), before);
  });

  it('goes on page by page', async () => {
    const all: KubeObject[] = [];
    let resourceVersion: string | undefined;
    let page: string | undefined;
    do {
      const { result } = await during(maps().list({ ...ns, labelSelector, limit: 300, ...(page ? { continue: page } : {}) }));
      resourceVersion ??= result.metadata.resourceVersion;
      all.push(...result.items);
      page = result.metadata.continue;
    } while (page);
    assert.deepEqual(all, (await then(resourceVersion)).items);
    // Without a selection it is known how many are left.
    const plain = await maps().list({ ...ns, limit: 2_000 });
    const { items } = await maps().list(ns);
    assert.equal(plain.metadata.remainingItemCount, items.length - 2_000);
    assert.deepEqual(plain.items, items.slice(0, 2_000));
  });

  it('begins a watch with such a state, and tells what changed since', async () => {
    const abort = new AbortController();
    const state = new Map<string, KubeObject>();
    let began = '';
    const watching = (async () => {
      const params = { ...ns, labelSelector, sendInitialEvents: true, allowWatchBookmarks: true, signal: abort.signal };
      for await (const { type, object } of maps().watch(params)) {
        if (type === 'BOOKMARK' && began === '') {
          began = object.metadata.resourceVersion ?? '';
          assert.deepEqual([...state.keys()], names((await then(began)).items));
        } else if (type === 'DELETED') state.delete(object.metadata.name);
        else if (type !== 'BOOKMARK') state.set(object.metadata.name, object);
        if (object.metadata.name === 'last') abort.abort();
      }
    })();
    await during(new Promise((resolve) => setTimeout(resolve, 20)));
    await maps().create({ metadata: { name: 'last', namespace: 'default', labels: { third: '1' } } });
    await watching;
    assert.notEqual(began, '');
    const { items } = await maps().list({ ...ns, labelSelector });
    assert.deepEqual([...state.keys()].sort(), names(items).sort());
  });
});
