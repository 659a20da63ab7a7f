// The agent's HTTPS API: what the API server and metrics collectors ask a kubelet.
import { messageOf } from '#base/errors.ts';
import type { HttpReply, HttpRequest, HttpServer, Socket } from '#base/net.ts';
import type { DiskStats } from '../stats/disks.ts';
import type { AgentStats } from '../parts.ts';
import type { PodResources } from '../podresources/server.ts';
import { pullMetrics } from '../pulls/metrics.ts';
import type { AgentContext } from '../sync/context.ts';
import { type PodState, running } from '../sync/state.ts';
import type { PodManager } from '../sync/pods.ts';
import { createLocalDirectories } from './localdirs.ts';
import { AgentAuth } from './auth.ts';
import { containerLogs } from './logs.ts';
import { agentMetrics, containerMetrics, probeMetrics, resourceMetrics } from './metrics.ts';
import { HttpProblem, type Route } from './route.ts';
import { runCommand } from './run.ts';
import { systemLogs } from './systemlogs.ts';
import { refuseUpgrade, upgradeStream } from './streams.ts';

export interface AgentServerDeps {
  readonly context: AgentContext;
  readonly pods: PodManager;
  readonly podResources: Pick<PodResources, 'metrics'>;
  readonly stats?: AgentStats;
  /** What the full summary tells of disks. */
  readonly disks?: DiskStats;
}

const podRoutes: Readonly<Record<string, Route>> = { containerLogs, run: runCommand };
const streams = new Set(['exec', 'attach', 'portForward']);

interface PodPath {
  readonly verb: string;
  readonly namespace: string;
  readonly pod: string;
  /** Optional in the path: `/exec/NS/POD/UID/CONTAINER`. */
  readonly uid?: string;
  readonly container: string;
}

/** Reads `/verb/namespace/pod[/uid][/container]`. */
export function parsePodPath(path: string): PodPath | undefined {
  const [, verb = '', namespace = '', pod = '', ...rest] = path.split('/').map(decodeURIComponent);
  if (namespace === '' || pod === '') return undefined;
  if (verb === 'portForward') return { verb, namespace, pod, container: '', ...(rest[0] ? { uid: rest[0] } : {}) };
  if (rest.length === 1 && rest[0]) return { verb, namespace, pod, container: rest[0] };
  if (rest.length === 2 && rest[0] && rest[1]) return { verb, namespace, pod, uid: rest[0], container: rest[1] };
  return undefined;
}

