// What `tutti up` was asked for, with defaults filled in and checked.
import type { NodeFlags } from './nodesettings.ts';
import type { RequestHeaderFlags, SecurityFlags } from './security.ts';
import { canonicalIp, networksOf, parseCidr } from '#api/addresses.ts';
import { gateNames } from '#api/gated.ts';
import { type EtcdFlags, type EtcdOptions, etcdOptions } from './storage.ts';
import { UsageError } from './usage.ts';

export interface UpOptions {
  readonly dataDir: string;
  readonly apiPort: number;
  readonly nodes: { readonly kind: 'none' | 'real' } | { readonly kind: 'sim'; readonly count: number };
  /** One network, or one of each family: `10.96.0.0/16,fd00:96::/112`; the first is the cluster's own family. */
  readonly serviceCidr: string;
  readonly podCidr: string;
  /** Networks whose addresses Services of type LoadBalancer get; empty: those of the nodes. */
  readonly loadBalancerPool: readonly string[];
  /** A word or an absolute path; see schedulerconfig.ts. */
  readonly schedulerConfig: string;
  /** Group versions that are served though they are not on by default. */
  readonly runtimeConfig: readonly string[];
  /** Feature gates that are not as by default. */
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly nodeName: string;
  /** Address of this node, or one of each family; empty: the machine's first. */
  readonly nodeIp: string;
  readonly domain: string;
  /** Listen at the node address too, though there is no node here: nodes elsewhere join. */
  readonly listen: boolean;
  /** Further names and addresses in the server's certificate, such as those of a balancer before several servers. */
  readonly certSans: readonly string[];
  /** Undefined: the state is on this machine's disk. */
  readonly etcd: EtcdOptions | undefined;
  /** Controllers and scheduler work only while this server holds their Leases: always so where there may be several servers. */
  readonly leaderElect: boolean;
  /** Endpoints that go are acknowledged before their pods are stopped; off only to see what that is good for. */
  readonly acknowledge: boolean;
  readonly verbose: boolean;
  readonly security: SecurityFlags & RequestHeaderFlags;
  readonly node: NodeFlags;
}

export interface UpFlags extends SecurityFlags, RequestHeaderFlags, NodeFlags, EtcdFlags {
  readonly dataDir?: string;
  readonly apiPort?: string;
  readonly nodes?: string;
  readonly serviceCidr?: string;
  readonly podCidr?: string;
  readonly loadBalancerPool?: string;
  readonly schedulerConfig?: string;
  readonly runtimeConfig?: string;
  readonly featureGates?: string;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly apiserverCertExtraSans?: string;
  readonly listen?: boolean;
  readonly leaderElect?: boolean;
  readonly endpointAcknowledgement?: boolean;
  readonly verbose?: boolean;
}

/** Simulated nodes in one process at most. */
const maxSimulated = 1000;

const isName = (text: string): boolean => /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text) && text.length <= 63;

const nameOfMachine = (hostName: string): string => hostName.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-');

function nodesOf(text: string): UpOptions['nodes'] {
  if (text === 'none' || text === 'real') return { kind: text };
  const count = Number(/^sim:(\d{1,4})$/.exec(text)?.[1] ?? 0);
  if (count >= 1 && count <= maxSimulated) return { kind: 'sim', count };
  throw new UsageError(`--nodes must be real, none or sim:N with N from 1 to ${maxSimulated}, not "${text}"`);
}

/** One network, or two of different families. */
function cidrs(flag: string, text: string): string {
  const networks = networksOf(text);
  const parsed = networks.map(parseCidr);
  if (parsed.includes(undefined)) throw new UsageError(`--${flag} must be a network such as 10.96.0.0/16, not "${text}"`);
  if (networks.length > 2 || (networks.length === 2 && parsed[0]?.width === parsed[1]?.width))
    throw new UsageError(`--${flag} may have one network of each family, IPv4 and IPv6, not "${text}"`);
  return networks.join();
}

/** Names and addresses, as kubeadm's flag of this name has them. */
function certSans(text: string): readonly string[] {
  const sans = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  for (const san of sans) {
    if (canonicalIp(san) === undefined && !/^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(san))
      throw new UsageError(`--apiserver-cert-extra-sans must be a list of addresses and lower-case names, not "${text}"`);
  }
  return sans;
}

/** Any number of networks. */
function networks(flag: string, text: string): readonly string[] {
  const list = text === '' ? [] : networksOf(text);
  if (list.some((one) => parseCidr(one) === undefined))
    throw new UsageError(`--${flag} must be a list of networks such as 192.0.2.16/28, not "${text}"`);
  return list;
}

/** The families of a list of networks: a cluster's pods and Services must have the same. */
const familiesOf = (text: string): string =>
  networksOf(text)
    .map((network) => (network.includes(':') ? 'IPv6' : 'IPv4'))
    .toSorted()
    .join();

