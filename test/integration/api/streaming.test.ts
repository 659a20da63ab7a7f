// The API server's half of streaming: what reaches a node's agent or a pod, and what comes back. Agent and pod are small
// servers of this test over real sockets; the real agent with real containers is tried end to end.
import assert from 'node:assert/strict';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { Nodes, Pods } from '#api/refs.ts';
import type { HttpRequest, HttpServer } from '#base/net.ts';
import { type HttpsApi, startHttpsApi } from '../../support/https.ts';
import { kubectlFor } from '../../support/kubectl.ts';

let https: HttpsApi;
let agent: HttpServer;
let web: HttpServer;
let podIp: string | undefined;
const seen: { method: string; url: string; headers: HttpRequest['headers']; user: string | undefined; body: string }[] = [];

async function record(request: HttpRequest): Promise<string> {
  let body = '';
  if (request.method !== 'GET') for await (const chunk of request.body) body += Buffer.from(chunk).toString();
  seen.push({ method: request.method, url: request.url, headers: request.headers, user: request.peer?.commonName, body });
  return body;
}

before(async () => {
  https = await startHttpsApi();
  const { world, client } = https.api;
  const identity = await https.pki.identity('node-n1', {
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    ips: ['127.0.0.1'],
    usages: ['server', 'client'],
  });
  agent = await world.net.serveHttp(
    { host: '127.0.0.1', port: 0, tls: { cert: identity.cert, key: identity.key, clientCa: https.pki.ca.cert } },
    {
      request(request, reply) {
        void record(request);
        if (request.url.includes('/waiting')) {
          reply.send(400, { 'content-type': 'text/plain' }, 'container "waiting" in pod "web" is waiting to start: ContainerCreating');
          return;
        }
        const writer = reply.stream(200, { 'content-type': 'text/plain' });
        writer.write('first line\n');
        writer.write('second line\n');
        writer.end();
      },
      upgrade(request, socket) {
        void record(request);
        void (async () => {
          if (request.url.startsWith('/exec/default/web/refused')) {
            await socket.write(Buffer.from('HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot there'));
            socket.end();
            return;
          }
          await socket.write(
            Buffer.from(
              `HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: v4.channel.k8s.io\r\n\r\n`,
            ),
          );
          for await (const chunk of socket.readable) {
            const text = Buffer.from(chunk).toString();
            await socket.write(Buffer.from(text.toUpperCase()));
            if (text.includes('quit')) break;
          }
          await socket.write(Buffer.from('bye'));
          socket.end();
        })().catch(() => socket.destroy()); // a client that left: nobody hears the bye
      },
    },
  );
  podIp = world.net.addresses().find((entry) => !entry.internal && entry.family === 4)?.address;
  web = await world.net.serveHttp(
    { host: '0.0.0.0', port: 0 },
    {
      request(request, reply) {
        void record(request).then((body) => {
          if (request.url.startsWith('/redirect')) reply.send(302, { location: '/there?x=1' });
          else if (request.url.startsWith('/page')) reply.send(200, { 'content-type': 'text/html' }, '<a href="/rewriteme">test</a>');
          else
            reply.send(
              request.url.startsWith('/teapot') ? 418 : 200,
              { 'content-type': 'text/plain', 'x-own': 'yes' },
              `${request.method} ${request.url} ${body}`,
            );
        });
      },
    },
  );

  const nodes = client.resource(Nodes);
  const node = await nodes.create({ metadata: { name: 'n1' } });
  await nodes.updateStatus({
    ...node,
    status: {
      ...node.status,
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: agent.port } },
    },
  });
  const pods = client.resource(Pods);
  const containers = ['main', 'waiting', 'refused'].map((name) => ({ name, image: 'x' }));
  const pod = await pods.create({ metadata: { name: 'web', namespace: 'default' }, spec: { nodeName: 'n1', containers } });
  await pods.updateStatus({ ...pod, status: { ...pod.status, phase: 'Running', podIP: podIp, podIPs: podIp ? [{ ip: podIp }] : [] } });
  await pods.create({ metadata: { name: 'nowhere', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'x' }] } });
});
after(async () => {
  await https[Symbol.asyncDispose]();
  await agent.close(100);
  await web.close(100);
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}
interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly anonymous?: boolean;
}

function open(path: string, { method = 'GET', headers = {}, body, anonymous }: Asked = {}) {
  const { pki } = https;
  const request = httpsRequest(https.server + path, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
    ca: pki.ca.cert,
    agent: false,
    ...(anonymous ? {} : { cert: pki.admin.cert, key: pki.admin.key }),
  });
  request.end(body);
  return request;
}

