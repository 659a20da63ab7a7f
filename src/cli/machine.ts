// What a node needs from its machine, and which Debian packages bring it. Pure: observed facts in, a decision out.

/** Facts about the machine, gathered by `observeMachine`. */
export interface MachineFacts {
  readonly root: boolean;
  /** `ID` and `ID_LIKE` of /etc/os-release. */
  readonly distributions: readonly string[];
  readonly aptGet: boolean;
  /** Needs that are met already. */
  readonly present: ReadonlySet<string>;
}

export interface Need {
  readonly name: string;
  /** Any one of these files meets the need. */
  readonly anyOf: readonly string[];
  readonly debianPackage: string;
  readonly why: string;
}

const binaries = (name: string): string[] =>
  ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].map((dir) => `${dir}/${name}`);

/** Everything that a node with real containers needs. */
export const nodeNeeds: readonly Need[] = [
  { name: 'containerd', anyOf: binaries('containerd'), debianPackage: 'containerd', why: 'runs the containers' },
  { name: 'runc or crun', anyOf: [...binaries('runc'), ...binaries('crun')], debianPackage: 'runc', why: 'starts a container process' },
  { name: 'nft', anyOf: binaries('nft'), debianPackage: 'nftables', why: 'routes Service addresses to pods' },
  { name: 'ip', anyOf: binaries('ip'), debianPackage: 'iproute2', why: 'gives each pod its network interface, and nodes their routes' },
  { name: 'conntrack', anyOf: binaries('conntrack'), debianPackage: 'conntrack', why: 'forgets UDP flows of endpoints that are gone' },
  { name: 'busybox (static)', anyOf: binaries('busybox'), debianPackage: 'busybox-static', why: 'the small image of examples and tests' },
];

export type MachinePlan =
  | { readonly action: 'none' }
  | { readonly action: 'install'; readonly packages: readonly string[]; readonly reasons: readonly string[] }
  | { readonly action: 'stop'; readonly message: string };

/** Decides what to do about unmet needs: nothing, install packages, or stop and say exactly what is missing. */
export function planMachine(facts: MachineFacts, needs: readonly Need[] = nodeNeeds): MachinePlan {
  const unmet = needs.filter((need) => !facts.present.has(need.name));
  if (unmet.length === 0 && facts.root) return { action: 'none' };
  const packages = unmet.map((need) => need.debianPackage);
  const missing = unmet.map((need) => `  ${need.name}: ${need.why} (Debian package ${need.debianPackage})`).join('\n');
  const install = `apt-get install ${packages.join(' ')}`;
  if (!facts.root) {
    const what = unmet.length === 0 ? '' : `Missing on this machine:\n${missing}\nInstall them as root: ${install}\n`;
    return { action: 'stop', message: `A node with real containers needs root.\n${what}Run the same command as root.` };
  }
  const debian = facts.aptGet && facts.distributions.includes('debian');
  if (!debian) {
    return {
      action: 'stop',
      message: `Missing on this machine:\n${missing}\nInstall them with your system's package manager; on Debian: ${install}`,
    };
  }
  return { action: 'install', packages, reasons: unmet.map((need) => `${need.debianPackage}: ${need.name} ${need.why}`) };
}
