// The control plane, composed: store, API server over HTTPS and loopback, controllers, scheduler, metrics.
import type { HttpServer } from '#base/net.ts';
import type { Component, World } from '#base/world.ts';
import { addressAt, canonicalIp, networksOf } from '#api/addresses.ts';
import { componentUser } from '#apiserver/authn/groups.ts';
import { acknowledgePlug } from '#apiserver/acknowledge/plug.ts';
import { type ClusterPki, ensurePki } from '#apiserver/pki.ts';
import { writeKubeconfig } from '#apiserver/kubeconfig.ts';
import { type ApiServer, apiserverUser, createApiServer } from '#apiserver/server.ts';
import type { Informers } from '#client/cache.ts';
import type { Client } from '#client/client.ts';
import { createClient } from '#client/create.ts';
import { createInformers } from '#client/informer.ts';
import { startElection, whileLeading } from '#client/leader.ts';
import { startControllers } from '#controllers/start.ts';
import { createCollector, type MetricsCollector } from '#metrics/collector.ts';
import { type Scheduler, startScheduler } from '#scheduler/scheduler.ts';
import { metricsGroups, metricsPlug } from './metricsplug.ts';
import type { UpOptions } from './options.ts';
import type { Place } from './place.ts';
import { schedulerConfig } from './schedulerconfig.ts';
import { loadSecurity } from './security.ts';
import { standardParts } from './standard.ts';
import { openStorage } from './storage.ts';
import { verdictGroups, verdictPlug } from './verdictplug.ts';

export interface ControlPlane extends AsyncDisposable {
  readonly api: ApiServer;
  readonly pki: ClusterPki;
  readonly server: string;
  readonly port: number;
  /** Acts as the server itself: for what is done once when a cluster is set up. */
  readonly admin: Client;
  /** A client with an identity of its own and the rights that roles give it, over loopback. */
  clientFor(name: string): Client;
  /** Informers that the components of this process share. */
  readonly informers: Informers;
  health(): string | undefined;
}

const isIp = (text: string): boolean => canonicalIp(text) !== undefined;

/** Groups that are served beside the rows' own. */
const extraGroups = [...metricsGroups, ...verdictGroups];

export interface ControlOptions {
  readonly world: World;
  readonly options: UpOptions;
  readonly where: Place;
  /** Addresses to listen on. */
  readonly addresses: readonly string[];
  /** This machine's address, by which the cluster knows the server, whether it listens there or on loopback only. */
  readonly address: string;
}

/** Starts the control plane; resolves when the API answers. */
export async function startControlPlane({ world, options, where, addresses, address }: ControlOptions): Promise<ControlPlane> {
  const stack = new AsyncDisposableStack();
  try {
    const [primary = ''] = networksOf(options.serviceCidr);
    const kubernetesIp = addressAt(primary, 1) ?? '';
    const [pki, store] = await Promise.all([
      ensurePki(world, {
        dir: where.pki,
        ips: [kubernetesIp, ...addresses, ...options.certSans.filter(isIp)],
        dnsNames: [options.nodeName, ...options.certSans.filter((san) => !isIp(san))],
        clusterDomain: options.domain,
      }),
      openStorage(world, options.etcd, where.state),
    ]);
    stack.use(store);
    let collector: MetricsCollector | undefined;
    const metrics = metricsPlug(() => {
      if (collector === undefined) throw new Error('metrics are not collected yet');
      return collector;
    });
    let scheduler: Scheduler | undefined;
    const verdicts = verdictPlug(() => {
      if (scheduler === undefined) throw new Error('nothing is scheduled yet');
      return scheduler;
    });
    const security = await loadSecurity(world, options.security, [`https://kubernetes.default.svc.${options.domain}`]);
    const parts = standardParts(world, pki, {
      extraGroups: () => extraGroups,
      domain: options.domain,
      tokens: security.tokens,
      requestHeaders: security.requestHeaders,
    });
    const api = stack.use(
      await createApiServer({
        world,
        store,
        config: {
          serviceCidr: options.serviceCidr,
          clusterDomain: options.domain,
          issuer: parts.issuer,
          runtimeConfig: options.runtimeConfig,
          featureGates: options.featureGates,
          // The servers of an etcd take turns at it; see #store/etcd/compaction.ts.
          ...(options.etcd ? { compactionInterval: 0 } : {}),
          ...(security.anonymousPaths ? { anonymousPaths: security.anonymousPaths } : {}),
        },
        authorizers: security.authorizers,
        ...(security.podSecurity ? { podSecurity: security.podSecurity } : {}),
        ...(security.auditor ? { auditor: security.auditor } : {}),
        ...parts.server,
        plugs: [...parts.server.plugs, metrics, verdicts, acknowledgePlug()],
      }),
    );
    const tls = { cert: pki.serving.cert, key: pki.serving.key, clientCa: pki.ca.cert };
    let port = options.apiPort;
    for (const host of addresses) {
      const listener: HttpServer = await world.net.serveHttp({ host, port, tls }, api.handlers);
      port = listener.port;
      stack.defer(() => listener.close(2_000));
    }
    // A loopback address is none for an endpoint: a machine without another one has a `kubernetes` Service without endpoints.
    if (!address.startsWith('127.') && address !== '::1') await api.advertise(address, port);
    const server = `https://127.0.0.1:${port}`;
    await writeKubeconfig(world, where.kubeconfig, { server, ca: pki.ca.cert, credentials: pki.admin });

    const clientFor = (name: string): Client => createClient(api.transport(componentUser(name)));
    const informers = stack.use(createInformers(clientFor('system:kube-controller-manager'), world));
    collector = createCollector({ client: clientFor('system:metrics-server'), informers, world });
    const config = await schedulerConfig(world, options.schedulerConfig);
    const election = options.leaderElect ? { identity: `${options.nodeName}_${world.random.uuid()}` } : undefined;
    const gangs = options.runtimeConfig.includes('scheduling.k8s.io/v1alpha1');
    const schedulerClient = clientFor('system:kube-scheduler');
    const schedule = (client: Client): Scheduler => (scheduler = startScheduler({ client, informers, world, config, gangs }));
    const elected = election && {
      ...election,
      client: schedulerClient,
      world,
      name: 'kube-scheduler',
      start: (leading: AbortSignal) => schedule(whileLeading(schedulerClient, leading)),
    };
    const components: Component[] = [
      stack.use(elected ? startElection(elected) : schedule(schedulerClient)),
      stack.use(
        startControllers({
          clientFor,
          informers,
          world,
          pki,
          podCidr: options.podCidr,
          loadBalancerPool: options.loadBalancerPool,
          ...(election ? { election } : {}),
        }),
      ),
    ];
    informers.start();
    return {
      api,
      admin: createClient(api.transport(apiserverUser)),
      pki,
      server,
      port,
      clientFor,
      informers,
      health: () => [api, ...components].map((component) => component.health()).find((problem) => problem !== undefined),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
