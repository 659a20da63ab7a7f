// The node agent: wires the parts together and starts them in order.
import { messageOf } from '#base/errors.ts';
import type { KeyPair } from '#base/pki.ts';
import type { Component, World } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { Nodes, ServiceAccounts, Services } from '#api/refs.ts';
import type { Client } from '#client/client.ts';
import { createRecorder } from '#client/events.ts';
import { createInformers } from '#client/informer.ts';
import { readResolver } from './config/resolver.ts';
import { registryCredentials } from './config/credentials.ts';
import { boundingSet } from './config/security.ts';
import { CpuFollower } from './cpus/follow.ts';
import { CredentialProviders } from './credentials/providers.ts';
import { DynamicResources } from './dra/manager.ts';
import { EvictionManager } from './eviction/manager.ts';
import { ImageCollector } from './images/gc.ts';
import { sandboxSeccomp } from './images/pause/seccomp.ts';
import { rotateLog } from './logs/rotate.ts';
import { readNodeFacts, readPressure } from './node/facts.ts';
import { NodeLease } from './node/lease.ts';
import { NodeManager } from './node/register.ts';
import { extendedResources, nodeAllocatable, nodeCapacity } from './node/status.ts';
import { startEquipment } from './numa/equipment.ts';
import { PodObjects } from './objects/objects.ts';
import type { AgentOptions } from './options.ts';
import type { AgentStats, ImageCredentials, PodCgroups, PodVolumes } from './parts.ts';
import { PodResources } from './podresources/server.ts';
import { ProbeManager } from './probes/manager.ts';
import { PullManager } from './pulls/manager.ts';
import { ImagePuller } from './pulls/puller.ts';
import type { Runtime } from './runtime.ts';
import { startAgentServer } from './server/server.ts';
import { DiskStats } from './stats/disks.ts';
import { StatusManager } from './status/manager.ts';
import { Backoff } from './sync/backoff.ts';
import { RuntimeCache } from './sync/cache.ts';
import type { AgentContext } from './sync/context.ts';
import { PodManager } from './sync/pods.ts';
import { Slots } from './sync/slots.ts';
import { running } from './sync/state.ts';
import { CsiDrivers } from './csi/drivers.ts';
import { createCsiVolumes } from './csi/volumes.ts';
import { startPluginRegistry } from './plugins/registry.ts';
import { watchLogind } from './shutdown/logind.ts';
import { NodeShutdown } from './shutdown/manager.ts';
import { shutdownSeconds } from './shutdown/plan.ts';
import { isStaticPod } from './static/annotations.ts';
import { StaticPodFiles } from './static/files.ts';
import { PodTokens } from './tokens/tokens.ts';
import { boundClaim } from './volumes/claims.ts';
import type { SetUpContext } from './volumes/setup.ts';

/** What the agent offers to volumes: API objects, tokens, the node's resources, claims. */
export type VolumeOffer = Omit<SetUpContext, 'dataDir'>;

export interface AgentDeps {
  readonly client: Client;
  readonly world: World;
  readonly runtime: Runtime;
  readonly config: AgentOptions;
  readonly cgroups: PodCgroups;
  /** Made with what the agent offers to volumes. */
  readonly volumes: (offer: VolumeOffer) => PodVolumes | Promise<PodVolumes>;
  /** Instead of pull secrets and plugins. */
  readonly credentials?: ImageCredentials;
  readonly stats?: AgentStats;
  /** What else keeps the node from being ready. */
  readonly problems?: () => readonly string[];
  /**
   * Resolves when no proxy sends new connections to this address any more: the stop signal of a pod that is deleted
   * waits for it, for half of the grace period and ten seconds at most.
   */
  readonly beforeStop?: (ip: string, signal: AbortSignal) => Promise<void>;
  /** Resolves when the network policies of a pod with these addresses hold: its containers start only then. */
  readonly beforeStart?: (pod: Pod, ips: readonly string[], signal: AbortSignal) => Promise<void>;
}

