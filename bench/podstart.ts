// What a pod's start costs on a real node, beside the least that the runtime needs for it: rounds of pods through the API
// (create to Ready) and of bare runtime calls (sandbox, container, start; four at a time) take turns on one containerd, so that
// whatever else the machine does weighs on both. Processor time is that of the node's control group (containerd, shims, plug-ins,
// pods) and of the process of the cluster. Needs root and a cluster: tutti up --detach --data-dir DIR
// node bench/podstart.ts --data-dir DIR [--pods 30] [--single 10] [--rounds 3]
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { detectCgroups } from '#agent/cgroups/layout.ts';
import { containerConfig } from '#agent/config/container.ts';
import { sandboxConfig } from '#agent/config/sandbox.ts';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { createCriRuntime } from '#agent/cri/create.ts';
import { pauseImage } from '#agent/images/pause/image.ts';
import { agentOptions } from '#agent/options.ts';
import { readGroup } from '#agent/stats/usage.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Draft } from '#api/object.ts';
import { Namespaces, Pods } from '#api/refs.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import { place } from '#cmd/place.ts';
import { closeAgents } from '#host/fetch.ts';
import { createWorld } from '#host/world.ts';
import { until } from '../test/support/until.ts';

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string', default: '/var/lib/tutti' },
    pods: { type: 'string', default: '30' },
    single: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
  },
});
const world = createWorld({ logLevel: 'warn' });
const where = place(values['data-dir']);
const run = JSON.parse(readFileSync(where.run, 'utf8')) as { pid: number; nodeName: string };
const access = await loadKubeconfig(world.fs, where.kubeconfig);
const client = createClient(httpTransport(world.net, { server: access.server, tls: access.tls }));
const pods = client.resource(Pods);
const paths = containerdPaths(where.node, world.digest);
const channel = world.grpc.connect(paths.socket);
const runtime = createCriRuntime(channel);
const layout = await detectCgroups(world.fs);
if (!layout) throw new Error('this machine has no control groups');
const group = readFileSync(paths.cgroup, 'utf8').trim();
const namespace = `podstart-${process.pid}`;

const quantile = (times: readonly number[], q: number): number =>
  Math.round(times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))] ?? 0);

