// Security contexts in the runtime's words: pure.
import type { PodSecurityContext, SeccompProfile, SecurityContext } from '#api/core/v1/security.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { EphemeralContainer } from '#api/core/v1/container.ts';
import { ConfigError } from '../env/make.ts';
import type { AnyContainer } from '../parts.ts';
import type { ContainerSecurityContext, NamespaceOption, RuntimeImage, SandboxSecurityContext, SecurityProfile } from '../runtime.ts';
import { podText } from '../sync/spec.ts';

const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What the node itself can give: its capability bounding set and its seccomp profiles. */
export interface NodeSecurity {
  /** Names with CAP_; undefined when not known (then nothing is left out). */
  readonly capabilities?: ReadonlySet<string>;
  readonly seccompDir: string;
  /** File of the seccomp profile of sandboxes. */
  readonly sandboxSeccomp: string;
  /** Containers that name no profile have the runtime's default one. */
  readonly seccompDefault?: boolean;
}

/** The namespaces of a pod. Ephemeral containers may join those of a container (`targetId`). */
export function namespaceOptions(pod: Pod, targetId?: string): NamespaceOption {
  const { hostNetwork, hostIPC, hostPID, shareProcessNamespace } = pod.spec;
  const pid = hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : targetId ? 'TARGET' : 'CONTAINER';
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    ipc: hostIPC ? 'NODE' : 'POD',
    pid,
    ...(pid === 'TARGET' && targetId ? { targetId } : {}),
  };
}

function seccomp(profile: SeccompProfile | undefined, { seccompDir, seccompDefault }: NodeSecurity): SecurityProfile {
  switch (profile?.type ?? (seccompDefault ? 'RuntimeDefault' : 'Unconfined')) {
    case 'RuntimeDefault':
      return { profileType: 'RuntimeDefault' };
    case 'Localhost':
      return { profileType: 'Localhost', localhostRef: `${seccompDir}/${profile?.localhostProfile ?? ''}` };
    default:
      return { profileType: 'Unconfined' };
  }
}

const isPrivileged = (container: AnyContainer): boolean => container.securityContext?.privileged === true;

/** True when any container of the pod is privileged: its sandbox must be so as well. */
export function hasPrivileged(pod: Pod): boolean {
  return [...pod.spec.containers, ...(pod.spec.initContainers ?? []), ...(pod.spec.ephemeralContainers ?? [])].some(isPrivileged);
}

function groups(context: PodSecurityContext): Pick<SandboxSecurityContext, 'supplementalGroups' | 'supplementalGroupsPolicy'> {
  const all = [...(context.supplementalGroups ?? []), ...(context.fsGroup === undefined ? [] : [context.fsGroup])];
  return {
    ...(all.length ? { supplementalGroups: all } : {}),
    ...(context.supplementalGroupsPolicy ? { supplementalGroupsPolicy: context.supplementalGroupsPolicy } : {}),
  };
}

/** The sandbox's security context: the pod's, as far as it concerns the pause process. */
export function sandboxSecurity(pod: Pod, node: NodeSecurity): SandboxSecurityContext {
  const context = pod.spec.securityContext ?? {};
  return {
    namespaceOptions: namespaceOptions(pod),
    ...(context.runAsUser === undefined ? {} : { runAsUser: context.runAsUser }),
    ...(context.runAsGroup === undefined ? {} : { runAsGroup: context.runAsGroup }),
    ...(context.seLinuxOptions ? { selinuxOptions: context.seLinuxOptions } : {}),
    ...groups(context),
    privileged: hasPrivileged(pod),
    // As with kubelet, whatever the pod asks for its containers: the pause process needs nothing that is forbidden.
    seccomp: { profileType: 'Localhost', localhostRef: node.sandboxSeccomp },
  };
}

