// A container's environment.
import type { EnvVar } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Service } from '#api/core/v1/service.ts';
import { isNotFound } from '#api/status.ts';
import type { AnyContainer, ObjectSource } from '../parts.ts';
import { expand } from './expand.ts';
import { podField } from './fieldref.ts';
import { resourceField } from './resourceref.ts';
import { servicesEnv } from './services.ts';

export interface EnvSources {
  readonly objects: ObjectSource;
  readonly services: readonly Service[];
  readonly allocatable: Readonly<Record<string, string>>;
  /** Text of a file in one of the pod's emptyDir volumes, for fileKeyRef. */
  readVolumeFile?(volume: string, path: string): Promise<string | undefined>;
}

/** A problem that keeps the container from being configured; its text is the one of CreateContainerConfigError. */
export class ConfigError extends Error {}

const validName = /^[ -<>-~]+$/;

async function fromObjects(
  pod: Pod,
  container: AnyContainer,
  sources: EnvSources,
): Promise<{ env: Map<string, string>; invalid: string[] }> {
  const env = new Map<string, string>();
  const invalid: string[] = [];
  const namespace = pod.metadata.namespace ?? '';
  for (const source of container.envFrom ?? []) {
    const ref = source.configMapRef ?? source.secretRef;
    if (!ref) continue;
    const name = ref.name ?? '';
    let data: Readonly<Record<string, string>>;
    try {
      data = source.configMapRef
        ? ((await sources.objects.configMap(namespace, name)).data ?? {})
        : decoded((await sources.objects.secret(namespace, name)).data ?? {});
    } catch (error) {
      if (isNotFound(error) && ref.optional) continue;
      throw new ConfigError((error as Error).message, { cause: error });
    }
    for (const [key, value] of Object.entries(data)) {
      const variable = `${source.prefix ?? ''}${key}`;
      if (validName.test(variable)) env.set(variable, value);
      else invalid.push(`${namespace}/${name}:${variable}`);
    }
  }
  return { env, invalid };
}

const decoded = (data: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));

async function keyOf(pod: Pod, from: NonNullable<EnvVar['valueFrom']>, objects: ObjectSource): Promise<string | undefined> {
  const namespace = pod.metadata.namespace ?? '';
  const ref = from.configMapKeyRef ?? from.secretKeyRef;
  if (!ref) return undefined;
  const kind = from.configMapKeyRef ? 'ConfigMap' : 'Secret';
  const name = ref.name ?? '';
  let data: Readonly<Record<string, string>>;
  try {
    data = from.configMapKeyRef
      ? ((await objects.configMap(namespace, name)).data ?? {})
      : decoded((await objects.secret(namespace, name)).data ?? {});
  } catch (error) {
    if (isNotFound(error) && ref.optional) return undefined;
    throw new ConfigError((error as Error).message, { cause: error });
  }
  const value = data[ref.key];
  if (value === undefined && !ref.optional) throw new ConfigError(`couldn't find key ${ref.key} in ${kind} ${namespace}/${name}`);
  return value;
}

async function fromFile(from: NonNullable<EnvVar['valueFrom']>, sources: EnvSources): Promise<string | undefined> {
  const ref = from.fileKeyRef;
  if (!ref) return undefined;
  const text = await sources.readVolumeFile?.(ref.volumeName, ref.path);
  const line = text?.split('\n').find((candidate) => candidate.startsWith(`${ref.key}=`));
  if (line === undefined) {
    if (ref.optional) return undefined;
    throw new ConfigError(`environment variable key "${ref.key}" not found in file "${ref.path}"`);
  }
  return line.slice(ref.key.length + 1).replace(/^(['"])(.*)\1$/, '$2');
}

async function valueOf(pod: Pod, container: AnyContainer, variable: EnvVar, sources: EnvSources): Promise<string | undefined> {
  const from = variable.valueFrom;
  if (!from) return undefined;
  try {
    if (from.fieldRef) return podField(pod, from.fieldRef.fieldPath);
    if (from.resourceFieldRef) return resourceField(pod, container, { ref: from.resourceFieldRef, allocatable: sources.allocatable });
  } catch (error) {
    throw new ConfigError((error as Error).message, { cause: error });
  }
  if (from.fileKeyRef) return fromFile(from, sources);
  return keyOf(pod, from, sources.objects);
}

/**
 * The variables of a container, later ones overriding earlier ones: services, envFrom, env. `pod` must carry the status
 * (podIP) of now. `invalid` lists the envFrom keys that were skipped.
 */
export async function makeEnv(
  pod: Pod,
  container: AnyContainer,
  sources: EnvSources,
): Promise<{ env: ReadonlyMap<string, string>; invalid: readonly string[] }> {
  const services = servicesEnv(sources.services, pod.metadata.namespace ?? '', pod.spec.enableServiceLinks !== false);
  const { env: result, invalid } = await fromObjects(pod, container, sources);
  for (const variable of container.env ?? []) {
    let value: string | undefined;
    if (variable.valueFrom) {
      value = await valueOf(pod, container, variable, sources);
      if (value === undefined) continue;
    } else {
      value = expand(variable.value ?? '', (name) => result.get(name) ?? services.get(name));
    }
    result.set(variable.name, value);
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value);
  return { env: result, invalid };
}
