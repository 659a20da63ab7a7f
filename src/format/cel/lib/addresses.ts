// Kubernetes' libraries for IP addresses and networks.
import { readCost, readEstimate } from '../costs.ts';
import { type ArgEstimate, type CallEstimate, fn, free, type Library, method } from '../decls.ts';
import { addSizes, fixed, scale, traversal } from '../sizes.ts';
import { Bool, Int, opaque, Str } from '../types.ts';
import { fail, OpaqueValue, sizeOf, type Value } from '../values.ts';
import {
  type Address,
  addressText,
  containsAddress,
  isMapped,
  masked,
  type Network,
  parseAddress,
  parseNetwork,
  widthOf,
} from './ipaddress.ts';

const ipType = opaque('net.IP');
const cidrType = opaque('net.CIDR');

class IpValue extends OpaqueValue {
  readonly typeName = ipType.name;
  readonly address: Address;
  constructor(address: Address) {
    super();
    this.address = address;
  }
  equals(other: Value): boolean {
    return other instanceof IpValue && other.address.family === this.address.family && other.address.bits === this.address.bits;
  }
}

class CidrValue extends OpaqueValue {
  readonly typeName = cidrType.name;
  readonly network: Network;
  constructor(network: Network) {
    super();
    this.network = network;
  }
  equals(other: Value): boolean {
    if (!(other instanceof CidrValue)) return false;
    const [a, b] = [this.network, other.network];
    return a.prefix === b.prefix && a.address.family === b.address.family && a.address.bits === b.address.bits;
  }
}

const quoted = (text: string): string => JSON.stringify(text);

function parseIp(text: string): IpValue | string {
  if (/^[^%]*:[^%]*%/.test(text)) return `IP address ${quoted(text)} with zone value is not allowed`;
  const address = parseAddress(text);
  if (!address)
    return `IP Address ${quoted(text)} parse error during conversion from string: ParseAddr(${quoted(text)}): unable to parse IP`;
  return isMapped(address) ? `IPv4-mapped IPv6 address ${quoted(text)} is not allowed` : new IpValue(address);
}
function ip(text: string): IpValue {
  const parsed = parseIp(text);
  return typeof parsed === 'string' ? fail(parsed) : parsed;
}

function parseCidr(text: string): CidrValue | string {
  const network = parseNetwork(text);
  if (!network) return `network address parse error during conversion from string: netip.ParsePrefix(${quoted(text)}): no valid prefix`;
  return isMapped(network.address) ? `IPv4-mapped IPv6 address ${quoted(text)} is not allowed` : new CidrValue(network);
}
function cidr(text: string): CidrValue {
  const parsed = parseCidr(text);
  return typeof parsed === 'string' ? fail(parsed) : parsed;
}

const inNet = ({ address }: IpValue, network: string): boolean => containsAddress(parseNetwork(network) as Network, address);
const either = (value: IpValue, v4: string, v6: string): boolean => inNet(value, value.address.family === 4 ? v4 : v6);
const isUnspecified = (value: IpValue): boolean => value.address.bits === 0n;
const isLoopback = (value: IpValue): boolean => either(value, '127.0.0.0/8', '::1/128');
const isLinkLocalMulticast = (value: IpValue): boolean => either(value, '224.0.0.0/24', 'ff02::/16');
const isLinkLocalUnicast = (value: IpValue): boolean => either(value, '169.254.0.0/16', 'fe80::/10');
const isMulticast = (value: IpValue): boolean => either(value, '224.0.0.0/4', 'ff00::/8');
const isBroadcast = ({ address }: IpValue): boolean => address.family === 4 && address.bits === 0xffffffffn;
const isGlobalUnicast = (value: IpValue): boolean =>
  !isUnspecified(value) && !isBroadcast(value) && !isLoopback(value) && !isMulticast(value) && !isLinkLocalUnicast(value);

const holds = ({ network }: CidrValue, { address }: IpValue): boolean => containsAddress(network, address);
function holdsNetwork({ network }: CidrValue, { network: other }: CidrValue): boolean {
  return other.prefix >= network.prefix && containsAddress(network, masked(other.address, other.prefix));
}

