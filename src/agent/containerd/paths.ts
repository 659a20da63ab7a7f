// Where one containerd instance keeps its things, from the node's data directory alone: whoever has the directory can
// find, adopt or clean up the instance.
import type { Digest } from '#base/net.ts';

export interface ContainerdPaths {
  readonly dir: string;
  readonly config: string;
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly pid: string;
  readonly log: string;
  /** Says which cgroup the instance and its pods are in, for the clean-up. */
  readonly cgroup: string;
  readonly cniConf: string;
  readonly cniBin: string;
  readonly ipam: string;
  readonly certs: string;
  /** What the daemon calls as the OCI runtime. */
  readonly runtime: string;
  /** CNI network name, unique to the directory: CNI keeps results of all networks of a machine in one place. */
  readonly network: string;
}

// A Unix socket's path has at most 107 bytes, and containerd appends ".ttrpc" to ours.
const longestSocket = 100;

/** The paths of the instance of a node's data directory. */
export function containerdPaths(dataDir: string, digest: Pick<Digest, 'sha256'>): ContainerdPaths {
  const dir = `${dataDir}/containerd`;
  const id = digest.sha256(dataDir).slice(0, 10);
  const socket = `${dir}/containerd.sock`;
  return {
    dir,
    config: `${dir}/config.toml`,
    root: `${dir}/root`,
    state: `${dir}/state`,
    socket: Buffer.byteLength(socket) > longestSocket ? `/run/tutti-${id}/containerd.sock` : socket,
    pid: `${dir}/containerd.pid`,
    log: `${dir}/containerd.log`,
    cgroup: `${dir}/cgroup`,
    cniConf: `${dir}/cni/conf`,
    cniBin: `${dir}/cni/bin`,
    ipam: `${dir}/cni/ipam`,
    certs: `${dir}/certs.d`,
    runtime: `${dir}/runc`,
    network: `tutti-${id}`,
  };
}
