// `tutti demo`: the main job on a fresh machine, with a summary that says whether all of it happened.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import { containerdPaths } from '#agent/containerd/paths.ts';
import { importImage } from '#agent/images/import.ts';
import type { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontalpodautoscaler.ts';
import type { KubeObject } from '#api/object.ts';
import { isPodReady } from '#api/podutil.ts';
import { Deployments, Nodes } from '#api/refs.ts';
import { prepareMachine } from '#cli/setup.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { httpTransport } from '#client/http.ts';
import { loadKubeconfig } from '#client/kubeconfig.ts';
import {
  app,
  applyFiles,
  clusterAddress,
  isRolledOut,
  killContainer,
  look,
  namespace,
  removeNamespace,
  type View,
} from '../demo/cluster.ts';
import { appImage, nodeLayer } from '../demo/image.ts';
import { type Load, startLoad } from '../demo/load.ts';
import { createScreen, type Screen } from '../demo/screen.ts';
import { type Place, place, runningAt } from '../place.ts';
import { packageRoot } from '../root.ts';
import { startDetached } from './up.ts';

export interface DemoFlags {
  readonly dataDir: string;
  readonly fast?: boolean;
}

/** Requests per second: enough for one to be too few and for a small machine to bear. */
const requestRate = 110;
const nodePort = 30_180;
const manifests = ['namespace', 'configmap', 'deployment', 'service', 'hpa'];
const imageName = (version: string): string => `tutti.example/ad-timing:${version}`;

interface Scene {
  readonly world: World;
  readonly screen: Screen;
  readonly client: Client;
}

/** Waits until `done`, showing the state; throws after `limit` milliseconds. */
async function until(
  scene: Scene,
  what: string,
  options: { limit: number; load?: Load; done: (view: View) => boolean | Promise<boolean> },
): Promise<View> {
  const { world, screen, client } = scene;
  const end = world.clock.monotonic() + options.limit;
  for (;;) {
    const view = await look(client);
    if (await options.done(view)) return view;
    const usage = view.autoscaler?.status.currentMetrics?.[0]?.resource?.current.averageUtilization;
    const load = options.load;
    const rate = load?.rate();
    const requests =
      load && rate
        ? `  ${rate.perSecond.toFixed(0)} requests/s  p50 ${rate.p50.toFixed(0)} ms  p99 ${rate.p99.toFixed(0)} ms  failed ${load.stats().failed}`
        : '';
    screen.live(
      `replicas ${view.ready} ready of ${view.deployment.spec.replicas}  CPU ${usage === undefined ? '?' : `${usage}%`} of 60%${requests}`,
    );
    if (world.clock.monotonic() > end) throw new Error(`${what} did not happen within ${options.limit / 1000} s`);
    await world.clock.sleep(250);
  }
}

async function ensureCluster(world: World, screen: Screen, where: Place, dataDir: string): Promise<void> {
  if ((await runningAt(world, where))?.ready) {
    screen.note(`a cluster runs already in ${dataDir}`);
    return;
  }
  await startDetached(world, where, ['up', '--data-dir', dataDir, '--nodes', 'real']);
}

async function loadImages(world: World, screen: Screen, where: Place): Promise<void> {
  const sources = `${packageRoot()}/examples/ad-timing`;
  const channel = world.grpc.connect(containerdPaths(where.node, world.digest).socket);
  try {
    const node = await nodeLayer(world, process.execPath);
    for (const [version, seed] of [
      ['v1', '7'],
      ['v2', '11'],
    ] as const) {
      const file = `${where.dataDir}/demo-model.json`;
      const trained = await world.exec.run(process.execPath, [`${sources}/train.ts`, '--out', file, '--version', version, '--seed', seed], {
        timeout: 120_000,
      });
      if (trained.code !== 0) throw new Error(`training failed: ${trained.stderr.trim()}`);
      screen.note(`trained ${trained.stdout.trim()}`);
      const model = await world.fs.readText(file);
      await world.fs.remove(file);
      const image = await appImage(world, { name: imageName(version), sources, model, node });
      await importImage(world, channel, image);
      screen.note(
        `built and loaded ${imageName(version)} (${(image.layers.reduce((sum, layer) => sum + layer.size, 0) / 1e6).toFixed(0)} MB)`,
      );
    }
  } finally {
    channel.close();
  }
}

/** The autoscaler with a short scale-down window, by its own fields. */
function fastScaleDown(object: KubeObject): KubeObject {
  if (object.kind !== 'HorizontalPodAutoscaler') return object;
  const autoscaler = object as HorizontalPodAutoscaler;
  const scaleDown = { stabilizationWindowSeconds: 5, policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
  return { ...autoscaler, spec: { ...autoscaler.spec, behavior: { ...autoscaler.spec.behavior, scaleDown } } } as KubeObject;
}

async function heal(scene: Scene, load: Load): Promise<number> {
  const { world, screen, client } = scene;
  const victim = (await look(client)).pods.find((pod) => isPodReady(pod) && !pod.metadata.deletionTimestamp);
  if (victim === undefined) throw new Error('no pod is ready');
  const restarts = (pods: View['pods']): number =>
    pods.find((pod) => pod.metadata.uid === victim.metadata.uid)?.status.containerStatuses?.[0]?.restartCount ?? 0;
  const before = restarts([victim]);
  const pid = await killContainer(world, victim);
  const start = world.clock.monotonic();
  screen.note(`killed process ${pid} of pod ${victim.metadata.name}`);
  await until(scene, 'healing', {
    limit: 60_000,
    load,
    done: (view) => {
      const pod = view.pods.find((entry) => entry.metadata.uid === victim.metadata.uid);
      return pod === undefined || (restarts(view.pods) > before && isPodReady(pod));
    },
  });
  return (world.clock.monotonic() - start) / 1000;
}

/** Runs the demo; exit code 0 only when everything happened and no request failed. */
export async function demoVerb(world: World, flags: DemoFlags): Promise<void> {
  const screen = createScreen(world);
  const where = place(flags.dataDir);
  try {
    await runDemo(world, flags, { screen, where });
  } catch (error) {
    screen.close();
    throw new Error(`the demo stopped: ${messageOf(error)}`, { cause: error });
  }
}

async function runDemo(world: World, flags: DemoFlags, { screen, where }: { screen: Screen; where: Place }): Promise<void> {
  screen.step('Checking the machine');
  await prepareMachine(world, (line) => screen.note(line));
  screen.step('Starting a cluster');
  await ensureCluster(world, screen, where, flags.dataDir);
  screen.note(`kubectl --kubeconfig ${where.kubeconfig} get pods -A`);
  const access = await loadKubeconfig(world.fs, where.kubeconfig);
  const transport = httpTransport(world.net, { server: access.server, tls: access.tls });
  const client = createClient(transport);
  const scene: Scene = { world, screen, client };

  screen.step('Building the example: a model that predicts the best moment for an advertisement');
  await loadImages(world, screen, where);

  screen.step('Deploying it: 2 to 10 replicas by CPU, behind a Service');
  if (await removeNamespace(world, client)) screen.note('removed what an earlier run left');
  const files = manifests.map((name) => `${packageRoot()}/examples/ad-timing/k8s/${name}.yaml`);
  for (const applied of await applyFiles(world, client, files, flags.fast ? fastScaleDown : (object) => object))
    screen.note(`${applied} applied`);
  const first = await until(scene, 'the first rollout', { limit: 120_000, done: (view) => isRolledOut(view) && view.ready >= 2 });
  const from = first.ready;
  screen.note(`${from} replicas ready`);

  const nodes = await client.resource(Nodes).list();
  const nodeIp = nodes.items[0]?.status.addresses?.find((entry) => entry.type === 'InternalIP')?.address ?? '127.0.0.1';
  const clusterIp = await clusterAddress(client);
  screen.step(`Driving load: ${requestRate} requests a second to ${clusterIp}:80 (ClusterIP) and ${nodeIp}:${nodePort} (NodePort)`);
  const load = startLoad(
    world,
    [
      { host: clusterIp, port: 80 },
      { host: nodeIp, port: nodePort },
    ],
    requestRate,
  );
  let to = from;
  let healed = 0;
  let retriedBeforeRoll = 0;
  try {
    const grown = await until(scene, 'scaling up', {
      limit: 180_000,
      load,
      done: (view) => view.ready > from && view.ready === view.deployment.spec.replicas,
    });
    to = Math.max(to, grown.ready);
    screen.note(`scaled up to ${grown.ready} replicas`);

    screen.step('Killing one container');
    healed = await heal(scene, load);
    screen.note(`healed in ${healed.toFixed(1)} s`);
    retriedBeforeRoll = load.stats().retried;

    screen.step('Shipping version 2: a rolling update under load');
    const patch = {
      metadata: { annotations: { 'kubernetes.io/change-cause': 'model v2' } },
      spec: { template: { spec: { containers: [{ name: 'server', image: imageName('v2') }] } } },
    };
    await client.resource(Deployments).patch(app, patch, { type: 'strategic', namespace });
    const rolled = await until(scene, 'the rolling update', {
      limit: 300_000,
      load,
      done: (view) => {
        to = Math.max(to, view.ready);
        return isRolledOut(view) && view.pods.every((pod) => pod.spec.containers[0]?.image === imageName('v2'));
      },
    });
    to = Math.max(to, rolled.ready);
    await until(scene, 'an answer of version 2', { limit: 30_000, load, done: () => (load.stats().byVersion.get('v2') ?? 0) > 0 });
    screen.note('every replica runs version 2');
  } finally {
    await load.stop();
  }
  const stats = load.stats();

  screen.step('Load has stopped: scaling down');
  const down = await until(scene, 'scaling down', {
    limit: flags.fast ? 180_000 : 600_000,
    done: (view) => view.deployment.spec.replicas === 2 && view.ready === 2 && view.pods.length === 2,
  });
  screen.note(`back to ${down.ready} replicas`);
  screen.close();
  await transport.close?.();

  const rolledRetries = stats.retried - retriedBeforeRoll;
  console.log(`
Summary
  scaled             from ${from} to ${to} replicas, and back to ${down.ready}
  healed             a killed container in ${healed.toFixed(1)} s
  requests sent      ${stats.sent} (version 1: ${stats.byVersion.get('v1') ?? 0}, version 2: ${stats.byVersion.get('v2') ?? 0})
  requests failed    ${stats.failed}${stats.failed > 0 ? ` (last: ${stats.lastError})` : ''}
  asked again        ${stats.retried - rolledRetries} around the killed container, ${rolledRetries} during the rolling update

The cluster is still running:
  kubectl --kubeconfig ${where.kubeconfig} -n ${namespace} get all
  npx tutti down${flags.dataDir === '/var/lib/tutti' ? '' : ` --data-dir ${flags.dataDir}`}`);
  if (stats.failed > 0) throw new Error(`${stats.failed} requests failed`);
}
