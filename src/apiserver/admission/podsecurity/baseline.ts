// The checks of the level "baseline", in the order in which Kubernetes reports them.
import type { Probe } from '#api/core/v1/probe.ts';
import {
  type Check,
  containersNamed,
  type Finding,
  inUserNamespace,
  namesOf,
  plural,
  quoted,
  setters,
  sorted,
  type Subject,
} from './check.ts';

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

function appArmor({ annotations, spec, containers }: Subject): Finding | undefined {
  const isBad = (type: string | undefined): type is string => type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const podType = spec.securityContext?.appArmorProfile?.type;
  const bad = containers.filter(({ securityContext }) => isBad(securityContext?.appArmorProfile?.type));
  const values = sorted(
    [podType, ...bad.map(({ securityContext }) => securityContext?.appArmorProfile?.type)].flatMap((type) => (isBad(type) ? [type] : [])),
  );
  const notes = Object.entries(annotations)
    .filter(
      ([key, value]) =>
        key.startsWith(appArmorAnnotation) && value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'),
    )
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort();
  const who = setters(isBad(podType), namesOf(bad));
  if (notes.length > 0) who.push(plural('annotation', 'annotations', notes.length));
  if (who.length === 0) return undefined;
  const all = [...values, ...notes];
  return {
    reason: plural('forbidden AppArmor profile', 'forbidden AppArmor profiles', all.length),
    detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(all)}`,
  };
}

const usualCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);

function capabilities({ containers }: Subject): Finding | undefined {
  const unusual = (added: readonly string[] | undefined): string[] => (added ?? []).filter((name) => !usualCapabilities.has(name));
  const bad = containers.filter(({ securityContext }) => unusual(securityContext?.capabilities?.add).length > 0);
  if (bad.length === 0) return undefined;
  const added = sorted(bad.flatMap(({ securityContext }) => unusual(securityContext?.capabilities?.add)));
  return {
    reason: 'non-default capabilities',
    detail: `${containersNamed(namesOf(bad))} must not include ${quoted(added)} in securityContext.capabilities.add`,
  };
}

function hostNamespaces({ spec }: Subject): Finding | undefined {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
  return used.length > 0 ? { reason: 'host namespaces', detail: used.map((field) => `${field}=true`).join(', ') } : undefined;
}

function hostPath({ spec }: Subject): Finding | undefined {
  const bad = (spec.volumes ?? []).filter((volume) => volume.hostPath !== undefined).map(({ name }) => name);
  return bad.length > 0 ? { reason: 'hostPath volumes', detail: `${plural('volume', 'volumes', bad.length)} ${quoted(bad)}` } : undefined;
}

function hostPorts({ containers }: Subject): Finding | undefined {
  const portsOf = ({ ports }: Subject['containers'][number]): string[] =>
    (ports ?? []).filter(({ hostPort }) => hostPort).map(({ hostPort }) => String(hostPort));
  const bad = containers.filter((container) => portsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const ports = sorted(bad.flatMap(portsOf));
  return {
    reason: 'hostPort',
    detail: `${containersNamed(namesOf(bad))} ${plural('uses', 'use', bad.length)} ${plural('hostPort', 'hostPorts', ports.length)} ${ports.join(', ')}`,
  };
}

type Handler = Pick<Probe, 'httpGet' | 'tcpSocket'> | undefined;

function probeHosts({ containers }: Subject): Finding | undefined {
  const hostsOf = (container: Subject['containers'][number]): string[] => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
    const handlers: Handler[] = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop];
    return handlers.flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host]).filter((host): host is string => !!host);
  };
  const bad = containers.filter((container) => hostsOf(container).length > 0);
  if (bad.length === 0) return undefined;
  const hosts = sorted(bad.flatMap(hostsOf));
  return {
    reason: 'probe or lifecycle host',
    detail: `${containersNamed(sorted(namesOf(bad)))} ${plural('uses', 'use', bad.length)} ${plural('probe or lifecycle host', 'probe or lifecycle hosts', hosts.length)} ${quoted(hosts)}`,
  };
}

function privileged({ containers }: Subject): Finding | undefined {
  const bad = namesOf(containers.filter(({ securityContext }) => securityContext?.privileged === true));
  if (bad.length === 0) return undefined;
  return { reason: 'privileged', detail: `${containersNamed(bad)} must not set securityContext.privileged=true` };
}

/** Also part of "restricted", where user namespaces are no excuse. */
export function procMount({ containers }: Subject): Finding | undefined {
  const bad = containers.filter(({ securityContext }) => (securityContext?.procMount ?? 'Default') !== 'Default');
  if (bad.length === 0) return undefined;
  const types = sorted(bad.map(({ securityContext }) => securityContext?.procMount ?? ''));
  return { reason: 'procMount', detail: `${containersNamed(namesOf(bad))} must not set securityContext.procMount to ${quoted(types)}` };
}

interface SeLinux {
  readonly type?: string;
  readonly user?: string;
  readonly role?: string;
}

const seLinuxOptions =
  (types: readonly string[]) =>
  ({ spec, containers }: Subject): Finding | undefined => {
    const wrongType = ({ type = '' }: SeLinux): boolean => type !== '' && !types.includes(type);
    const isBad = (options: SeLinux | undefined): options is SeLinux =>
      options !== undefined && (wrongType(options) || !!options.user || !!options.role);
    const pod = spec.securityContext?.seLinuxOptions;
    const bad = containers.filter(({ securityContext }) => isBad(securityContext?.seLinuxOptions));
    const who = setters(isBad(pod), namesOf(bad));
    if (who.length === 0) return undefined;
    const all = [pod, ...bad.map(({ securityContext }) => securityContext?.seLinuxOptions)].filter(isBad);
    const wrong = sorted(all.filter(wrongType).map(({ type = '' }) => type));
    const what = [
      ...(wrong.length > 0 ? [`${plural('type', 'types', wrong.length)} ${quoted(wrong)}`] : []),
      ...(all.some(({ user }) => user) ? ['user may not be set'] : []),
      ...(all.some(({ role }) => role) ? ['role may not be set'] : []),
    ];
    return { reason: 'seLinuxOptions', detail: `${who.join(' and ')} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}` };
  };

const containerTypes = ['container_t', 'container_init_t', 'container_kvm_t'];
const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainer = 'container.seccomp.security.alpha.kubernetes.io/';

function seccompAnnotations({ annotations, containers }: Subject): Finding | undefined {
  const keys = [seccompPod, ...containers.map(({ name }) => seccompContainer + name)];
  const isGood = (value: string): boolean => value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
  const bad = sorted(
    keys
      .filter((key) => annotations[key] !== undefined && !isGood(annotations[key]))
      .map((key) => `${key}=${JSON.stringify(annotations[key])}`),
  );
  if (bad.length === 0) return undefined;
  return { reason: 'seccompProfile', detail: `forbidden ${plural('annotation', 'annotations', bad.length)} ${bad.join(', ')}` };
}

const goodSeccomp = (type: string): boolean => type === 'RuntimeDefault' || type === 'Localhost';

/** Profiles that say something, and say the wrong thing; also part of "restricted". */
export function seccompProfile({ spec, containers }: Subject): Finding | undefined {
  const pod = spec.securityContext?.seccompProfile?.type;
  const isBad = (type: string | undefined): type is string => type !== undefined && !goodSeccomp(type);
  const bad = containers.filter(({ securityContext }) => isBad(securityContext?.seccompProfile?.type));
  const who = setters(isBad(pod), namesOf(bad));
  if (who.length === 0) return undefined;
  const values = sorted(
    [pod, ...bad.map(({ securityContext }) => securityContext?.seccompProfile?.type)].flatMap((type) => (isBad(type) ? [type] : [])),
  );
  return { reason: 'seccompProfile', detail: `${who.join(' and ')} must not set securityContext.seccompProfile.type to ${quoted(values)}` };
}

const sysctls =
  (safe: readonly string[]) =>
  ({ spec }: Subject): Finding | undefined => {
    const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !safe.includes(name));
    return bad.length > 0 ? { reason: plural('forbidden sysctl', 'forbidden sysctls', bad.length), detail: bad.join(', ') } : undefined;
  };

const sysctls0 = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
];
const sysctls27 = [...sysctls0, 'net.ipv4.ip_local_reserved_ports'];
const sysctls29 = [
  ...sysctls27,
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
];
const sysctls32 = [...sysctls29, 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'];

function hostProcess({ spec, containers }: Subject): Finding | undefined {
  const bad = containers.filter(({ securityContext }) => securityContext?.windowsOptions?.hostProcess === true);
  const who = setters(spec.securityContext?.windowsOptions?.hostProcess === true, namesOf(bad));
  if (who.length === 0) return undefined;
  return { reason: 'hostProcess', detail: `${who.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true` };
}

export const baselineChecks: readonly Check[] = [
  { id: 'appArmorProfile', versions: [{ from: 0, run: appArmor }] },
  { id: 'capabilities_baseline', versions: [{ from: 0, run: capabilities }] },
  { id: 'hostNamespaces', versions: [{ from: 0, run: hostNamespaces }] },
  { id: 'hostPathVolumes', versions: [{ from: 0, run: hostPath }] },
  { id: 'hostPorts', versions: [{ from: 0, run: hostPorts }] },
  { id: 'hostProbesAndHostLifecycle', versions: [{ from: 34, run: probeHosts }] },
  { id: 'privileged', versions: [{ from: 0, run: privileged }] },
  {
    id: 'procMount',
    versions: [
      { from: 0, run: procMount },
      { from: 35, run: (subject) => (inUserNamespace(subject) ? undefined : procMount(subject)) },
    ],
  },
  {
    id: 'seLinuxOptions',
    versions: [
      { from: 0, run: seLinuxOptions(containerTypes) },
      { from: 31, run: seLinuxOptions([...containerTypes, 'container_engine_t']) },
    ],
  },
  {
    id: 'seccompProfile_baseline',
    versions: [
      { from: 0, run: seccompAnnotations },
      { from: 19, run: seccompProfile },
    ],
  },
  {
    id: 'sysctls',
    versions: [
      { from: 0, run: sysctls(sysctls0) },
      { from: 27, run: sysctls(sysctls27) },
      { from: 29, run: sysctls(sysctls29) },
      { from: 32, run: sysctls(sysctls32) },
    ],
  },
  { id: 'windowsHostProcess', versions: [{ from: 0, run: hostProcess }] },
];
