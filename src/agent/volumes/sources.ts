// The files of each kind of volume that is made from API objects.
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume, VolumeProjection } from '#api/core/v1/volume.ts';
import { isNotFound } from '#api/status.ts';
import type { ObjectSource, TokenSource } from '../parts.ts';
import {
  commonUser,
  configMapFiles,
  defaultFileMode,
  downwardFiles,
  type Payload,
  type PayloadFile,
  secretFiles,
  selectKeys,
  VolumeError,
} from './payload.ts';

export interface Sources {
  readonly objects: ObjectSource;
  readonly tokens: TokenSource;
  readonly allocatable: Readonly<Record<string, string>>;
}

export interface Made {
  readonly payload: Payload;
  /** When the files must be made again (tokens end), in milliseconds since the epoch. */
  readonly refreshAt?: number;
}

/** The object, or undefined when it may be absent and is. */
async function read<T>(get: Promise<T>, optional: boolean): Promise<T | undefined> {
  try {
    return await get;
  } catch (error) {
    if (isNotFound(error) && optional) return undefined;
    throw error;
  }
}

interface Named {
  readonly name?: string;
  readonly optional?: boolean;
  readonly items?: Parameters<typeof selectKeys>[1]['items'];
}

async function fromConfigMap(sources: Sources, pod: Pod, source: Named, mode: number): Promise<Map<string, PayloadFile>> {
  const optional = source.optional === true;
  const map = await read(sources.objects.configMap(pod.metadata.namespace ?? '', source.name ?? ''), optional);
  return selectKeys(configMapFiles(map), { items: source.items, mode, optional, missing: 'references non-existent config key' });
}

async function fromSecret(sources: Sources, pod: Pod, source: Named, mode: number): Promise<Map<string, PayloadFile>> {
  const optional = source.optional === true;
  const secret = await read(sources.objects.secret(pod.metadata.namespace ?? '', source.name ?? ''), optional);
  return selectKeys(secretFiles(secret), { items: source.items, mode, optional, missing: 'references non-existent secret key' });
}

async function fromProjection(
  sources: Sources,
  pod: Pod,
  projection: VolumeProjection,
  mode: number,
): Promise<{ files: Map<string, PayloadFile>; refreshAt?: number }> {
  if (projection.configMap) return { files: await fromConfigMap(sources, pod, projection.configMap, mode) };
  if (projection.secret) return { files: await fromSecret(sources, pod, projection.secret, mode) };
  if (projection.downwardAPI)
    return { files: downwardFiles(pod, projection.downwardAPI.items, { mode, allocatable: sources.allocatable }) };
  if (projection.serviceAccountToken) {
    const { audience = '', expirationSeconds = 3600, path } = projection.serviceAccountToken;
    const { token, refreshAt } = await sources.tokens.token(pod, { audience, expirationSeconds });
    // A token is nobody else's business where it is known whose it is.
    const uid = commonUser(pod);
    const owned = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
    const file: PayloadFile = { data: Buffer.from(token), mode: owned ? 0o600 : mode, ...(uid === undefined ? {} : { uid }) };
    return { files: new Map([[path, file]]), refreshAt };
  }
  throw new VolumeError('projected volume source is not supported on this node');
}

/** The files of a volume; undefined when the volume is not made of files from the API. */
export async function filesOf(sources: Sources, pod: Pod, volume: Volume): Promise<Made | undefined> {
  if (volume.configMap)
    return { payload: await fromConfigMap(sources, pod, volume.configMap, volume.configMap.defaultMode ?? defaultFileMode) };
  if (volume.secret) {
    const { secretName, optional, items, defaultMode } = volume.secret;
    const named = {
      ...(secretName === undefined ? {} : { name: secretName }),
      ...(optional === undefined ? {} : { optional }),
      ...(items === undefined ? {} : { items }),
    };
    return { payload: await fromSecret(sources, pod, named, defaultMode ?? defaultFileMode) };
  }
  if (volume.downwardAPI) {
    const mode = volume.downwardAPI.defaultMode ?? defaultFileMode;
    return { payload: downwardFiles(pod, volume.downwardAPI.items, { mode, allocatable: sources.allocatable }) };
  }
  if (!volume.projected) return undefined;
  const mode = volume.projected.defaultMode ?? defaultFileMode;
  const payload = new Map<string, PayloadFile>();
  let refreshAt: number | undefined;
  for (const projection of volume.projected.sources ?? []) {
    const made = await fromProjection(sources, pod, projection, mode);
    for (const [path, file] of made.files) payload.set(path, file);
    if (made.refreshAt !== undefined) refreshAt = Math.min(refreshAt ?? made.refreshAt, made.refreshAt);
  }
  return { payload, ...(refreshAt === undefined ? {} : { refreshAt }) };
}
