// kubeconfig files: how clients find a server and prove who they are.
import type { Fs } from '#base/fs.ts';
import type { TlsClientOptions } from '#base/net.ts';
import { parseYaml, toYaml } from '#format/yaml.ts';

/** What one context of a kubeconfig says, resolved. */
export interface ServerAccess {
  readonly server: string;
  readonly tls: TlsClientOptions;
  readonly token?: string;
  readonly namespace?: string;
  readonly context: string;
}

interface ClusterEntry {
  readonly server?: string;
  readonly 'certificate-authority'?: string;
  readonly 'certificate-authority-data'?: string;
  readonly 'insecure-skip-tls-verify'?: boolean;
  readonly 'tls-server-name'?: string;
}
interface UserEntry {
  readonly 'client-certificate'?: string;
  readonly 'client-certificate-data'?: string;
  readonly 'client-key'?: string;
  readonly 'client-key-data'?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}
interface ContextEntry {
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}
interface KubeconfigFile {
  readonly 'current-context'?: string;
  readonly clusters?: readonly { readonly name?: string; readonly cluster?: ClusterEntry }[];
  readonly users?: readonly { readonly name?: string; readonly user?: UserEntry }[];
  readonly contexts?: readonly { readonly name?: string; readonly context?: ContextEntry }[];
}

const fromBase64 = (data: string | undefined): string | undefined => (data ? Buffer.from(data, 'base64').toString('utf8') : undefined);
const toBase64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** Reads a kubeconfig and resolves a context (the current one when not named). Paths in it are relative to its folder. */
export async function loadKubeconfig(fs: Fs, path: string, contextName?: string): Promise<ServerAccess> {
  const file = (parseYaml(await fs.readText(path)) ?? {}) as KubeconfigFile;
  const name = contextName ?? file['current-context'] ?? '';
  const context = file.contexts?.find((entry) => entry.name === name)?.context;
  if (context === undefined)
    throw new Error(name === '' ? `${path}: no current-context` : `${path}: context ${JSON.stringify(name)} does not exist`);
  const cluster = file.clusters?.find((entry) => entry.name === context.cluster)?.cluster;
  if (cluster?.server === undefined) throw new Error(`${path}: cluster ${JSON.stringify(context.cluster ?? '')} does not exist`);
  const user = file.users?.find((entry) => entry.name === context.user)?.user ?? {};
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const read = async (data: string | undefined, from: string | undefined): Promise<string | undefined> =>
    fromBase64(data) ?? (from ? fs.readText(from.startsWith('/') ? from : `${folder}${from}`) : undefined);
  const ca = await read(cluster['certificate-authority-data'], cluster['certificate-authority']);
  const cert = await read(user['client-certificate-data'], user['client-certificate']);
  const key = await read(user['client-key-data'], user['client-key']);
  const token = user.token ?? (await read(undefined, user.tokenFile))?.trim();
  return {
    server: cluster.server,
    context: name,
    tls: {
      ...(ca ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(cluster['tls-server-name'] ? { serverName: cluster['tls-server-name'] } : {}),
      ...(cluster['insecure-skip-tls-verify'] ? { insecure: true } : {}),
    },
    ...(token ? { token } : {}),
    ...(context.namespace ? { namespace: context.namespace } : {}),
  };
}

export interface KubeconfigParts {
  readonly server: string;
  /** PEM texts. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

/** The text of a kubeconfig with one context, certificates inside. */
export function kubeconfigText(parts: KubeconfigParts): string {
  const cluster = parts.cluster ?? 'tutti';
  const user = parts.user ?? 'admin';
  const context = `${user}@${cluster}`;
  return toYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: cluster, cluster: { server: parts.server, ...(parts.ca ? { 'certificate-authority-data': toBase64(parts.ca) } : {}) } },
    ],
    users: [
      {
        name: user,
        user: {
          ...(parts.cert ? { 'client-certificate-data': toBase64(parts.cert) } : {}),
          ...(parts.key ? { 'client-key-data': toBase64(parts.key) } : {}),
          ...(parts.token ? { token: parts.token } : {}),
        },
      },
    ],
    contexts: [{ name: context, context: { cluster, user, ...(parts.namespace ? { namespace: parts.namespace } : {}) } }],
    'current-context': context,
  });
}

/** Writes a kubeconfig that only its owner may read. */
export async function saveKubeconfig(fs: Fs, path: string, parts: KubeconfigParts): Promise<void> {
  await fs.write(path, kubeconfigText(parts), { mode: 0o600, atomic: true });
}
