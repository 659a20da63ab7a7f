// The /etc/hosts file of a pod: pure.
import type { HostAlias } from '#api/core/v1/podspec.ts';

function aliases(entries: readonly HostAlias[]): string {
  if (entries.length === 0) return '';
  const lines = entries.map((entry) => `${entry.ip}\t${(entry.hostnames ?? []).join('\t')}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join('')}`;
}

/** The file of a pod with its own network. */
export function podHosts(about: { ips: readonly string[]; hostname: string; domain: string; aliases: readonly HostAlias[] }): string {
  const name = about.domain ? `${about.hostname}.${about.domain}\t${about.hostname}` : about.hostname;
  return [
    '# Kubernetes-managed hosts file.\n',
    '127.0.0.1\tlocalhost\n',
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    'fe00::0\tip6-localnet\n',
    'fe00::0\tip6-mcastprefix\n',
    'fe00::1\tip6-allnodes\n',
    'fe00::2\tip6-allrouters\n',
    ...about.ips.map((ip) => `${ip}\t${name}\n`),
    aliases(about.aliases),
  ].join('');
}

/** The file of a pod in the node's network: the node's own file and the aliases. */
export function hostNetworkHosts(nodeFile: string, entries: readonly HostAlias[]): string {
  const text = nodeFile === '' || nodeFile.endsWith('\n') ? nodeFile : `${nodeFile}\n`;
  return `# Kubernetes-managed hosts file (host network).\n${text}${aliases(entries)}`;
}
