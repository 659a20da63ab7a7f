// Affinity entries that point at a backend which is gone. The kernel refreshes such an entry instead of replacing it, so
// its client would be spread at random until it pauses for the whole time-out: they are deleted after a change.
import type { Family } from './front.ts';
import type { Programmed } from './rules.ts';

interface NftMapJson {
  readonly nftables: readonly { readonly map?: { readonly elem?: readonly unknown[] } }[];
}

function concatOf(value: unknown): string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const inner = 'elem' in value ? (value as { elem: { val: unknown } }).elem.val : value;
  const parts = (inner as { concat?: unknown[] } | null)?.concat;
  return parts?.map((part) => String(part));
}

/**
 * The keys to delete from an affinity map, given `nft -j list map` output. `find` gives the programmed front for an
 * address (empty on node ports), protocol and port.
 */
export function staleKeys(
  listing: string,
  onNodePorts: boolean,
  find: (address: string, protocol: string, port: number) => Programmed | undefined,
): string[] {
  const parsed = JSON.parse(listing) as NftMapJson;
  const stale: string[] = [];
  for (const entry of parsed.nftables.flatMap((item) => item.map?.elem ?? [])) {
    const [key, slot] = Array.isArray(entry) ? (entry as [unknown, unknown]) : [undefined, undefined];
    const parts = concatOf(key);
    if (parts === undefined) continue;
    const [address, protocol, port] = onNodePorts ? ['', parts[1], parts[2]] : [parts[1], parts[2], parts[3]];
    const state = find(address ?? '', protocol ?? '', Number(port));
    if (state === undefined || ![...state.slots.values()].includes(Number(slot))) stale.push(parts.join(' . '));
  }
  return stale;
}

/** True when a backend that clients may be tied to has gone. */
export function lostSlot(before: Programmed | undefined, after: Programmed | undefined): boolean {
  if (before === undefined || before.front.affinity === undefined) return false;
  return [...before.slots.keys()].some((key) => !after?.slots.has(key));
}

export const affinityMaps: readonly { readonly name: string; readonly onNodePorts: boolean; readonly fromInside: boolean }[] = [
  { name: 'aff', onNodePorts: false, fromInside: false },
  { name: 'npaff', onNodePorts: true, fromInside: false },
  { name: 'inaff', onNodePorts: false, fromInside: true },
  { name: 'innpaff', onNodePorts: true, fromInside: true },
];

export type { Family };
