// The outside world, bundled: what `host/` provides and everything else receives.
import type { Clock } from './clock.ts';
import type { Exec } from './exec.ts';
import type { Fs } from './fs.ts';
import type { Grpc } from './grpc.ts';
import type { Jwt } from './jwt.ts';
import type { Log } from './log.ts';
import type { Digest, Net } from './net.ts';
import type { Pki } from './pki.ts';
import type { Random } from './random.ts';
import type { Zip } from './zip.ts';

export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly fs: Fs;
  readonly exec: Exec;
  readonly net: Net;
  readonly grpc: Grpc;
  readonly digest: Digest;
  readonly zip: Zip;
  readonly pki: Pki;
  readonly jwt: Jwt;
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostName: string;
}

/** A running part of Tutti. Disposal stops it, waits for what is in flight and frees everything that it took. */
export interface Component extends AsyncDisposable {
  /** Resolves when it does its work; rejects when it cannot start. */
  readonly ready: Promise<void>;
  /** Undefined when healthy, else what is wrong. */
  health(): string | undefined;
}
