// What do custom resources cost? Definitions of the size of well-known projects', the memory that many of them take, how soon
// one is served and published after its creation, and how long a server takes to start with all of them there.
// node --expose-gc bench/crd.ts [definitions]
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { discoveryPlug } from '#apiserver/discovery/plug.ts';
import { openApiPlug } from '#apiserver/openapi/plug.ts';
import { CustomResourceDefinitions } from '#api/refs.ts';
import type { Unstructured } from '#api/object.ts';
import { createMemoryStore } from '#store/memory.ts';
import { createWorld } from '#host/world.ts';
import { admin, startTestApi, type TestApi } from '../test/support/api.ts';
import { certificateDefinition, routeDefinition, workloadDefinition } from '../test/support/bigdefinitions.ts';
import { customRef, hasCondition } from '../test/support/definitions.ts';

const count = Number(process.argv[2] ?? 500);
const world = createWorld({ logLevel: 'warn' });
const store = createMemoryStore({ clock: world.clock });
const start = (): Promise<TestApi> => startTestApi({ world, store, plugs: [discoveryPlug(), openApiPlug()], config: { freeze: false } });
const collect = (): number => {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
};
const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024);
const round = (ms: number): number => Math.round(ms * 10) / 10;
const median = (values: readonly number[]): number => round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);

let sized = 0;
function nth(i: number): never {
  // Mostly small ones, every 25th with whole pod templates: some 40 KiB on average, as operators ship them.
  const made = i % 25 === 0 ? workloadDefinition(i) : i % 2 === 0 ? routeDefinition(i) : certificateDefinition(i);
  sized += JSON.stringify(made).length;
  return made;
}

async function get(api: TestApi, path: string): Promise<number> {
  const response = await api.api
    .transport(admin)
    .send({ method: 'GET', path, headers: { accept: 'application/json', 'accept-encoding': 'gzip' } });
  return 'bytes' in response.body ? response.body.bytes.length : 0;
}

let api = await start();
await get(api, '/openapi/v2');
const before = collect();
const served: number[] = [];
const definitions = api.client.resource(CustomResourceDefinitions);
const installed = performance.now();
for (let i = 0; i < count; i++) {
  const body = nth(i);
  const began = performance.now();
  const made = await definitions.create(body);
  const objects = api.client.resource(customRef(made));
  for (;;) {
    const found = await objects.list().then(
      () => true,
      () => false,
    );
    if (found && hasCondition(await definitions.get(made.metadata.name), 'Established')) break;
    await new Promise((done) => setImmediate(done));
  }
  served.push(performance.now() - began);
}
const installMs = performance.now() - installed;
const after = collect();

const published = performance.now();
await get(api, '/openapi/v3');
const v3Ms = performance.now() - published;
await get(api, '/openapi/v2');
const v2Ms = performance.now() - published - v3Ms;
await definitions.create(certificateDefinition(count + 2));
const again = performance.now();
await get(api, '/openapi/v2');
const v2AgainMs = performance.now() - again;

const big = await definitions.create(workloadDefinition(count + 1, 2));
const objects = api.client.resource(customRef(big));
const container = { name: 'c', image: 'i', ports: [{ containerPort: 80, protocol: 'TCP' }] };
const draft = (name: string): Unstructured =>
  ({ metadata: { name, namespace: 'default' }, spec: { template0: { spec: { containers: [container] } } } }) as never;
for (let tries = 0; tries < 1000; tries++) {
  const ok = await objects.create(draft('first')).then(
    () => true,
    () => false,
  );
  if (ok) break;
  await new Promise((done) => setImmediate(done));
}
const writes = performance.now();
for (let i = 0; i < 500; i++) await objects.create(draft(`n${i}`));
const createMicros = ((performance.now() - writes) * 1000) / 500;

await api[Symbol.asyncDispose]();
const startTime = performance.now();
api = await start();
const startMs = performance.now() - startTime;
await api[Symbol.asyncDispose]();

const line = JSON.stringify({
  bench: 'crd',
  definitions: count,
  schemaKiB: Math.round(sized / 1024),
  memoryMiB: mib(after - before),
  servedMs: { median: median(served), worst: round(Math.max(...served)) },
  installMs: Math.round(installMs),
  openApiMs: { v3Index: Math.round(v3Ms), v2: Math.round(v2Ms), v2Again: Math.round(v2AgainMs) },
  createMicros: Math.round(createMicros),
  startMs: Math.round(startMs),
});
console.log(line);
const folder = join(import.meta.dirname, 'history');
mkdirSync(folder, { recursive: true });
appendFileSync(join(folder, 'crd.jsonl'), `${line}\n`);
