import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { plainHead } from './http1head.ts';

const read = (text: string) => plainHead(Buffer.from(text, 'latin1'), 1024, 10);

describe('the head of a plain request', () => {
  it('is method, target and headers by lower-case name, with the lengths of head and body', () => {
    const text =
      'POST /api/v1/pods?limit=5 HTTP/1.1\r\nHost: a:1\r\nContent-Type: application/json \r\ncontent-length:2\r\nX-Empty:\r\n\r\n{}';
    const head = read(text);
    assert.ok(typeof head === 'object');
    assert.deepEqual(
      { ...head, headers: { ...head.headers } },
      {
        method: 'POST',
        url: '/api/v1/pods?limit=5',
        headers: { host: 'a:1', 'content-type': 'application/json', 'content-length': '2', 'x-empty': '' },
        size: text.length - 2,
        length: 2,
      },
    );
  });

  it('is partial until its empty line has come, and unusual when that is too far away', () => {
    assert.equal(read('GET / HT'), 'partial');
    assert.equal(read('GET / HTTP/1.1\r\nHost: a\r\n\r'), 'partial');
    assert.equal(read(`GET / HTTP/1.1\r\nX: ${'x'.repeat(2000)}`), 'unusual');
    assert.equal(read(`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(2000)}\r\n\r\n`), 'unusual');
  });

  const unusual: Readonly<Record<string, string>> = {
    'another method': 'OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n',
    'another version': 'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
    'an absolute target': 'GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'a space in the target': 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n',
    'no host': 'GET / HTTP/1.1\r\nAccept: a\r\n\r\n',
    'no header': 'GET / HTTP/1.1\r\n\r\n',
    'an upgrade': 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    'the last request of its connection': 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    'a chunked body': 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    'two lengths': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'a length that is no number': 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n',
    'an expectation': 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n',
    'a space before the colon': 'GET / HTTP/1.1\r\nHost : a\r\n\r\n',
    'a folded line': 'GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
    'a bare line feed': 'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n',
    'a bare carriage return': 'GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n',
    'a zero byte': 'GET / HTTP/1.1\r\nHost: a\0\r\n\r\n',
    'too many headers': `GET / HTTP/1.1\r\nHost: a\r\n${Array.from({ length: 10 }, (_, i) => `X${i}: 1\r\n`).join('')}\r\n`,
    'a name of JavaScript': 'GET / HTTP/1.1\r\nHost: a\r\n__proto__: b\r\n\r\n',
  };
  for (const [what, text] of Object.entries(unusual)) it(`leaves ${what} to node`, () => assert.equal(read(text), 'unusual'));

  it('takes any bytes', () => {
    const pieces = fc.constantFrom(
      'GET ',
      '/ ',
      'HTTP/1.1',
      '\r\n',
      '\r',
      '\n',
      'Host: a',
      ':',
      ' ',
      'content-length: ',
      '9'.repeat(12),
      '\0',
      'é',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 20 }), (parts) => {
        const head = read(parts.join(''));
        assert.ok(typeof head === 'string' || head.size > 0);
      }),
      { seed: 7, numRuns: 2000 },
    );
  });
});