function ask(path: string, asked?: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = open(path, asked);
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
  });
}

function upgrade(
  path: string,
  headers: Readonly<Record<string, string>>,
  method = 'POST',
): Promise<{ stream: Duplex; headers: IncomingMessage['headers'] } | Answer> {
  return new Promise((resolve, reject) => {
    const request = open(path, { method, headers: { connection: 'Upgrade', ...headers } });
    request.on('error', reject);
    request.on('upgrade', (response, stream, head) => {
      if (head.length) stream.unshift(head);
      resolve({ stream, headers: response.headers });
    });
    request.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += String(chunk);
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
  });
}

const pods = '/api/v1/namespaces/default/pods';

test('logs come from the agent, which knows us by certificate', async () => {
  const answer = await ask(`${pods}/web/log?container=main&tailLines=2`);
  assert.deepEqual([answer.status, answer.text], [200, 'first line\nsecond line\n']);
  assert.equal(seen.at(-1)?.url, '/containerLogs/default/web/main?tailLines=2');
  assert.equal(seen.at(-1)?.user, 'kube-apiserver-kubelet-client');
});

test('refusals of log requests', async () => {
  const message = async (path: string): Promise<string> =>
    `${JSON.parse((await ask(path)).text).code} ${JSON.parse((await ask(path)).text).message}`;
  assert.equal(
    await message(`${pods}/web/log`),
    '400 a container name must be specified for pod web, choose one of: [main waiting refused]',
  );
  assert.equal(await message(`${pods}/web/log?container=none`), '400 container none is not valid for pod web');
  assert.equal(await message(`${pods}/none/log`), '404 pods "none" not found');
  assert.equal(
    await message(`${pods}/web/log?container=waiting`),
    '400 container "waiting" in pod "web" is waiting to start: ContainerCreating',
  );
  assert.equal(
    await message(`${pods}/web/log?container=main&tailLines=-1`),
    '422 PodLogOptions "" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0',
  );
  assert.equal((await ask(`${pods}/nowhere/log`)).status, 204);
});

