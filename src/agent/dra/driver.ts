// One DRA driver of the node, over its socket: the API k8s.io/kubelet/pkg/apis/dra, v1 or v1beta1 (the messages are the same).
import type { GrpcChannel } from '#base/grpc.ts';
import type { World } from '#base/world.ts';
import { defineMessages } from '#format/protomessages.ts';

const messages = defineMessages({
  Claim: 'namespace=1 uid=2 name=3',
  Device: 'requestNames=1:[string] poolName=2 deviceName=3 cdiDeviceIds=4:[string] shareId=5',
  NodePrepareResourcesRequest: 'claims=1:[Claim]',
  NodePrepareResourcesResponse: 'claims=1:{NodePrepareResourceResponse}',
  NodePrepareResourceResponse: 'devices=1:[Device] error=2',
  NodeUnprepareResourcesRequest: 'claims=1:[Claim]',
  NodeUnprepareResourcesResponse: 'claims=1:{NodeUnprepareResourceResponse}',
  NodeUnprepareResourceResponse: 'error=1',
});
/** For drivers in tests. */
export const draMessages = messages;

export interface ClaimRef {
  readonly namespace: string;
  readonly uid: string;
  readonly name: string;
}

export interface PreparedDevice {
  /** Requests of the claim that the device is for; empty: all. */
  readonly requestNames: readonly string[];
  readonly poolName: string;
  readonly deviceName: string;
  readonly cdiDeviceIds: readonly string[];
  /** The share of a device that several claims use; empty or left out: all of it. */
  readonly shareId?: string;
}

/** gRPC services by the version that a driver says it supports, the newest first. */
const services: readonly (readonly [string, string])[] = [
  ['v1.DRAPlugin', 'k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin'],
  ['v1beta1.DRAPlugin', 'v1beta1.DRAPlugin'],
];

const callTime = 45_000;

export class DraDriver {
  readonly name: string;
  readonly endpoint: string;
  readonly #channel: GrpcChannel;
  readonly #service: string;

  constructor(world: Pick<World, 'grpc'>, about: { name: string; endpoint: string; supportedVersions: readonly string[] }) {
    const found = services.find(([version]) => about.supportedVersions.includes(version));
    if (!found)
      throw new Error(`none of the versions [${about.supportedVersions.join(' ')}] of the DRA driver ${about.name} are supported`);
    this.name = about.name;
    this.endpoint = about.endpoint;
    this.#service = found[1];
    this.#channel = world.grpc.connect(about.endpoint);
  }

  /** Makes the devices of a claim ready for containers. Idempotent. */
  async prepare(claim: ClaimRef): Promise<readonly PreparedDevice[]> {
    const request = messages.NodePrepareResourcesRequest.encode({ claims: [claim] });
    const answer = await this.#channel.unary(`/${this.#service}/NodePrepareResources`, request, { timeoutMs: callTime });
    const { claims } = messages.NodePrepareResourcesResponse.decode(answer) as {
      claims: Record<string, { devices: PreparedDevice[]; error: string }>;
    };
    const result = claims[claim.uid];
    if (!result) throw new Error(`NodePrepareResources left out claim ${claim.namespace}/${claim.name}`);
    if (result.error) throw new Error(`NodePrepareResources failed for claim ${claim.namespace}/${claim.name}: ${result.error}`);
    return result.devices;
  }

  /** Takes them back. Idempotent. */
  async unprepare(claim: ClaimRef): Promise<void> {
    const request = messages.NodeUnprepareResourcesRequest.encode({ claims: [claim] });
    const answer = await this.#channel.unary(`/${this.#service}/NodeUnprepareResources`, request, { timeoutMs: callTime });
    const { claims } = messages.NodeUnprepareResourcesResponse.decode(answer) as { claims: Record<string, { error: string }> };
    const error = claims[claim.uid]?.error;
    if (error) throw new Error(`NodeUnprepareResources failed for claim ${claim.namespace}/${claim.name}: ${error}`);
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }
}
