// Large and many streams through stock kubectl, new (WebSocket) and old (SPDY): cp, port-forward, exec, logs across rotation.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Pods } from '#api/refs.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { kubectlPath, otherKubectls, runCommand } from '../../support/kubectl.ts';
import { until } from '../../support/until.ts';
import { busybox, inSpace, isReady, pod, shell, type Space } from '../conformance/support.ts';

const size = 100 * 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'tutti-streams-'));
const file = join(folder, 'data');
let sum = '';
let cluster: TestCluster;

before(async () => {
  cluster = await startCluster();
  // Every block of its own, so that one that is lost, doubled or moved is noticed.
  const block = randomBytes(1024 * 1024);
  const hash = createHash('sha256');
  const parts = Array.from({ length: size / block.length }, (_, index) => {
    const part = Buffer.from(block);
    part.writeUInt32BE(index, 0);
    hash.update(part);
    return part;
  });
  sum = hash.digest('hex');
  writeFileSync(file, Buffer.concat(parts));
});
after(async () => {
  await cluster?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

// 1.27 knows SPDY only; the newest prefers WebSockets.
const oldest = otherKubectls().toSorted((a, b) => Number(a.version.slice(2)) - Number(b.version.slice(2)))[0];
const versions = [{ version: '1.35', path: kubectlPath() }, ...(oldest ? [oldest] : [])];

function runner(space: Space, path: string) {
  const env = { KUBECONFIG: space.cluster.kubeconfig, HOME: folder };
  return {
    env,
    run: (...args: string[]) => runCommand(path, ['-n', space.namespace, ...args], { env, timeout: 300_000 }),
    start: (...args: string[]) => spawn(path, ['-n', space.namespace, ...args], { env: { ...process.env, ...env } }),
  };
}

async function digest(stream: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of stream) hash.update(part);
  return hash.digest('hex');
}

describe('streams', { concurrency: 4 }, () => {
  for (const { version, path } of versions) {
    // Clients ping every five seconds: such pings come when the command has long ended and its output is still on the way.
    test(`who reads slowly reads everything: kubectl ${version}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, pod('p', shell('sleep 10000')));
        await space.until(Pods, 'p', isReady);
        const { env } = runner(space, path);
        const read = async (megabytes: number): Promise<number> => {
          const command = `${path} -n ${space.namespace} exec p -- head -c ${megabytes * 1_000_000} /dev/zero | (sleep 11; wc -c)`;
          const { stdout, stderr } = await runCommand('sh', ['-c', command], { env, timeout: 300_000 });
          assert.match(stdout, /^\d+\n$/, stderr);
          return Number(stdout) / 1_000_000;
        };
        const sizes = [1, 3, 6, 10];
        assert.deepEqual(await Promise.all(sizes.map(read)), sizes);
      }));
  }

  // First, for it waits much and works little.
  test('a log is followed across its rotation, line by line, to the end', () =>
    inSpace(cluster, async (space) => {
      // More than two files' worth, over several looks of the rotation.
      const script = 'i=0; while [ $i -lt 26 ]; do seq 1 80000 | sed "s/^/$i /"; i=$((i+1)); sleep 1; done; echo the end';
      await space.create(Pods, pod('p', shell(script)));
      await space.until(Pods, 'p', (now) => now.status?.phase === 'Running');
      const { start } = runner(space, kubectlPath());
      const child = start('logs', '-f', 'p');
      let count = 0;
      let last = '';
      let rest = '';
      let gaps = 0;
      const expected = (line: string): string => {
        const [round = 0, number = 0] = line.split(' ').map(Number);
        return number < 80_000 ? `${round} ${number + 1}` : round < 25 ? `${round + 1} 1` : 'the end';
      };
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (last !== '' && line !== expected(last)) gaps++;
          last = line;
          count++;
        }
      });
      const [code] = (await once(child, 'close')) as [number];
      assert.equal(code, 0);
      assert.equal(last, 'the end');
      assert.equal(gaps, 0);
      assert.equal(count, 26 * 80_000 + 1);
    }));

  for (const { version, path } of versions) {
    test(`100 MB through cp, both ways: kubectl ${version}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, pod('p', shell('sleep 10000')));
        await space.until(Pods, 'p', isReady);
        const { run } = runner(space, path);
        const sent = await run('cp', file, 'p:/tmp/data', '--retries=0');
        assert.equal(sent.code, 0, sent.stderr);
        assert.equal((await space.exec('p', 'sha256sum', '/tmp/data')).split(' ')[0], sum);
        const back = join(folder, `back-${version}`);
        const got = await run('cp', 'p:/tmp/data', back, '--retries=0');
        assert.equal(got.code, 0, got.stderr);
        assert.equal(await digest(createReadStream(back)), sum);
        rmSync(back);
      }));

    test(`100 MB and many connections through port-forward: kubectl ${version}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, pod('p', shell('mkdir /www; echo page > /www/page; exec httpd -f -p 8080 -h /www')));
        await space.until(Pods, 'p', isReady);
        const { run, start } = runner(space, path);
        assert.equal((await run('cp', file, 'p:/www/data')).code, 0);
        const child = start('port-forward', 'pod/p', ':8080');
        const closed = once(child, 'close');
        let said = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
        try {
          const port = await until('forwarding', () => /Forwarding from 127\.0\.0\.1:(\d+)/.exec(said)?.[1]);
          const get = (name: string): Promise<string> =>
            new Promise((resolve, reject) => {
              const asked = request({ host: '127.0.0.1', port, path: `/${name}`, agent: false }, (answer) =>
                digest(answer).then(resolve, reject),
              );
              asked.on('error', reject).end();
            });
          const page = createHash('sha256').update('page\n').digest('hex');
          const [data, ...pages] = await Promise.all([get('data'), ...Array.from({ length: 20 }, () => get('page'))]);
          assert.equal(data, sum);
          assert.ok(
            pages.every((one) => one === page),
            said,
          );
        } finally {
          child.kill();
          await closed;
        }
      }));
  }

  for (const { version, path } of versions) {
    test(`exec, attach, run, logs, top and debug: kubectl ${version}`, () =>
      inSpace(cluster, async (space) => {
        await space.create(Pods, pod('p', shell('echo first; sleep 1; echo second >&2; sleep 10000')));
        await space.until(Pods, 'p', isReady);
        const { env, start } = runner(space, path);
        const run = (args: readonly string[], input?: string) =>
          runCommand(path, ['-n', space.namespace, ...args], { env, timeout: 300_000, ...(input === undefined ? {} : { input }) });
        const ok = async (args: readonly string[], input?: string): Promise<string> => {
          const result = await run(args, input);
          assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}${result.stdout}`);
          return result.stdout;
        };

        const failed = await run(['exec', 'p', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']);
        assert.deepEqual([failed.code, failed.stdout], [7, 'out\n']);
        assert.match(failed.stderr, /^err\ncommand terminated with exit code 7$/m);
        const lines = 'a line of input\n'.repeat(50_000);
        assert.equal(await ok(['exec', '-i', 'p', '--', 'cat'], lines), lines);
        const command = `${path} -n ${space.namespace} exec -it p -- sh -c 'tty; echo done'`;
        const session = await runCommand('script', ['-qec', command, '/dev/null'], { env });
        // The end of `script`'s own input may come as a character that is echoed in between.
        assert.match(session.stdout, /\/dev\/pts\/\d+\r\n(\^@)?done\r\n/);

        const single = [
          'run',
          'once',
          `--image=${busybox}`,
          '--image-pull-policy=IfNotPresent',
          '-i',
          '--rm',
          '--restart=Never',
          '--quiet',
          '--pod-running-timeout=4m',
        ];
        assert.match(await ok([...single, '--', 'sed', 's/^/got /'], 'line\n'), /got line\n/);
        const ticking = 'until [ -e /tmp/go ]; do echo tick; sleep 0.1; done; echo the end';
        await space.create(Pods, pod('ticks', shell(ticking), { spec: { restartPolicy: 'Never' } }));
        await space.until(Pods, 'ticks', isReady);
        const attached = start('attach', 'ticks');
        const closed = once(attached, 'close');
        let heard = '';
        for (const stream of [attached.stdout, attached.stderr]) stream.on('data', (chunk) => (heard += String(chunk)));
        await until('it is heard', () => heard.includes('tick\n'));
        await ok(['exec', 'ticks', '--', 'touch', '/tmp/go']);
        await closed;
        assert.match(heard, /the end\n/);

        await until('its words', async () => (await ok(['logs', 'p'])) === 'first\nsecond\n');
        assert.equal(await ok(['logs', 'p', '--tail=1']), 'second\n');
        assert.match(await ok(['logs', '-f', 'ticks', '--timestamps']), /^\d{4}-\S+Z the end$/m);
        assert.match((await run(['logs', 'p', '--previous'])).stderr, /previous terminated container "[^"]+" in pod "p" not found/);

        const debug = ['debug', 'p', `--image=${busybox}`, '--image-pull-policy=IfNotPresent', '-c', 'dbg', '--'];
        await ok([...debug, 'sh', '-c', 'echo inside; sleep 10000']);
        await until('it says something', async () => (await run(['logs', 'p', '-c', 'dbg'])).stdout === 'inside\n');
        assert.equal(await ok(['exec', 'p', '-c', 'dbg', '--', 'echo', 'word']), 'word\n');

        await until('metrics', async () => (await run(['top', 'pod', 'p'])).code === 0);
        assert.match(await ok(['top', 'pod', 'p', '--containers']), /^p +\S+ +\d+m +\d+Mi *$/m);
      }));
  }

  test('twenty commands at once, each with its input, output and exit code', () =>
    inSpace(cluster, async (space) => {
      await space.create(Pods, pod('p', shell('sleep 10000')));
      await space.until(Pods, 'p', isReady);
      const { env } = runner(space, kubectlPath());
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          runCommand(kubectlPath(), ['-n', space.namespace, 'exec', '-i', 'p', '--', 'sh', '-c', `cat; echo err >&2; exit ${index}`], {
            env,
            input: `text ${index}\n`.repeat(1000),
            timeout: 300_000,
          }),
        ),
      );
      for (const [index, result] of results.entries()) {
        assert.equal(result.stdout, `text ${index}\n`.repeat(1000));
        assert.match(result.stderr, /^err$/m);
        assert.equal(result.code, index);
      }
    }));
});