test('logs over WebSocket', async () => {
  const result = await upgrade(
    `${pods}/web/log?container=main`,
    {
      upgrade: 'websocket',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'binary.k8s.io',
    },
    'GET',
  );
  assert.ok('stream' in result);
  assert.equal(result.headers['sec-websocket-accept'], 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
  assert.equal(result.headers['sec-websocket-protocol'], 'binary.k8s.io');
  const chunks: Buffer[] = [];
  for await (const chunk of result.stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  assert.equal(bytes[0], 0x82);
  assert.match(bytes.toString('latin1'), /first line\n/);
  assert.deepEqual([...bytes.subarray(-4)], [0x88, 2, 3, 232]);
});

test('exec is passed through, both ways, until both ends have finished', async () => {
  const result = await upgrade(`${pods}/web/exec?container=main&command=sh&command=-c&command=a%20b&stdin=true&stdout=true`, {
    upgrade: 'SPDY/3.1',
    'x-stream-protocol-version': 'v4.channel.k8s.io',
  });
  assert.ok('stream' in result);
  assert.equal(seen.at(-1)?.url, '/exec/default/web/main?input=1&output=1&command=sh&command=-c&command=a+b');
  assert.equal(result.headers['x-stream-protocol-version'], 'v4.channel.k8s.io');
  result.stream.write('hello, quit');
  let text = '';
  for await (const chunk of result.stream) text += String(chunk);
  assert.equal(text, 'HELLO, QUITbye');
});

test('port-forward and attach reach the agent under its own names', async () => {
  for (const [path, url] of [
    [`${pods}/web/portforward?ports=80`, '/portForward/default/web?port=80'],
    [`${pods}/web/attach?container=main&stdin=1&tty=true&stdout=true`, '/attach/default/web/main?input=1&output=1&tty=1'],
  ] as const) {
    const result = await upgrade(path, { upgrade: 'SPDY/3.1' });
    assert.ok('stream' in result, path);
    assert.equal(seen.at(-1)?.url, url);
    result.stream.destroy();
  }
});

test('refused upgrades are answered with a Status', async () => {
  const status = async (path: string): Promise<string> => {
    const result = await upgrade(path, { upgrade: 'SPDY/3.1' });
    assert.ok('status' in result);
    return `${result.status} ${JSON.parse(result.text).message}`;
  };
  assert.equal(await status(`${pods}/nowhere/exec?command=ls&stdout=1`), '400 pod nowhere does not have a host assigned');
  assert.equal(await status(`${pods}/none/exec?command=ls&stdout=1`), '404 pods "none" not found');
  assert.match(await status(`${pods}/web/exec?container=refused&command=ls&stdout=1`), /^404 .*not there$/);
  const plain = await ask(`${pods}/web/exec?container=main&command=ls`, { method: 'POST' });
  assert.deepEqual([plain.status, JSON.parse(plain.text).message], [400, 'Upgrade request required']);
});

test('reading a pod is not enough to run commands over WebSocket', async () => {
  const k = kubectlFor(https.kubeconfig);
  await k.ok('create', 'role', 'getter', '--verb=get', '--resource=pods,pods/exec');
  await k.ok('create', 'rolebinding', 'getter', '--role=getter', '--user=jane');
  const result = await upgrade(
    `${pods}/web/exec?container=main&command=ls&stdout=1`,
    { upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13', 'impersonate-user': 'jane' },
    'GET',
  );
  assert.ok('status' in result);
  assert.equal(result.status, 403);
  assert.match(
    JSON.parse(result.text).message,
    /User "jane" cannot create resource "pods\/exec" in API group "" in the namespace "default"/,
  );
});

test('the proxy of a pod: every verb, path and query, links and redirects', async (t) => {
  if (podIp === undefined) {
    t.skip('this machine has no address besides loopback');
    return;
  }
  const proxy = `${pods}/web:${web.port}/proxy`;
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await ask(`${proxy}/a%2Fb/c?q=1`, { method, ...(method === 'GET' ? {} : { body: 'data' }) });
    assert.deepEqual([answer.status, answer.text], [200, `${method} /a%2Fb/c?q=1 ${method === 'GET' ? '' : 'data'}`], method);
    assert.equal(answer.headers['x-own'], 'yes');
  }
  assert.equal((await ask(`${proxy}/teapot`)).status, 418);
  assert.equal((await ask(`${proxy}/redirect`)).headers.location, `${proxy}/there?x=1`);
  assert.equal((await ask(`${proxy}/page`)).text, `<a href="${proxy}/rewriteme">test</a>`);
  const root = await ask(`${proxy}?x=1`);
  assert.deepEqual([root.status, root.headers.location], [301, `${proxy}/?x=1`]);
  const head = await ask(`${proxy}/x`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.text], [200, '']);
  await ask(`${proxy}/x`, { headers: { authorization: 'Basic x', 'x-mine': 'kept' } });
  assert.equal(seen.at(-1)?.headers['authorization'], undefined);
  assert.equal(seen.at(-1)?.headers['x-mine'], 'kept');
  const closed = await ask(`${pods}/web:1/proxy/`);
  assert.equal(closed.status, 503);
  assert.match(JSON.parse(closed.text).message, /^error trying to reach service: /);
});

test('the proxy of a Service goes to a ready endpoint', async (t) => {
  if (podIp === undefined) {
    t.skip('this machine has no address besides loopback');
    return;
  }
  const k = kubectlFor(https.kubeconfig);
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'front' }, spec: { ports: [{ name: 'http', port: 80 }] } };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'front-1', labels: { 'kubernetes.io/service-name': 'front' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [podIp] }],
    ports: [{ name: 'http', port: web.port }],
  };
  await k.pipe(JSON.stringify(service), 'create', '-f', '-');
  const empty = await ask('/api/v1/namespaces/default/services/front/proxy/');
  assert.equal(JSON.parse(empty.text).message, 'no endpoints available for service "front"');
  await k.pipe(JSON.stringify(slice), 'create', '-f', '-');
  for (const name of ['front', 'front:80', 'front:http', 'http:front:http']) {
    const answer = await ask(`/api/v1/namespaces/default/services/${name}/proxy/x`);
    assert.deepEqual([answer.status, answer.text], [200, 'GET /x '], name);
  }
  const wrong = await ask('/api/v1/namespaces/default/services/front:81/proxy/');
  assert.equal(JSON.parse(wrong.text).message, 'no service port 81 found for service "front"');
});

test('the proxy of a node is its agent', async () => {
  const answer = await ask('/api/v1/nodes/n1/proxy/logs/');
  assert.equal(answer.status, 200);
  assert.equal(seen.at(-1)?.url, '/logs/');
});

test('nobody streams without being allowed to', async () => {
  const answer = await ask(`${pods}/web/log?container=main`, { anonymous: true });
  assert.equal(answer.status, 403);
  assert.match(JSON.parse(answer.text).message, /User "system:anonymous" cannot get resource "pods\/log"/);
});