/** Milliseconds of processor time so far: of the node's control group, and of the cluster's process with its children. */
async function spent(): Promise<{ runtime: number; process: number }> {
  const usage = await readGroup(world, layout as NonNullable<typeof layout>, group);
  const fields = readFileSync(`/proc/${run.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { runtime: (usage?.cpu ?? 0) / 1e6, process: ticks * 10 };
}

interface Figures {
  readonly wallMs: number;
  /** From the beginning of a pod to its end. */
  readonly p50Ms: number;
  readonly cpuMs: { readonly runtime: number; readonly process: number };
}

/** Runs `work`, which tells how long each pod took. Processor times are per pod. */
async function measured(count: number, work: () => Promise<readonly number[]>): Promise<Figures> {
  const before = await spent();
  const began = performance.now();
  const took = await work();
  const wallMs = Math.round(performance.now() - began);
  const after = await spent();
  const per = (name: 'runtime' | 'process'): number => Math.round((after[name] - before[name]) / count);
  return { wallMs, p50Ms: quantile(took, 0.5), cpuMs: { runtime: per('runtime'), process: per('process') } };
}

const seen = new Map<string, () => void>();
const stop = new AbortController();
async function follow(): Promise<void> {
  for await (const event of pods.watch({ namespace, signal: stop.signal })) {
    if (event.type !== 'ADDED' && event.type !== 'MODIFIED') continue;
    const { name } = event.object.metadata;
    if (event.object.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) seen.get(name)?.();
  }
}

const draft = (name: string): Draft<Pod> =>
  ({
    metadata: { name, namespace },
    spec: {
      nodeName: run.nodeName,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'c', image: pauseImage, imagePullPolicy: 'IfNotPresent' }],
    },
  }) as Draft<Pod>;

async function throughApi(name: string): Promise<number> {
  const began = performance.now();
  const ready = new Promise<void>((resolve) => seen.set(name, resolve));
  await pods.create(draft(name), { namespace });
  await ready;
  return performance.now() - began;
}

async function removeAll(names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => pods.delete(name, { namespace, options: { gracePeriodSeconds: 0 } })));
  const gone = async (): Promise<boolean> => (await runtime.listSandboxes()).every((box) => !names.includes(box.metadata.name));
  await until('the pods are gone', async () => (await pods.list({ namespace })).items.length === 0, 120_000);
  await until('their sandboxes are gone', gone, 120_000);
}

/** The pod as the agent would ask the runtime for it. */
const options = agentOptions({
  nodeName: run.nodeName,
  nodeIps: [],
  dataDir: where.node,
  clusterDns: ['10.96.0.10'],
  server: { host: '', port: 0, tls: { cert: '', key: '', clientCa: '' }, allowedUsers: [] },
});

async function bare(model: Pod, name: string): Promise<{ id: string; took: number }> {
  const began = performance.now();
  const uid = `bare-${name}`;
  const pod: Pod = { ...model, metadata: { ...model.metadata, name, uid } };
  const security = { seccompDir: where.node, sandboxSeccomp: `${where.node}/sandbox-seccomp.json` };
  const cgroupParent = `${group}/kubepods/besteffort/pod${uid}`;
  const about = { options, cgroupParent, resolv: { servers: [], searches: [], options: [] }, security };
  // Without labels it is no pod to the agent, which would take it away.
  const sandbox = { ...sandboxConfig(pod, 0, about), labels: {} };
  const [container] = pod.spec.containers;
  if (!container) throw new Error('the pod has no container');
  await world.fs.mkdir(`${sandbox.logDirectory}/${container.name}`);
  const id = await runtime.runSandbox(sandbox);
  const image = await runtime.imageStatus(pauseImage);
  const config = containerConfig(pod, container, {
    env: new Map(),
    mounts: ['/etc/hosts', '/dev/termination-log', '/var/run/secrets/kubernetes.io/serviceaccount'].map((containerPath) => ({
      containerPath,
      hostPath: containerPath.startsWith('/var') ? '/var/empty-for-bench' : '/etc/hosts',
      readonly: true,
    })),
    restartCount: 0,
    imageRef: image?.id ?? pauseImage,
    image,
    memoryCapacity: 0,
    security,
  });
  await runtime.startContainer(await runtime.createContainer(id, { ...config, labels: {} }, sandbox));
  return { id, took: performance.now() - began };
}

/** Works on all items, so many at a time. */
async function several<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const queue = [...items];
  const results: R[] = [];
  const one = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) results.push(await work(item));
  };
  await Promise.all(Array.from({ length: width }, one));
  return results;
}

async function floor(model: Pod, names: readonly string[], width: number): Promise<Figures> {
  const ids: string[] = [];
  const figures = await measured(names.length, async () => {
    const made = await several(names, width, (name) => bare(model, name));
    ids.push(...made.map(({ id }) => id));
    return made.map(({ took }) => took);
  });
  await several(ids, 4, async (id) => {
    await runtime.stopSandbox(id);
    await runtime.removeSandbox(id);
  });
  for (const name of names) {
    for (const root of layout?.roots ?? [])
      await world.fs.rmdir(`${root}${group}/kubepods/besteffort/podbare-${name}`).catch(() => undefined);
    await world.fs.remove(`${where.node}/logs/${namespace}_${name}_bare-${name}`);
  }
  return figures;
}

async function api(names: readonly string[], width: number): Promise<Figures> {
  const figures = await measured(names.length, () => several(names, width, throughApi));
  await removeAll(names);
  return figures;
}

await client.resource(Namespaces).create({ metadata: { name: namespace } });
const following = follow().catch(() => undefined);
try {
  await until('the namespace has its account', () => pods.create(draft('warm'), { namespace }).catch(() => undefined), 10_000);
  await until('a pod runs', async () => (await pods.get('warm', { namespace })).status.phase === 'Running', 30_000);
  const model = await pods.get('warm', { namespace });
  await removeAll(['warm']);
  const rounds: Record<string, Figures>[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const names = (kind: string, count: string): string[] => Array.from({ length: Number(count) }, (_, i) => `${kind}${round}-${i}`);
    rounds.push({
      singleFloor: await floor(model, names('sf', values.single), 1),
      single: await api(names('s', values.single), 1),
      floor: await floor(model, names('f', values.pods), 4),
      atOnce: await api(names('p', values.pods), Number(values.pods)),
    });
    console.error(JSON.stringify(rounds.at(-1)));
  }
  const median = (kind: string): Figures => {
    const middle = (pick: (figures: Figures) => number): number =>
      quantile(
        rounds.flatMap((round) => (round[kind] ? [pick(round[kind])] : [])),
        0.5,
      );
    return {
      wallMs: middle(({ wallMs }) => wallMs),
      p50Ms: middle(({ p50Ms }) => p50Ms),
      cpuMs: { runtime: middle(({ cpuMs }) => cpuMs.runtime), process: middle(({ cpuMs }) => cpuMs.process) },
    };
  };
  const line = JSON.stringify({
    bench: 'podstart',
    pods: Number(values.pods),
    ...Object.fromEntries(['singleFloor', 'single', 'floor', 'atOnce'].map((kind) => [kind, median(kind)])),
  });
  console.log(line);
  appendFileSync(join(import.meta.dirname, 'history/podstart.jsonl'), `${line}\n`);
} finally {
  stop.abort();
  await following;
  await client.resource(Namespaces).delete(namespace);
  channel.close();
  closeAgents();
}
