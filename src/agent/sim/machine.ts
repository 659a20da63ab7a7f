// The machine that a simulated node believes to be on: a world whose /proc tells of a machine of any size, and whose
// network has the simulated pods in it.
import type { GrpcChannel } from '#base/grpc.ts';
import { GrpcError, grpcCode } from '#base/grpc.ts';
import type { FetchResponse, Socket } from '#base/net.ts';
import type { World } from '#base/world.ts';

export interface SimMachine {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** The machine of a simulated node unless told otherwise. */
export const defaultMachine: SimMachine = { cpus: 8, memoryBytes: 32 * 1024 ** 3, diskBytes: 100 * 1024 ** 3 };

/** Files that say what the machine is. */
function files({ cpus, memoryBytes }: SimMachine, nodeName: string): ReadonlyMap<string, string> {
  const kib = Math.floor(memoryBytes / 1024);
  const processors = Array.from({ length: cpus }, (_, i) => `cpu${i} 0 0 0 0 0 0 0 0 0 0`);
  return new Map([
    ['/etc/machine-id', nodeName],
    ['/sys/class/dmi/id/product_uuid', nodeName],
    ['/proc/sys/kernel/random/boot_id', nodeName],
    ['/proc/sys/kernel/osrelease', 'simulated'],
    ['/etc/os-release', 'PRETTY_NAME="Simulated node"'],
    ['/proc/meminfo', `MemTotal: ${kib} kB\nMemFree: ${kib} kB\nMemAvailable: ${kib} kB\nSwapTotal: 0 kB\n`],
    ['/proc/stat', `cpu 0 0 0 0 0 0 0 0 0 0\n${processors.join('\n')}\nbtime 0\n`],
    ['/proc/loadavg', '0.00 0.00 0.00 1/100 1'],
    ['/proc/sys/kernel/pid_max', '4194304'],
  ]);
}

const okBody = Buffer.from('ok');

function okResponse(): FetchResponse {
  return {
    status: 200,
    headers: {},
    body: (async function* () {
      yield okBody;
    })(),
    bytes: () => Promise.resolve(okBody),
    text: () => Promise.resolve('ok'),
  };
}

function refused(address: string): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: 'ECONNREFUSED' });
}

const silentSocket: Socket = {
  readable: (async function* () {})(),
  write: () => Promise.resolve(),
  end: () => undefined,
  destroy: () => undefined,
  closed: Promise.resolve(),
};

/** The world as the agent of a simulated node sees it; `answers` tells which pod addresses answer. */
export function simWorld(world: World, about: { nodeName: string; machine: SimMachine; answers(address: string): boolean }): World {
  const texts = files(about.machine, about.nodeName);
  const { diskBytes } = about.machine;
  const serving = (): Uint8Array => new Uint8Array([8, 1]); // HealthCheckResponse{status: SERVING}
  return {
    ...world,
    fs: {
      ...world.fs,
      readText: async (path) => texts.get(path) ?? world.fs.readText(path),
      usage: async () => ({ capacity: diskBytes, available: diskBytes, inodes: 10_000_000, inodesFree: 10_000_000 }),
    },
    net: {
      ...world.net,
      fetch: async (url) => {
        const { hostname, host } = new URL(url);
        if (!about.answers(hostname.replaceAll(/[[\]]/g, ''))) throw refused(host);
        return okResponse();
      },
      connect: async (target) => {
        if ('path' in target || !about.answers(target.host))
          throw refused('path' in target ? target.path : `${target.host}:${target.port}`);
        return silentSocket;
      },
    },
    grpc: {
      // Nothing on a simulated machine could call.
      serve: () => Promise.resolve({ close: () => undefined }),
      connect: (target) => {
        const unary: GrpcChannel['unary'] = async (path) => {
          if (!about.answers(target.slice(0, target.lastIndexOf(':'))))
            throw new GrpcError(path, grpcCode.unavailable, `ECONNREFUSED ${target}`);
          return serving();
        };
        const none = (): never => {
          throw new GrpcError(target, grpcCode.unimplemented, 'only unary calls reach a simulated pod');
        };
        return { unary, serverStream: none, clientStream: none, bidi: none, close: () => undefined };
      },
    },
  };
}
