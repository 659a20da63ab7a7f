// A pod's resolver configuration: pure.
import type { Pod } from '#api/core/v1/pod.ts';

export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

const maxServers = 3;
const maxSearches = 32;
const maxSearchChars = 2048;

/** Reads a resolv.conf. */
export function parseResolvConf(text: string): DnsConfig {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const [word, ...rest] = fields;
    if (!word || word.startsWith('#') || word.startsWith(';')) continue;
    if (word === 'nameserver' && rest[0]) servers.push(rest[0]);
    // `search .` asks for nothing; the last line wins.
    else if (word === 'search') searches = rest.map((name) => (name === '.' ? name : name.replace(/\.$/, ''))).filter(Boolean);
    else if (word === 'options') options = rest;
  }
  return { servers, searches, options };
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

/** Options by name; later ones replace earlier ones. */
function mergeOptions(base: readonly string[], more: readonly { name?: string; value?: string }[]): string[] {
  const merged = new Map(base.map((option) => [option.split(':')[0] ?? option, option]));
  for (const { name = '', value } of more) merged.set(name, value ? `${name}:${value}` : name);
  return [...merged.values()];
}

function capSearches(searches: readonly string[]): string[] {
  const kept = searches.slice(0, maxSearches);
  while (kept.join(' ').length > maxSearchChars) kept.pop();
  return kept;
}

/** What the pod's policy and own configuration come to, given the node's resolver and the cluster's. */
export function podDns(pod: Pod, node: { resolv: DnsConfig; clusterDns: readonly string[]; clusterDomain: string }): DnsConfig {
  const { dnsPolicy = 'ClusterFirst', hostNetwork, dnsConfig } = pod.spec;
  const cluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  let base: DnsConfig = node.resolv;
  if (dnsPolicy === 'None') base = { servers: [], searches: [], options: [] };
  else if (cluster && node.clusterDns.length > 0) {
    const domains = [`${pod.metadata.namespace}.svc.${node.clusterDomain}`, `svc.${node.clusterDomain}`, node.clusterDomain];
    base = {
      servers: node.clusterDns,
      searches: unique([...domains, ...node.resolv.searches.filter((name) => name !== '.')]),
      options: ['ndots:5'],
    };
  }
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, maxServers),
    searches: capSearches(unique([...base.searches, ...(dnsConfig?.searches ?? [])])),
    options: mergeOptions(base.options, dnsConfig?.options ?? []),
  };
}
