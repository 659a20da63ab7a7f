// The real outside world, bundled.
import { hostname } from 'node:os';
import type { World } from '#base/world.ts';
import { realClock } from './clock.ts';
import { realDigest } from './digest.ts';
import { realExec } from './exec.ts';
import { realFs } from './fs.ts';
import { realGrpc } from './grpc.ts';
import { realJwt } from './jwt.ts';
import { createLog, type LogLevel } from './log.ts';
import { realNet } from './net.ts';
import { realRandom } from './random.ts';
import { realPki } from './x509.ts';
import { realZip } from './zip.ts';

export interface WorldOptions {
  readonly logLevel?: LogLevel;
  /** Append the log here instead of standard error. */
  readonly logFile?: string;
}

/** Everything that Tutti takes from the machine. Parts may be replaced by spreading: `{ ...createWorld(), clock }`. */
export function createWorld(options: WorldOptions = {}): World {
  return {
    clock: realClock,
    random: realRandom,
    log: createLog({ level: options.logLevel, file: options.logFile }),
    fs: realFs,
    exec: realExec,
    net: realNet,
    grpc: realGrpc,
    digest: realDigest,
    zip: realZip,
    pki: realPki,
    jwt: realJwt,
    env: process.env,
    hostName: hostname(),
  };
}
