// What the agent adds to what the runtime's calls take: from a pod's creation to Ready, from a container's exit to its status;
// and what a node with many pods costs when nothing happens. The runtime is the simulated one, every call of which is timed;
// the API server is in the same process. Run: node bench/agent.ts [pods] [idle seconds]
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAgent } from '#agent/agent.ts';
import { agentOptions } from '#agent/options.ts';
import type { Runtime } from '#agent/runtime.ts';
import { createAddresses } from '#agent/sim/addresses.ts';
import { defaultMachine, simWorld } from '#agent/sim/machine.ts';
import { createSimRuntime } from '#agent/sim/runtime.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { Namespaces, Pods } from '#api/refs.ts';
import { startTestApi } from '../test/support/api.ts';

const count = Number(process.argv[2] ?? 100);
const idleSeconds = Number(process.argv[3] ?? 20);
const namespace = 'default';
const dataDir = mkdtempSync(join(tmpdir(), 'tutti-bench-'));

/** The runtime, with the time spent in its calls. */
function timed(runtime: Runtime): { runtime: Runtime; spent: () => number } {
  let spent = 0;
  const proxy = new Proxy(runtime, {
    get(target, name) {
      const method = Reflect.get(target, name) as unknown;
      if (typeof method !== 'function' || name === 'events') return method;
      return async (...args: unknown[]) => {
        const began = performance.now();
        try {
          return await (Reflect.apply(method, target, args) as Promise<unknown>);
        } finally {
          spent += performance.now() - began;
        }
      };
    },
  });
  return { runtime: proxy, spent: () => spent };
}

const quantile = (times: readonly number[], q: number): number =>
  Math.round((times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0) * 10) / 10;
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

await using api = await startTestApi();
const { client, world } = api;
await client
  .resource(Namespaces)
  .create({ metadata: { name: namespace } })
  .catch(() => undefined);
const sim = createSimRuntime(world, { addresses: createAddresses(() => '10.244.0.0/16') });
const { runtime, spent } = timed(sim);
const ca = await world.pki.createCa('bench');
const serving = await world.pki.issue(ca, { commonName: 'node1', ips: ['127.0.0.1'], usages: ['server'] });
const agent = await startAgent({
  client,
  world: simWorld(world, { nodeName: 'node1', machine: defaultMachine, answers: (ip) => sim.answers(ip) }),
  runtime,
  cgroups: { ensure: () => Promise.resolve(''), remove: () => Promise.resolve(), present: () => Promise.resolve([]) },
  volumes: () => ({
    setUp: () => Promise.resolve({ problems: [] }),
    mounts: () => Promise.resolve([]),
    devices: () => [],
    usage: () => Promise.resolve([]),
    tearDown: () => Promise.resolve(),
    present: () => Promise.resolve([]),
  }),
  config: agentOptions({
    nodeName: 'node1',
    nodeIps: ['127.0.0.1'],
    dataDir,
    maxPods: 1000,
    server: { host: '127.0.0.1', port: 0, tls: { ...serving, clientCa: ca.cert }, allowedUsers: [] },
  }),
});
try {
  await agent.ready;
  const pods = client.resource(Pods);
  const draft = (name: string, restartPolicy: string): Draft<Pod> =>
    ({
      metadata: { name, namespace },
      spec: {
        nodeName: 'node1',
        restartPolicy,
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [{ name: 'c', image: 'image', command: ['serve'] }],
      },
    }) as Draft<Pod>;

  /** Resolves when the pod satisfies the check: told by a watch, so that nothing is waited for in vain. */
  const seen = new Map<string, { check: (pod: Pod) => boolean; done: (at: number) => void }>();
  const stop = new AbortController();
  const watching = (async () => {
    for await (const event of pods.watch({ namespace, signal: stop.signal })) {
      if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue;
      const waiting = seen.get(event.object.metadata.name);
      if (waiting?.check(event.object)) {
        seen.delete(event.object.metadata.name);
        waiting.done(performance.now());
      }
    }
  })().catch(() => undefined);
  const until = (name: string, check: (pod: Pod) => boolean): Promise<number> => new Promise((done) => seen.set(name, { check, done }));
  const isReady = (pod: Pod): boolean => pod.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

  const own: number[] = [];
  const before = cpuMs();
  for (let i = 0; i < count; i++) {
    const ready = until(`p${i}`, isReady);
    const inRuntime = spent();
    const began = performance.now();
    await pods.create(draft(`p${i}`, 'Never'), { namespace });
    own.push((await ready) - began - (spent() - inRuntime));
  }
  const startCpuMs = Math.round(((cpuMs() - before) / count) * 10) / 10;

  await sleep(5_000);
  const idleBefore = cpuMs();
  await sleep(idleSeconds * 1000);
  const idlePercent = Math.round((cpuMs() - idleBefore) / idleSeconds) / 10;

  const exits: number[] = [];
  for (const container of (await sim.listContainers()).slice(0, count)) {
    const name = container.labels['io.kubernetes.pod.name'] ?? '';
    const told = until(name, (pod) => pod.status.containerStatuses?.[0]?.state?.terminated !== undefined);
    const began = performance.now();
    await sim.stopContainer(container.id, 0);
    exits.push((await told) - began);
  }
  const line = JSON.stringify({
    bench: 'agent',
    pods: count,
    startMs: { p50: quantile(own, 0.5), p99: quantile(own, 0.99), cpu: startCpuMs },
    exitMs: { p50: quantile(exits, 0.5), p99: quantile(exits, 0.99) },
    idleCpuPercent: idlePercent,
  });
  console.log(line);
  appendFileSync(join(import.meta.dirname, 'history/agent.jsonl'), `${line}\n`);
  stop.abort();
  await watching;
} finally {
  await agent[Symbol.asyncDispose]();
  rmSync(dataDir, { recursive: true, force: true });
}