/** `group/version[=true],…`; what is set to false is off, as it is by default. */
function groupVersions(text: string): readonly string[] {
  const pairs = text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => /^([a-z0-9.-]+\/v[a-z0-9]+)(?:=(true|false))?$/.exec(part));
  if (pairs.some((pair) => pair === null)) {
    throw new UsageError(`--runtime-config must be a list such as admissionregistration.k8s.io/v1beta1=true, not "${text}"`);
  }
  return pairs.flatMap((pair) => (pair?.[1] && pair[2] !== 'false' ? [pair[1]] : []));
}

/** `Name=true,…`. Throws `UsageError` for what is no gate or no boolean, in the words of Kubernetes. */
function gates(text: string): Readonly<Record<string, boolean>> {
  const asked: Record<string, boolean> = {};
  for (const part of text.split(',').map((item) => item.trim())) {
    if (part === '') continue;
    const [, name = '', value] = /^([^=]*)(?:=(.*))?$/.exec(part) ?? [];
    if (value === undefined) throw new UsageError(`--feature-gates: missing bool value for ${name}`);
    if (value !== 'true' && value !== 'false')
      throw new UsageError(`--feature-gates: invalid value of ${name}=${value}, must be true or false`);
    if (!gateNames.has(name)) throw new UsageError(`--feature-gates: unrecognized feature gate: ${name}`);
    asked[name] = value === 'true';
  }
  return asked;
}

/** The directory that is used without `--data-dir`: the system's for root, else one below the home directory. */
export function defaultDataDir(root: boolean, home: string): string {
  return root ? '/var/lib/tutti' : `${home}/.tutti`;
}

/** Checks the flags. Throws `UsageError`. */
export function upOptions(
  flags: UpFlags,
  machine: { readonly dataDir: string; readonly hostName: string; readonly root: boolean },
): UpOptions {
  const port = Number(flags.apiPort ?? 6443);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new UsageError(`--api-port must be a number from 0 to 65535, not "${flags.apiPort}"`);
  const nodeName = flags.nodeName ?? nameOfMachine(machine.hostName);
  if (!isName(nodeName)) throw new UsageError(`--node-name must be a lower-case host name, not "${nodeName}"`);
  const serviceCidr = cidrs('service-cidr', flags.serviceCidr ?? '10.96.0.0/16');
  const podCidr = cidrs('pod-cidr', flags.podCidr ?? '10.244.0.0/16');
  if (familiesOf(serviceCidr) !== familiesOf(podCidr))
    throw new UsageError(`--service-cidr and --pod-cidr must be of the same families, not "${serviceCidr}" and "${podCidr}"`);
  const etcd = etcdOptions(flags);
  return {
    dataDir: flags.dataDir ?? machine.dataDir,
    apiPort: port,
    nodes: nodesOf(flags.nodes ?? (machine.root ? 'real' : 'none')),
    serviceCidr,
    podCidr,
    loadBalancerPool: networks('load-balancer-pool', flags.loadBalancerPool ?? ''),
    schedulerConfig: flags.schedulerConfig ?? 'default',
    runtimeConfig: groupVersions(flags.runtimeConfig ?? ''),
    featureGates: gates(flags.featureGates ?? ''),
    nodeName,
    nodeIp: flags.nodeIp ?? '',
    domain: 'cluster.local',
    listen: flags.listen === true,
    certSans: certSans(flags.apiserverCertExtraSans ?? ''),
    etcd,
    leaderElect: flags.leaderElect === true || etcd !== undefined,
    acknowledge: flags.endpointAcknowledgement !== false,
    verbose: flags.verbose === true,
    security: flags,
    node: flags,
  };
}

export interface AgentFlags extends NodeFlags {
  readonly dataDir?: string;
  readonly server?: string;
  readonly token?: string;
  readonly nodeName?: string;
  readonly nodeIp?: string;
  readonly endpointAcknowledgement?: boolean;
  readonly verbose?: boolean;
}

export interface AgentRunOptions {
  readonly dataDir: string;
  readonly server: string;
  readonly token: string;
  readonly nodeName: string;
  readonly nodeIp: string;
  /** Endpoints that go are acknowledged before their pods are stopped; off only to see what that is good for. */
  readonly acknowledge: boolean;
  readonly verbose: boolean;
  readonly node: NodeFlags;
}

/** Checks the flags of `tutti agent`. Throws `UsageError`. */
export function agentRunOptions(flags: AgentFlags, machine: { readonly dataDir: string; readonly hostName: string }): AgentRunOptions {
  if (!/^https:\/\/[^/]+$/.test(flags.server ?? ''))
    throw new UsageError(`--server must be the URL of an API server such as https://192.0.2.1:6443, not "${flags.server ?? ''}"`);
  const nodeName = flags.nodeName ?? nameOfMachine(machine.hostName);
  if (!isName(nodeName)) throw new UsageError(`--node-name must be a lower-case host name, not "${nodeName}"`);
  return {
    dataDir: flags.dataDir ?? machine.dataDir,
    server: flags.server ?? '',
    token: flags.token ?? '',
    nodeName,
    nodeIp: flags.nodeIp ?? '',
    acknowledge: flags.endpointAcknowledgement !== false,
    verbose: flags.verbose === true,
    node: flags,
  };
}
