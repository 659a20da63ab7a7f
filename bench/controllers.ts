// How soon are the pods of a Deployment there, and does the work grow with the pods touched rather than with those present?
// All controllers and the scheduler over the memory store; a pretended node makes pods ready and lets them go.
// Run: node bench/controllers.ts [replicas] [pods present]
import type { Pod } from '#api/core/v1/pod.ts';
import { Deployments, Pods } from '#api/refs.ts';
import { isPodReady } from '#api/podutil.ts';
import { startControllers } from '#controllers/start.ts';
import { startScheduler } from '#scheduler/scheduler.ts';
import { createWorld } from '#host/world.ts';
import { withControllers } from '../test/support/controllers.ts';
import { addNode, startPretendNode } from '../test/support/pretend.ts';

const replicas = Number(process.argv[2] ?? 1000);
const present = Number(process.argv[3] ?? 0);
const namespace = 'default';
const ca = await createWorld({ logLevel: 'error' }).pki.createCa('bench-ca');
await using bench = await withControllers(
  (deps) => [
    startControllers({ ...deps, clientFor: () => deps.client, pki: { ca }, podCidr: '10.0.0.0/8' }),
    startScheduler(deps),
    startPretendNode(deps),
  ],
  { freeze: false },
);
const { client, informers } = bench;
for (let i = 0; i < Math.ceil((replicas + present) / 1000) + 2; i++) await addNode(client, `n${i}`);
const pods = informers.of(Pods);

interface Count {
  all: number;
  bound: number;
  ready: number;
  /** Ready, and of the second image. */
  rolled: number;
}
const counts = new Map<string, Count>();
const waiting = new Map<string, { wanted: (count: Count) => boolean; done: () => void }>();

/** Counts as pods come, change and go: looking at all of them each time would be most of the work. */
function count(pod: Pod, by: 1 | -1): void {
  const app = pod.metadata.labels?.['app'] ?? '';
  const known = counts.get(app) ?? { all: 0, bound: 0, ready: 0, rolled: 0 };
  counts.set(app, known);
  known.all += by;
  if (pod.spec.nodeName) known.bound += by;
  if (!isPodReady(pod)) return;
  known.ready += by;
  if (pod.spec.containers[0]?.image === 'x:2') known.rolled += by;
}
function check(pod: Pod): void {
  const app = pod.metadata.labels?.['app'] ?? '';
  const waiter = waiting.get(app);
  if (!waiter?.wanted(counts.get(app) as Count)) return;
  waiting.delete(app);
  waiter.done();
}
pods.onChange({
  added: (pod) => {
    count(pod, 1);
    check(pod);
  },
  updated: (pod, previous) => {
    count(previous, -1);
    count(pod, 1);
    check(pod);
  },
  deleted: (pod) => {
    count(pod, -1);
    check(pod);
  },
});
const when = (app: string, wanted: (count: Count) => boolean): Promise<void> => new Promise((done) => waiting.set(app, { wanted, done }));

function deployment(app: string, count: number, image: string) {
  const labels = { app };
  const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image }] };
  return {
    metadata: { name: app, namespace },
    spec: { replicas: count, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
}

async function timed(measure: string, work: () => Promise<unknown>): Promise<void> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const ms = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({ bench: 'controllers', measure, replicas, present, ms: Math.round(ms), cpuMs: Math.round((user + system) / 1000) }),
  );
}

const api = client.resource(Deployments);
await timed('10 replicas bound', async () => {
  const bound = when('ten', ({ bound: is }) => is === 10);
  await api.create(deployment('ten', 10, 'x:1'));
  await bound;
});
if (present > 0) {
  await timed('pods that are just there', async () => {
    const ready = when('idle', ({ ready: is }) => is === present);
    await api.create(deployment('idle', present, 'x:1'));
    await ready;
  });
}
await timed('create', async () => {
  const ready = when('many', ({ ready: is }) => is === replicas);
  await api.create(deployment('many', replicas, 'x:1'));
  await ready;
});
await timed('roll', async () => {
  const rolled = when('many', ({ all, rolled: are }) => all === replicas && are === replicas);
  await api.patch(
    'many',
    { spec: { template: { spec: { containers: [{ name: 'c', image: 'x:2' }] } } } },
    { type: 'strategic', namespace },
  );
  await rolled;
});
await timed('delete', async () => {
  const gone = when('many', ({ all }) => all === 0);
  await api.delete('many', { namespace, options: { propagationPolicy: 'Background' } });
  await gone;
});
await new Promise((resolve) => setTimeout(resolve, 3_000));
const before = process.cpuUsage();
await new Promise((resolve) => setTimeout(resolve, 5_000));
const idle = process.cpuUsage(before);
const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
console.log(
  JSON.stringify({
    bench: 'controllers',
    measure: 'idle',
    percentOfACore: Math.round((idle.user + idle.system) / 5_000) / 10,
    rssMiB: rss,
  }),
);
