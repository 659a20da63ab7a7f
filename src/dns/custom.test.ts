import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noCustomNames, parseCustomNames, serversFor } from './custom.ts';
import { splitServer } from './upstream.ts';

test('stub domains, upstream servers and rewrites are read; mistakes are told', () => {
  const custom = parseCustomNames({
    stubDomains: '{"acme.local": ["192.0.2.1"], "Deep.ACME.local.": ["192.0.2.2", "192.0.2.3"]}',
    upstreamNameservers: '["192.0.2.9"]',
    rewrites: '{"old.example.org": "new.example.org."}',
  });
  assert.deepEqual(serversFor(custom, 'www.acme.local', ['192.0.2.8']), ['192.0.2.1']);
  assert.deepEqual(serversFor(custom, 'a.deep.acme.local.', ['192.0.2.8']), ['192.0.2.2', '192.0.2.3']);
  assert.deepEqual(serversFor(custom, 'notacme.local', ['192.0.2.8']), ['192.0.2.9']);
  assert.equal(custom.rewrites.get('old.example.org'), 'new.example.org');
  assert.deepEqual(serversFor(noCustomNames, 'x.org', ['192.0.2.8']), ['192.0.2.8']);
  assert.deepEqual(parseCustomNames(undefined), noCustomNames);
  assert.equal(parseCustomNames({ searchPaths: 'false' }).walk, false);
  const mistakes: Record<string, string>[] = [
    { stubDomains: '{' },
    { stubDomains: '["a"]' },
    { stubDomains: '{"a": "b"}' },
    { upstreamNameservers: '{}' },
    { searchPaths: 'no' },
  ];
  for (const data of mistakes) assert.throws(() => parseCustomNames(data));
});

test('servers with and without a port', () => {
  assert.deepEqual(splitServer('192.0.2.1'), { host: '192.0.2.1', port: 53 });
  assert.deepEqual(splitServer('192.0.2.1:5353'), { host: '192.0.2.1', port: 5353 });
  assert.deepEqual(splitServer('fd00::1'), { host: 'fd00::1', port: 53 });
  assert.deepEqual(splitServer('[fd00::1]:5353'), { host: 'fd00::1', port: 5353 });
});
