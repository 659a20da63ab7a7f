import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pod } from '#api/core/v1/pod.ts';
import { streamPath } from './exec.ts';
import { logOptionErrors, logPath } from './log.ts';
import { checkProxyable, containerOf, parseProxyName } from './names.ts';
import { requestHeaders, responseHeaders, splitProxyPath } from './proxy.ts';
import { rewriteHtml, rewriteUrl } from './rewrite.ts';
import { agentAddress, podPort, serviceEndpoints, servicePortName } from './target.ts';
import { closeFrame, dataFrame } from './websocket.ts';

const pod = (containers: object[], more: object = {}): Pod =>
  ({ metadata: { name: 'web', namespace: 'shop' }, spec: { containers, ...more } }) as unknown as Pod;

test('proxy names', () => {
  assert.deepEqual(parseProxyName('web'), { scheme: '', name: 'web', port: '' });
  assert.deepEqual(parseProxyName('web:80'), { scheme: '', name: 'web', port: '80' });
  assert.deepEqual(parseProxyName('https:web:'), { scheme: 'https', name: 'web', port: '' });
  assert.deepEqual(parseProxyName(':web:http'), { scheme: '', name: 'web', port: 'http' });
  assert.equal(parseProxyName('ftp:web:21'), undefined);
  assert.equal(parseProxyName('a:b:c:d'), undefined);
});

test('the container that is meant', () => {
  assert.equal(containerOf(pod([{ name: 'a' }]), null), 'a');
  assert.equal(containerOf(pod([{ name: 'a' }, { name: 'b' }]), 'b'), 'b');
  assert.equal(containerOf(pod([{ name: 'a' }], { initContainers: [{ name: 'i' }] }), 'i'), 'i');
  assert.throws(() => containerOf(pod([{ name: 'a' }, { name: 'b' }], { initContainers: [{ name: 'i' }] }), null), {
    message: 'a container name must be specified for pod web, choose one of: [a b] or one of the init containers: [i]',
  });
  assert.throws(() => containerOf(pod([{ name: 'a' }]), 'x'), { message: 'container x is not valid for pod web' });
});

test('addresses through which the server would talk to itself are refused', () => {
  for (const ip of ['10.1.2.3', '192.168.0.1', 'fd00::1']) assert.doesNotThrow(() => checkProxyable(ip));
  for (const ip of ['127.0.0.1', '169.254.169.254', '224.0.0.1', '::1', 'fe80::1', '', 'host']) {
    assert.throws(() => checkProxyable(ip), { message: 'address not allowed' });
  }
});

test('paths at the agent', () => {
  const one = pod([{ name: 'a' }]);
  assert.equal(
    logPath(one, 'a', new URLSearchParams('follow=true&container=a&tailLines=5')),
    '/containerLogs/shop/web/a?follow=true&tailLines=5',
  );
  assert.equal(
    streamPath('exec', one, new URLSearchParams('command=sh&command=-c&command=echo hi&stdin=true&stdout=true&stderr=false&tty=1')),
    '/exec/shop/web/a?input=1&output=1&tty=1&command=sh&command=-c&command=echo+hi',
  );
  assert.equal(
    streamPath('portforward', one, new URLSearchParams('ports=80,81&ports=82')),
    '/portForward/shop/web?port=80&port=81&port=82',
  );
});

test('log options', () => {
  const errors = (query: string): string[] => logOptionErrors(new URLSearchParams(query)).map((error) => error.field);
  assert.deepEqual(errors('tailLines=0&limitBytes=1&sinceSeconds=1&stream=Stdout'), []);
  assert.deepEqual(errors('tailLines=-1&limitBytes=0&sinceSeconds=0&stream=x'), ['tailLines', 'limitBytes', 'sinceSeconds', 'stream']);
  assert.deepEqual(errors('sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z'), ['']);
  assert.throws(() => errors('tailLines=x'), { code: 400 });
});