/** Starts the server; it listens when this resolves. */
export async function startAgentServer(deps: AgentServerDeps): Promise<Pick<HttpServer, 'port' | 'useCertificate' | 'close'>> {
  const { context, pods } = deps;
  const { options, world } = context;
  const localDirectories = createLocalDirectories(world, options.dataDir);

  function workerOf(path: PodPath) {
    const worker = pods.find(path.namespace, path.pod);
    if (!worker || (path.uid !== undefined && worker.id.uid !== path.uid)) {
      throw new HttpProblem(404, `pod "${path.pod}_${path.namespace}" not found`);
    }
    return worker;
  }

  async function answer(request: HttpRequest, reply: HttpReply): Promise<void> {
    const url = new URL(request.url, 'https://agent');
    const json = (value: unknown): void => reply.send(200, { 'content-type': 'application/json' }, JSON.stringify(value));
    const text = (value: string, type = 'text/plain; charset=utf-8'): void => reply.send(200, { 'content-type': type }, value);
    switch (url.pathname.replace(/\/$/, '')) {
      case '/healthz':
      case '/healthz/ping':
      case '/healthz/syncloop':
        return text('ok');
      case '/pods':
        return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: pods.workers().flatMap((worker) => worker.pod ?? []) });
      case '/runningpods':
        return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items: context.cache.states().flatMap(runningPod) });
      case '/stats/summary':
        if (!deps.stats) throw new HttpProblem(404, '404 page not found');
        return json(await deps.stats.summary(url.searchParams.get('only_cpu_and_memory') === 'true' ? undefined : deps.disks));
      case '/metrics':
        return text(
          agentMetrics(context, pods) + pullMetrics(context.puller, context.imageRecords) + deps.podResources.metrics(),
          'text/plain; version=0.0.4; charset=utf-8',
        );
      case '/metrics/resource':
        if (!deps.stats) throw new HttpProblem(404, '404 page not found');
        return text(resourceMetrics(await deps.stats.summary()), 'text/plain; version=0.0.4; charset=utf-8');
      case '/metrics/cadvisor':
        if (!deps.stats) throw new HttpProblem(404, '404 page not found');
        return text(containerMetrics(await deps.stats.summary(), context.capacity), 'text/plain; version=0.0.4; charset=utf-8');
      case '/metrics/probes':
        return text(probeMetrics(context, pods), 'text/plain; version=0.0.4; charset=utf-8');
      case '/configz':
        return json({ kubeletconfig: publicConfig(deps) });
    }
    if (/^\/logs(\/|$)/.test(url.pathname)) {
      if (!options.systemLogs) throw new HttpProblem(404, '404 page not found');
      return systemLogs(world, '/var/log', url.pathname.slice('/logs'.length), reply);
    }
    if (url.pathname === '/local-volumes') return json({ names: await localDirectories.list() });
    const localVolume = /^\/local-volumes\/([^/]+)$/.exec(url.pathname)?.[1];
    if (localVolume !== undefined && request.method === 'PUT') return json({ path: await localDirectories.make(localVolume) });
    if (localVolume !== undefined && request.method === 'DELETE') {
      await (url.searchParams.get('empty') === 'true' ? localDirectories.removeEmpty(localVolume) : localDirectories.remove(localVolume));
      return json({});
    }
    const path = parsePodPath(url.pathname);
    const route = path && podRoutes[path.verb];
    if (!path || !route) {
      if (path && streams.has(path.verb)) throw new HttpProblem(400, 'you must upgrade the connection to use this endpoint');
      throw new HttpProblem(404, '404 page not found');
    }
    await route({ context, worker: workerOf(path), container: path.container, query: url.searchParams, request, reply });
  }

  const auth = new AgentAuth({
    client: context.client,
    clock: world.clock,
    nodeName: options.nodeName,
    allowedUsers: options.server.allowedUsers,
  });

  async function checked(incoming: HttpRequest, reply: HttpReply): Promise<void> {
    const refused = await auth.refusal(incoming);
    if (refused) reply.send(refused.code, { 'content-type': 'text/plain; charset=utf-8' }, refused.text);
    else await answer(incoming, reply);
  }

  function request(incoming: HttpRequest, reply: HttpReply): void {
    checked(incoming, reply).catch((error: unknown) => {
      const code = error instanceof HttpProblem ? error.code : 500;
      if (code === 500) world.log.warn('request to the agent failed', { url: incoming.url, error: messageOf(error) });
      try {
        reply.send(code, { 'content-type': 'text/plain; charset=utf-8' }, messageOf(error));
      } catch {
        // The answer had begun; its stream was destroyed where it failed.
      }
    });
  }

  function upgrade(incoming: HttpRequest, socket: Socket): void {
    const url = new URL(incoming.url, 'https://agent');
    const path = parsePodPath(url.pathname);
    const work = async (): Promise<void> => {
      const refused = await auth.refusal(incoming);
      if (refused) throw new HttpProblem(refused.code, refused.text);
      if (!path || !streams.has(path.verb)) throw new HttpProblem(404, '404 page not found');
      await upgradeStream({
        context,
        worker: workerOf(path),
        verb: path.verb,
        container: path.container,
        query: url.searchParams,
        request: incoming,
        socket,
      });
    };
    work().catch(async (error: unknown) => {
      const code = error instanceof HttpProblem ? error.code : 500;
      await refuseUpgrade(socket, code, messageOf(error));
    });
  }

  const server = await world.net.serveHttp(
    { host: options.server.host, port: options.server.port, tls: options.server.tls },
    { request, upgrade },
  );
  return { port: server.port, useCertificate: server.useCertificate, close: () => server.close(1000) };
}

/** What the runtime runs of a pod, as a Pod of its names only. */
function runningPod(state: PodState): object[] {
  const containers = running(state).map(({ name, image }) => ({ name, image, resources: {} }));
  if (containers.length === 0) return [];
  const { name, namespace, uid } = state;
  return [{ metadata: { name, namespace, uid }, spec: { containers }, status: {} }];
}

function publicConfig(deps: AgentServerDeps): unknown {
  const { options } = deps.context;
  return {
    clusterDNS: options.clusterDns,
    clusterDomain: options.clusterDomain,
    maxPods: options.maxPods,
    containerLogMaxSize: `${options.containerLogMaxSize / 1024 / 1024}Mi`,
    containerLogMaxFiles: options.containerLogMaxFiles,
    cgroupDriver: 'cgroupfs',
    seccompDefault: options.seccompDefault === true,
    cpuManagerPolicy: options.cpuManager?.policy ?? 'none',
    memoryManagerPolicy: options.memoryManager?.policy ?? 'None',
    ...(options.memoryManager ? { reservedMemory: options.memoryManager.reservedMemory } : {}),
    topologyManagerPolicy: options.topologyManager?.policy ?? 'none',
    topologyManagerScope: options.topologyManager?.scope ?? 'container',
    ...(options.topologyManager ? { topologyManagerPolicyOptions: options.topologyManager.options } : {}),
    serializeImagePulls: false,
    nodeLeaseDurationSeconds: options.leaseDurationSeconds,
    systemReserved: options.reserved,
    enableServer: true,
  };
}
