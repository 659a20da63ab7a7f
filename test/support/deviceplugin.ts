// A device plugin as a vendor writes it: registers at the node's socket and hands out devices that are /dev/null.
import { rmSync } from 'node:fs';
import * as grpc from '@grpc/grpc-js';
import { messages } from '#agent/devices/messages.ts';

const bytes = (data: Uint8Array): Buffer => Buffer.from(data);
const raw = (data: Buffer): Uint8Array => data;

export interface TestDevice {
  readonly id: string;
  readonly health: 'Healthy' | 'Unhealthy';
  readonly topology?: { readonly nodes: readonly { readonly id: number }[] };
}

export interface TestPlugin {
  /** Tells the node which devices there are and which of them work. */
  tell(devices: readonly TestDevice[]): void;
  /** Ids of each allocation. */
  readonly allocated: string[][];
  readonly prepared: string[][];
  close(): void;
}

/** Serves `resource` beside the node's socket and registers there. */
export async function startPlugin(dir: string, resource: string): Promise<TestPlugin> {
  const endpoint = `${resource.replaceAll('/', '-')}.sock`;
  const socket = `${dir}/${endpoint}`;
  rmSync(socket, { force: true });
  const allocated: string[][] = [];
  const prepared: string[][] = [];
  let devices: readonly object[] = [];
  const watchers = new Set<grpc.ServerWritableStream<Uint8Array, Uint8Array>>();
  const list = (): Uint8Array => messages.ListAndWatchResponse.encode({ devices });
  const server = new grpc.Server();
  const unary = (name: string, answer: (request: Uint8Array) => Uint8Array): void =>
    void server.register(
      `/v1beta1.DevicePlugin/${name}`,
      (call: grpc.ServerUnaryCall<Uint8Array, Uint8Array>, done: grpc.sendUnaryData<Uint8Array>) => done(null, answer(call.request)),
      bytes,
      raw,
      'unary',
    );
  unary('Allocate', (request) => {
    const { containerRequests } = messages.AllocateRequest.decode(request) as { containerRequests: { devicesIds: string[] }[] };
    const ids = containerRequests[0]?.devicesIds ?? [];
    allocated.push(ids);
    const given = {
      envs: { GADGETS: ids.join() },
      devices: ids.map((id) => ({ containerPath: `/dev/gadget-${id}`, hostPath: '/dev/null', permissions: 'rw' })),
      mounts: [{ containerPath: '/gadget-info', hostPath: '/etc/hostname', readOnly: true }],
    };
    return messages.AllocateResponse.encode({ containerResponses: [given] });
  });
  unary('PreStartContainer', (request) => {
    prepared.push((messages.PreStartContainerRequest.decode(request) as { devicesIds: string[] }).devicesIds);
    return new Uint8Array();
  });
  unary('GetPreferredAllocation', (request) => {
    const { containerRequests } = messages.PreferredAllocationRequest.decode(request) as {
      containerRequests: { availableDeviceIds: string[]; allocationSize: number }[];
    };
    // Prefers the last ones.
    const [asked] = containerRequests;
    const deviceIds = asked?.availableDeviceIds.toSorted().toReversed().slice(0, asked.allocationSize) ?? [];
    return messages.PreferredAllocationResponse.encode({ containerResponses: [{ deviceIds }] });
  });
  server.register(
    '/v1beta1.DevicePlugin/ListAndWatch',
    (call: grpc.ServerWritableStream<Uint8Array, Uint8Array>) => {
      watchers.add(call);
      call.on('cancelled', () => void watchers.delete(call));
      call.write(list());
    },
    bytes,
    raw,
    'serverStream',
  );
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${socket}`, grpc.ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  const client = new grpc.Client(`unix:${dir}/kubelet.sock`, grpc.credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
  const options = { preStartRequired: true, getPreferredAllocationAvailable: true };
  const request = messages.RegisterRequest.encode({ version: 'v1beta1', endpoint, resourceName: resource, options });
  await new Promise<void>((resolve, reject) =>
    client.makeUnaryRequest('/v1beta1.Registration/Register', bytes, raw, request, (error) => (error ? reject(error) : resolve())),
  );
  client.close();
  return {
    allocated,
    prepared,
    tell(now) {
      devices = now;
      for (const watcher of watchers) watcher.write(list());
    },
    close: () => server.forceShutdown(),
  };
}
