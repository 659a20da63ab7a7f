// What files a volume made of API objects has: pure.
import type { KeyToPath } from '#api/core/v1/volume.ts';

export interface PayloadFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** Owner, where it is not root. */
  readonly uid?: number;
}

/** Files by their path in the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>;

/** A volume that cannot be made as its specification says. */
export class PayloadError extends Error {}

export interface KeyRules {
  readonly items?: readonly KeyToPath[];
  readonly defaultMode: number;
  readonly optional?: boolean;
  /** 'configmap references' or 'references non-existent secret key', as Kubernetes words a key that is not there. */
  readonly missing: (key: string) => string;
}

/** All keys as files, or those that `items` choose, under the paths and with the modes that they say. */
export function keyFiles(data: ReadonlyMap<string, Uint8Array>, rules: KeyRules): Payload {
  const files = new Map<string, PayloadFile>();
  if (!rules.items || rules.items.length === 0) {
    for (const [key, bytes] of data) files.set(key, { data: bytes, mode: rules.defaultMode });
    return files;
  }
  for (const { key, path, mode } of rules.items) {
    const bytes = data.get(key);
    if (bytes !== undefined) files.set(path, { data: bytes, mode: mode ?? rules.defaultMode });
    else if (!rules.optional) throw new PayloadError(rules.missing(key));
  }
  return files;
}

/** The bytes of a ConfigMap's keys. */
export function configMapData(object: {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}): Map<string, Uint8Array> {
  const data = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(object.data ?? {})) data.set(key, Buffer.from(text, 'utf8'));
  for (const [key, text] of Object.entries(object.binaryData ?? {})) data.set(key, Buffer.from(text, 'base64'));
  return data;
}

/** The bytes of a Secret's keys. */
export function secretData(object: { readonly data?: Readonly<Record<string, string>> }): Map<string, Uint8Array> {
  return new Map(Object.entries(object.data ?? {}).map(([key, text]) => [key, Buffer.from(text, 'base64')]));
}

/** A path that stays inside the volume; throws otherwise. */
export function checkPath(path: string): string {
  const parts = path.split('/');
  if (path === '' || path.startsWith('/')) throw new PayloadError(`invalid path: must be relative path: ${path}`);
  if (parts.includes('..')) throw new PayloadError(`invalid path: must not contain '..': ${path}`);
  if (path.startsWith('..')) throw new PayloadError(`invalid path: must not start with '..': ${path}`);
  return parts.filter((part) => part !== '' && part !== '.').join('/');
}
