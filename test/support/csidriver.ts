// A CSI driver for tests, as a process of the machine has it: registers with a node, mounts directories, keeps a list of calls.
import { mkdirSync, rmSync } from 'node:fs';
import { Metadata, Server, ServerCredentials, status, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { messages as csi } from '#agent/csi/messages.ts';
import { defineMessages } from '#format/protomessages.ts';
import type { World } from '#base/world.ts';

const registration = defineMessages({
  InfoRequest: '',
  PluginInfo: 'type=1 name=2 endpoint=3 supportedVersions=4:[string]',
  RegistrationStatus: 'pluginRegistered=1:bool error=2',
  RegistrationStatusResponse: '',
});

export interface Call {
  readonly method: string;
  readonly request: Readonly<Record<string, unknown>> & { readonly volumeId?: string; readonly targetPath?: string };
}

type Codecs = Readonly<Record<string, { encode(value: object): Uint8Array; decode(bytes: Uint8Array): object }>>;
type Answer = (request: never) => object | Promise<object>;

export interface TestDriver extends AsyncDisposable {
  readonly name: string;
  readonly calls: readonly Call[];
  /** What the node said about the registration. */
  readonly registered: () => { pluginRegistered: boolean; error: string } | undefined;
  /** Makes calls of this method fail with these words, until it is called with undefined. */
  fail(method: string, words: string | undefined): void;
  of(method: string): Call[];
}

class Refusal extends Error {
  readonly code = status.INTERNAL;
}

function serve(service: string, codecs: Codecs, answers: Readonly<Record<string, Answer>>): [object, UntypedServiceImplementation] {
  const definition: Record<string, object> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const [method, answer] of Object.entries(answers)) {
    const [request, response] =
      service === 'csi.v1.Node'
        ? [`${method}Request`, `${method}Response`]
        : method === 'GetInfo'
          ? ['InfoRequest', 'PluginInfo']
          : ['RegistrationStatus', 'RegistrationStatusResponse'];
    definition[method] = {
      path: `/${service}/${method}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => codecs[request]?.decode(bytes),
      responseSerialize: (value: object) => Buffer.from(codecs[response]?.encode(value) ?? []),
      responseDeserialize: (bytes: Buffer) => bytes,
    };
    handlers[method] = ((call: { request: never }, done: (error: object | null, value?: object) => void) => {
      void Promise.resolve()
        .then(() => answer(call.request))
        .then(
          (value) => done(null, value),
          (error: Error) => done({ code: (error as Refusal).code ?? status.UNKNOWN, details: error.message, metadata: new Metadata() }),
        );
    }) as never;
  }
  return [definition, handlers];
}

async function listen(path: string, services: readonly [object, UntypedServiceImplementation][]): Promise<Server> {
  rmSync(path, { force: true });
  const server = new Server();
  for (const [definition, handlers] of services) server.addService(definition as never, handlers);
  await new Promise<void>((done, failed) => {
    server.bindAsync(`unix://${path}`, ServerCredentials.createInsecure(), (error) => (error ? failed(error) : done()));
  });
  return server;
}

/** Starts a driver and registers it with the node whose directory is `nodeDir`. Its volumes are directories below `store`. */
export async function startDriver(
  world: World,
  about: { name: string; nodeDir: string; store: string; stages?: boolean; versions?: readonly string[] },
): Promise<TestDriver> {
  const { name, nodeDir, store } = about;
  const calls: Call[] = [];
  const failures = new Map<string, string>();
  let registered: { pluginRegistered: boolean; error: string } | undefined;
  const run = async (command: string, ...args: string[]): Promise<void> => {
    const result = await world.exec.run(command, args, { timeout: 60_000 });
    if (result.code !== 0) throw new Refusal(result.stderr.trim());
  };
  const bind = async (from: string, to: string): Promise<object> => {
    const { stdout } = await world.exec.run('findmnt', ['-n', '-o', 'TARGET', '--mountpoint', to], { timeout: 60_000 });
    mkdirSync(to, { recursive: true });
    if (stdout.trim() === '') await run('mount', '--bind', from, to);
    return {};
  };
  const unbind = async (path: string): Promise<object> => {
    await world.exec.run('umount', [path], { timeout: 60_000 });
    rmSync(path, { recursive: true, force: true });
    return {};
  };
  const volume = (id: string): string => {
    const path = `${store}/${id}`;
    mkdirSync(path, { recursive: true });
    return path;
  };
  const capabilities = ['EXPAND_VOLUME', 'GET_VOLUME_STATS', ...(about.stages === false ? [] : ['STAGE_UNSTAGE_VOLUME'])];
  const answers: Record<string, Answer> = {
    NodeGetInfo: () => ({
      nodeId: `id-of-${name}`,
      maxVolumesPerNode: 7,
      accessibleTopology: { segments: { [`topology.${name}/zone`]: 'z1' } },
    }),
    NodeGetCapabilities: () => ({ capabilities: capabilities.map((type) => ({ rpc: { type } })) }),
    NodeStageVolume: (request: { volumeId: string; stagingTargetPath: string }) =>
      bind(volume(request.volumeId), request.stagingTargetPath),
    NodeUnstageVolume: (request: { stagingTargetPath: string }) => unbind(request.stagingTargetPath),
    NodePublishVolume: (request: { volumeId: string; stagingTargetPath: string; targetPath: string }) =>
      bind(request.stagingTargetPath || volume(request.volumeId), request.targetPath),
    NodeUnpublishVolume: (request: { targetPath: string }) => unbind(request.targetPath),
    NodeGetVolumeStats: () => ({
      usage: [
        { available: 60, total: 100, used: 40, unit: 'BYTES' },
        { available: 6, total: 10, used: 4, unit: 'INODES' },
      ],
    }),
    NodeExpandVolume: (request: { capacityRange: { requiredBytes: number } }) => ({ capacityBytes: request.capacityRange.requiredBytes }),
  };
  const noted = Object.fromEntries(
    Object.entries(answers).map(([method, answer]) => [
      method,
      (request: never) => {
        calls.push({ method, request });
        const words = failures.get(method);
        if (words !== undefined) throw new Refusal(words);
        return answer(request);
      },
    ]),
  );
  mkdirSync(`${nodeDir}/plugins/${name}`, { recursive: true });
  const endpoint = `${nodeDir}/plugins/${name}/csi.sock`;
  const server = await listen(endpoint, [serve('csi.v1.Node', csi, noted)]);
  const register = `${nodeDir}/plugins_registry/${name}-reg.sock`;
  const registrar = await listen(register, [
    serve('pluginregistration.Registration', registration, {
      GetInfo: () => ({ type: 'CSIPlugin', name, endpoint, supportedVersions: about.versions ?? ['1.0.0'] }),
      NotifyRegistrationStatus: (said: { pluginRegistered: boolean; error: string }) => {
        registered = said;
        return {};
      },
    }),
  ]);
  return {
    name,
    calls,
    registered: () => registered,
    fail: (method, words) => void (words === undefined ? failures.delete(method) : failures.set(method, words)),
    of: (method) => calls.filter((call) => call.method === method),
    async [Symbol.asyncDispose]() {
      for (const one of [registrar, server]) one.forceShutdown();
      rmSync(register, { force: true });
      rmSync(endpoint, { force: true });
    },
  };
}
