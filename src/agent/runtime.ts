// What the agent needs from a container runtime: CRI `runtime.v1` in our own words. Two things implement it: `cri/`
// (containerd over gRPC) and the simulated runtime. Names and meaning are CRI's; times are milliseconds since the epoch
// (0: never), and a message that the runtime did not send is `undefined`.

/** Why a runtime call failed, in gRPC's words. */
export type RuntimeErrorCode =
  | 'canceled'
  | 'unknown'
  | 'invalidArgument'
  | 'deadlineExceeded'
  | 'notFound'
  | 'alreadyExists'
  | 'permissionDenied'
  | 'resourceExhausted'
  | 'failedPrecondition'
  | 'aborted'
  | 'outOfRange'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'dataLoss'
  | 'unauthenticated';

/** A refused or failed runtime call; `message` is the runtime's own text. */
export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;
  constructor(code: RuntimeErrorCode, message: string) {
    super(message);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

/** True when the runtime does not know the sandbox, container or image. */
export const isRuntimeNotFound = (error: unknown): boolean => error instanceof RuntimeError && error.code === 'notFound';

/** True when the runtime cannot be reached now. */
export const isRuntimeUnavailable = (error: unknown): boolean => error instanceof RuntimeError && error.code === 'unavailable';

type StringMap = Readonly<Record<string, string>>;

export interface RuntimeVersion {
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

export interface RuntimeCondition {
  /** 'RuntimeReady' or 'NetworkReady'. */
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface RuntimeHandler {
  readonly name: string;
  readonly features?: { readonly recursiveReadOnlyMounts: boolean; readonly userNamespaces: boolean };
}

export interface RuntimeStatus {
  readonly conditions: readonly RuntimeCondition[];
  /** Empty when the runtime is too old to say. */
  readonly handlers: readonly RuntimeHandler[];
  readonly supplementalGroupsPolicy: boolean;
}

// ---- Sandboxes ----

export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET';
export type SandboxState = 'SANDBOX_READY' | 'SANDBOX_NOTREADY';

export interface IdMapping {
  readonly hostId: number;
  readonly containerId: number;
  readonly length: number;
}

export interface NamespaceOption {
  readonly network?: NamespaceMode;
  readonly pid?: NamespaceMode;
  readonly ipc?: NamespaceMode;
  readonly targetId?: string;
  readonly usernsOptions?: { readonly mode: NamespaceMode; readonly uids: readonly IdMapping[]; readonly gids: readonly IdMapping[] };
}

export interface SecurityProfile {
  readonly profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  /** Path of the profile file, for Localhost. */
  readonly localhostRef?: string;
}

export interface SelinuxOptions {
  readonly user?: string;
  readonly role?: string;
  readonly type?: string;
  readonly level?: string;
}

export interface SandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

export interface PortMapping {
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly containerPort: number;
  readonly hostPort: number;
  readonly hostIp?: string;
}

export interface LinuxResources {
  readonly cpuPeriod?: number;
  readonly cpuQuota?: number;
  readonly cpuShares?: number;
  readonly memoryLimitInBytes?: number;
  readonly oomScoreAdj?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly hugepageLimits?: readonly { readonly pageSize: string; readonly limit: number }[];
  /** cgroup v2 files, verbatim. */
  readonly unified?: StringMap;
  readonly memorySwapLimitInBytes?: number;
}

export interface SandboxSecurityContext {
  readonly namespaceOptions?: NamespaceOption;
  readonly selinuxOptions?: SelinuxOptions;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly readonlyRootfs?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict';
  readonly privileged?: boolean;
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
}

export interface SandboxConfig {
  readonly metadata: SandboxMetadata;
  /** Empty for pods of the host's network. */
  readonly hostname?: string;
  /** Container log paths are relative to it. */
  readonly logDirectory?: string;
  readonly dnsConfig?: {
    readonly servers?: readonly string[];
    readonly searches?: readonly string[];
    readonly options?: readonly string[];
  };
  readonly portMappings?: readonly PortMapping[];
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  readonly linux?: {
    readonly cgroupParent?: string;
    readonly securityContext?: SandboxSecurityContext;
    readonly sysctls?: StringMap;
    readonly overhead?: LinuxResources;
    readonly resources?: LinuxResources;
  };
}

export interface Sandbox {
  readonly id: string;
  readonly metadata: SandboxMetadata;
  readonly state: SandboxState;
  readonly createdAt: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly runtimeHandler: string;
}

export interface SandboxStatus extends Sandbox {
  /** Absent for pods of the host's network on some runtimes; `ip` may be empty. */
  readonly network?: { readonly ip: string; readonly additionalIps: readonly { readonly ip: string }[] };
}

// ---- Containers ----

export type ContainerState = 'CONTAINER_CREATED' | 'CONTAINER_RUNNING' | 'CONTAINER_EXITED' | 'CONTAINER_UNKNOWN';

export interface ContainerMetadata {
  readonly name: string;
  readonly attempt: number;
}

export interface ImageSpec {
  readonly image: string;
  readonly annotations?: StringMap;
  readonly userSpecifiedImage?: string;
  readonly runtimeHandler?: string;
}

export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readonly?: boolean;
  readonly selinuxRelabel?: boolean;
  readonly propagation?: 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL';
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly recursiveReadOnly?: boolean;
  readonly image?: ImageSpec;
  readonly imageSubPath?: string;
}

export interface ContainerSecurityContext {
  readonly capabilities?: {
    readonly addCapabilities?: readonly string[];
    readonly dropCapabilities?: readonly string[];
    readonly addAmbientCapabilities?: readonly string[];
  };
  readonly privileged?: boolean;
  /** Always set `pid`: its zero value POD would share the sandbox's pid namespace. */
  readonly namespaceOptions?: NamespaceOption;
  readonly selinuxOptions?: SelinuxOptions;
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly runAsUsername?: string;
  readonly readonlyRootfs?: boolean;
  readonly supplementalGroups?: readonly number[];
  readonly supplementalGroupsPolicy?: 'Merge' | 'Strict';
  readonly noNewPrivs?: boolean;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly seccomp?: SecurityProfile;
  readonly apparmor?: SecurityProfile;
}

export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  readonly image: ImageSpec;
  /** The entry point; the image's own when empty. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly envs?: readonly { readonly key: string; readonly value: string }[];
  readonly mounts?: readonly Mount[];
  readonly devices?: readonly { readonly containerPath: string; readonly hostPath: string; readonly permissions: string }[];
  readonly cdiDevices?: readonly { readonly name: string }[];
  readonly labels?: StringMap;
  readonly annotations?: StringMap;
  /** Relative to the sandbox's log directory. */
  readonly logPath?: string;
  readonly stdin?: boolean;
  readonly stdinOnce?: boolean;
  readonly tty?: boolean;
  /** Name of a signal ('SIGUSR1'); runtimes before CRI 0.33 ignore it. */
  readonly stopSignal?: string;
  readonly linux?: { readonly resources?: LinuxResources; readonly securityContext?: ContainerSecurityContext };
}

export interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: ContainerMetadata;
  readonly image: ImageSpec;
  readonly imageRef: string;
  /** Empty on older runtimes. */
  readonly imageId: string;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
}

