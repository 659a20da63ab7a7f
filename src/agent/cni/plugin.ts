// Our network plugin, as a shell script: every pod gets a pair of interfaces of its own with a routed /32 (/128), so that each
// packet passes the node's forward hook. The standard plugins (ptp, host-local) come to the same, but are three programs of
// several megabytes whose start costs more than the work that they do; a shell and `ip` cost a third of that.
import { addressAt, parseCidr } from '#api/addresses.ts';

export interface PluginOptions {
  /** Absolute paths of the programs. */
  readonly ip: string;
  readonly nsenter: string;
  /** Directory with one file for each address that is taken; its first line names the sandbox. host-local keeps the same. */
  readonly leases: string;
  /** One subnet per IP family, the node's share of the cluster's pod range. */
  readonly subnets: readonly string[];
  readonly mtu: number;
}

/** More addresses than this of a subnet are not looked through: no node has so many pods. */
const mostAddresses = 65_534;
/** Of the codes of the CNI specification: input or output failed; the first of those that plugins may choose themselves. */
const ioFailure = 5;
const noAddress = 100;
const versions = `VERSION) echo '{"cniVersion":"0.4.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0"]}' ;;`;

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

interface Family {
  readonly version: 4 | 6;
  readonly prefix: number;
  readonly subnet: string;
  readonly gateway: string;
  /** Numbers of the first and the last address that pods get; the first address of all is the gateway's. */
  readonly first: number;
  readonly last: number;
  /** Shell statements that set `address` to the address with the number `n`. */
  readonly text: string;
}

function familyOf(subnet: string): Family {
  const cidr = parseCidr(subnet);
  const gateway = addressAt(subnet, 1);
  if (!cidr || gateway === undefined) throw new Error(`not a network: ${subnet}`);
  const hosts = 2 ** Math.min(cidr.width - cidr.prefix, 16);
  const common = { prefix: cidr.prefix, subnet, gateway, first: 2 };
  if (cidr.width === 32) {
    const text = `a=$((${cidr.network} + n)); address=$((a >> 24)).$((a >> 16 & 255)).$((a >> 8 & 255)).$((a & 255))`;
    // The last one is for broadcasts.
    return { ...common, version: 4, last: Math.min(hosts - 2, mostAddresses), text };
  }
  // Only the last group differs: what is before it is the same text for all of them.
  const lead = (addressAt(subnet, hosts - 1) ?? '').replace(/[^:]+$/, '');
  const text = `hex $((${cidr.network & 0xffffn} + n)); address=${lead}$digits`;
  return { ...common, version: 6, last: Math.min(hosts - 1, mostAddresses), text };
}

/** Takes the next free address; addresses are used again as late as possible. */
const taking = ({ version, first, last, text }: Family): string => `take${version}() {
  n=
  [ -f "$leases/last${version}" ] && read -r n <"$leases/last${version}"
  n=\${n:-${first - 1}}
  tries=${last - first + 1}
  while [ "$tries" -gt 0 ]; do
    tries=$((tries - 1))
    n=$((n < ${last} ? n + 1 : ${first}))
    ${text}
    if true 2>/dev/null >"$leases/$address"; then
      own "$address"
      echo "$n" >|"$leases/last${version}"
      ip${version}=$address
      return
    fi
  done
  fail ${noAddress} 'no address of ${version === 4 ? 'IPv4' : 'IPv6'} is free'
}
`;

const hexadecimal = `digit() { shift "$1"; digits=$2$digits; }
hex() {
  rest=$1 digits=
  while [ "$rest" -gt 0 ]; do
    digit $((rest & 15)) 0 1 2 3 4 5 6 7 8 9 a b c d e f
    rest=$((rest >> 4))
  done
}
`;

/** Nobody else can have the address: it need not be looked for (which would take two seconds). */
const nodad = (family: Family): string => (family.version === 6 ? ' nodad' : '');
const host = ({ version }: Family): number => (version === 4 ? 32 : 128);

