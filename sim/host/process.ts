// A process of the simulated world: it has its own clock, randomness and log, reaches others over the simulated network
// only, and can be killed between any two of its steps.
import type { Fs } from '#base/fs.ts';
import type { Log, LogFields } from '#base/log.ts';
import type { Net } from '#base/net.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import { seededRandom } from '#base/seeded.ts';
import type { World } from '#base/world.ts';
import { GrpcError, grpcCode } from '#base/grpc.ts';
import { realDigest } from '#host/digest.ts';
import { realJwt } from '#host/jwt.ts';
import { realPki } from '#host/x509.ts';
import { realZip } from '#host/zip.ts';
import { createFiles } from './files.ts';
import { type ProcessClock, processClock } from './time.ts';
import type { Wire } from './wire.ts';

/** What all processes of one life share. */
export interface Surroundings {
  readonly seed: string;
  readonly time: Clock;
  /** What is between machines. */
  readonly wire: Wire;
  /** A line of a process's log. */
  log(level: 'debug' | 'info' | 'warn' | 'error', process: string, message: string, fields: LogFields): void;
}

export interface Process {
  readonly name: string;
  readonly clock: ProcessClock;
  readonly random: Random;
  readonly world: World;
  readonly alive: boolean;
  /** Called once when the process is killed, before `kill` returns. */
  onKill(then: () => void): void;
  /** Ends it as `kill -9` does: no timer fires any more, no request is answered, nothing is tidied up. */
  kill(): void;
}

/** What a process waits for that is dead. One for each: a promise remembers all who ever waited for it. */
export const never = (): Promise<never> => new Promise(() => undefined);

const refused = (): never => {
  throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
};
const absentCommand = (): never => {
  throw Object.assign(new Error('spawn ENOENT'), { code: 'ENOENT' });
};
const notSimulated = (what: string) => (): never => {
  throw new Error(`${what} is not simulated`);
};

/** Nobody answers on the simulated network but agents, and the API server, which is reached by transports. */
const net: Omit<Net, 'serveHttp' | 'fetch'> = {
  upgrade: async () => refused(),
  connect: async () => refused(),
  listenTcp: async () => ({ port: 1, close: () => Promise.resolve() }),
  listenUdp: async () => ({ port: 1, send: () => undefined, close: () => Promise.resolve() }),
  addresses: () => [],
};

function logOf(around: Surroundings, process: string, bound: LogFields = {}): Log {
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) =>
    around.log(level, process, message, { ...bound, ...fields });
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => logOf(around, process, { ...bound, ...fields }),
  };
}

/** Starts a process. `incarnation` tells it from others of the same name before it; `fs` is its machine's disk. */
export function startProcess(around: Surroundings, name: string, incarnation: number, fs: Fs = createFiles()): Process {
  const clock = processClock(around.time);
  const random = seededRandom(`${around.seed}/${name}/${incarnation}`);
  const endings: (() => void)[] = [];
  let alive = true;
  const { wire } = around;
  const world: World = {
    clock,
    random,
    log: logOf(around, name),
    fs,
    net: { ...net, serveHttp: async (_, handlers) => wire.serve(self, handlers), fetch: (url, options) => wire.fetch(url, options) },
    exec: { pid: 1, run: async () => absentCommand(), spawn: notSimulated('a command'), alive: () => false, kill: () => undefined },
    grpc: {
      serve: () => Promise.resolve({ close: () => undefined }),
      connect: (target) => {
        const unavailable = (): never => {
          throw new GrpcError(target, grpcCode.unavailable, 'nobody listens');
        };
        return { unary: unavailable, serverStream: unavailable, clientStream: unavailable, bidi: unavailable, close: () => undefined };
      },
    },
    digest: realDigest,
    zip: realZip,
    pki: realPki,
    jwt: realJwt,
    env: {},
    hostName: name,
  };
  const self: Process = {
    name,
    clock,
    random,
    world,
    get alive() {
      return alive;
    },
    onKill: (then) => void endings.push(then),
    kill() {
      if (!alive) return;
      alive = false;
      clock.kill();
      for (const end of endings) end();
    },
  };
  return self;
}
