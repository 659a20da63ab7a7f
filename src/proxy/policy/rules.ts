// Policies as nftables text. One chain per policy and direction; a chain per combination of policies that pods have, which
// ends in `drop`; verdict maps from the addresses of isolated pods to their combination. Peers are sets of addresses.
import { type Family, familyOf, type Protocol } from '../front.ts';
import type { Peer, PortMatch, Rule } from './select.ts';

export type Direction = 'ingress' | 'egress';

/** Names of the sets that stand for selectors and for named ports. */
export interface SetNames {
  peer(id: string, family: Family): string;
  named(name: string, protocol: Protocol, family: Family): string;
}

const addressType: Readonly<Record<Family, string>> = { ip: 'ipv4_addr', ip6: 'ipv6_addr' };
export const peerType = (family: Family): string => addressType[family];
export const namedType = (family: Family): string => `${addressType[family]} . inet_proto . inet_service`;
export const namedElement = (address: string, protocol: Protocol, port: number): string => `${address} . ${protocol} . ${port}`;

/** Verdict map of a direction. */
export const verdictMap = (direction: Direction, family: Family): string => `${direction}-${family}`;
/** The set of pairs of a pod's address with itself: no policy keeps a pod from itself. */
export const selfSet = (family: Family): string => `self-${family}`;

/** Joins what overlaps or touches: nft refuses a set of overlapping ranges. */
export function mergeRanges(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    const previous = merged.at(-1);
    if (previous !== undefined && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
    else merged.push([first, last]);
  }
  return merged;
}

function portTexts(ports: readonly PortMatch[] | undefined, family: Family, names: SetNames): string[] {
  if (ports === undefined) return [''];
  const texts: string[] = [];
  const ranges = new Map<Protocol, [number, number][]>();
  for (const port of ports) {
    if ('name' in port) texts.push(`${family} daddr . meta l4proto . th dport @${names.named(port.name, port.protocol, family)} `);
    else if (port.first === undefined) texts.push(`meta l4proto ${port.protocol} `);
    else {
      const list = ranges.get(port.protocol) ?? [];
      list.push([port.first, port.last ?? port.first]);
      ranges.set(port.protocol, list);
    }
  }
  for (const [protocol, list] of ranges) {
    const numbers = mergeRanges(list).map(([first, last]) => (first === last ? String(first) : `${first}-${last}`));
    texts.push(`${protocol} dport { ${numbers.join(', ')} } `);
  }
  return texts;
}

function peerTexts(peers: readonly Peer[] | undefined, about: { direction: Direction; family: Family; names: SetNames }): string[] {
  if (peers === undefined) return [''];
  const { family } = about;
  const side = `${family} ${about.direction === 'ingress' ? 'saddr' : 'daddr'}`;
  return peers.flatMap((peer) => {
    if (peer.kind === 'pods') return [`${side} @${about.names.peer(peer.selector.id, family)} `];
    if (familyOf(peer.cidr) !== family) return [];
    // One match each: nft refuses a set of networks that overlap.
    const except = peer.except.map((network) => `${side} != ${network} `).join('');
    // A network of all addresses is not a match for nft's grammar in every version: it is left out.
    const inside = peer.cidr.endsWith('/0') ? '' : `${side} ${peer.cidr} `;
    return [`${inside}${except}`];
  });
}

/** The rules of a policy in one direction: each accepts; what none accepts falls through. */
export function policyRules(rules: readonly Rule[], about: { direction: Direction; family: Family; names: SetNames }): string[] {
  return rules.flatMap((rule) => {
    const ports = portTexts(rule.ports, about.family, about.names);
    return peerTexts(rule.peers, about).flatMap((peer) => ports.map((port) => `${peer}${port}accept`));
  });
}

/**
 * The empty table. Egress is judged before ingress, in a base chain of its own: accepting ends only the chain in which it
 * happens. Both stand behind the translation of Service addresses, so that policies see pods; what the node itself sends
 * to its pods passes neither (KEP-2091: traffic to and from the pod's own node is always allowed).
 */
export function policyBase(table: string, families: readonly Family[]): string {
  const sets = families.map(
    (family) => `  set ${selfSet(family)} { type ${addressType[family]} . ${addressType[family]}; }
  map ${verdictMap('ingress', family)} { type ${addressType[family]} : verdict; }
  map ${verdictMap('egress', family)} { type ${addressType[family]} : verdict; }
`,
  );
  const chain = (direction: Direction, priority: number): string => {
    const side = direction === 'ingress' ? 'daddr' : 'saddr';
    const self = families.map((family) => `    ${family} saddr . ${family} daddr @${selfSet(family)} accept\n`);
    const judge = families.map((family) => `    ${family} ${side} vmap @${verdictMap(direction, family)}\n`);
    return `  chain ${direction} {
    type filter hook forward priority ${priority}; policy accept;
    ct state established,related accept
${self.join('')}${judge.join('')}  }
`;
  };
  return `add table inet ${table}
delete table inet ${table}
table inet ${table} {
${sets.join('')}${chain('egress', -5)}${chain('ingress', 0)}}
`;
}
