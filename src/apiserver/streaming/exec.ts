// pods/exec, attach and portforward: the client's upgraded connection is passed through to the agent of the pod's node.
import type { Pod } from '#api/core/v1/pod.ts';
import { Pods } from '#api/refs.ts';
import { badRequest } from '#api/status.ts';
import type { Socket, TlsClientOptions } from '#base/net.ts';
import { forbiddenError } from '../authz/authorizer.ts';
import type { AuthzAttributes, Context } from '../chain.ts';
import { containerOf } from './names.ts';
import { agentRefusal, passThrough } from './splice.ts';
import { agentTarget } from './target.ts';

export type StreamVerb = 'exec' | 'attach' | 'portforward';

const isTrue = (value: string | null): boolean => value !== null && ['true', '1', 't', 'T', 'TRUE', 'True', ''].includes(value);

/** Path and query at the agent, with the agent's names of the options. */
export function streamPath(verb: StreamVerb, pod: Pod, params: URLSearchParams): string {
  const query = new URLSearchParams();
  const { namespace = '', name } = pod.metadata;
  if (verb === 'portforward') {
    for (const port of params.getAll('ports').flatMap((text) => text.split(','))) if (port) query.append('port', port);
    return join(['portForward', namespace, name], query);
  }
  for (const [from, to] of [
    ['stdin', 'input'],
    ['stdout', 'output'],
    ['stderr', 'error'],
    ['tty', 'tty'],
  ] as const) {
    if (isTrue(params.get(from))) query.set(to, '1');
  }
  if (verb === 'exec') for (const part of params.getAll('command')) query.append('command', part);
  return join([verb, namespace, name, containerOf(pod, params.get('container'))], query);
}

function join(segments: readonly string[], query: URLSearchParams): string {
  const text = query.toString();
  return `/${segments.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

// WebSocket handshakes are GETs, which would make the right to read enough to run commands.
async function mayCreate({ backend, info, user, call }: Context): Promise<void> {
  if (info.verb !== 'get' || call.headers['upgrade']?.toLowerCase() !== 'websocket') return;
  const { group, version, resource, subresource, namespace, name } = info;
  const attributes: AuthzAttributes = {
    user,
    verb: 'create',
    isResource: true,
    group,
    version,
    resource,
    subresource,
    namespace,
    name,
    path: '',
  };
  const { decision, reason } = await backend.authorizer.authorize(attributes);
  if (decision !== 'allow') throw forbiddenError(attributes, reason);
}

/** Serves the upgrade. */
export async function upgradePod(ctx: Context, client: Socket, verb: StreamVerb, tls: TlsClientOptions): Promise<void> {
  const { backend, call, info } = ctx;
  await mayCreate(ctx);
  const pod = await backend.get(Pods, info.name, info.namespace);
  const path = streamPath(verb, pod, call.params);
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) throw badRequest(`pod ${info.name} does not have a host assigned`);
  const target = await agentTarget(backend, nodeName, tls);
  await passThrough({
    net: backend.world.net,
    target,
    path,
    call,
    client,
    refuse: (response) => agentRefusal(response, { group: '', resource: `pods/${verb}`, name: info.name }),
  });
}