const parsing = { cost: readCost(0), estimate: readEstimate(0) };
/** Comparing bytes of both, and reading the text where there is one. */
function containing(text: boolean, network: boolean) {
  const bytes = ([whole]: readonly Value[]): number => (whole instanceof CidrValue ? widthOf(whole.network.address.family) / 8 : 4);
  return {
    cost: (args: readonly Value[]): number => {
      const size = bytes(args);
      const more = network ? Math.ceil(size * traversal) + 1 : 0;
      return Math.ceil(2 * size * traversal) + more + (text ? Math.ceil(sizeOf(args[1] as Value) * traversal) : 0);
    },
    estimate: (args: readonly ArgEstimate[]): CallEstimate => {
      const size = { min: 4, max: 16 };
      let cost = scale(addSizes(size, size), traversal);
      if (network) cost = addSizes(addSizes(cost, scale(size, traversal)), fixed(1));
      if (text) cost = addSizes(cost, scale(args[1]?.size ?? fixed(0), traversal));
      return { cost };
    },
  };
}
const check = (name: string, impl: (value: IpValue) => boolean) => fn(name, method(`ip_${name}`, [ipType], Bool, impl));

export const addresses: Library = {
  types: [ipType, cidrType],
  functions: [
    fn(
      'ip',
      free('string_to_ip', [Str], ipType, ip, parsing),
      method('cidr_ip', [cidrType], ipType, ({ network }: CidrValue) => new IpValue(network.address)),
    ),
    fn(
      'isIP',
      free('is_ip', [Str], Bool, (text: string) => typeof parseIp(text) !== 'string', parsing),
    ),
    fn(
      'ip.isCanonical',
      free('ip_is_canonical', [Str], Bool, (text: string) => addressText(ip(text).address) === text, {
        cost: readCost(0, 2),
        estimate: readEstimate(0, 2),
      }),
    ),
    fn(
      'family',
      method('ip_family', [ipType], Int, ({ address }: IpValue) => BigInt(address.family)),
    ),
    check('isUnspecified', isUnspecified),
    check('isLoopback', isLoopback),
    check('isLinkLocalMulticast', isLinkLocalMulticast),
    check('isLinkLocalUnicast', isLinkLocalUnicast),
    check('isGlobalUnicast', isGlobalUnicast),
    fn('cidr', free('string_to_cidr', [Str], cidrType, cidr, parsing)),
    fn(
      'isCIDR',
      free('is_cidr', [Str], Bool, (text: string) => typeof parseCidr(text) !== 'string', parsing),
    ),
    fn(
      'containsIP',
      method(
        'cidr_contains_ip_string',
        [cidrType, Str],
        Bool,
        (net: CidrValue, text: string) => holds(net, ip(text)),
        containing(true, false),
      ),
      method('cidr_contains_ip_ip', [cidrType, ipType], Bool, holds, containing(false, false)),
    ),
    fn(
      'containsCIDR',
      method(
        'cidr_contains_cidr_string',
        [cidrType, Str],
        Bool,
        (net: CidrValue, text: string) => holdsNetwork(net, cidr(text)),
        containing(true, true),
      ),
      method('cidr_contains_cidr', [cidrType, cidrType], Bool, holdsNetwork, containing(false, true)),
    ),
    fn(
      'masked',
      method(
        'cidr_masked',
        [cidrType],
        cidrType,
        ({ network }: CidrValue) => new CidrValue({ address: masked(network.address, network.prefix), prefix: network.prefix }),
      ),
    ),
    fn(
      'prefixLength',
      method('cidr_prefix_length', [cidrType], Int, ({ network }: CidrValue) => BigInt(network.prefix)),
    ),
    fn(
      'string',
      free('ip_to_string', [ipType], Str, ({ address }: IpValue) => addressText(address)),
      free('cidr_to_string', [cidrType], Str, ({ network }: CidrValue) => `${addressText(network.address)}/${network.prefix}`),
    ),
  ],
};