const outside = (family: Family): string => `addr add ${family.gateway}/${host(family)} dev $link${nodad(family)}
route add $ip${family.version}/${host(family)} dev $link
`;
const inside = (family: Family): string => `addr add $ip${family.version}/${family.prefix} dev $CNI_IFNAME noprefixroute${nodad(family)}
route add ${family.gateway}/${host(family)} dev $CNI_IFNAME
route add ${family.subnet} via ${family.gateway}
route add default via ${family.gateway}
`;

/** The answer to ADD, with the shell's variables in it: to stand between double quotes. */
function result(families: readonly Family[]): string {
  const answer = {
    cniVersion: '0.4.0',
    interfaces: [{ name: '$link' }, { name: '$CNI_IFNAME', sandbox: '$CNI_NETNS' }],
    ips: families.map(({ version, prefix, gateway }) => ({
      version: String(version),
      interface: 1,
      address: `$ip${version}/${prefix}`,
      gateway,
    })),
    routes: families.map(({ version, gateway }) => ({ dst: version === 4 ? '0.0.0.0/0' : '::/0', gw: gateway })),
    dns: {},
  };
  return JSON.stringify(answer).replaceAll('"', '\\"');
}

/**
 * The script of the plugin, which is called as CNI 0.4.0 says. It reads nothing of its configuration: all is in its text. ADD that
 * fails leaves nothing; DEL may be repeated, and knows the addresses of pods that host-local gave.
 */
export function networkPlugin({ ip, nsenter, leases, subnets, mtu }: PluginOptions): string {
  const families = subnets.map(familyOf);
  return `#!/bin/sh
# Written by the node's agent. No redirection overwrites a file: what exists is taken.
set -C
leases=${quoted(leases)}
link=veth\${CNI_CONTAINERID%"\${CNI_CONTAINERID#????????}"}

release() {
  set --
  for file in "$leases"/[0-9a-f]*; do
    [ -f "$file" ] || continue
    read -r owner <"$file"
    case $owner in "$CNI_CONTAINERID" | "$CNI_CONTAINERID"?) set -- "$@" "$file" ;; esac
  done
  [ $# -gt 0 ] || return 0
  # Gone already when the pod's namespace is.
  ${quoted(ip)} link del "$link" 2>/dev/null
  rm -f "$@"
}

fail() {
  printf '{"cniVersion":"0.4.0","code":%s,"msg":"%s"}\\n' "$1" "$2"
  release
  exit 1
}

# A file that stayed empty would keep its address for ever. tee says why, which a shell does not.
own() {
  echo "$CNI_CONTAINERID" 2>/dev/null >>"$leases/$1" && return
  why=$(cd "$leases" && echo "$CNI_CONTAINERID" | tee -a "$1" 2>&1 >/dev/null) && return
  rm -f "$leases/$1"
  fail ${ioFailure} "$why"
}
${families.some(({ version }) => version === 6) ? hexadecimal : ''}${families.map(taking).join('')}
add() {
${families.map(({ version }) => `  take${version}\n`).join('')}  ${quoted(ip)} -batch - <<END && ${quoted(nsenter)} --net="$CNI_NETNS" ${quoted(ip)} -batch - <<END_INSIDE
link add $link mtu ${mtu} type veth peer name $CNI_IFNAME mtu ${mtu} netns $CNI_NETNS
link set $link up
${families.map(outside).join('')}END
link set lo up
link set $CNI_IFNAME up
${families.map(inside).join('')}END_INSIDE
}

case $CNI_COMMAND in
ADD)
  add || { release; exit 1; }
  printf '%s\\n' "${result(families)}"
  ;;
DEL) release ;;
${versions}
esac
exit 0
`;
}

/** The plugin for the loopback interface, which the runtime asks for besides: ours has set it up with the other one. */
export const loopbackPlugin = `#!/bin/sh
case $CNI_COMMAND in
ADD) echo '{"cniVersion":"0.3.1","interfaces":[{"name":"lo","sandbox":"'"$CNI_NETNS"'"}],"ips":[{"version":"4","interface":0,"address":"127.0.0.1/8"}],"dns":{}}' ;;
${versions}
esac
`;
