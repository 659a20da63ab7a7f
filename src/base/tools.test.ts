import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AsyncQueue, OverflowError } from './asyncqueue.ts';
import { Backoff } from './backoff.ts';
import { Heap } from './heap.ts';
import { KeyedMutex, Mutex, Semaphore } from './mutex.ts';
import { Ring } from './ring.ts';
import { below, seededRandom } from './seeded.ts';
import { linkSignals, orAborted, withTimeout } from './signal.ts';
import { Slices } from './slices.ts';
import { createTestClock } from './testclock.ts';

describe('Heap', () => {
  it('gives items in order, also after removals', () => {
    const random = seededRandom('heap');
    for (let round = 0; round < 50; round++) {
      const heap = new Heap<{ n: number }>((a, b) => a.n < b.n);
      const items = Array.from({ length: below(random, 40) }, () => ({ n: below(random, 20) }));
      for (const item of items) heap.push(item);
      const removed = new Set(items.filter(() => random.next() < 0.3));
      for (const item of removed) assert.ok(heap.remove(item));
      const out: number[] = [];
      for (let item = heap.pop(); item !== undefined; item = heap.pop()) out.push(item.n);
      const expected = items.filter((item) => !removed.has(item)).map((item) => item.n);
      assert.deepEqual(
        out,
        expected.sort((a, b) => a - b),
      );
    }
  });
});

describe('Ring', () => {
  it('drops the oldest at its bound', () => {
    const ring = new Ring<number>(3);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map((n) => ring.push(n)),
      [undefined, undefined, undefined, 1, 2],
    );
    assert.deepEqual([...ring], [3, 4, 5]);
    assert.deepEqual([ring.at(0), ring.at(-1), ring.at(3), ring.shift(), ring.size], [3, 5, undefined, 3, 2]);
  });
});

describe('Backoff', () => {
  it('doubles to the cap and starts again', () => {
    const backoff = new Backoff({ initial: 10, max: 50 });
    assert.deepEqual([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()], [10, 20, 40, 50, 50]);
    backoff.reset();
    assert.equal(backoff.next(), 10);
    const jittered = new Backoff({ initial: 100, max: 1_000, jitter: 0.5 }, seededRandom(1)).next();
    assert.ok(jittered >= 100 && jittered <= 150);
  });
});

describe('AsyncQueue', () => {
  it('hands items over in order and ends', async () => {
    const queue = new AsyncQueue<number>();
    const read = (async () => {
      const seen: number[] = [];
      for await (const item of queue) seen.push(item);
      return seen;
    })();
    for (let i = 0; i < 500; i++) queue.push(i);
    await Promise.resolve();
    queue.push(500);
    queue.end();
    assert.equal(queue.push(501), false);
    assert.deepEqual(
      await read,
      Array.from({ length: 501 }, (_, i) => i),
    );
  });

  it('does at its bound what it was told', async () => {
    const oldest = new AsyncQueue<number>({ capacity: 2, overflow: 'oldest' });
    assert.deepEqual(
      [1, 2, 3].map((n) => oldest.push(n)),
      [true, true, true],
    );
    assert.deepEqual([oldest.tryTake(), oldest.tryTake(), oldest.tryTake()], [2, 3, undefined]);
    const newest = new AsyncQueue<number>({ capacity: 2, overflow: 'newest' });
    assert.deepEqual(
      [1, 2, 3].map((n) => newest.push(n)),
      [true, true, false],
    );
    const failing = new AsyncQueue<number>({ capacity: 1, overflow: 'fail' });
    failing.push(1);
    failing.push(2);
    assert.deepEqual(await failing.next(), { done: false, value: 1 });
    await assert.rejects(failing.next(), OverflowError);
    assert.deepEqual(await failing.next(), { done: true, value: undefined });
  });
});

