// Registry credentials from a pod's pull secrets: pure.
import type { Secret } from '#api/core/v1/secret.ts';
import { goJson } from '#format/goquote.ts';
import { parseReference } from '../images/reference.ts';
import type { TrackedAuth } from '../parts.ts';
import type { ImageAuth } from '../runtime.ts';

interface Entry {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly email?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

/** The registries in a secret of one of the two docker types; nothing in one that cannot be read. */
function registries(secret: Secret): Record<string, Entry> {
  const text = (key: string): string => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8');
  try {
    if (secret.type === 'kubernetes.io/dockerconfigjson') {
      return (JSON.parse(text('.dockerconfigjson')) as { auths?: Record<string, Entry> }).auths ?? {};
    }
    if (secret.type === 'kubernetes.io/dockercfg') return JSON.parse(text('.dockercfg')) as Record<string, Entry>;
  } catch {
    // Not JSON: as good as absent.
  }
  return {};
}

const escaped = (text: string): string => text.replaceAll(/[.+^${}()|[\]\\?]/g, '\\$&').replaceAll('*', '[^.]*');

/** True when a registry's key (host with optional port, globs and path) is for this image. */
export function registryMatches(key: string, image: { readonly domain: string; readonly path: string }): boolean {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const slash = bare.indexOf('/');
  const host = slash < 0 ? bare : bare.slice(0, slash);
  const path = (slash < 0 ? '' : bare.slice(slash + 1)).replace(/^v[12](\/|$)/, '');
  const hosts = host === 'index.docker.io' || host === 'registry-1.docker.io' ? ['docker.io', host] : [host];
  const matches = hosts.some((pattern) => new RegExp(`^${escaped(pattern)}$`).test(image.domain));
  return matches && (path === '' || image.path === path || image.path.startsWith(`${path}/`) || image.path.startsWith(path));
}

// Without the registry's address: runtimes read it as a URL, which an address with a port is not. Only matching ones are given.
function authOf(entry: Entry): ImageAuth {
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString('utf8') : '';
  const colon = decoded.indexOf(':');
  const username = entry.username ?? (colon < 0 ? undefined : decoded.slice(0, colon));
  const password = entry.password ?? (colon < 0 ? undefined : decoded.slice(colon + 1));
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(entry.identitytoken ? { identityToken: entry.identitytoken } : {}),
    ...(entry.registrytoken ? { registryToken: entry.registrytoken } : {}),
  };
}

/** Hash of what the credentials are, as kubelet makes it: the same in whatever secret they stand. */
function hashOf({ username, password, identityToken, registryToken }: ImageAuth, email: string | undefined, sha256: Hash): string {
  const fields = { username, password, email, identitytoken: identityToken, registrytoken: registryToken };
  return sha256(goJson(Object.fromEntries(Object.entries(fields).filter(([, value]) => Boolean(value)))));
}

type Hash = (text: string) => string;

/** The credentials for an image, the longest registry key first, with the secrets that they come from. */
export function registryCredentials(image: string, secrets: readonly Secret[], sha256: Hash): TrackedAuth[] {
  const reference = parseReference(image);
  if (!reference) return [];
  return secrets
    .flatMap((secret) => Object.entries(registries(secret)).map(([key, entry]) => ({ key, entry, secret })))
    .filter(({ key }) => registryMatches(key, reference))
    .sort((a, b) => b.key.length - a.key.length)
    .map(({ entry, secret: { metadata } }) => {
      const auth = authOf(entry);
      const { uid = '', namespace = '', name } = metadata;
      return { auth, source: { kubernetesSecrets: [{ uid, namespace, name, credentialHash: hashOf(auth, entry.email, sha256) }] } };
    });
}
