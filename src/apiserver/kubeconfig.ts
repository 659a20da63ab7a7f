// Writes kubeconfig files with everything embedded, so that one file is enough to reach the cluster.
import type { KeyPair } from '#base/pki.ts';
import type { World } from '#base/world.ts';

export interface KubeconfigOptions {
  /** `https://host:port`. */
  readonly server: string;
  /** PEM of the authority that signed the server's certificate. */
  readonly ca: string;
  /** How the user shows who they are. */
  readonly credentials: KeyPair | { readonly token: string };
  readonly cluster?: string;
  readonly user?: string;
  readonly namespace?: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The text of a kubeconfig file. */
export function kubeconfigText(options: KubeconfigOptions): string {
  const { server, ca, credentials, cluster = 'tutti', user = 'tutti-admin', namespace } = options;
  // JSON strings are YAML strings: quoting is never wrong this way.
  const quote = (text: string): string => JSON.stringify(text);
  const context = `${user}@${cluster}`;
  const identity =
    'token' in credentials
      ? [`    token: ${quote(credentials.token)}`]
      : [`    client-certificate-data: ${base64(credentials.cert)}`, `    client-key-data: ${base64(credentials.key)}`];
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `- name: ${quote(cluster)}`,
    '  cluster:',
    `    server: ${quote(server)}`,
    `    certificate-authority-data: ${base64(ca)}`,
    'users:',
    `- name: ${quote(user)}`,
    '  user:',
    ...identity,
    'contexts:',
    `- name: ${quote(context)}`,
    '  context:',
    `    cluster: ${quote(cluster)}`,
    `    user: ${quote(user)}`,
    ...(namespace ? [`    namespace: ${quote(namespace)}`] : []),
    `current-context: ${quote(context)}`,
    'preferences: {}',
    '',
  ].join('\n');
}

/** Writes a kubeconfig that only its owner can read. */
export async function writeKubeconfig(world: Pick<World, 'fs'>, path: string, options: KubeconfigOptions): Promise<void> {
  await world.fs.write(path, kubeconfigText(options), { mode: 0o600, atomic: true });
}