describe('locks', () => {
  it('let one, one per key, or so many in at a time', async () => {
    const clock = createTestClock();
    const probe = () => {
      const state = { inside: 0, most: 0, order: [] as number[] };
      const work = (id: number) => async () => {
        state.inside++;
        state.most = Math.max(state.most, state.inside);
        await clock.sleep(10);
        state.inside--;
        state.order.push(id);
      };
      return { state, work };
    };
    const [one, keyed, some] = [probe(), probe(), probe()];
    const [mutex, keys, semaphore] = [new Mutex(), new KeyedMutex(), new Semaphore(3)];
    for (let i = 0; i < 6; i++) {
      void mutex.run(one.work(i));
      void keys.run(i % 2 ? 'a' : 'b', keyed.work(i));
      void semaphore.run(some.work(i));
    }
    await assert.rejects(Promise.all([mutex.run(() => Promise.reject(new Error('mine'))), clock.advance(1_000)]), /mine/);
    await clock.advance(1_000);
    assert.deepEqual([one.state.most, keyed.state.most, some.state.most], [1, 2, 3]);
    assert.deepEqual(one.state.order, [0, 1, 2, 3, 4, 5]);
    assert.equal(some.state.order.length, 6);
  });
});

describe('signals', () => {
  it('follow their parents until disposed', async () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const linked = linkSignals(a.signal, undefined, b.signal);
    b.abort('why');
    assert.deepEqual([linked.signal.aborted, linked.signal.reason], [true, 'why']);
    const gone = linkSignals(a.signal);
    gone[Symbol.dispose]();
    a.abort();
    assert.equal(gone.signal.aborted, false);
    assert.equal(linkSignals(a.signal).signal.aborted, true);
    const clock = createTestClock();
    const timed = withTimeout(clock, 100, new AbortController().signal);
    await clock.advance(100);
    assert.match(String(timed.signal.reason), /timed out after 100 ms/);
    const stop = new AbortController();
    const waiting = orAborted(new Promise(() => {}), stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    assert.equal(await orAborted(Promise.resolve(1), new AbortController().signal), 1);
  });
});

describe('the test clock', () => {
  it('runs timers in order and lets what they start run between', async () => {
    const clock = createTestClock({ start: 1_000 });
    const seen: string[] = [];
    const note = (text: string) => () => void seen.push(`${text}@${clock.now()}`);
    clock.after(30, note('c'));
    clock.after(10, note('a'));
    clock.after(10, note('b'));
    clock.after(5, note('never')).cancel();
    const every = clock.every(20, note('e'));
    void (async () => {
      await clock.sleep(10);
      await clock.sleep(5);
      note('slept')();
    })();
    await clock.advance(29);
    assert.deepEqual(seen, ['a@1010', 'b@1010', 'slept@1015', 'e@1020']);
    await clock.advance(1);
    every.cancel();
    await clock.advance(1_000);
    assert.deepEqual(seen.slice(4), ['c@1030']);
    assert.equal(clock.pending, 0);
    const stop = new AbortController();
    const sleep = clock.sleep(10, stop.signal);
    stop.abort(new Error('woken'));
    await assert.rejects(sleep, /woken/);
    assert.equal(clock.pending, 0);
    let done = false;
    clock.after(700, () => (done = true));
    await clock.advanceUntil(() => done);
    assert.equal(clock.monotonic(), 1_730);
    await assert.rejects(
      clock.advanceUntil(() => false),
      /did not come true/,
    );
  });
});

describe('slices of time', () => {
  it('end when their time is up, and begin anew after a pause', async () => {
    const clock = createTestClock();
    const slices = new Slices(clock);
    await clock.advance(7);
    assert.equal(slices.pause(), undefined);
    await clock.advance(1);
    const pause = slices.pause();
    assert.ok(pause);
    await Promise.all([pause, clock.advance(0)]);
    assert.equal(slices.pause(), undefined);
    await clock.advance(8);
    assert.ok(slices.pause());
    await clock.advance(0);
  });
});

describe('seeded randomness', () => {
  it('repeats itself and is spread evenly', () => {
    const [one, two, three] = [seededRandom('s'), seededRandom('s'), seededRandom('t')];
    assert.deepEqual([one.next(), one.uuid(), one.bytes(4)], [two.next(), two.uuid(), two.bytes(4)]);
    assert.notEqual(one.next(), three.next());
    assert.match(three.uuid(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i++) {
      const drawn = below(three, 10);
      counts[drawn] = (counts[drawn] ?? 0) + 1;
    }

    assert.ok(
      counts.every((count) => count > 1_800 && count < 2_200),
      String(counts),
    );
  });
});
