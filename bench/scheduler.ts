// How many pods a second does the scheduler place? `cycle`: its own work alone, on a picture of the cluster in memory.
// `api`: all of it, through the API server with the embedded store (create, bind, events), over the loopback; `bind`: the same
// with the pods made before, so that creating them is no part of it. `latency`: from create to bound at 200 pods a second.
// node bench/scheduler.ts [--nodes 1000,5000] [--pods 2000] [--modes plain,spread,…] [--what cycle,bind,api,latency]
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Pod } from '../src/api/core/v1/pod.ts';
import { Pods, PriorityClasses } from '../src/api/refs.ts';
import { seededRandom } from '../src/base/seeded.ts';
import { createInformers } from '../src/client/informer.ts';
import { createWorld } from '../src/host/world.ts';
import { Cycle } from '../src/scheduler/cycle.ts';
import { defaultPlugins } from '../src/scheduler/defaults.ts';
import { podInfo } from '../src/scheduler/podinfo.ts';
import { evaluatePreemption } from '../src/scheduler/preemption/evaluate.ts';
import { type Scheduler, startScheduler } from '../src/scheduler/scheduler.ts';
import { ClusterCache } from '../src/scheduler/snapshot.ts';
import { node, on, pod } from '../src/scheduler/testing/build.ts';
import { openLmdbStore } from '../src/store/lmdb.ts';
import { startTestApi } from '../test/support/api.ts';
import { createNodes } from '../test/support/simplenodes.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000,5000' },
    pods: { type: 'string', default: '2000' },
    modes: { type: 'string', default: 'plain,antiaffinity,prefer,affinity,spread,extended,gated,preemption' },
    what: { type: 'string', default: 'cycle' },
  },
});
const count = Number(values.pods);
const groupSize = 100;
const zones = 10;
const device = 'example.com/device';

const templates = new Map<string, Pod['spec']>();

