import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessOf } from './access.ts';
import { chooseProtocol, decodeChannel, encodeChannel, statusText } from './channels.ts';
import { logOptions } from './logs.ts';
import { resourceMetrics } from './metrics.ts';
import { parsePodPath } from './server.ts';
import { streamOptions } from './streamrequest.ts';
import { formatFrame, parseFrame } from './websocket.ts';

test('paths', () => {
  assert.deepEqual(parsePodPath('/exec/ns/pod/c'), { verb: 'exec', namespace: 'ns', pod: 'pod', container: 'c' });
  assert.deepEqual(parsePodPath('/exec/ns/pod/uid/c'), { verb: 'exec', namespace: 'ns', pod: 'pod', uid: 'uid', container: 'c' });
  assert.deepEqual(parsePodPath('/portForward/ns/pod'), { verb: 'portForward', namespace: 'ns', pod: 'pod', container: '' });
  assert.equal(parsePodPath('/exec/ns'), undefined);
  assert.equal(parsePodPath('/exec/ns/pod'), undefined);
});

test('what a request needs', () => {
  assert.deepEqual(accessOf('GET', '/stats/summary'), { verb: 'get', subresources: ['stats'] });
  assert.deepEqual(accessOf('GET', '/metrics/resource'), { verb: 'get', subresources: ['metrics'] });
  assert.deepEqual(accessOf('GET', '/pods'), { verb: 'get', subresources: ['pods', 'proxy'] });
  assert.deepEqual(accessOf('POST', '/run/ns/pod/c'), { verb: 'create', subresources: ['proxy'] });
  assert.deepEqual(accessOf('GET', '/'), { verb: 'get', subresources: ['proxy'] });
});

test('streams of a query', () => {
  assert.deepEqual(streamOptions(new URLSearchParams('input=1&output=1&error=1')), { stdin: true, stdout: true, stderr: true, tty: false });
  assert.deepEqual(streamOptions(new URLSearchParams('stdout=true&stderr=true&tty=true')), {
    stdin: false,
    stdout: true,
    stderr: false,
    tty: true,
  });
  assert.throws(() => streamOptions(new URLSearchParams('')), /you must specify at least 1 of stdin, stdout, stderr/);
});

test('log options', () => {
  const now = 100_000;
  assert.deepEqual(logOptions(new URLSearchParams('follow=true&tailLines=3&sinceSeconds=10'), now), {
    timestamps: false,
    previous: false,
    following: true,
    since: 90_000,
    tailLines: 3,
  });
  assert.throws(() => logOptions(new URLSearchParams('tailLines=-1'), now), /invalid tailLines/);
});

test('frames', () => {
  for (const size of [0, 125, 126, 65_535, 65_536]) {
    const data = Buffer.alloc(size, 7);
    const bytes = formatFrame(2, data);
    const parsed = parseFrame(Buffer.concat([bytes, Buffer.from([1])]));
    assert.equal(parsed?.size, bytes.length);
    assert.deepEqual(parsed?.frame, { final: true, op: 2, data });
    assert.equal(parseFrame(bytes.subarray(0, bytes.length - 1)), undefined);
  }
  const masked = Buffer.from([0x81, 0x82, 1, 2, 3, 4, 0x61 ^ 1, 0x62 ^ 2]);
  assert.equal(parseFrame(masked)?.frame.data.toString(), 'ab');
});

test('channels', () => {
  assert.equal(chooseProtocol(['x', 'v5.channel.k8s.io'])?.name, 'v5.channel.k8s.io');
  assert.equal(chooseProtocol(['x']), undefined);
  for (const name of ['v4.channel.k8s.io', 'v4.base64.channel.k8s.io']) {
    const protocol = chooseProtocol([name]);
    assert.ok(protocol);
    const message = encodeChannel(protocol, 1, Buffer.from('hi'));
    const part = decodeChannel(protocol, Buffer.from(message.data));
    assert.deepEqual([part?.number, part?.data.toString()], [1, 'hi']);
  }
  assert.equal(statusText('{"status":"Success"}'), '');
  assert.equal(statusText('{"status":"Failure","message":"exit 1"}'), 'exit 1');
});

test('resource metrics', () => {
  const summary = {
    node: { cpu: { usageCoreNanoSeconds: 2e9 } },
    pods: [{ podRef: { name: 'p', namespace: 'n' }, memory: { workingSetBytes: 5 } }],
  };
  const text = resourceMetrics(summary);
  assert.match(text, /^node_cpu_usage_seconds_total 2$/m);
  assert.match(text, /^pod_memory_working_set_bytes\{namespace="n",pod="p"\} 5$/m);
  assert.match(text, /^resource_scrape_error 0$/m);
});
