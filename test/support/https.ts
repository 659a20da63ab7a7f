// The API server over real https with certificates of its own, and a kubeconfig for real clients.
import { writeKubeconfig } from '#apiserver/kubeconfig.ts';
import { type ClusterPki, ensurePki } from '#apiserver/pki.ts';
import { loadSecurity, type RequestHeaderFlags, type SecurityFlags } from '#cmd/security.ts';
import { standardParts } from '#cmd/standard.ts';
import { createWorld } from '#host/world.ts';
import type { Store } from '#store/kv.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestApi, type TestApi } from './api.ts';

/** One value: discovery caches by identity. */
const none: readonly never[] = [];

export interface HttpsApi extends AsyncDisposable {
  readonly api: TestApi;
  readonly server: string;
  readonly kubeconfig: string;
  readonly pki: ClusterPki;
  /** A directory that goes away with the server. */
  readonly dir: string;
}

export interface HttpsOptions {
  readonly store?: Store;
  readonly freeze?: boolean;
  /** Files by the flags of `tutti up`. */
  readonly security?: SecurityFlags & RequestHeaderFlags;
}

/** Starts one on a free port of the loopback interface. */
export async function startHttpsApi(options: HttpsOptions = {}): Promise<HttpsApi> {
  const world = createWorld({ logLevel: 'warn' });
  const dir = await mkdtemp(join(tmpdir(), 'tutti-api-'));
  const pki = await ensurePki(world, {
    dir: join(dir, 'pki'),
    ips: ['127.0.0.1', '10.96.0.1'],
    dnsNames: ['localhost'],
    clusterDomain: 'cluster.local',
  });
  const security = await loadSecurity(world, options.security ?? {}, ['https://kubernetes.default.svc.cluster.local']);
  const parts = standardParts(world, pki, {
    extraGroups: () => none,
    domain: 'cluster.local',
    tokens: security.tokens,
    requestHeaders: security.requestHeaders,
  });
  const api = await startTestApi({
    world,
    ...(options.store ? { store: options.store } : {}),
    config: {
      freeze: options.freeze ?? true,
      issuer: parts.issuer,
      ...(security.anonymousPaths ? { anonymousPaths: security.anonymousPaths } : {}),
    },
    authorizers: security.authorizers,
    ...(security.podSecurity ? { podSecurity: security.podSecurity } : {}),
    ...(security.auditor ? { auditor: security.auditor } : {}),
    ...parts.server,
  });
  const tls = { cert: pki.serving.cert, key: pki.serving.key, clientCa: pki.ca.cert };
  const listener = await world.net.serveHttp({ host: '127.0.0.1', port: 0, tls }, api.api.handlers);
  const server = `https://127.0.0.1:${listener.port}`;
  const kubeconfig = join(dir, 'kubeconfig');
  await writeKubeconfig(world, kubeconfig, { server, ca: pki.ca.cert, credentials: pki.admin });
  return {
    api,
    server,
    kubeconfig,
    pki,
    dir,
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await listener.close(500);
      await rm(dir, { recursive: true, force: true });
    },
  };
}