function podFor(mode: string, i: number): Pod {
  const labels = { app: 'sched', group: `g${Math.floor(i / groupSize)}` };
  const requests = { cpu: '100m', memory: '200Mi', ...(mode === 'extended' ? { [device]: '1' } : {}) };
  const labelSelector = { matchLabels: labels };
  const perHost = { topologyKey: 'kubernetes.io/hostname', labelSelector };
  const perZone = { topologyKey: 'topology.kubernetes.io/zone', labelSelector };
  const spec: Partial<Record<keyof Pod['spec'], unknown>> = {};
  if (mode === 'antiaffinity') spec.affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [perHost] } };
  if (mode === 'prefer')
    spec.affinity = { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: perHost }] } };
  if (mode === 'affinity') spec.affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [perZone] } };
  if (mode === 'spread') spec.topologySpreadConstraints = [{ ...perZone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule' }];
  if (mode === 'gated') spec.schedulingGates = [{ name: 'example.com/wait' }];
  if (mode === 'preemption') spec.priority = 100;
  const made = pod(`p-${i}`, { labels, requests, spec: spec as Partial<Pod['spec']> });
  // The API server lets the pods of a template share one specification.
  const group = `${mode} ${labels.group}`;
  const shared = templates.get(group) ?? made.spec;
  templates.set(group, shared);
  return { ...made, spec: shared };
}

const nodeLabels = (i: number) => ({ 'topology.kubernetes.io/zone': `zone-${i % zones}` });
const nodeResources = { cpu: '32', memory: '256Gi', pods: '110', [device]: '8' };

function emit(line: object): void {
  const text = JSON.stringify({ bench: 'scheduler', ...line });
  console.log(text);
  appendFileSync(join(import.meta.dirname, 'history/scheduler.jsonl'), `${text}\n`);
}

async function measure(run: () => unknown): Promise<{ cpuMicros: number; wallMs: number }> {
  const started = performance.now();
  const before = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(before);
  return { cpuMicros: user + system, wallMs: Math.round(performance.now() - started) };
}

const rates = (total: { cpuMicros: number; wallMs: number }, placed: number) => ({
  placed,
  perCpuSecond: Math.round((placed / total.cpuMicros) * 1e6),
  perSecond: Math.round((placed / total.wallMs) * 1000),
});

async function cycleOnly(nodes: number, mode: string): Promise<void> {
  const cache = new ClusterCache();
  const random = seededRandom(1);
  const cycle = new Cycle({ set: defaultPlugins(), random });
  for (let i = 0; i < nodes; i++) cache.setNode(node(`n${i}`, { labels: nodeLabels(i), resources: nodeResources }));
  if (mode === 'preemption') {
    for (let i = 0; i < nodes; i++)
      for (let k = 0; k < 4; k++) cache.place(podInfo(on(`n${i}`, pod(`low-${i}-${k}`, { requests: { cpu: '8' } }))), `n${i}`);
  }
  let placed = 0;
  const total = await measure(() => {
    for (let i = 0; i < count; i++) {
      const info = podInfo(podFor(mode, i));
      const attempt = cycle.attempt(info, cache);
      if (attempt.ok) {
        cache.place(info, attempt.node.name);
        placed++;
      } else if (mode === 'preemption') {
        const { verdict, prepared } = attempt;
        const { candidate } = evaluatePreemption({ pod: info, verdict, prepared, cache, cycle, budgets: [], random, nominatedNode: '' });
        if (candidate === undefined) continue;
        for (const victim of candidate.victims) cache.forget(victim);
        cache.place(info, candidate.node.name);
        placed++;
      }
    }
  });
  emit({ what: 'cycle', mode, nodes, pods: count, ...rates(total, placed) });
}

async function throughApi(what: 'api' | 'bind' | 'latency', nodes: number, mode: string): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
  const world = createWorld({ logLevel: 'error' });
  const store = await openLmdbStore(dir, world, { volatile: (key) => key.startsWith('/registry/events/') });
  const api = await startTestApi({ world, store, config: { freeze: false } });
  const informers = createInformers(api.client, world);
  informers.start();
  await api.client.resource(PriorityClasses).create({ metadata: { name: 'high' }, value: 100 });
  await createNodes(
    api.client,
    Array.from({ length: nodes }, (_, i) => ({ name: `n${i}`, labels: nodeLabels(i), resources: nodeResources })),
  );
  const pods = api.client.resource(Pods);
  const make = async (i: number) => {
    const { metadata, spec } = podFor(mode, i);
    const { priority, ...rest } = spec;
    await pods.create(
      {
        metadata: { name: metadata.name, labels: metadata.labels ?? {} },
        spec: { ...rest, ...(priority ? { priorityClassName: 'high' } : {}) },
      },
      { namespace: 'default' },
    );
  };
  let scheduler: Scheduler | undefined;
  const bound = () => scheduler?.counters.scheduled ?? 0;
  const start = async () => {
    scheduler = startScheduler({ client: api.client, informers, world });
    await scheduler.ready;
  };
  const gated = mode === 'gated';
  const create = async () => {
    for (let i = 0; i < count; i += 16) await Promise.all(Array.from({ length: Math.min(16, count - i) }, (_, n) => make(i + n)));
  };
  if (what !== 'bind') await start();
  if (what === 'latency') {
    const made = new Map<string, number>();
    const latencies: number[] = [];
    informers.of(Pods).onChange({
      updated: (item) => {
        const at = made.get(item.metadata.name);
        if (at === undefined || !item.spec.nodeName) return;
        made.delete(item.metadata.name);
        latencies.push(performance.now() - at);
      },
    });
    for (let i = 0; i < count; i++) {
      made.set(`p-${i}`, performance.now());
      void make(i);
      await world.clock.sleep(5);
    }
    while (latencies.length < count) await world.clock.sleep(5);
    latencies.sort((a, b) => a - b);
    const at = (share: number) => Math.round((latencies[Math.floor(share * (latencies.length - 1))] ?? 0) * 10) / 10;
    emit({ what, mode, nodes, pods: count, perSecond: 200, p50Ms: at(0.5), p99Ms: at(0.99) });
  }
  if (gated || what === 'bind') await create();
  const total = await measure(async () => {
    if (what === 'latency') return;
    if (gated)
      for (let i = 0; i < count; i += 16)
        await Promise.all(
          Array.from({ length: Math.min(16, count - i) }, (_, n) =>
            pods.patch(`p-${i + n}`, { spec: { schedulingGates: null } }, { type: 'merge', namespace: 'default' }),
          ),
        );
    else await (what === 'bind' ? start() : create());
    while (bound() < count) await world.clock.sleep(2);
  });
  if (what !== 'latency') emit({ what, mode, nodes, pods: count, ...rates(total, bound()) });
  await scheduler?.[Symbol.asyncDispose]();
  await informers[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
}

for (const what of values.what.split(','))
  for (const nodes of values.nodes.split(',').map(Number))
    for (const mode of values.modes.split(',')) {
      if (what === 'cycle' && mode !== 'gated') await cycleOnly(nodes, mode);
      if ((what === 'api' || what === 'bind' || what === 'latency') && mode !== 'preemption') await throughApi(what, nodes, mode);
    }
