// One question over HTTP: what is sent, and in which words failures are told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FetchOptions, FetchResponse, Net } from '#base/net.ts';
import { createTestClock } from '#base/testclock.ts';
import { type Destination, post } from './post.ts';

const to: Destination = { urlPrefix: 'http://extender:8080/base/', tls: {}, timeout: 5_000 };

function answer(status: number, text: string): FetchResponse {
  const bytes = new TextEncoder().encode(text);
  const body = (async function* () {
    yield bytes;
  })();
  return { status, headers: {}, body, bytes: () => Promise.resolve(bytes), text: () => Promise.resolve(text) };
}

function ask(
  fetch: (url: string, options: FetchOptions) => Promise<FetchResponse>,
  repeatable = true,
  signal = new AbortController().signal,
) {
  const clock = createTestClock();
  const net = { fetch } as unknown as Net;
  return { clock, result: post({ net, clock }, to, { verb: 'filter', body: { a: 1 }, repeatable, signal }) };
}

const failing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));

test('JSON is posted to the prefix and the verb', async () => {
  const { result } = ask((url, options) => {
    assert.equal(url, 'http://extender:8080/base/filter');
    assert.equal(options.method, 'POST');
    assert.equal(options.headers?.['content-type'], 'application/json');
    assert.equal(Buffer.from(options.body as Uint8Array).toString(), '{"a":1}');
    return Promise.resolve(answer(200, '{"ok":true}'));
  });
  assert.deepEqual(await result, { ok: true });
});

test('failures', async () => {
  const cases: readonly [() => Promise<FetchResponse>, RegExp][] = [
    [() => Promise.resolve(answer(500, 'x')), /failed filter with extender at URL http:\/\/extender:8080\/base\/filter, code 500$/],
    [() => Promise.resolve(answer(201, '{}')), /code 201$/],
    [() => Promise.resolve(answer(200, 'no json')), /failed filter with extender at URL http:\/\/extender:8080\/base\/filter: /],
    [() => failing('ECONNREFUSED'), /Post "http:\/\/extender:8080\/base\/filter": dial tcp extender:8080: connect: connection refused$/],
    [() => failing('ENOTFOUND'), /: dial tcp: lookup extender: no such host$/],
  ];
  for (const [fetch, message] of cases) await assert.rejects(ask(fetch).result, message);
});

test('a kept connection that was closed is tried again, but only where asking twice does no harm', async () => {
  for (const repeatable of [true, false]) {
    let times = 0;
    const { result } = ask(() => (++times === 1 ? failing('UND_ERR_SOCKET') : Promise.resolve(answer(200, '1'))), repeatable);
    if (repeatable) assert.equal(await result, 1);
    else await assert.rejects(result, /: EOF$/);
    assert.equal(times, repeatable ? 2 : 1);
  }
});

const hanging = (_url: string, { signal }: FetchOptions): Promise<FetchResponse> =>
  new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)));

test('an answer that does not come is given up', async () => {
  const { clock, result } = ask(hanging);
  const told = assert.rejects(result, /: context deadline exceeded \(Client\.Timeout exceeded while awaiting headers\)$/);
  await clock.advance(5_000);
  await told;
  const end = new AbortController();
  const stopped = assert.rejects(ask(hanging, true, end.signal).result, /: context canceled$/);
  end.abort();
  await stopped;
});

test('an answer beyond all measure is not read to its end', async () => {
  const { result } = ask(() => {
    const body = (async function* () {
      for (;;) yield new Uint8Array(1024 * 1024);
    })();
    return Promise.resolve({ ...answer(200, ''), body });
  });
  await assert.rejects(result, /the answer is larger than \d+ bytes/);
});
