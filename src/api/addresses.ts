// IP addresses and CIDRs as texts: recognised, classified and compared without the network.

/** The four octets of an IPv4 address, or undefined. Leading zeros are refused, as Go does. */
export function parseIPv4(text: string): readonly number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const parts = match.slice(1);
  const octets = parts.map(Number);
  if (octets.some((octet) => octet > 255) || parts.some((part) => part.length > 1 && part.startsWith('0'))) return undefined;
  return octets;
}

/** The eight 16-bit groups of an IPv6 address, or undefined. */
export function parseIPv6(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return undefined;
  let source = text;
  const lastColon = text.lastIndexOf(':');
  if (text.includes('.')) {
    const v4 = parseIPv4(text.slice(lastColon + 1));
    if (!v4) return undefined;
    const [a = 0, b = 0, c = 0, d = 0] = v4;
    source = `${text.slice(0, lastColon + 1)}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const groups = (half: string | undefined): string[] => (half === undefined || half === '' ? [] : half.split(':'));
  const head = groups(halves[0]);
  const tail = groups(halves[1]);
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array<string>(halves.length === 2 ? missing : 0).fill('0'), ...tail];
  if (all.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.map((group) => Number.parseInt(group, 16));
}

/** `IPv4`, `IPv6` or undefined when the text is no address. */
export function ipFamily(text: string): 'IPv4' | 'IPv6' | undefined {
  if (parseIPv4(text)) return 'IPv4';
  return parseIPv6(text) ? 'IPv6' : undefined;
}

/** The bits of an address as one number. */
export function ipBits(text: string): { readonly bits: bigint; readonly width: 32 | 128 } | undefined {
  const v4 = parseIPv4(text);
  if (v4) return { bits: v4.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n), width: 32 };
  const v6 = parseIPv6(text);
  if (v6) return { bits: v6.reduce((sum, group) => sum * 65536n + BigInt(group), 0n), width: 128 };
  return undefined;
}

/** The canonical (shortest, lower-case) text of an address, or undefined. */
export function canonicalIp(text: string): string | undefined {
  const v4 = parseIPv4(text);
  if (v4) return v4.join('.');
  const v6 = parseIPv6(text);
  if (!v6) return undefined;
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && v6[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = v6.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(':');
  return `${hex.slice(0, best.start).join(':')}::${hex.slice(best.start + best.length).join(':')}`;
}

/** The canonical text of an address that is given as a number. */
export function ipText(bits: bigint, width: 32 | 128): string {
  if (width === 32) return [24n, 16n, 8n, 0n].map((shift) => Number((bits >> shift) & 255n)).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => Number((bits >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return canonicalIp(groups.join(':')) as string;
}

export interface Cidr {
  /** Network bits (host bits cleared). */
  readonly network: bigint;
  /** The address as written, host bits included. */
  readonly address: bigint;
  readonly prefix: number;
  readonly width: 32 | 128;
}

/** A CIDR, or undefined. */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const length = text.slice(slash + 1);
  const ip = ipBits(text.slice(0, slash));
  if (!ip || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > ip.width) return undefined;
  const prefix = Number(length);
  const shift = BigInt(ip.width - prefix);
  return { network: (ip.bits >> shift) << shift, address: ip.bits, prefix, width: ip.width };
}

/** True when the address lies in the network. */
export function isInside(address: string, network: Cidr): boolean {
  const ip = ipBits(address);
  if (ip?.width !== network.width) return false;
  const shift = BigInt(network.width - network.prefix);
  return ip.bits >> shift === network.network >> shift;
}

/** The networks of a list that lie in no other of it, each once, as they stand in the list. */
export function outermost(cidrs: readonly string[]): readonly string[] {
  const parsed = cidrs.flatMap((text) => {
    const cidr = parseCidr(text.trim());
    return cidr === undefined ? [] : [{ cidr, text: `${ipText(cidr.network, cidr.width)}/${cidr.prefix}` }];
  });
  const outer = parsed.filter(({ cidr }) => !parsed.some((other) => strictlyInside(cidr, other.cidr)));
  return [...new Set(outer.map(({ text }) => text))];
}

/** The n-th address of a network, 0 being the network's own; undefined when the text is no CIDR. */
export function addressAt(cidr: string, n: number): string | undefined {
  const parsed = parseCidr(cidr);
  return parsed && ipText(parsed.network + BigInt(n), parsed.width);
}

/** The parts of a text such as `10.96.0.0/16,fd00::/112`: one network for each family, the first being the cluster's own. */
export const networksOf = (text: string): readonly string[] => text.split(',').map((part) => part.trim());

/** True when `inner` lies in `outer` and is smaller. */
export function strictlyInside(inner: Cidr, outer: Cidr): boolean {
  if (inner.width !== outer.width || inner.prefix <= outer.prefix) return false;
  const shift = BigInt(outer.width - outer.prefix);
  return inner.network >> shift === outer.network >> shift;
}

export const invalidIpText = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
export const invalidCidrText = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

/** What forbids an address as an endpoint or external IP: unspecified, loopback, link-local. */
export function nonSpecialIp(text: string): string[] {
  const ip = ipBits(text);
  if (!ip) return [invalidIpText];
  const { bits, width } = ip;
  const errors: string[] = [];
  const top = (count: number): bigint => bits >> BigInt(width - count);
  if (bits === 0n) errors.push(`may not be unspecified (${canonicalIp(text)})`);
  if (width === 32 ? top(8) === 127n : bits === 1n) {
    errors.push('may not be in the loopback range (127.0.0.0/8, ::1/128)');
  }
  if (width === 32 ? top(16) === 0xa9fen : top(10) === 0x3fan) {
    errors.push('may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  }
  if (width === 32 ? top(24) === 0xe00000n : top(16) === 0xff02n) {
    errors.push('may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
  }
  return errors;
}