/** A container's settings over the pod's. */
function effective(pod: Pod, container: AnyContainer): SecurityContext {
  const { runAsUser, runAsGroup, runAsNonRoot, seLinuxOptions, seccompProfile } = pod.spec.securityContext ?? {};
  const own = Object.entries(container.securityContext ?? {}).filter(([, value]) => value !== undefined);
  return { runAsUser, runAsGroup, runAsNonRoot, seLinuxOptions, seccompProfile, ...Object.fromEntries(own) };
}

/** Refuses a container that would run as root where that is forbidden. */
function verifyNonRoot(pod: Pod, container: AnyContainer, about: { context: SecurityContext; image: RuntimeImage | undefined }): void {
  const { context, image } = about;
  if (context.runAsNonRoot !== true) return;
  const where = `(pod: ${JSON.stringify(podText(pod))}, container: ${container.name})`;
  if (context.runAsUser !== undefined) {
    if (context.runAsUser === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
    return;
  }
  if (image?.uid !== undefined) {
    if (image.uid === 0) throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
  } else if (image?.username) {
    const message = `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root`;
    throw new ConfigError(`${message} ${where}`);
  } else throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

const withPrefix = (name: string): string => (name.startsWith('CAP_') ? name : `CAP_${name}`);

function capabilities(context: SecurityContext, node: NodeSecurity): Pick<ContainerSecurityContext, 'capabilities'> {
  const { add = [], drop = [] } = context.capabilities ?? {};
  if (add.length === 0 && drop.length === 0) return {};
  // What is not in the node's own bounding set cannot be given; asking for it would fail the start.
  const possible = add.filter((name) => name === 'ALL' || !node.capabilities || node.capabilities.has(withPrefix(name)));
  return { capabilities: { addCapabilities: possible, dropCapabilities: drop } };
}

function user(
  context: SecurityContext,
  image: RuntimeImage | undefined,
): Pick<ContainerSecurityContext, 'runAsUser' | 'runAsUsername' | 'runAsGroup'> {
  const group = context.runAsGroup === undefined ? {} : { runAsGroup: context.runAsGroup };
  if (context.runAsUser !== undefined) return { runAsUser: context.runAsUser, ...group };
  // The runtime wants the user said when only the group is.
  if (image?.uid !== undefined) return { runAsUser: image.uid, ...group };
  if (image?.username) return { runAsUsername: image.username, ...group };
  return context.runAsGroup === undefined ? {} : { runAsUser: 0, ...group };
}

/** A container's security context. Rejects with ConfigError. */
export function containerSecurity(
  pod: Pod,
  container: AnyContainer,
  about: { image: RuntimeImage | undefined; node: NodeSecurity; targetId?: string },
): ContainerSecurityContext {
  const context = effective(pod, container);
  verifyNonRoot(pod, container, { context, image: about.image });
  const privileged = context.privileged === true;
  const unmasked = privileged || context.procMount === 'Unmasked';
  return {
    privileged,
    namespaceOptions: namespaceOptions(pod, (container as EphemeralContainer).targetContainerName ? about.targetId : undefined),
    ...capabilities(context, about.node),
    ...user(context, about.image),
    ...groups(pod.spec.securityContext ?? {}),
    ...(context.seLinuxOptions ? { selinuxOptions: context.seLinuxOptions } : {}),
    readonlyRootfs: context.readOnlyRootFilesystem === true,
    noNewPrivs: context.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: privileged ? { profileType: 'Unconfined' } : seccomp(context.seccompProfile, about.node),
  };
}

const capabilityNames = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST ' +
  'NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE ' +
  'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG ' +
  'WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/** The bounding set in a `/proc/self/status` text; undefined when there is none. */
export function boundingSet(status: string): ReadonlySet<string> | undefined {
  const match = /^CapBnd:\s*([0-9a-f]+)$/m.exec(status);
  if (!match) return undefined;
  const bits = BigInt(`0x${match[1]}`);
  return new Set(capabilityNames.filter((_, bit) => (bits >> BigInt(bit)) & 1n).map((name) => `CAP_${name}`));
}
