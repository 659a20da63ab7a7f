// The API server, composed: store → watch cache → registry → chain → HTTP and loopback.
import type { HttpHandlers } from '#base/net.ts';
import type { Component, World } from '#base/world.ts';
import { createClient } from '#client/create.ts';
import type { Transport, UserInfo } from '#client/transport.ts';
import type { Store } from '#store/kv.ts';
import { Admission, type AdmissionPlugin } from './admission/plugin.ts';
import { podSecurity, type PodSecurityOptions } from './admission/podsecurity/plugin.ts';
import { builtinAdmission } from './admission/all.ts';
import { startPolicyStatus } from './admission/policies/status.ts';
import { createAuthorizer } from './authz/authorizer.ts';
import { createBackend } from './backend.ts';
import { componentStatusPlug } from './componentstatus.ts';
import { advertise, bootstrap } from './bootstrap.ts';
import { Hub } from './cacher/hub.ts';
import type { Auditor } from './audit/auditor.ts';
import type { Authenticator, Authorizer, Backend } from './chain.ts';
import { Compactor } from './compactor.ts';
import { startCustomResources } from './crd/start.ts';
import { defaultConfig, type ServerConfig } from './config.ts';
import { Edge } from './edge.ts';
import type { PlugFactory } from './endpoint.ts';
import { FlowControl } from './flow/flow.ts';
import { flowStatusPlug } from './flow/status.ts';
import { type Check, healthPlug } from './health.ts';
import { StartHooks } from './starthooks.ts';
import { loopback } from './loopback.ts';
import { startMasterLease } from './masterleases.ts';
import { metricsPlug, RequestMetrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
import { Registry } from './registry/registry.ts';
import { servedRows } from './resources/served.ts';
import { indexPlug } from './indexpage.ts';
import { Router } from './router.ts';
import { serveBinding } from './subresources/binding.ts';
import { conversionOf, repairAll, strategyOf } from './strategies/all.ts';

export interface ApiServerOptions {
  readonly world: World;
  readonly store: Store;
  readonly config?: Partial<ServerConfig>;
  /** Discovery, OpenAPI, reviews, streaming…; later ones win. */
  readonly plugs?: readonly PlugFactory[];
  readonly authenticators?: (backend: Backend) => readonly Authenticator[];
  /** Absent: masters, nodes, RBAC. */
  readonly authorizer?: (backend: Backend) => Authorizer;
  /** Asked after the standard ones. */
  readonly authorizers?: readonly Authorizer[];
  /** Absent: namespaces without labels ask for nothing, nobody is exempt. */
  readonly podSecurity?: PodSecurityOptions;
  /** Built-in admission plug-ins that are left out, by name. */
  readonly disableAdmission?: readonly string[];
  /** Runs after the built-in plug-ins. */
  readonly admission?: readonly AdmissionPlugin[];
  readonly auditor?: Auditor;
}

export interface ApiServer extends Component {
  /** A transport through the whole chain that acts as `user`. */
  transport(user: UserInfo): Transport;
  /** For `world.net.serveHttp`. */
  readonly handlers: HttpHandlers;
  readonly backend: Backend;
  readonly config: ServerConfig;
  /** Tells the `kubernetes` Service where the server is, once its port is known. */
  advertise(address: string, port: number): Promise<void>;
}

/** The server's own identity. */
export const apiserverUser: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };

