// Where a streaming or proxy request goes: the agent of a node, a pod, an endpoint of a Service.
import type { KeyPair } from '#base/pki.ts';
import type { Random } from '#base/random.ts';
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { EndpointSlices, Nodes, Pods, Services } from '#api/refs.ts';
import { badRequest, serviceUnavailable } from '#api/status.ts';
import type { Backend } from '../chain.ts';
import type { Destination } from './forward.ts';

/** How we show ourselves to node agents, and whom we believe. */
export interface AgentAccess {
  readonly client: KeyPair;
  readonly ca: string;
}

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);
const preferred = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS'];

/** The URL of a node's agent. */
export function agentAt(node: Node, access: AgentAccess, path: string): Destination {
  const addresses = node.status.addresses ?? [];
  const address = preferred.flatMap((type) => addresses.filter((entry) => entry.type === type))[0]?.address;
  if (address === undefined) throw serviceUnavailable(`no preferred addresses found; known addresses: []`);
  const port = node.status.daemonEndpoints?.kubeletEndpoint?.Port ?? 10_250;
  return { url: `https://${bracketed(address)}:${port}${path}`, tls: { ca: access.ca, cert: access.client.cert, key: access.client.key } };
}

/** The agent of the node that a pod is on. */
export async function agentOfPod(backend: Backend, pod: Pod, about: { access: AgentAccess; path: string }): Promise<Destination> {
  const nodeName = pod.spec.nodeName ?? '';
  if (nodeName === '') throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
  return agentAt(await backend.get(Nodes, nodeName), about.access, about.path);
}

/** The container that is meant: the named one, the annotated default, the only one. */
export function containerOf(pod: Pod, name: string): string {
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const all = [...containers, ...initContainers, ...ephemeralContainers].map((container) => container.name);
  if (name !== '') {
    if (!all.includes(name)) throw badRequest(`container ${name} is not valid for pod ${pod.metadata.name}`);
    return name;
  }
  const annotated = pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'];
  if (annotated !== undefined && all.includes(annotated)) return annotated;
  if (containers.length === 1) return containers[0]?.name ?? '';
  const names = (list: readonly { readonly name: string }[]): string => list.map((container) => container.name).join(' ');
  const init = initContainers.length > 0 ? ` or one of the init containers: [${names(initContainers)}]` : '';
  throw badRequest(`a container name must be specified for pod ${pod.metadata.name}, choose one of: [${names(containers)}]${init}`);
}

/** `scheme:name:port` as proxy URLs write it; everything but the name may be left out. */
export function splitProxyName(text: string): { scheme: string; name: string; port: string } {
  const parts = text.split(':');
  if (parts.length === 1) return { scheme: '', name: parts[0] ?? '', port: '' };
  if (parts.length === 2) return { scheme: '', name: parts[0] ?? '', port: parts[1] ?? '' };
  if (parts.length === 3 && ['', 'http', 'https'].includes(parts[0] ?? ''))
    return { scheme: parts[0] ?? '', name: parts[1] ?? '', port: parts[2] ?? '' };
  throw badRequest(`invalid proxy request ${JSON.stringify(text)}`);
}

const base = (scheme: string, address: string, port: number): string => `${scheme || 'http'}://${bracketed(address)}:${port}`;

/** Where a pod listens. */
export async function podTarget(backend: Backend, namespace: string, text: string): Promise<string> {
  const { scheme, name, port } = splitProxyName(text);
  const pod = await backend.get(Pods, name, namespace);
  const address = pod.status.podIP ?? '';
  if (address === '') throw badRequest('address not allowed');
  const ports = pod.spec.containers.flatMap((container) => container.ports ?? []);
  const number =
    port === '' ? ports[0]?.containerPort : /^\d+$/.test(port) ? Number(port) : ports.find((entry) => entry.name === port)?.containerPort;
  if (number === undefined && port !== '') throw badRequest(`no such port ${JSON.stringify(port)} on pod ${name}`);
  return base(scheme, address, number ?? 80);
}

/** A ready endpoint of a Service's port, any of them. */
export async function serviceTarget(backend: Backend, random: Random, about: { namespace: string; text: string }): Promise<string> {
  const { namespace, text } = about;
  const { scheme, name, port } = splitProxyName(text);
  const service = await backend.get(Services, name, namespace);
  const ports = service.spec.ports ?? [];
  const wanted =
    port === '' ? (ports.length === 1 ? ports[0] : undefined) : ports.find((entry) => entry.name === port || String(entry.port) === port);
  if (wanted === undefined)
    throw serviceUnavailable(
      port === ''
        ? `no endpoints available for service ${JSON.stringify(name)}`
        : `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
    );
  const candidates: string[] = [];
  for (const slice of backend.list(EndpointSlices, namespace)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
    const number = slice.ports?.find((entry) => (entry.name ?? '') === (wanted.name ?? ''))?.port;
    if (number === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false || endpoint.addresses[0] === undefined) continue;
      candidates.push(base(scheme, endpoint.addresses[0], number));
    }
  }
  const chosen = candidates[Math.floor(random.next() * candidates.length)];
  if (chosen === undefined) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  return chosen;
}
