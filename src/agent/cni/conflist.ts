// The pod network of a node as a CNI network configuration: `ptp` + `host-local`. Every pod has a routed /32 (/128) on a
// veth of its own, so that each packet passes the node's forward hook: policies and conntrack see all traffic.

export interface PodNetwork {
  /** CNI network name. */
  readonly name: string;
  /** One subnet per IP family, the node's share of the cluster's pod range. */
  readonly subnets: readonly string[];
  readonly mtu: number;
  /** Directory in which host-local keeps the addresses that are taken. */
  readonly ipamDir: string;
}

/** Name of our wrapper around `ptp`, see `ptpWrapper`. */
export const wrapperName = 'tutti-ptp';

const isIPv6 = (subnet: string): boolean => subnet.includes(':');

/** The text of the `.conflist` file. */
export function conflist({ name, subnets, mtu, ipamDir }: PodNetwork): string {
  const type = subnets.some(isIPv6) ? wrapperName : 'ptp';
  const ipam = {
    type: 'host-local',
    dataDir: ipamDir,
    ranges: subnets.map((subnet) => [{ subnet }]),
    routes: subnets.map((subnet) => ({ dst: isIPv6(subnet) ? '::/0' : '0.0.0.0/0' })),
  };
  // Masquerading and host ports are ours, in nftables: no iptables is needed.
  return `${JSON.stringify({ cniVersion: '0.4.0', name, plugins: [{ type, ipMasq: false, mtu, ipam }] }, undefined, 2)}\n`;
}

/**
 * A plugin that switches duplicate address detection off in the pod's namespace and then is `ptp`, which otherwise waits
 * two seconds for the detection of an address that nobody else can have.
 */
export function ptpWrapper(pluginDir: string): string {
  return `#!/bin/sh
if [ "$CNI_COMMAND" = ADD ]; then
  nsenter --net="$CNI_NETNS" sh -c 'cd /proc/sys/net/ipv6/conf/default && echo 0 >accept_dad && echo 0 >dad_transmits'
fi
exec ${pluginDir}/ptp
`;
}

/**
 * nftables text for packets that leave the cluster: pods are not known outside, so that their packets take the node's
 * address. Nothing is changed between pods and for `noMasquerade`. The table is replaced as a whole, atomically.
 */
export function masqueradeRules(table: string, subnets: readonly string[], noMasquerade: readonly string[]): string {
  const families = ['ip', 'ip6'] as const;
  const rules = families.flatMap((family) => {
    const own = subnets.filter((subnet) => isIPv6(subnet) === (family === 'ip6'));
    if (own.length === 0) return [];
    const multicast = family === 'ip' ? '224.0.0.0/4' : 'ff00::/8';
    const except = [...new Set([...own, ...noMasquerade.filter((cidr) => isIPv6(cidr) === (family === 'ip6')), multicast])];
    return except
      .map((cidr) => `    ${family} daddr ${cidr} return\n`)
      .concat(own.map((subnet) => `    ${family} saddr ${subnet} fib daddr type != local masquerade\n`));
  });
  return `add table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain leave {
    type nat hook postrouting priority srcnat + 10; policy accept;
${rules.join('')}  }
}
`;
}