/** Starts an API server on a store. Resolves when it can serve. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { world, store } = options;
  const config: ServerConfig = { ...defaultConfig, ...options.config };
  const hub = new Hub(store, world, { freeze: config.freeze, history: config.watchHistory });
  const admission = new Admission([
    ...builtinAdmission
      .filter((plugin) => !options.disableAdmission?.includes(plugin.name))
      .map((plugin) => (plugin.name === 'PodSecurity' && options.podSecurity ? podSecurity(options.podSecurity) : plugin)),
    ...(options.admission ?? []),
  ]);
  const registry = new Registry({ world, store, hub, config, admission });
  for (const row of servedRows(config.runtimeConfig)) {
    if (row.verbs.includes('get')) registry.add(row, strategyOf(row), conversionOf(row));
    else registry.addVirtual(row);
  }

  let pipeline: Pipeline;
  let authorizer: Authorizer;
  const transport = (user: UserInfo): Transport => loopback(pipeline, user, () => world.clock.now());
  const backend = createBackend({ registry, transport, authorizer: () => authorizer });
  registry.backend = backend;
  authorizer = options.authorizer?.(backend) ?? createAuthorizer(backend, options.authorizers).authorizer;

  const start = new StartHooks();
  const checks = new Map<string, Check>([
    ['ping', () => undefined],
    ['log', () => undefined],
    ['etcd', () => store.health() ?? hub.health()],
    ...start.checks(),
  ]);
  const closing: Check = () => (closed ? 'process is shutting down' : undefined);
  let closed = false;
  let masterLease: AsyncDisposable | undefined;
  const router = new Router();
  const synced: Check = () => (hub.revision > 0 ? undefined : 'the watch cache is not filled');
  const readyChecks = new Map([...checks, ['informer-sync', synced], ['shutdown', closing]]);
  router.add(healthPlug({ live: checks, ready: readyChecks }));
  const pods = registry.must('', 'v1', 'pods');
  router.add({
    resources: [{ group: '', resource: 'bindings', subresource: '', handle: (ctx) => serveBinding({ registry, resource: pods, ctx }) }],
  });
  router.add(componentStatusPlug(registry, checks));
  const metrics = new RequestMetrics();
  const flow = new FlowControl(backend, { seats: config.maxInFlight + config.maxMutatingInFlight, patience: config.requestTimeout / 4 });
  router.add(metricsPlug({ requests: metrics, registry, flow, inFlight: () => pipeline.inFlight }));
  const plugs = [flowStatusPlug, ...(options.plugs ?? [])].map((factory) => factory(backend));
  for (const plug of plugs) router.add(plug);
  const below = { '/healthz': [...checks.keys()], '/livez': [...checks.keys()], '/readyz': [...readyChecks.keys()] };
  router.add(indexPlug({ router, rows: () => backend.rows(), checks: below }));

  const authenticators = options.authenticators?.(backend) ?? [];
  pipeline = new Pipeline({ registry, backend, router, authenticators, authorizer, auditor: options.auditor, metrics, flow });
  await hub.start();
  start.end('caches');
  await repairAll(registry);
  const customResources = await startCustomResources({ registry, world, backend, client: createClient(transport(apiserverUser)) });
  start.end('definitions');
  const edge = new Edge(world, pipeline, config.requestTimeout);
  const compactor = new Compactor(store, world, config.compactionInterval);
  await bootstrap(registry, transport(apiserverUser));
  start.end('objects');
  const helpers = await Promise.all(plugs.map((plug) => plug.start?.(apiserverUser)));
  start.end('helpers');
  const stopPolicyStatus = startPolicyStatus(backend, apiserverUser);

  return {
    ready: Promise.resolve(),
    transport,
    handlers: edge.handlers,
    backend,
    config,
    async advertise(address, port) {
      if (!store.shared) return advertise(transport(apiserverUser), { addresses: [address], port });
      masterLease = await startMasterLease({ store, world, transport: transport(apiserverUser) }, { address, port });
    },
    health: () => store.health() ?? hub.health(),
    async [Symbol.asyncDispose]() {
      closed = true;
      await masterLease?.[Symbol.asyncDispose]();
      for (const helper of helpers) await helper?.[Symbol.asyncDispose]();
      stopPolicyStatus();
      pipeline.close();
      await customResources[Symbol.asyncDispose]();
      await compactor[Symbol.asyncDispose]();
      await hub[Symbol.asyncDispose]();
      await edge[Symbol.asyncDispose]();
      await options.auditor?.[Symbol.asyncDispose]();
    },
  };
}