export interface ContainerStatus {
  readonly id: string;
  readonly metadata: ContainerMetadata;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly image: ImageSpec;
  readonly imageRef: string;
  readonly imageId: string;
  /** e.g. 'Completed', 'Error', 'OOMKilled', 'ContainerCannotRun'. */
  readonly reason: string;
  readonly message: string;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly mounts: readonly Mount[];
  /** Absolute path of the log file. */
  readonly logPath: string;
  readonly resources?: { readonly linux?: LinuxResources };
  readonly user?: {
    readonly linux?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
  };
  /** 'RUNTIME_DEFAULT' when not known. */
  readonly stopSignal: string;
}

export interface ExecResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
}

// ---- Images ----

export interface RuntimeImage {
  /** The configuration's digest. */
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly size: number;
  /** Numeric user of the image's configuration; undefined when it names a user or none. */
  readonly uid?: number;
  readonly username: string;
  readonly pinned: boolean;
}

export interface ImageAuth {
  readonly username?: string;
  readonly password?: string;
  /** base64 of `user:password`, as in a Docker configuration. */
  readonly auth?: string;
  readonly serverAddress?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface FilesystemUsage {
  readonly timestamp: number;
  readonly mountpoint: string;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

// ---- Events ----

/**
 * Something happened to a task. `id` is a container's or a sandbox's id. Events are hints: they may be lost when the
 * runtime restarts, so whoever uses them also lists now and then.
 */
export interface RuntimeEvent {
  /** 'started' is told by the simulated runtime only: of a real one the answers to calls say so. */
  readonly type: 'started' | 'stopped' | 'deleted';
  readonly id: string;
  readonly at: number;
  /** With 'stopped'. */
  readonly exitCode?: number;
}

/** A container runtime. Every method rejects with RuntimeError. */
export interface Runtime {
  version(): Promise<RuntimeVersion>;
  status(): Promise<RuntimeStatus>;

  /** Creates and starts a sandbox with its network; resolves with its id. A signal calls it off: the runtime cleans up. */
  runSandbox(config: SandboxConfig, runtimeHandler?: string, signal?: AbortSignal): Promise<string>;
  /** Kills every container of the sandbox and frees its network. Idempotent; no error for an unknown sandbox. */
  stopSandbox(sandboxId: string): Promise<void>;
  /** Removes a sandbox and its containers. Idempotent. */
  removeSandbox(sandboxId: string): Promise<void>;
  sandboxStatus(sandboxId: string): Promise<SandboxStatus>;
  listSandboxes(filter?: { id?: string; state?: SandboxState; labelSelector?: StringMap }): Promise<readonly Sandbox[]>;

  /** Resolves with the new container's id. `sandboxConfig` is the one that the sandbox was made with. */
  createContainer(sandboxId: string, config: ContainerConfig, sandboxConfig: SandboxConfig): Promise<string>;
  startContainer(containerId: string): Promise<void>;
  /** Sends the stop signal, waits for `timeoutSeconds`, then kills. Resolves when it has ended. Idempotent. */
  stopContainer(containerId: string, timeoutSeconds: number): Promise<void>;
  /** Removes a container, killing it if it runs. Idempotent. */
  removeContainer(containerId: string): Promise<void>;
  containerStatus(containerId: string): Promise<ContainerStatus>;
  listContainers(filter?: {
    id?: string;
    state?: ContainerState;
    podSandboxId?: string;
    labelSelector?: StringMap;
  }): Promise<readonly Container[]>;
  /** Bytes that a container has written to its own root. */
  writableBytes(containerId: string): Promise<number>;
  updateResources(containerId: string, resources: LinuxResources): Promise<void>;
  /** After the log file was rotated (renamed) away. */
  reopenLog(containerId: string): Promise<void>;
  /** Runs a command to its end. Rejects with 'deadlineExceeded' after `timeoutSeconds` (0: no limit). */
  execSync(containerId: string, command: readonly string[], timeoutSeconds: number): Promise<ExecResult>;

  /** A single-use URL of the runtime's streaming server (SPDY/3.1, `v4.channel.k8s.io`). */
  execUrl(request: {
    containerId: string;
    command: readonly string[];
    stdin: boolean;
    stdout: boolean;
    stderr: boolean;
    tty: boolean;
  }): Promise<string>;
  attachUrl(request: { containerId: string; stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean }): Promise<string>;
  portForwardUrl(sandboxId: string, ports: readonly number[]): Promise<string>;

  listImages(): Promise<readonly RuntimeImage[]>;
  /** Undefined when the image is not present. */
  imageStatus(image: string): Promise<RuntimeImage | undefined>;
  /** Resolves with the image's reference. 'notFound' when the registry has no such image. */
  pullImage(image: string, options?: { auth?: ImageAuth; sandbox?: SandboxConfig; signal?: AbortSignal }): Promise<string>;
  removeImage(image: string): Promise<void>;
  imageFsInfo(): Promise<readonly FilesystemUsage[]>;

  /** How tasks end, from now on; ends when `signal` aborts, rejects when the stream breaks. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
}
