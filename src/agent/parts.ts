// What the sync side of the agent asks of the runtime side: volumes, cgroups, images and statistics. Narrow on purpose:
// a pod worker knows no more about them than this.
import type { Container, EphemeralContainer } from '#api/core/v1/container.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import type { PullCredentials } from './pulls/records.ts';
import type { DiskStats } from './stats/disks.ts';
import type { ContainerConfig, ImageAuth, Mount } from './runtime.ts';

export type AnyContainer = Container | EphemeralContainer;

// ---- offered by the sync side ----

/**
 * ConfigMaps and Secrets as pods see them. A pod that is registered keeps a single-object watch on everything that it
 * refers to, so reads are answered from memory and changes arrive at once. Reads reject with StatusError.
 */
export interface ObjectSource {
  configMap(namespace: string, name: string): Promise<ConfigMap>;
  secret(namespace: string, name: string): Promise<Secret>;
  /** Calls back with the uid of every registered pod whose ConfigMap or Secret changed. Returns the remover. */
  onChange(listener: (podUid: string) => void): () => void;
}

/** Tokens of a pod's service account, bound to the pod, cached and renewed at 80 % of their life. */
export interface TokenSource {
  /** Times are milliseconds since the epoch. */
  token(pod: Pod, request: { audience: string; expirationSeconds: number }): Promise<{ token: string; refreshAt: number; expires: number }>;
}

// ---- offered by the runtime side ----

/** A volume that could not be set up; `message` is the text of the FailedMount event. */
export interface VolumeProblem {
  readonly volume: string;
  readonly message: string;
}

/** How full a volume is; what is not known is left out. */
export interface VolumeUsage {
  readonly name: string;
  readonly availableBytes?: number;
  readonly capacityBytes?: number;
  readonly usedBytes?: number;
  readonly inodes?: number;
  readonly inodesFree?: number;
  readonly inodesUsed?: number;
  /** It lies on the node's own disk. */
  readonly onNodeDisk?: boolean;
}

export interface PodVolumes {
  /**
   * Makes every volume of the pod present and current (idempotent: also called when a ConfigMap changed or a token
   * must be renewed). Resolves with what failed; empty when all are mounted. `refreshAt` is when to call again.
   */
  setUp(pod: Pod, signal: AbortSignal): Promise<{ problems: readonly VolumeProblem[]; refreshAt?: number }>;
  /** The volume mounts of a container. `expand` resolves `$(VAR)` in subPathExpr. Rejects with the text for CreateContainerConfigError. */
  mounts(pod: Pod, container: AnyContainer, expand: (text: string) => string): Promise<readonly Mount[]>;
  /** The block devices of a container, from its `volumeDevices`. Throws the text for CreateContainerConfigError. */
  devices(pod: Pod, container: AnyContainer): NonNullable<ContainerConfig['devices']>;
  /** How full the pod's volumes are, as far as it can be told. */
  usage(pod: Pod): Promise<readonly VolumeUsage[]>;
  /** Unmounts and deletes everything that belongs to a pod. Idempotent. */
  tearDown(podUid: string): Promise<void>;
  /** Pods that have volumes on disk. */
  present(): Promise<readonly string[]>;
}

export interface PodCgroups {
  /**
   * Creates or updates the pod's cgroup and its limits; resolves with the `cgroup_parent` of its sandbox. `ownCpus`: the pod has
   * processors of its own, so no quota holds it back on them.
   */
  ensure(pod: Pod, about?: { readonly ownCpus: boolean }): Promise<string>;
  /** Removes the pod's cgroups in every hierarchy. Idempotent. */
  remove(podUid: string): Promise<void>;
  /** Pods that have cgroups. */
  present(): Promise<readonly string[]>;
}

/** Credentials with whom they belong to: a secret or a service account of a pod; without a source, every pod of the node has them. */
export interface TrackedAuth {
  readonly auth: ImageAuth;
  readonly source?: PullCredentials;
}

/** Credentials for an image, the most specific first: from the pod's pull secrets and the node's own plugins. */
export type ImageCredentials = (image: string, secrets: readonly Secret[], pod: Pod) => Promise<readonly TrackedAuth[]>;

export interface AgentStats {
  /** The body of `/stats/summary`; with `disks` it tells of networks, disks and volumes too. */
  summary(disks?: DiskStats): Promise<unknown>;
}
