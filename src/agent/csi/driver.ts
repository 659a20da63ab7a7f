// One CSI driver of this node: its calls, over its socket.
import { GrpcError, type GrpcChannel } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import { isKubelets, kubeletPath, ownPath } from '../plugins/paths.ts';
import type { Capability } from './request.ts';
import { messages } from './messages.ts';

type Method<S extends string> = S extends `${infer M}Request` ? M : never;
type NodeMethod = Method<keyof typeof messages>;

export type NodeCapability =
  | 'STAGE_UNSTAGE_VOLUME'
  | 'GET_VOLUME_STATS'
  | 'EXPAND_VOLUME'
  | 'SINGLE_NODE_MULTI_WRITER'
  | 'VOLUME_MOUNT_GROUP';

type Strings = Readonly<Record<string, string>>;

export interface StageRequest {
  readonly volumeId: string;
  readonly publishContext: Strings;
  readonly stagingTargetPath: string;
  readonly volumeCapability: Capability;
  readonly secrets: Strings;
  readonly volumeContext: Strings;
}

export interface PublishRequest extends StageRequest {
  readonly targetPath: string;
  readonly readonly: boolean;
}

export interface ExpandRequest {
  readonly volumeId: string;
  readonly volumePath: string;
  readonly capacityRange: { readonly requiredBytes: number };
  readonly stagingTargetPath: string;
  readonly volumeCapability: Capability;
  readonly secrets: Strings;
}

export interface DriverUsage {
  readonly available: number;
  readonly total: number;
  readonly used: number;
  readonly unit: string;
}

export interface NodeInfo {
  readonly nodeId: string;
  readonly maxVolumesPerNode: number;
  readonly accessibleTopology?: { readonly segments: Strings };
}

const callTime = 120_000;

/** A driver that refused or failed; the text is as kubelet words it in events. */
export class CsiError extends Error {
  readonly code: number;
  constructor(error: GrpcError) {
    super(`rpc error: code = ${codeNames[error.code] ?? 'Unknown'} desc = ${error.message}`, { cause: error });
    this.code = error.code;
  }
}

const codeNames =
  'OK Canceled Unknown InvalidArgument DeadlineExceeded NotFound AlreadyExists PermissionDenied ResourceExhausted FailedPrecondition Aborted OutOfRange Unimplemented Internal Unavailable DataLoss Unauthenticated'.split(
    ' ',
  );

export class CsiDriver implements Disposable {
  readonly name: string;
  /** The socket, as the driver names it. */
  readonly endpoint: string;
  readonly #dataDir: string;
  readonly #channel: GrpcChannel;
  #capabilities: Promise<ReadonlySet<string>> | undefined;

  constructor(world: Pick<World, 'grpc'>, about: { name: string; endpoint: string; dataDir: string }) {
    this.name = about.name;
    this.endpoint = about.endpoint;
    this.#dataDir = about.dataDir;
    this.#channel = world.grpc.connect(ownPath(about.dataDir, about.endpoint));
  }

  /** One of our paths as the driver sees it. */
  path(own: string): string {
    return isKubelets(this.endpoint) ? kubeletPath(this.#dataDir, own) : own;
  }

  async #call<T>(method: NodeMethod, request: object): Promise<T> {
    try {
      const bytes = messages[`${method}Request`].encode(request);
      const answer = await this.#channel.unary(`/csi.v1.Node/${method}`, bytes, { timeoutMs: callTime });
      return messages[`${method}Response`].decode(answer) as T;
    } catch (error) {
      throw error instanceof GrpcError ? new CsiError(error) : error;
    }
  }

  info(): Promise<NodeInfo> {
    return this.#call('NodeGetInfo', {});
  }

  async can(capability: NodeCapability): Promise<boolean> {
    this.#capabilities ??= this.#call<{ capabilities: readonly { rpc?: { type: string } }[] }>('NodeGetCapabilities', {}).then(
      ({ capabilities }) => new Set(capabilities.map(({ rpc }) => rpc?.type ?? '')),
    );
    try {
      return (await this.#capabilities).has(capability);
    } catch (error) {
      // Asked again the next time.
      this.#capabilities = undefined;
      throw error;
    }
  }

  stage(request: StageRequest): Promise<void> {
    return this.#call('NodeStageVolume', request);
  }
  unstage(request: { volumeId: string; stagingTargetPath: string }): Promise<void> {
    return this.#call('NodeUnstageVolume', request);
  }
  publish(request: PublishRequest): Promise<void> {
    return this.#call('NodePublishVolume', request);
  }
  unpublish(request: { volumeId: string; targetPath: string }): Promise<void> {
    return this.#call('NodeUnpublishVolume', request);
  }
  stats(request: { volumeId: string; volumePath: string; stagingTargetPath: string }): Promise<{ usage: readonly DriverUsage[] }> {
    return this.#call('NodeGetVolumeStats', request);
  }
  expand(request: ExpandRequest): Promise<{ capacityBytes: number }> {
    return this.#call('NodeExpandVolume', request);
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