export interface Agent extends Component {
  /** The machine goes down: ends the pods in the order of their priority; resolves when they have ended or their time is over. */
  shutDown(): Promise<void>;
  /** Port of the agent's HTTPS API. */
  readonly port: number;
  /** Shows another certificate there from the next connection on. */
  useCertificate(pair: KeyPair): void;
}

const rotateEvery = 10_000;

/** Starts the agent of one node. Disposal stops managing; containers go on running. */
export async function startAgent(deps: AgentDeps): Promise<Agent> {
  const { client, runtime, config } = deps;
  const world: World = { ...deps.world, log: deps.world.log.child({ component: 'agent', node: config.nodeName }) };
  const { clock, fs } = world;
  const stop = new AbortController();
  const started = Promise.withResolvers<void>();
  started.promise.catch(() => undefined);

  await fs.mkdir(`${config.dataDir}/pods`, 0o750);
  await fs.mkdir(`${config.dataDir}/logs`, 0o755);
  const seccompFile = `${config.dataDir}/sandbox-seccomp.json`;
  // A disk that is full must not keep an agent from starting again: what an earlier life wrote is left as it is.
  const written = await fs.readText(seccompFile).catch(() => '');
  if (written !== sandboxSeccomp) await fs.write(seccompFile, sandboxSeccomp, { atomic: true });
  const [facts, pressure, selfStatus] = await Promise.all([
    readNodeFacts(world),
    readPressure(world, config.dataDir),
    fs.readText('/proc/self/status').catch(() => ''),
  ]);
  const capacity = { ...nodeCapacity(facts, pressure, config), 'memory-bytes': String(facts.memoryBytes) };
  const allocatable = nodeAllocatable(nodeCapacity(facts, pressure, config), config);
  const capabilities = boundingSet(selfStatus);

  const recorder = createRecorder(client, world, { component: 'kubelet', host: config.nodeName });
  const informers = createInformers(client, world);
  const nodeInformer = informers.of(Nodes, { fieldSelector: `metadata.name=${config.nodeName}` });
  const serviceInformer = informers.of(Services);
  const objects = new PodObjects(client, informers, clock);
  const tokens = new PodTokens(client, clock);
  const about = { client, nodeName: config.nodeName, dataDir: config.dataDir };
  const drivers = new CsiDrivers(world, about);
  const csi = createCsiVolumes(world, { ...about, tokens, drivers, changed: () => node.check() });
  const volumes = await deps.volumes({
    objects,
    tokens,
    allocatable,
    csi,
    claims: (pod, volume) => boundClaim(client, pod, volume),
    recursiveReadOnly: async () => {
      const { handlers } = await runtime.status();
      return handlers.some(({ name, features }) => name === config.runtimeHandler && features?.recursiveReadOnlyMounts === true);
    },
  });
  // Pods, probes and the cache refer to each other: the calls come only once all are there.
  let pods: PodManager | undefined = undefined as PodManager | undefined;
  const cache = new RuntimeCache(runtime, world, (uid) => pods?.runtimeChanged(uid));
  const probes = new ProbeManager({ world, runtime, recorder }, (uid) => pods?.get(uid)?.notify());
  const statuses = new StatusManager(client, world);
  let port = config.server.port;
  const node = new NodeManager(
    { client, world, runtime, recorder },
    {
      options: config,
      facts,
      port: () => port,
      under: () => evictions.pressures(),
      devices: () => devices.resources(),
      problems: () => [...(shutdown.underWay ? ['node is shutting down'] : []), ...(deps.problems?.() ?? [])],
      volumesInUse: csi.inUse,
    },
  );
  const claims = new DynamicResources(world, { client, file: `${config.dataDir}/claims.json` });
  await claims.start();
  const cpuFollower = new CpuFollower({ world, runtime, cpus: () => cpus, workers: () => pods?.workers() ?? [] });
  const { devices, cpus, memory, topology } = await startEquipment(world, {
    config,
    memoryBytes: facts.memoryBytes,
    devicesChanged: () => node.check(),
    cpusChanged: () => cpuFollower.changed(),
  });
  const { verification } = config.imagePulls;
  const imageRecords =
    verification && (await PullManager.start({ world, runtime, directory: `${config.dataDir}/image_manager`, verification }));
  const images = new ImageCollector(
    {
      world,
      runtime,
      directory: config.dataDir,
      failed: (reason, message) => node.tell('Warning', reason, message),
      ...(imageRecords ? { records: imageRecords } : {}),
    },
    config.imageGc,
  );
  const evictions = new EvictionManager(
    {
      world,
      runtime,
      recorder,
      dataDir: config.dataDir,
      ...(deps.stats ? { stats: deps.stats } : {}),
      workers: () => pods?.workers().filter((worker) => worker.active) ?? [],
      reclaimDisk: () => images.removeUnused(),
      changed: () => node.check(),
    },
    config.eviction,
  );
  const providers =
    config.credentialProviders &&
    new CredentialProviders({
      world,
      ...config.credentialProviders,
      tokens,
      account: (namespace, name) => client.resource(ServiceAccounts).get(name, { namespace }),
    });
  const imageCredentials: ImageCredentials = async (image, secrets, pod) => [
    ...registryCredentials(image, secrets, world.digest.sha256),
    ...((await providers?.credentials(image, pod)) ?? []),
  ];
  const shutdown = new NodeShutdown({
    world,
    periods: config.shutdown,
    workers: () => pods?.workers().filter((worker) => worker.active) ?? [],
    flush: (uid) => statuses.flush(uid),
    changed: () => node.check(),
  });
  const context: AgentContext = {
    world,
    client,
    options: config,
    runtime,
    cache,
    recorder,
    statuses,
    probes,
    objects,
    tokens,
    volumes,
    cgroups: deps.cgroups,
    credentials: deps.credentials ?? imageCredentials,
    restarts: new Backoff(config.backoffInitial, config.backoffMax),
    pulls: new Backoff(config.imagePulls.backoffInitial, config.imagePulls.backoffMax),
    puller: new ImagePuller(clock, config.imagePulls),
    ...(imageRecords ? { imageRecords } : {}),
    starts: new Slots(config.parallelStarts, clock),
    beforeStop: deps.beforeStop ?? (() => Promise.resolve()),
    beforeStart: deps.beforeStart ?? (() => Promise.resolve()),
    security: {
      ...(capabilities ? { capabilities } : {}),
      seccompDir: `${config.dataDir}/seccomp`,
      sandboxSeccomp: seccompFile,
      ...(config.seccompDefault ? { seccompDefault: true } : {}),
    },
    resolv: () => readResolver(fs, config.resolvConf),
    services: async (pod) => {
      // Static pods must be able to start before there is an API server to ask.
      if (!isStaticPod(pod)) await serviceInformer.whenSynced;
      return serviceInformer.lister.list();
    },
    node: () => nodeInformer.lister.get(config.nodeName) ?? node.node,
    capacity,
    hugepageSizes: Object.keys(facts.hugepages),
    allocatable,
    devices,
    claims,
    cpus,
    memory,
    topology,
    admissible: () => ({ ...extendedResources(node.node?.status?.capacity), ...allocatable, ...devices.admissible() }),
    pressures: () => evictions.pressures(),
    shuttingDown: () => shutdown.underWay,
    activePods: () => pods?.active() ?? [],
  };
  pods = new PodManager(context, informers);
  const manager = pods;
  objects.onChange((uid) => manager.get(uid)?.refreshVolumes());
  nodeInformer.onChange({ added: (object) => node.seen(object), updated: (object) => node.seen(object) });
  const disks = new DiskStats({ world, runtime, volumes, dataDir: config.dataDir, workers: () => manager.workers() });
  const podResources = await PodResources.start({
    world,
    dir: `${config.dataDir}/pod-resources`,
    givers: { devices, cpus, memory, claims },
    active: () => manager.active(),
    find: (namespace, name) => manager.find(namespace, name)?.pod,
  });
  const server = await startAgentServer({ context, pods: manager, podResources, disks, ...(deps.stats ? { stats: deps.stats } : {}) });
  port = server.port;

  const lease = new NodeLease(
    { client, world },
    { nodeName: config.nodeName, leaseDurationSeconds: config.leaseDurationSeconds, node: () => node.node },
  );

  async function rotateLogs(): Promise<void> {
    const options = { maxSize: config.containerLogMaxSize, maxFiles: config.containerLogMaxFiles };
    while (!stop.signal.aborted) {
      await clock.sleep(rotateEvery, stop.signal).catch(() => undefined);
      if (stop.signal.aborted) return;
      for (const instance of cache.states().flatMap((state) => running(state))) {
        if (!instance.logPath) continue;
        await rotateLog(world, runtime, { containerId: instance.id, path: instance.logPath, options }).catch((error: unknown) =>
          world.log.warn('cannot rotate a log', { container: instance.id, error: messageOf(error) }),
        );
      }
    }
  }

  const loops: Promise<void>[] = [];
  let plugins: AsyncDisposable | undefined;
  async function begin(): Promise<void> {
    informers.start();
    cache.start();
    if (config.shutdown.length > 0) loops.push(watchShutdown());
    if (config.staticPodPath !== undefined) await startStaticPods(config.staticPodPath);
    await retry(() => node.register(stop.signal));
    plugins = await startPluginRegistry(world, `${config.dataDir}/plugins_registry`, { CSIPlugin: drivers, DRAPlugin: claims });
    loops.push(
      node.run(stop.signal, () => started.resolve()),
      lease.run(stop.signal),
      evictions.run(stop.signal),
      images.run(stop.signal),
      rotateLogs(),
      ...(config.cpuManager ? [cpuFollower.run(stop.signal)] : []),
    );
    await retry(() => manager.start());
  }

  /** Static pods run whether or not the API server can be reached. What runs of them already is taken over. */
  async function startStaticPods(path: string): Promise<void> {
    await retry(() => cache.relist());
    const files = new StaticPodFiles(world, { path, nodeName: config.nodeName, checkEvery: config.fileCheckFrequency });
    manager.setStatic(await files.read().catch(() => []));
    loops.push(files.run((found) => manager.setStatic(found), stop.signal));
  }

  async function watchShutdown(): Promise<void> {
    await watchLogind(
      world,
      {
        needed: shutdownSeconds(config.shutdown) * 1000,
        goesDown: () => shutdown.begin(),
        staysUp: () => shutdown.cancel(),
      },
      stop.signal,
    );
  }

  async function retry(work: () => Promise<void>): Promise<void> {
    for (let delay = 100; !stop.signal.aborted; delay = Math.min(delay * 2, 5000)) {
      try {
        await work();
        return;
      } catch (error) {
        if (stop.signal.aborted) return;
        world.log.warn('the agent cannot start yet', { error: messageOf(error) });
        await clock.sleep(delay, stop.signal).catch(() => undefined);
      }
    }
  }
  const beginning = begin().catch((error: unknown) => started.reject(error));

  return {
    ready: started.promise,
    get port() {
      return port;
    },
    shutDown: () => shutdown.begin(),
    useCertificate: (pair) => server.useCertificate(pair),
    health: () => cache.health() ?? (node.ready ? undefined : 'the node is not ready'),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the agent stops'));
      started.reject(new Error('the agent stopped'));
      await server.close();
      await manager.dispose();
      probes.dispose();
      cache.dispose();
      podResources[Symbol.dispose]();
      devices[Symbol.dispose]();
      claims[Symbol.dispose]();
      await statuses.dispose();
      await informers[Symbol.asyncDispose]();
      await Promise.all([beginning, ...loops]);
      await plugins?.[Symbol.asyncDispose]();
      drivers[Symbol.dispose]();
      await recorder[Symbol.asyncDispose]();
    },
  };
}
