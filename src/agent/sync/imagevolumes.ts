// Volumes that are images (KEP-4639): pulled like the images of containers, mounted by the runtime itself, read-only.
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import type { AnyContainer } from '../parts.ts';
import type { Mount, SandboxConfig } from '../runtime.ts';
import type { AgentContext } from './context.ts';
import { ensureImage } from './pull.ts';

/** The image volumes that a container mounts, each once. */
export function imageVolumesOf(pod: Pod, container: AnyContainer): readonly Volume[] {
  const names = new Set((container.volumeMounts ?? []).map(({ name }) => name));
  return (pod.spec.volumes ?? []).filter((volume) => volume.image?.reference && names.has(volume.name));
}

/** Makes the images of a container's volumes present; resolves with what the runtime calls them. Rejects with StartError. */
export async function pullVolumes(
  context: AgentContext,
  pod: Pod,
  about: { readonly container: AnyContainer; readonly fieldPath: string; readonly sandbox: SandboxConfig; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, string>> {
  const { container, ...rest } = about;
  const refs = new Map<string, string>();
  for (const { name, image } of imageVolumesOf(pod, container)) {
    const wanted = { reference: image?.reference ?? '', ...(image?.pullPolicy ? { pullPolicy: image.pullPolicy } : {}) };
    refs.set(name, (await ensureImage(context, pod, { ...rest, wanted })).ref);
  }
  return refs;
}

/** The mounts of a container's image volumes: pure. A runtime that cannot mount images refuses the container. */
export function imageMounts(pod: Pod, container: AnyContainer, refs: ReadonlyMap<string, string>): Mount[] {
  const references = new Map(imageVolumesOf(pod, container).map(({ name, image }) => [name, image?.reference ?? '']));
  return (container.volumeMounts ?? []).flatMap(({ name, mountPath, subPath }) => {
    const ref = refs.get(name);
    if (ref === undefined) return [];
    return {
      containerPath: mountPath.startsWith('/') ? mountPath : `/${mountPath}`,
      hostPath: '',
      readonly: true,
      image: { image: ref, userSpecifiedImage: references.get(name) ?? '' },
      ...(subPath ? { imageSubPath: subPath } : {}),
    };
  });
}
