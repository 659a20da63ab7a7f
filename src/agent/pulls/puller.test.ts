import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ImagePuller } from './puller.ts';

const never = new AbortController().signal;
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Pulls that end when they are told to, and a clock that moves when it is told to. */
function bench(options: { parallel?: number; qps?: number; burst?: number }) {
  const time = { ms: 0 };
  const puller = new ImagePuller({ monotonic: () => time.ms }, { qps: 0, burst: 0, ...options });
  const running = new Map<string, (failure?: Error) => void>();
  const pull = (name: string, signal = never) =>
    puller.run(
      () =>
        new Promise<string>((resolve, reject) => {
          running.set(name, (failure) => {
            running.delete(name);
            if (failure) reject(failure);
            else resolve(name);
          });
        }),
      signal,
    );
  return { time, puller, pull, running };
}

test('one after the other, in the order of asking; the time of a pull is without its waiting', async () => {
  const { time, pull, running } = bench({ parallel: 1 });
  const all = ['a', 'b', 'c'].map((name) => pull(name));
  const failed = assert.rejects(all[1] as Promise<unknown>, /no such image/);
  await settle();
  assert.deepEqual([...running.keys()], ['a']);
  time.ms = 5000;
  running.get('a')?.();
  assert.deepEqual(await all[0], { value: 'a', took: 5000 });
  await settle();
  assert.deepEqual([...running.keys()], ['b']);
  running.get('b')?.(new Error('no such image'));
  await failed;
  await settle();
  time.ms = 6000;
  running.get('c')?.();
  assert.deepEqual(await all[2], { value: 'c', took: 1000 });
});

for (const [parallel, expected] of [
  [2, ['a', 'b']],
  [undefined, ['a', 'b', 'c']],
] as const) {
  test(`at once: ${parallel ?? 'all'}`, async () => {
    const { pull, running } = bench(parallel === undefined ? {} : { parallel });
    const all = ['a', 'b', 'c'].map((name) => pull(name));
    await settle();
    assert.deepEqual([...running.keys()], expected);
    for (let left = 3; left > 0; ) {
      for (const end of running.values()) {
        end();
        left--;
      }
      await settle();
    }
    assert.equal((await Promise.all(all)).length, 3);
  });
}

test('too many in a short time fail; what is waited for comes back', async () => {
  const { time, puller } = bench({ qps: 5, burst: 2 });
  const pull = () =>
    puller
      .run(() => Promise.resolve('pulled'), never)
      .then(
        ({ value }) => value,
        (error: Error) => error.message,
      );
  assert.deepEqual([await pull(), await pull(), await pull()], ['pulled', 'pulled', 'pull QPS exceeded']);
  time.ms = 200;
  assert.deepEqual([await pull(), await pull()], ['pulled', 'pull QPS exceeded']);
  time.ms = 60_000;
  assert.deepEqual([await pull(), await pull(), await pull()], ['pulled', 'pulled', 'pull QPS exceeded']);
});

test('a pod that is gone does not wait for its turn, but for the end of what has begun', async () => {
  const { pull, running } = bench({ parallel: 1 });
  const [first, second] = [new AbortController(), new AbortController()];
  const began = pull('a', first.signal);
  const waits = pull('b', second.signal);
  await settle();
  second.abort(new Error('gone'));
  await assert.rejects(waits, /gone/);
  let ended = false;
  void began.then(() => {
    ended = true;
  });
  first.abort(new Error('gone'));
  await settle();
  assert.equal(ended, false);
  running.get('a')?.();
  assert.equal((await began).value, 'a');
  const next = pull('c');
  await settle();
  assert.deepEqual([...running.keys()], ['c']);
  running.get('c')?.();
  await next;
});
