// Where requests are passed on to: the agent of a node, a pod, an endpoint of a Service.
import type { Node } from '#api/core/v1/node.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import type { EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import { EndpointSlices, Nodes, Pods, Services } from '#api/refs.ts';
import { badRequest, serviceUnavailable } from '#api/status.ts';
import type { TlsClientOptions } from '#base/net.ts';
import type { Random } from '#base/random.ts';
import type { Backend } from '../chain.ts';
import { checkProxyable, parseProxyName, type ProxyName } from './names.ts';

/** Scheme, host and port; and how to be sure of the other end. */
export interface Target {
  /** `https://10.0.0.1:10250`, without a path. */
  readonly origin: string;
  readonly tls?: TlsClientOptions;
}

const addressTypes = ['InternalIP', 'ExternalIP', 'Hostname', 'InternalDNS', 'ExternalDNS'];
const defaultAgentPort = 10250;

const host = (address: string): string => (address.includes(':') ? `[${address}]` : address);

/** The address at which a node's agent answers. */
export function agentAddress(node: Node): { address: string; port: number } {
  const addresses = node.status?.addresses ?? [];
  const found = addressTypes.map((type) => addresses.find((entry) => entry.type === type)).find((entry) => entry !== undefined);
  if (found === undefined) {
    throw serviceUnavailable(`no preferred addresses found; known addresses: ${JSON.stringify(addresses.map(({ address }) => address))}`);
  }
  return { address: found.address, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultAgentPort };
}

/** The agent of a node by name. */
export async function agentTarget(backend: Backend, nodeName: string, tls: TlsClientOptions): Promise<Target> {
  const { address, port } = agentAddress(await backend.get(Nodes, nodeName));
  return { origin: `https://${host(address)}:${port}`, tls };
}

function nameOf(text: string, what: string): ProxyName {
  const name = parseProxyName(text);
  if (name === undefined) throw badRequest(`invalid ${what} request ${JSON.stringify(text)}`);
  return name;
}

function originOf(scheme: ProxyName['scheme'], ip: string, port: string | number): Target {
  const origin = `${scheme || 'http'}://${host(ip)}${port === '' ? '' : `:${port}`}`;
  // Pods serve certificates of their own making: the API server does not judge them.
  return scheme === 'https' ? { origin, tls: { insecure: true } } : { origin };
}

/** The port of a pod that is meant: by number or name, or the first that a container names. */
export function podPort(pod: Pod, wanted: string): string {
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  if (wanted === '') return ports[0] === undefined ? '' : String(ports[0].containerPort);
  return String(ports.find((port) => port.name === wanted)?.containerPort ?? wanted);
}

/** The pod of a `pods/<name>/proxy` request. */
export async function podTarget(backend: Backend, text: string, namespace: string): Promise<Target> {
  const { scheme, name, port } = nameOf(text, 'pod');
  const pod = await backend.get(Pods, name, namespace);
  const ip = pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? '';
  checkProxyable(ip);
  return originOf(scheme, ip, podPort(pod, port));
}

/** Name of the Service port that a request means. */
export function servicePortName(service: Service, wanted: string): string {
  const ports = service.spec?.ports ?? [];
  if (wanted === '') {
    if (ports.length === 1) return ports[0]?.name ?? '';
    return '';
  }
  if (!/^\d+$/.test(wanted)) return wanted;
  const found = ports.find((port) => port.port === Number(wanted));
  if (found === undefined) {
    throw serviceUnavailable(`no service port ${wanted} found for service ${JSON.stringify(service.metadata.name)}`);
  }
  return found.name ?? '';
}

/** Ready addresses of a Service with the number behind the named port. */
export function serviceEndpoints(slices: readonly EndpointSlice[], portName: string): { ip: string; port: number }[] {
  return slices.flatMap((slice) => {
    const port = slice.ports?.find((entry) => (entry.name ?? '') === portName)?.port;
    if (port === undefined || slice.addressType === 'FQDN') return [];
    return (slice.endpoints ?? [])
      .filter((endpoint) => endpoint.conditions?.ready !== false)
      .flatMap((endpoint) => endpoint.addresses.map((ip) => ({ ip, port })));
  });
}

/** A random endpoint of a `services/<name>/proxy` request. */
export async function serviceTarget(backend: Backend, random: Random, text: string, namespace: string): Promise<Target> {
  const { scheme, name, port } = nameOf(text, 'service');
  const service = await backend.get(Services, name, namespace);
  const portName = servicePortName(service, port);
  const slices = backend.list(EndpointSlices, namespace).filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === name);
  const endpoints = serviceEndpoints(slices, portName);
  const chosen = endpoints[Math.floor(random.next() * endpoints.length)];
  if (chosen === undefined) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(name)}`);
  checkProxyable(chosen.ip);
  return originOf(scheme, chosen.ip, chosen.port);
}

/** The agent of a `nodes/<name>/proxy` request. */
export async function nodeTarget(backend: Backend, text: string, tls: TlsClientOptions): Promise<Target> {
  const { scheme, name, port } = nameOf(text, 'node');
  const node = await backend.get(Nodes, name);
  const agent = agentAddress(node);
  if (port === '' || port === String(agent.port)) return { origin: `https://${host(agent.address)}:${agent.port}`, tls };
  checkProxyable(agent.address);
  return originOf(scheme, agent.address, port);
}
