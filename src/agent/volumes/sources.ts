// The payloads of the volumes that are made of API objects, fetched from where the agent has them.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { DownwardAPIVolumeFile, ProjectedVolumeSource, Volume, VolumeProjection } from '#api/core/v1/volume.ts';
import { isNotFound } from '#api/status.ts';
import { podField } from '../env/fieldref.ts';
import { resourceField } from '../env/resourceref.ts';
import type { ObjectSource, TokenSource } from '../parts.ts';
import { configMapData, keyFiles, PayloadError, secretData, type Payload, type PayloadFile } from './payload.ts';

export interface SourceContext {
  readonly objects: Pick<ObjectSource, 'configMap' | 'secret'>;
  readonly tokens: TokenSource;
  /** The node's allocatable resources: limits of containers that have none. */
  readonly allocatable: Readonly<Record<string, string>>;
}

interface Made {
  readonly payload: Payload;
  readonly refreshAt?: number;
}

const defaultFileMode = 0o644;
const nothing: Payload = new Map();

interface KeySource {
  readonly name: string;
  readonly items?: readonly { readonly key: string; readonly path: string; readonly mode?: number }[];
  readonly optional?: boolean;
  readonly defaultMode: number;
}

async function configMapFiles(context: SourceContext, namespace: string, source: KeySource): Promise<Payload> {
  try {
    const object = await context.objects.configMap(namespace, source.name);
    const missing = (key: string): string => `configmap references non-existent config key: ${key}`;
    return keyFiles(configMapData(object), { ...source, missing });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (source.optional) return nothing;
    throw new PayloadError(`configmap "${source.name}" not found`);
  }
}

async function secretFiles(context: SourceContext, namespace: string, source: KeySource): Promise<Payload> {
  try {
    const object = await context.objects.secret(namespace, source.name);
    const missing = (key: string): string => `references non-existent secret key: ${key}`;
    return keyFiles(secretData(object), { ...source, missing });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (source.optional) return nothing;
    throw new PayloadError(`secret "${source.name}" not found`);
  }
}

function downwardFiles(context: SourceContext, pod: Pod, about: { items: readonly DownwardAPIVolumeFile[]; defaultMode: number }): Payload {
  const files = new Map<string, PayloadFile>();
  for (const { path, mode, fieldRef, resourceFieldRef } of about.items) {
    let text = '';
    if (fieldRef) text = podField(pod, fieldRef.fieldPath);
    else if (resourceFieldRef) {
      const container = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].find(
        (one) => one.name === resourceFieldRef.containerName,
      );
      if (!container) throw new PayloadError(`container ${resourceFieldRef.containerName ?? ''} not found`);
      text = resourceField(pod, container, { ref: resourceFieldRef, allocatable: context.allocatable });
    }
    files.set(path, { data: Buffer.from(text, 'utf8'), mode: mode ?? about.defaultMode });
  }
  return files;
}

/** The user that all of a pod's containers run as, if it is one: a token readable by nobody else can then be theirs. */
export function commonUser(pod: Pod): number | undefined {
  const users = new Set<number | undefined>();
  const all: readonly Pick<Container, 'securityContext'>[] = [
    ...pod.spec.containers,
    ...(pod.spec.initContainers ?? []),
    ...((pod.spec.ephemeralContainers ?? []) as readonly Pick<Container, 'securityContext'>[]),
  ];
  for (const container of all) users.add(container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser);
  return users.size === 1 ? [...users][0] : undefined;
}

async function tokenFile(
  context: SourceContext,
  pod: Pod,
  about: { source: NonNullable<VolumeProjection['serviceAccountToken']>; defaultMode: number },
): Promise<Made> {
  const { source, defaultMode } = about;
  const { token, refreshAt } = await context.tokens.token(pod, {
    audience: source.audience ?? '',
    expirationSeconds: source.expirationSeconds ?? 3600,
  });
  const uid = commonUser(pod);
  const narrow = uid !== undefined || pod.spec.securityContext?.fsGroup !== undefined;
  const file = { data: Buffer.from(token, 'utf8'), mode: narrow ? 0o600 : defaultMode, ...(uid === undefined ? {} : { uid }) };
  return { payload: new Map([[source.path, file]]), refreshAt };
}

async function projectedFiles(context: SourceContext, pod: Pod, source: ProjectedVolumeSource): Promise<Made> {
  const namespace = pod.metadata.namespace ?? '';
  const defaultMode = source.defaultMode ?? defaultFileMode;
  const madeOf = async (part: VolumeProjection): Promise<Made> => {
    if (part.configMap) return { payload: await configMapFiles(context, namespace, { name: '', ...part.configMap, defaultMode }) };
    if (part.secret) return { payload: await secretFiles(context, namespace, { name: '', ...part.secret, defaultMode }) };
    if (part.downwardAPI) return { payload: downwardFiles(context, pod, { items: part.downwardAPI.items ?? [], defaultMode }) };
    if (part.serviceAccountToken) return await tokenFile(context, pod, { source: part.serviceAccountToken, defaultMode });
    throw new PayloadError('this kind of projection is not supported by the node');
  };
  const files = new Map<string, PayloadFile>();
  const problems: string[] = [];
  let refreshAt: number | undefined;
  // Asked for at once, put together in the order of the sources: a later one covers the files of an earlier one.
  for (const result of await Promise.allSettled((source.sources ?? []).map(madeOf))) {
    if (result.status === 'rejected') {
      if (!(result.reason instanceof PayloadError)) throw result.reason;
      problems.push(result.reason.message);
      continue;
    }
    for (const [path, file] of result.value.payload) files.set(path, file);
    if (result.value.refreshAt !== undefined) refreshAt = Math.min(refreshAt ?? Infinity, result.value.refreshAt);
  }
  if (problems.length > 0) throw new PayloadError(problems.length === 1 ? (problems[0] ?? '') : `[${problems.join(', ')}]`);
  return { payload: files, ...(refreshAt === undefined ? {} : { refreshAt }) };
}

/** The files of a volume; undefined when it is not one that is made of API objects. */
export async function volumePayload(context: SourceContext, pod: Pod, volume: Volume): Promise<Made | undefined> {
  const namespace = pod.metadata.namespace ?? '';
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) {
    const defaultMode = configMap.defaultMode ?? defaultFileMode;
    return { payload: await configMapFiles(context, namespace, { name: '', ...configMap, defaultMode }) };
  }
  if (secret) {
    const defaultMode = secret.defaultMode ?? defaultFileMode;
    return { payload: await secretFiles(context, namespace, { ...secret, name: secret.secretName ?? '', defaultMode }) };
  }
  if (downwardAPI) {
    const about = { items: downwardAPI.items ?? [], defaultMode: downwardAPI.defaultMode ?? defaultFileMode };
    return { payload: downwardFiles(context, pod, about) };
  }
  return projected ? await projectedFiles(context, pod, projected) : undefined;
}
