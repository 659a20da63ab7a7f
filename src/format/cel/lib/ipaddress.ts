// IP addresses and networks as numbers, parsed as strictly as Go's netip.

export interface Address {
  readonly family: 4 | 6;
  readonly bits: bigint;
}
export interface Network {
  readonly address: Address;
  readonly prefix: number;
}

const widths = { 4: 32, 6: 128 } as const;
/** Number of bits of the family. */
export const widthOf = (family: 4 | 6): number => widths[family];

function parse4(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);
}

function parse6(text: string): bigint | undefined {
  let body = text;
  let tail: bigint[] = [];
  if (body.includes('.')) {
    const cut = body.lastIndexOf(':') + 1;
    const last = parse4(body.slice(cut));
    if (cut === 0 || last === undefined) return undefined;
    tail = [last >> 16n, last & 0xffffn];
    body = body.slice(0, cut);
    // `::1.2.3.4` keeps its double colon, `1:2:3.4.5.6` loses the single one.
    if (!body.endsWith('::')) body = body.slice(0, -1);
  }
  const halves = body.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (!groups.flat().every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  const head = (groups[0] ?? []).map((group) => BigInt(`0x${group}`));
  const rest = [...(groups[1] ?? []).map((group) => BigInt(`0x${group}`)), ...tail];
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0n), ...rest].reduce((sum, group) => (sum << 16n) | group, 0n);
}

/** An address; undefined when the text is none. Zones are not read. */
export function parseAddress(text: string): Address | undefined {
  const family = text.includes(':') ? 6 : 4;
  const bits = family === 6 ? parse6(text) : parse4(text);
  return bits === undefined ? undefined : { family, bits };
}

/** True for `::ffff:1.2.3.4`. */
export const isMapped = ({ family, bits }: Address): boolean => family === 6 && bits >> 32n === 0xffffn;

/** An address with the length of its prefix; undefined when the text is none. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !/^(?:0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > widthOf(address.family)) return undefined;
  return { address, prefix: Number(digits) };
}

/** The address with all bits after the prefix cleared. */
export function masked({ family, bits }: Address, prefix: number): Address {
  const shift = BigInt(widthOf(family) - prefix);
  return { family, bits: (bits >> shift) << shift };
}

/** True when the network holds the address. */
export function containsAddress(network: Network, address: Address): boolean {
  return network.address.family === address.family && masked(address, network.prefix).bits === masked(network.address, network.prefix).bits;
}

/** The canonical text (RFC 5952). */
export function addressText({ family, bits }: Address): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, at) => Number((bits >> BigInt(112 - at * 16)) & 0xffffn));
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; ) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
    at += Math.max(length, 1);
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (best.at < 0) return text(groups);
  return `${text(groups.slice(0, best.at))}::${text(groups.slice(best.at + best.length))}`;
}
