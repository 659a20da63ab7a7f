import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcRequest, servingStatus } from './grpchealth.ts';
import { ProbeJudge } from './judge.ts';
import { dialText } from './prober.ts';
import { httpTarget, portNumber } from './target.ts';

test('thresholds', () => {
  const judge = new ProbeJudge('readiness', { successThreshold: 2, failureThreshold: 3 });
  const notes = ['success', 'success', 'failure', 'failure', 'success', 'failure', 'failure', 'failure', 'success'] as const;
  assert.equal(judge.verdict, 'failure');
  assert.deepEqual(
    notes.map((note) => judge.note(note)),
    [false, true, false, false, false, false, false, true, false],
  );
  assert.equal(new ProbeJudge('liveness', {}).verdict, 'success');
  assert.equal(new ProbeJudge('startup', {}).verdict, 'unknown');
});

test('targets', () => {
  const container = { name: 'c', ports: [{ name: 'http', containerPort: 8080 }] };
  assert.equal(portNumber('http', container), 8080);
  assert.equal(portNumber('81', container), 81);
  assert.throws(() => portNumber('x', container), /couldn't find port: x/);
  assert.throws(() => portNumber(0, container), /invalid port number: 0/);
  const headers = [{ name: 'Host', value: 'h' }];
  assert.deepEqual(httpTarget({ port: 1, path: 'p', scheme: 'HTTPS', httpHeaders: headers }, { ip: 'fd00::1', port: 443 }), {
    url: 'https://[fd00::1]:443/p',
    headers: { host: 'h' },
  });
});

test('gRPC health messages', () => {
  assert.deepEqual([...grpcRequest('ab')], [10, 2, 97, 98]);
  assert.equal(servingStatus(new Uint8Array([8, 1])), 'SERVING');
  assert.equal(servingStatus(new Uint8Array([8, 2])), 'NOT_SERVING');
  assert.equal(servingStatus(new Uint8Array()), 'UNKNOWN');
});

test('errors in Go words', () => {
  assert.equal(
    dialText(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), '1.2.3.4:80'),
    'dial tcp 1.2.3.4:80: connect: connection refused',
  );
});
