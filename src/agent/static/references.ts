// What of the API a pod refers to: static pods must do without (feature PreventStaticPodAPIReferences). Pure.
import type { Container } from '#api/core/v1/container.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import { podReferences } from '../objects/references.ts';
import { allContainers } from '../sync/spec.ts';

/** Volumes whose credentials are secrets. */
const secretSources = ['azureFile', 'cephfs', 'cinder', 'flexVolume', 'iscsi', 'rbd', 'scaleIO', 'storageos', 'csi'] as const;

function holdsSecret(volume: Volume): boolean {
  return secretSources.some((kind) => {
    const source = volume[kind] as { secretName?: string; secretRef?: object; nodePublishSecretRef?: object } | undefined;
    return Boolean(source?.secretName ?? source?.secretRef ?? source?.nodePublishSecretRef);
  });
}

/** The plural of the first kind of object that the pod needs from the API; undefined when it needs none. */
export function apiReference(pod: Pod): string | undefined {
  const { spec } = pod;
  if (spec.serviceAccountName) return 'serviceaccounts';
  const references = podReferences(pod);
  const volumes = spec.volumes ?? [];
  if (references.some(({ kind }) => kind === 'Secret') || volumes.some(holdsSecret)) return 'secrets';
  if (references.some(({ kind }) => kind === 'ConfigMap')) return 'configmaps';
  if (spec.resourceClaims?.length || allContainers(pod).some(({ container }) => (container as Container).resources?.claims?.length)) {
    return 'resourceclaims';
  }
  for (const volume of volumes) {
    if (volume.persistentVolumeClaim || volume.ephemeral) return 'persistentvolumeclaims';
    if (volume.glusterfs) return 'endpoints';
    for (const source of volume.projected?.sources ?? []) {
      if (source.serviceAccountToken) return 'serviceaccounts';
      if (source.clusterTrustBundle) return 'clustertrustbundles';
      if (source.podCertificate) return 'podcertificates';
    }
  }
  return undefined;
}
