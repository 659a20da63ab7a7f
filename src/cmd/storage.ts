// Where the cluster keeps its state: on this machine's disk, or in etcd that several servers share.
import { messageOf } from '#base/errors.ts';
import type { World } from '#base/world.ts';
import type { Store } from '#store/kv.ts';
import { openLmdbStore } from '#store/lmdb.ts';
import { UsageError } from './usage.ts';

/** Flags with the names that kube-apiserver has for them. */
export interface EtcdFlags {
  readonly etcdServers?: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdPrefix?: string;
}

/** The flags that name files. */
export const etcdFileFlags: readonly (keyof EtcdFlags)[] = ['etcdCafile', 'etcdCertfile', 'etcdKeyfile'];

export interface EtcdOptions {
  readonly servers: readonly string[];
  /** Files of PEM; those that the system trusts, and no certificate of our own, when absent. */
  readonly caFile: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly prefix: string;
}

/** What all keys of the API server begin with. */
const root = '/registry';
/** Milliseconds between compactions, as kube-apiserver has it by default. */
const compactionInterval = 300_000;

/** Heartbeats and events are most of what a quiet cluster writes, and worth no sync: a crash may cost the last seconds of them. */
export function isVolatile(key: string): boolean {
  return key.startsWith('/registry/leases/') || key.startsWith('/registry/events/');
}

/** Checks the flags; undefined: no etcd. Throws `UsageError`. */
export function etcdOptions(flags: EtcdFlags): EtcdOptions | undefined {
  const { etcdServers, etcdCafile: caFile, etcdCertfile: certFile, etcdKeyfile: keyFile } = flags;
  if (!etcdServers) {
    const [alone] = Object.entries({
      'etcd-cafile': caFile,
      'etcd-certfile': certFile,
      'etcd-keyfile': keyFile,
      'etcd-prefix': flags.etcdPrefix,
    })
      .filter(([, value]) => value !== undefined)
      .map(([name]) => name);
    if (alone !== undefined) throw new UsageError(`--${alone} needs --etcd-servers`);
    return undefined;
  }
  const servers = etcdServers.split(',').map((server) => server.trim().replace(/\/$/, ''));
  for (const server of servers) {
    if (!/^https?:\/\/[^/?#@]+$/.test(server) || !URL.canParse(server))
      throw new UsageError(`--etcd-servers must be a list of URLs such as https://192.0.2.1:2379, not "${etcdServers}"`);
  }
  if ((certFile === undefined) !== (keyFile === undefined)) throw new UsageError('--etcd-certfile and --etcd-keyfile go together');
  const prefix = `/${(flags.etcdPrefix ?? root).replaceAll(/^\/+|\/+$/g, '')}`;
  return { servers, caFile, certFile, keyFile, prefix: prefix === '/' ? '' : prefix };
}

/** Opens the store; `state` is the directory of the embedded one. */
export async function openStorage(world: World, etcd: EtcdOptions | undefined, state: string): Promise<Store> {
  if (etcd === undefined) return openLmdbStore(state, world, { volatile: isVolatile });
  const read = (path: string | undefined): Promise<string | undefined> =>
    path === undefined ? Promise.resolve(undefined) : world.fs.readText(path);
  const [ca, cert, key] = await Promise.all([read(etcd.caFile), read(etcd.certFile), read(etcd.keyFile)]);
  const { openEtcdStore } = await import('#store/etcd/store.ts');
  try {
    return await openEtcdStore(world, {
      servers: etcd.servers,
      tls: { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}) },
      root,
      prefix: etcd.prefix,
      compactionInterval,
    });
  } catch (error) {
    throw new Error(`etcd at ${etcd.servers.join(', ')} does not answer: ${messageOf(error)}`, { cause: error });
  }
}
