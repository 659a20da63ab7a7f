// The subresources that stream: logs, exec, attach, port-forward, and the proxies to nodes, pods and Services.
import { Nodes, Pods } from '#api/refs.ts';
import { methodNotAllowed } from '#api/status.ts';
import type { Answer, Backend, Context } from '../chain.ts';
import type { PlugFactory, ResourceEndpoint } from '../endpoint.ts';
import { type Destination, forward, forwardUpgrade } from './forward.ts';
import { type AgentAccess, agentAt, agentOfPod, containerOf, podTarget, serviceTarget, splitProxyName } from './targets.ts';

const segment = encodeURIComponent;

function withQuery(destination: Destination, query: string): Destination {
  return query === '' ? destination : { ...destination, url: `${destination.url}?${query}` };
}

/** The pod's container endpoint on its agent: `/exec/ns/pod/container`. */
async function containerEndpoint(ctx: Context, access: AgentAccess, verb: string): Promise<Destination> {
  const { backend, info, call } = ctx;
  const pod = await backend.get(Pods, info.name, info.namespace);
  const container = containerOf(pod, call.params.get('container') ?? '');
  const path = `/${verb}/${segment(info.namespace)}/${segment(info.name)}/${segment(container)}`;
  return withQuery(await agentOfPod(backend, pod, { access, path }), call.query);
}

async function portForwardEndpoint(ctx: Context, access: AgentAccess): Promise<Destination> {
  const { backend, info, call } = ctx;
  const pod = await backend.get(Pods, info.name, info.namespace);
  const path = `/portForward/${segment(info.namespace)}/${segment(info.name)}`;
  return withQuery(await agentOfPod(backend, pod, { access, path }), call.query);
}

/** What is behind the proxied thing's path, with its query. */
function rest(ctx: Context): string {
  const { info, call } = ctx;
  const marker = '/proxy';
  const at = call.path.indexOf(`${marker}/`, call.path.indexOf(info.resource));
  const path = at < 0 ? '/' : call.path.slice(at + marker.length);
  return `${path}${call.query === '' ? '' : `?${call.query}`}`;
}

async function proxyTo(ctx: Context, access: AgentAccess): Promise<Destination> {
  const { backend, info } = ctx;
  const path = rest(ctx);
  if (info.resource === 'nodes') {
    const { name } = splitProxyName(info.name);
    return agentAt(await backend.get(Nodes, name), access, path);
  }
  const target =
    info.resource === 'pods'
      ? await podTarget(backend, info.namespace, info.name)
      : await serviceTarget(backend, backend.world.random, { namespace: info.namespace, text: info.name });
  // Names in a pod's certificate are its own affair: the path through the API server is what was authorized.
  return { url: `${target}${path}`, ...(target.startsWith('https:') ? { tls: { insecure: true } } : {}) };
}

/** Redirects and links of a proxied page must lead through the proxy again. */
function rewritten(ctx: Context, answer: Answer): Answer {
  if (answer.kind !== 'stream') return answer;
  const location = answer.headers['location'];
  if (location === undefined || !location.startsWith('/')) return answer;
  const prefix = ctx.call.path.slice(0, ctx.call.path.indexOf('/proxy') + '/proxy'.length);
  return { ...answer, headers: { ...answer.headers, location: `${prefix}${location}` } };
}

/** Makes the endpoints; `access` is how the API server calls node agents. */
export function streamingPlug(access: AgentAccess): PlugFactory {
  return (backend: Backend) => {
    const { world } = backend;
    const upgrading = (subresource: string, destination: (ctx: Context) => Promise<Destination>): ResourceEndpoint => ({
      group: '',
      resource: 'pods',
      subresource,
      longRunning: true,
      // Without an Upgrade these mean nothing; the agent words the refusal.
      handle: async (ctx) => forward(world, ctx, await destination(ctx), { strict: true }),
      upgrade: async (ctx, socket) => forwardUpgrade(world, ctx, socket, await destination(ctx)),
    });
    const proxy = (resource: string): ResourceEndpoint => ({
      group: '',
      resource,
      subresource: 'proxy',
      longRunning: true,
      async handle(ctx) {
        // A path without a final slash would make relative links lead elsewhere.
        if (ctx.call.path.endsWith('/proxy') && ctx.call.method === 'GET' && resource !== 'nodes') {
          const query = ctx.call.query === '' ? '' : `?${ctx.call.query}`;
          return { kind: 'bytes', status: 301, headers: { location: `${ctx.call.path}/${query}` }, bytes: '' };
        }
        return rewritten(
          ctx,
          await forward(world, ctx, await proxyTo(ctx, access), { strict: false, headers: { 'x-forwarded-for': ctx.call.remoteAddress } }),
        );
      },
      upgrade: async (ctx, socket) => forwardUpgrade(world, ctx, socket, await proxyTo(ctx, access)),
    });
    return {
      resources: [
        {
          group: '',
          resource: 'pods',
          subresource: 'log',
          longRunning: true,
          async handle(ctx) {
            if (ctx.call.method !== 'GET') throw methodNotAllowed();
            return forward(world, ctx, await containerEndpoint(ctx, access, 'containerLogs'), { strict: true });
          },
        },
        upgrading('exec', (ctx) => containerEndpoint(ctx, access, 'exec')),
        upgrading('attach', (ctx) => containerEndpoint(ctx, access, 'attach')),
        upgrading('portforward', (ctx) => portForwardEndpoint(ctx, access)),
        proxy('nodes'),
        proxy('pods'),
        proxy('services'),
      ],
    };
  };
}
