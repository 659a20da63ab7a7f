// A real etcd for tests: on loopback, in a directory of its own, with settings that make it start fast.
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

function findBinary(): string | undefined {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']) {
    try {
      accessSync(join(folder, 'etcd'), constants.X_OK);
      return join(folder, 'etcd');
    } catch {
      // not there
    }
  }
  return undefined;
}

const binary = findBinary();

/** Why tests with etcd are skipped; false: they are not. */
export const etcdMissing: string | false = binary === undefined && 'there is no etcd on this machine (Debian: etcd-server)';

export interface Etcd extends AsyncDisposable {
  /** Where clients connect. */
  readonly url: string;
  readonly pid: number;
  /** Ends the process as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on its data, at the same address. */
  restart(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** PEM: whose certificates are believed, and etcd's own. */
export interface EtcdTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface Place {
  readonly dir: string;
  readonly secure: boolean;
  readonly port: number;
  readonly peerPort: number;
  readonly flags: readonly string[];
}

/** Milliseconds that it may take to answer on a busy machine. */
const patience = 120_000;

/** Undefined when the process ends before it answers: somebody else may have taken the port. */
async function launch({ dir, secure, port, peerPort, flags }: Place): Promise<ChildProcess | undefined> {
  const url = `${secure ? 'https' : 'http'}://127.0.0.1:${port}`;
  const plain = `http://127.0.0.1:${port + (secure ? 1 : 0)}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  const child = spawn(
    binary ?? 'etcd',
    [
      `--data-dir=${dir}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--heartbeat-interval=10',
      '--election-timeout=100',
      // The contract has values of 3 MB, which etcd refuses by default.
      '--max-request-bytes=8388608',
      '--log-level=error',
      ...(secure ? [`--listen-metrics-urls=${plain}`] : []),
      ...flags,
    ],
    { stdio: 'ignore', env: { ...process.env, ETCD_UNSUPPORTED_ARCH: process.arch } },
  );
  let ended = false;
  child.once('exit', () => (ended = true));
  child.once('error', () => (ended = true));
  for (const began = Date.now(); Date.now() - began < patience; ) {
    if (ended) return undefined;
    try {
      const answer = await fetch(`${plain}/health`);
      const { health } = (await answer.json()) as { health?: string };
      if (health === 'true') return child;
    } catch {
      // not yet
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error(`etcd does not answer within ${patience} ms`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exited;
}

/** Writes the files and names them. */
function tlsFlags(dir: string, tls: EtcdTls): string[] {
  for (const [name, text] of Object.entries(tls)) writeFileSync(join(dir, `${name}.pem`), text);
  const file = (name: keyof EtcdTls): string => join(dir, `${name}.pem`);
  return [`--cert-file=${file('cert')}`, `--key-file=${file('key')}`, `--trusted-ca-file=${file('ca')}`, '--client-cert-auth'];
}

/** Starts an empty etcd; with `tls` it speaks to clients with certificates only. */
export async function startEtcd(tls?: EtcdTls): Promise<Etcd> {
  // In memory where there is such a place: what is tested is not the disk.
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tutti-etcd-'));
  const flags = tls ? tlsFlags(dir, tls) : [];
  const secure = tls !== undefined;
  let place: Place;
  let child: ChildProcess | undefined;
  do {
    place = { dir, secure, port: await freePort(), peerPort: await freePort(), flags };
    child = await launch(place);
    if (child === undefined) rmSync(join(dir, 'member'), { recursive: true, force: true });
  } while (child === undefined);
  let running = child;
  return {
    url: `${secure ? 'https' : 'http'}://127.0.0.1:${place.port}`,
    get pid() {
      return running.pid ?? 0;
    },
    kill: () => end(running),
    restart: async () => {
      await end(running);
      const next = await launch(place);
      if (next === undefined) throw new Error('etcd does not start again');
      running = next;
    },
    async [Symbol.asyncDispose]() {
      await end(running);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
