// The agent's HTTPS API on a real runtime: logs, exec, attach, port-forward.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { until } from '../../support/until.ts';
import { inNamespace, isReady, shellPod, startAgentNode } from './support.ts';

interface Session {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: {
    readonly status?: string;
    readonly message?: string;
    readonly details?: { readonly causes?: readonly { reason: string; message: string }[] };
  };
}

if (await inNamespace(import.meta.filename)) {
  test('the API of the agent', async (t) => {
    await using node = await startAgentNode();
    const base = `https://127.0.0.1:${node.agent.port}`;
    const { tls } = node;
    const get = async (path: string, cert = true): Promise<{ status: number; text: string }> => {
      const answer = await node.world.net.fetch(`${base}${path}`, { tls: cert ? tls : { ca: tls.ca } });
      return { status: answer.status, text: await answer.text() };
    };
    await node.createPod(
      shellPod(
        'web',
        'echo first; echo second >&2; echo third; echo page > /tmp/index.html; httpd -p 8080 -h /tmp; while read line; do echo "got $line"; done; sleep 1000',
        {
          container: { stdin: true, ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } },
        },
      ),
    );
    await node.until('web', isReady);

    /** Speaks a channel protocol; `stdin` is sent and closed. */
    const stream = (path: string, options: { protocol?: string; stdin?: string } = {}): Promise<Session> =>
      new Promise((resolve, reject) => {
        const protocol = options.protocol ?? 'v5.channel.k8s.io';
        const socket = new WebSocket(`${base.replace('https', 'wss')}${path}`, protocol, { ca: tls.ca, cert: tls.cert, key: tls.key });
        const channels = new Map<number, Buffer[]>();
        socket.on('message', (data: Buffer) => {
          const [number = 0] = data;
          channels.set(number, [...(channels.get(number) ?? []), data.subarray(1)]);
        });
        socket.on('open', () => {
          if (options.stdin === undefined) return;
          socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(options.stdin)]));
          socket.send(Buffer.from([255, 0]));
        });
        socket.on('error', reject);
        socket.on('close', () => {
          const text = (number: number): string => Buffer.concat(channels.get(number) ?? []).toString();
          resolve({ stdout: text(1), stderr: text(2), status: JSON.parse(text(3) || '{}') as Session['status'] });
        });
      });
    const command = (...words: string[]): string => words.map((word) => `command=${encodeURIComponent(word)}`).join('&');

    await t.test('only holders of a certificate may ask', async () => {
      assert.deepEqual(await get('/healthz'), { status: 200, text: 'ok' });
      assert.equal((await get('/healthz', false)).status, 401);
      assert.equal((await get('/nothing')).status, 404);
    });

    await t.test('the logs of the node itself', async () => {
      const page = await get('/logs/');
      assert.equal(page.status, 200);
      const [name = ''] = /(?<=<a href=")[^"/]+(?=")/.exec(page.text) ?? [];
      const { size } = statSync(`/var/log/${decodeURIComponent(name)}`);
      const file = await get(`/logs/${name}`);
      assert.equal(file.status, 200);
      assert.ok(Buffer.byteLength(file.text) >= Math.min(size, 1));
      assert.equal((await get('/logs/../../etc/passwd')).status, 404);
      assert.equal((await get('/logs/', false)).status, 401);
    });

    await t.test('logs: all, tail, bytes, times', async () => {
      const path = '/containerLogs/default/web/main';
      const all = async (): Promise<string> => (await get(path)).text.split('\n').sort().join();
      await until('all lines', async () => (await all()) === ',first,second,third');
      assert.equal((await get(`${path}?tailLines=1`)).text.split('\n').length, 2);
      assert.equal((await get(`${path}?limitBytes=3`)).text.length, 3);
      assert.match((await get(`${path}?timestamps=true&tailLines=1`)).text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z \w+\n$/);
      assert.equal((await get(`${path}?sinceSeconds=1&tailLines=0`)).text, '');
      assert.deepEqual(await get(`${path}?previous=true`), {
        status: 400,
        text: 'previous terminated container "main" in pod "web" not found',
      });
      assert.deepEqual(await get('/containerLogs/default/web/none'), { status: 404, text: 'container "none" not found in pod "web"' });
    });

    await t.test('logs are followed to the end of the container', async () => {
      await node.createPod(
        shellPod('steps', 'echo 1; until [ -e /tmp/go ]; do sleep 0.1; done; echo 2; echo 3', { spec: { restartPolicy: 'Never' } }),
      );
      await node.until('steps', (pod) => pod.status?.phase === 'Running');
      const following = get('/containerLogs/default/steps/main?follow=true');
      await stream(`/exec/default/steps/main?output=1&${command('touch', '/tmp/go')}`);
      assert.equal((await following).text, '1\n2\n3\n');
    });

    await t.test('exec: output, exit code, standard input', async () => {
      const done = await stream(`/exec/default/web/main?output=1&error=1&${command('sh', '-c', 'echo out; echo err >&2')}`);
      assert.deepEqual([done.stdout, done.stderr, done.status.status], ['out\n', 'err\n', 'Success']);
      const failed = await stream(`/exec/default/web/main?output=1&error=1&${command('sh', '-c', 'exit 5')}`);
      assert.equal(failed.status.status, 'Failure');
      assert.deepEqual(failed.status.details?.causes, [{ reason: 'ExitCode', message: '5' }]);
      const cat = await stream(`/exec/default/web/main?input=1&output=1&${command('cat')}`, { stdin: 'through and back' });
      assert.equal(cat.stdout, 'through and back');
      const big = await stream(`/exec/default/web/main?output=1&${command('dd', 'if=/dev/zero', 'bs=1M', 'count=8')}`);
      assert.equal(big.stdout.length, 8 * 1024 * 1024);
      const old = await stream(`/exec/default/web/main?output=1&${command('echo', 'hi')}`, { protocol: 'v4.channel.k8s.io' });
      assert.equal(old.stdout, 'hi\n');
    });

    await t.test('attach reaches the main process', async () => {
      const session = stream('/attach/default/web/main?input=1&output=1', { stdin: 'hello\n' });
      session.catch(() => undefined);
      await until('it says so', async () => /got hello/.test((await get('/containerLogs/default/web/main?tailLines=1')).text));
    });

    await t.test('port-forward by channels', async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = new WebSocket(`${base.replace('https', 'wss')}/portForward/default/web?port=8080`, 'v4.channel.k8s.io', {
          ca: tls.ca,
          cert: tls.cert,
          key: tls.key,
        });
        let text = '';
        let headers = 0;
        socket.on('error', reject);
        socket.on('message', (data: Buffer) => {
          if (headers++ < 2) {
            assert.equal(data.readUInt16LE(1), 8080);
            if (headers === 2) socket.send(Buffer.concat([Buffer.from([0]), Buffer.from('GET /index.html HTTP/1.0\r\n\r\n')]));
            return;
          }
          if (data[0] === 0) text += data.subarray(1).toString();
          if (text.includes('page')) {
            socket.close();
            resolve(text);
          }
        });
      });
      assert.match(answer, /^HTTP\/1\.[01] 200 OK/);
    });

    await t.test('pods and metrics', async () => {
      const pods = JSON.parse((await get('/pods')).text) as { items: { metadata: { name: string } }[] };
      assert.ok(pods.items.some((pod) => pod.metadata.name === 'web'));
      assert.match((await get('/metrics')).text, /^kubelet_running_pods \d+$/m);
    });
  });
}
