// The configuration file of our containerd instance: format 2 for containerd 1.x, format 3 for 2.x.
import type { ContainerMachine } from './machine.ts';
import type { ContainerdPaths } from './paths.ts';

export interface ContainerdConfig {
  readonly paths: ContainerdPaths;
  readonly machine: ContainerMachine;
  /** The group of the daemon and its shims, e.g. '/tutti/node1/containerd'. */
  readonly cgroup: string;
  readonly pauseImage: string;
}

type TomlValue = string | number | boolean | readonly string[] | TomlTable;
interface TomlTable {
  readonly [key: string]: TomlValue;
}

const key = (name: string): string => (/^[A-Za-z0-9_-]+$/.test(name) ? name : JSON.stringify(name));

/** TOML text of nested tables; plain values of a table come before its sub-tables. */
export function toToml(table: TomlTable, path: readonly string[] = []): string {
  const plain: string[] = [];
  const nested: string[] = [];
  for (const [name, value] of Object.entries(table)) {
    if (typeof value === 'object' && !Array.isArray(value)) {
      nested.push(toToml(value as TomlTable, [...path, name]));
    } else plain.push(`${key(name)} = ${JSON.stringify(value)}\n`);
  }
  const head = path.length > 0 && plain.length > 0 ? `\n[${path.map(key).join('.')}]\n` : '';
  return head + plain.join('') + nested.join('');
}

// Snapshotters that need tools or file systems which we do not use, and the plugin that makes /opt/containerd.
const disabled = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
];

/** The text of the configuration file. */
export function containerdConfig({ paths, machine, cgroup, pauseImage }: ContainerdConfig): string {
  const major = Number(machine.containerdVersion.split('.')[0] ?? 1);
  const minor = Number(machine.containerdVersion.split('.')[1] ?? 0);
  const common = {
    root: paths.root,
    state: paths.state,
    disabled_plugins: disabled,
    debug: { level: 'warn' },
    grpc: { address: paths.socket },
    cgroup: { path: cgroup },
  };
  const runc = {
    runtime_type: 'io.containerd.runc.v2',
    // Our own state directory for the OCI runtime too: other instances must not see our containers, nor we theirs.
    options: { BinaryName: paths.runtime, Root: `${paths.state}/oci`, SystemdCgroup: false },
  };
  const runtime = {
    restrict_oom_score_adj: !machine.lowersOomScore,
    disable_hugetlb_controller: !machine.cgroups.controllers.has('hugetlb'),
    tolerate_missing_hugetlb_controller: true,
    disable_apparmor: !machine.apparmor,
    // Network namespaces are then mounted below our data directory, and unmounting that leaves none behind.
    netns_mounts_under_state_dir: true,
    cni: { bin_dir: paths.cniBin, conf_dir: paths.cniConf, max_conf_num: 1 },
  };
  const streaming = { stream_server_address: '127.0.0.1', stream_server_port: '0' };
  // NRI listens on a socket that all instances of a machine share.
  const nri: TomlTable = major > 1 || minor >= 7 ? { 'io.containerd.nri.v1.nri': { disable: true } } : {};
  if (major < 2) {
    return toToml({
      version: 2,
      ...common,
      plugins: {
        ...nri,
        'io.containerd.grpc.v1.cri': {
          sandbox_image: pauseImage,
          ...streaming,
          ...runtime,
          registry: { config_path: paths.certs },
          containerd: { snapshotter: machine.snapshotter, default_runtime_name: 'runc', runtimes: { runc } },
        },
      },
    });
  }
  return toToml({
    version: 3,
    ...common,
    plugins: {
      ...nri,
      'io.containerd.cri.v1.runtime': { ...runtime, containerd: { default_runtime_name: 'runc', runtimes: { runc } } },
      'io.containerd.cri.v1.images': {
        snapshotter: machine.snapshotter,
        pinned_images: { sandbox: pauseImage },
        registry: { config_path: paths.certs },
      },
      'io.containerd.grpc.v1.cri': streaming,
    },
  });
}
