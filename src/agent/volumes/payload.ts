// What files a volume consists of, worked out from API objects. Pure.
import type { Pod } from '#api/core/v1/pod.ts';
import type { ConfigMap } from '#api/core/v1/configmap.ts';
import type { Secret } from '#api/core/v1/secret.ts';
import type { KeyToPath } from '#api/core/v1/volume.ts';
import { podField } from '../env/fieldref.ts';
import { resourceField } from '../env/resourceref.ts';
import { findContainer } from '../sync/spec.ts';

export interface PayloadFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
  /** Owner, where it is not root. */
  readonly uid?: number;
}
/** Files by path below the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>;

/** A volume that cannot be made as things are; the text is what the FailedMount event says. */
export class VolumeError extends Error {}

export const defaultFileMode = 0o644;

/** True for a relative path that stays below its root. */
export function isSafePath(path: string): boolean {
  return path !== '' && !path.startsWith('/') && !path.split('/').includes('..');
}

interface Selection {
  readonly items: readonly KeyToPath[] | undefined;
  readonly mode: number;
  readonly optional: boolean;
  /** e.g. `configmap references non-existent config key`. */
  readonly missing: string;
}

/** The chosen keys of a map of files; all of them without `items`. */
export function selectKeys(data: ReadonlyMap<string, Uint8Array>, { items, mode, optional, missing }: Selection): Map<string, PayloadFile> {
  const files = new Map<string, PayloadFile>();
  if (items === undefined || items.length === 0) {
    for (const [key, bytes] of data) files.set(key, { data: bytes, mode });
    return files;
  }
  for (const item of items) {
    const bytes = data.get(item.key);
    if (bytes === undefined) {
      if (optional) continue;
      throw new VolumeError(`${missing}: ${item.key}`);
    }
    if (!isSafePath(item.path)) throw new VolumeError(`invalid path: ${item.path}`);
    files.set(item.path, { data: bytes, mode: item.mode ?? mode });
  }
  return files;
}

const fromBase64 = (text: string): Uint8Array => Buffer.from(text, 'base64');

export function configMapFiles(map: ConfigMap | undefined): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [key, text] of Object.entries(map?.data ?? {})) files.set(key, Buffer.from(text));
  for (const [key, text] of Object.entries(map?.binaryData ?? {})) files.set(key, fromBase64(text));
  return files;
}

export function secretFiles(secret: Secret | undefined): Map<string, Uint8Array> {
  return new Map(Object.entries(secret?.data ?? {}).map(([key, text]) => [key, fromBase64(text)]));
}

interface DownwardItem {
  readonly path: string;
  readonly mode?: number;
  readonly fieldRef?: { readonly fieldPath: string };
  readonly resourceFieldRef?: { readonly containerName?: string; readonly resource: string; readonly divisor?: string };
}

/** Files with the pod's own fields. */
export function downwardFiles(
  pod: Pod,
  items: readonly DownwardItem[] | undefined,
  options: { mode: number; allocatable: Readonly<Record<string, string>> },
): Map<string, PayloadFile> {
  const files = new Map<string, PayloadFile>();
  for (const item of items ?? []) {
    if (!isSafePath(item.path)) throw new VolumeError(`invalid path: ${item.path}`);
    let text = '';
    try {
      if (item.fieldRef) text = podField(pod, item.fieldRef.fieldPath);
      else if (item.resourceFieldRef) {
        const container = findContainer(pod, item.resourceFieldRef.containerName ?? '')?.container ?? pod.spec.containers[0];
        if (container === undefined) continue;
        text = resourceField(pod, container, { ref: item.resourceFieldRef, allocatable: options.allocatable });
      }
    } catch (error) {
      throw new VolumeError(error instanceof Error ? error.message : String(error));
    }
    files.set(item.path, { data: Buffer.from(text), mode: item.mode ?? options.mode });
  }
  return files;
}

/** The mode that a file gets when the volume belongs to a group: readable by it, executable where it is for the owner. */
export function groupMode(mode: number): number {
  return mode | 0o440 | (mode & 0o100 ? 0o110 : 0);
}

/** The user whom all containers of the pod run as, if they agree. */
export function commonUser(pod: Pod): number | undefined {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const users = new Set(all.map((container) => container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser));
  return users.size === 1 ? [...users][0] : undefined;
}
