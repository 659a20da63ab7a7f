// The pod network of a node: its CNI network configuration, and what happens to packets that leave the cluster.

/** Name of our plugin, see `plugin.ts`. */
export const pluginName = 'tutti';

/** The text of the `.conflist` file of a network; the plugin itself knows the rest. */
export function conflist(name: string): string {
  // Masquerading and host ports are ours, in nftables: no other plugin is needed.
  return `${JSON.stringify({ cniVersion: '0.4.0', name, plugins: [{ type: pluginName }] }, undefined, 2)}\n`;
}

const isIPv6 = (subnet: string): boolean => subnet.includes(':');

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
