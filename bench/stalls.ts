// How long does anything keep the loop of the control plane to itself when there are 100,000 objects? The whole control plane over
// https, its clients in a process of their own. A stall is processor time of the main thread between two turns of the loop: what
// other programs of the machine take does not count. Run: node bench/stalls.ts [objects]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createWorld } from '#host/world.ts';
import { upOptions } from '../src/cmd/options.ts';
import { up } from '../src/cmd/up.ts';

interface Access {
  readonly server: string;
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Bytes of data in an object. */
const size = 600;

if (process.argv[2] === 'server') await serve(process.argv[3] ?? '');
else await main(Number(process.argv[2] ?? 100_000));

/** A control plane that tells the longest stall between two questions. */
async function serve(dataDir: string): Promise<void> {
  const begun = process.threadCpuUsage();
  const world = createWorld({ logLevel: 'error' });
  const options = upOptions({ dataDir, apiPort: '0', nodes: 'none' }, { root: false, hostName: 'bench', dataDir });
  const cluster = await up(world, options, () => {});
  const { control } = cluster;
  let before = process.threadCpuUsage(begun);
  let longest = 0;
  setInterval(() => {
    const now = process.threadCpuUsage(begun);
    longest = Math.max(longest, now.user + now.system - before.user - before.system);
    before = now;
  }, 1);
  const tls = { ca: control.pki.ca.cert, cert: control.pki.admin.cert, key: control.pki.admin.key };
  process.send?.({ server: control.server, tls } satisfies Access);
  process.on('message', async (question) => {
    if (question === 'stop') {
      await cluster[Symbol.asyncDispose]();
      process.exit();
    }
    process.send?.(Math.round(longest / 100) / 10);
    longest = 0;
  });
}

async function main(objects: number): Promise<void> {
  const dataDir = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'tutti-bench-'));
  const server = fork(import.meta.filename, ['server', dataDir]);
  try {
    const [{ server: url, tls }] = (await once(server, 'message')) as [Access];
    const world = createWorld({ logLevel: 'error' });
    const ask = async (question: string): Promise<number> => {
      server.send(question);
      const [answer] = (await once(server, 'message')) as [number];
      return answer;
    };
    const send = async (method: string, path: string, body?: object, accept = 'application/json'): Promise<Uint8Array> => {
      const headers = { accept, 'content-type': 'application/json' };
      const answer = await world.net.fetch(url + path, { method, headers, tls, ...(body ? { body: JSON.stringify(body) } : {}) });
      const bytes = await answer.bytes();
      if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${Buffer.from(bytes).toString().slice(0, 300)}`);
      return bytes;
    };
    const base = '/api/v1/namespaces/default/configmaps';
    const stalls: Record<string, number> = {};
    const measure = async (name: string, work: () => Promise<unknown>): Promise<void> => {
      await ask('');
      await work();
      stalls[name] = await ask('');
    };
    await measure('fill', async () => {
      let next = 0;
      const one = async (): Promise<void> => {
        while (next < objects) {
          const name = `m-${next++}`;
          await send('POST', base, {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name, labels: { third: String(next % 3) } },
            data: { v: 'x'.repeat(size) },
          });
        }
      };
      await Promise.all(Array.from({ length: 16 }, one));
    });
    await measure('list', () => send('GET', base));
    await measure('listProtobuf', () => send('GET', base, undefined, 'application/vnd.kubernetes.protobuf'));
    await measure('listTable', () => send('GET', base, undefined, 'application/json;as=Table;v=v1;g=meta.k8s.io'));
    await measure('listSelected', () => send('GET', `${base}?labelSelector=third%3D1`));
    const metadata = (type: string): string => `${type};as=PartialObjectMetadataList;v=v1;g=meta.k8s.io`;
    await measure('listMetadata', () => send('GET', base, undefined, metadata('application/json')));
    await measure('listMetadataProtobuf', () => send('GET', base, undefined, metadata('application/vnd.kubernetes.protobuf')));
    await measure('listPage', () => send('GET', `${base}?limit=500`));
    const withState = `${base}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=5`;
    await measure('watchWithState', () => send('GET', withState));
    await measure('watchSelected', () => send('GET', `${withState}&labelSelector=third%3D1`));
    await measure('quiet', () => world.clock.sleep(15_000));
    // All at once would take longer than any request may.
    const part = 5_000;
    await measure('deleteAll', async () => {
      for (let gone = 0; gone < objects; gone += part) await send('DELETE', `${base}?limit=${part}`);
    });
    const line = JSON.stringify({ bench: 'stalls', objects, cpuMs: stalls });
    console.log(line);
    appendFileSync(resolve(import.meta.dirname, 'history/stalls.jsonl'), `${line}\n`);
  } finally {
    server.send('stop');
    await once(server, 'exit');
    rmSync(dataDir, { recursive: true, force: true });
  }
}