test('where an agent, a pod and a Service answer', () => {
  const node = (status: object) => ({ metadata: { name: 'n' }, status }) as unknown as Parameters<typeof agentAddress>[0];
  const addresses = [
    { type: 'Hostname', address: 'n' },
    { type: 'InternalIP', address: '10.0.0.1' },
  ];
  assert.deepEqual(agentAddress(node({ addresses, daemonEndpoints: { kubeletEndpoint: { Port: 1234 } } })), {
    address: '10.0.0.1',
    port: 1234,
  });
  assert.equal(agentAddress(node({ addresses })).port, 10250);
  assert.throws(() => agentAddress(node({})), { code: 503 });

  const ported = pod([{ name: 'a' }, { name: 'b', ports: [{ name: 'http', containerPort: 8080 }] }]);
  assert.equal(podPort(ported, ''), '8080');
  assert.equal(podPort(ported, '99'), '99');
  assert.equal(podPort(ported, 'http'), '8080');

  const service = {
    metadata: { name: 's' },
    spec: {
      ports: [
        { name: 'http', port: 80 },
        { name: 'x', port: 81 },
      ],
    },
  } as unknown as Parameters<typeof servicePortName>[0];
  assert.equal(servicePortName(service, '81'), 'x');
  assert.equal(servicePortName(service, 'http'), 'http');
  assert.equal(servicePortName(service, ''), '');
  assert.throws(() => servicePortName(service, '82'), { message: 'no service port 82 found for service "s"' });

  const slice = {
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080 }],
    endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'], conditions: { ready: false } }],
  } as unknown as Parameters<typeof serviceEndpoints>[0][number];
  assert.deepEqual(serviceEndpoints([slice], 'http'), [{ ip: '10.0.0.1', port: 8080 }]);
  assert.deepEqual(serviceEndpoints([slice], 'x'), []);
});

const rewriting = { prefix: '/api/v1/namespaces/n/pods/p/proxy', targetHost: '10.0.0.1:80', requestHost: 'api:6443' };

test('links lead back through the proxy', () => {
  assert.equal(rewriteUrl('/a?b#c', rewriting), '/api/v1/namespaces/n/pods/p/proxy/a?b#c');
  assert.equal(rewriteUrl('http://10.0.0.1:80/a', rewriting), '/api/v1/namespaces/n/pods/p/proxy/a');
  assert.equal(rewriteUrl('https://api:6443/a', rewriting), 'https://api:6443/api/v1/namespaces/n/pods/p/proxy/a');
  assert.equal(rewriteUrl('/api/v1/namespaces/n/pods/p/proxy/a', rewriting), '/api/v1/namespaces/n/pods/p/proxy/a');
  for (const same of ['a/b', 'http://example.com/', 'mailto:x@y', '#top', '']) assert.equal(rewriteUrl(same, rewriting), same);
  assert.equal(
    rewriteHtml('<A class="x" href="/rewriteme">t</A><p title="/no"><img src=\'/i.png\'>', rewriting),
    '<A class="x" href="/api/v1/namespaces/n/pods/p/proxy/rewriteme">t</A><p title="/no"><img src=\'/api/v1/namespaces/n/pods/p/proxy/i.png\'>',
  );
});

test('proxy paths keep what the client wrote', () => {
  assert.deepEqual(splitProxyPath('/api/v1/namespaces/n/pods/p/proxy/a%2Fb/c', 7), {
    prefix: '/api/v1/namespaces/n/pods/p/proxy',
    rest: '/a%2Fb/c',
  });
  assert.deepEqual(splitProxyPath('/api/v1/nodes/n/proxy', 5), { prefix: '/api/v1/nodes/n/proxy', rest: '' });
  assert.deepEqual(splitProxyPath('/api/v1/nodes/n/proxy/', 5), { prefix: '/api/v1/nodes/n/proxy', rest: '/' });
});

test('credentials and hop-by-hop headers stay here', () => {
  const call = {
    path: '/p',
    remoteAddress: '1.2.3.4',
    headers: { authorization: 'Bearer x', 'impersonate-user': 'y', connection: 'close', cookie: 'a=b', host: 'api', ':path': '/p' },
  } as unknown as Parameters<typeof requestHeaders>[0];
  assert.deepEqual(requestHeaders(call), {
    cookie: 'a=b',
    'x-forwarded-for': '1.2.3.4',
    'x-forwarded-uri': '/p',
    'x-forwarded-host': 'api',
    'x-forwarded-proto': 'https',
    'accept-encoding': 'identity',
  });
  assert.deepEqual(
    responseHeaders({ location: '/x', 'transfer-encoding': 'chunked', 'access-control-allow-origin': '*', a: 'b' }, rewriting),
    {
      location: `${rewriting.prefix}/x`,
      a: 'b',
    },
  );
});

test('WebSocket frames of every length class', () => {
  assert.deepEqual([...dataFrame(Buffer.from('hi'), true)], [0x81, 2, 104, 105]);
  assert.equal(dataFrame(Buffer.alloc(126), false).length, 4 + 126);
  assert.equal(dataFrame(Buffer.alloc(65_536), false).length, 10 + 65_536);
  assert.deepEqual([...closeFrame(1000)], [0x88, 2, 3, 232]);
});
