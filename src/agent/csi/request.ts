// What a CSI driver is told about a volume and its pod: pure.
import type { CSIDriver } from '#api/storage/v1/csidriver.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import type { Volume } from '#api/core/v1/volume.ts';
import type { Digest } from '#base/net.ts';

/** How a volume is to be used: `csi.v1.VolumeCapability`. */
export interface Capability {
  readonly block?: object;
  readonly mount?: { readonly fsType: string; readonly mountFlags: readonly string[]; readonly volumeMountGroup?: string };
  readonly accessMode: { readonly mode: string };
}

/** A volume of a pod as its driver knows it, from a persistent volume or from the pod itself. */
export interface CsiVolume {
  /** Name in paths: the persistent volume's, or the pod's volume's. */
  readonly name: string;
  readonly driver: string;
  readonly handle: string;
  readonly fsType: string;
  readonly readOnly: boolean;
  readonly block: boolean;
  readonly ephemeral: boolean;
  readonly accessModes: readonly string[];
  readonly mountOptions: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  /** Secrets for staging, publishing and expanding. */
  readonly secrets: {
    readonly stage?: { readonly name?: string; readonly namespace?: string };
    readonly publish?: { readonly name?: string; readonly namespace?: string };
    readonly expand?: { readonly name?: string; readonly namespace?: string };
  };
}

/** The volume behind a persistent volume; undefined when it has no driver. */
export function persistentCsi(persistent: PersistentVolume, readOnly: boolean): CsiVolume | undefined {
  const { csi, accessModes = [], mountOptions = [], volumeMode } = persistent.spec ?? {};
  if (!csi) return undefined;
  return {
    name: persistent.metadata.name,
    driver: csi.driver,
    handle: csi.volumeHandle,
    fsType: csi.fsType ?? '',
    readOnly: readOnly || csi.readOnly === true,
    block: volumeMode === 'Block',
    ephemeral: false,
    accessModes,
    mountOptions,
    attributes: strings(csi.volumeAttributes),
    secrets: {
      ...(csi.nodeStageSecretRef ? { stage: csi.nodeStageSecretRef } : {}),
      ...(csi.nodePublishSecretRef ? { publish: csi.nodePublishSecretRef } : {}),
      ...(csi.nodeExpandSecretRef ? { expand: csi.nodeExpandSecretRef } : {}),
    },
  };
}

/** The volume that a pod describes itself. Its handle is made of the pod's uid and its name, as kubelet makes it. */
export function inlineCsi(pod: Pod, volume: Volume, digest: Digest): CsiVolume | undefined {
  const { csi } = volume;
  if (!csi) return undefined;
  return {
    name: volume.name,
    driver: csi.driver,
    handle: `csi-${digest.sha256(`${pod.metadata.uid ?? ''}${volume.name}`)}`,
    fsType: csi.fsType ?? '',
    readOnly: csi.readOnly === true,
    block: false,
    ephemeral: true,
    accessModes: ['ReadWriteOnce'],
    mountOptions: [],
    attributes: strings(csi.volumeAttributes),
    secrets: csi.nodePublishSecretRef
      ? { publish: { name: csi.nodePublishSecretRef.name ?? '', namespace: pod.metadata.namespace ?? '' } }
      : {},
  };
}

const strings = (map: Readonly<Record<string, string | undefined>> | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(map ?? {}).map(([key, value]) => [key, value ?? '']));

const sharedModes: Readonly<Record<string, string>> = { ReadOnlyMany: 'MULTI_NODE_READER_ONLY', ReadWriteMany: 'MULTI_NODE_MULTI_WRITER' };

/** The mode that a driver is told: the first of the volume's. `several`: the driver tells single-node modes apart (KEP-2485). */
export function accessMode(modes: readonly string[], several: boolean): string {
  const [first = 'ReadWriteOnce'] = modes;
  const shared = sharedModes[first];
  if (shared !== undefined) return shared;
  if (!several) return 'SINGLE_NODE_WRITER';
  return first === 'ReadWriteOncePod' ? 'SINGLE_NODE_SINGLE_WRITER' : 'SINGLE_NODE_MULTI_WRITER';
}

/** `mountGroup`: the fsGroup, when the driver is to give it to the volume. */
export function capabilityOf(volume: CsiVolume, about: { several: boolean; mountGroup?: number }): Capability {
  const mode = accessMode(volume.accessModes, about.several);
  if (volume.block) return { block: {}, accessMode: { mode } };
  const group = about.mountGroup === undefined ? {} : { volumeMountGroup: String(about.mountGroup) };
  return { mount: { fsType: volume.fsType, mountFlags: volume.mountOptions, ...group }, accessMode: { mode } };
}

/** What a driver that asks for it is told about the pod. */
export function podContext(pod: Pod, volume: CsiVolume, driver: CSIDriver | undefined): Record<string, string> {
  if (driver?.spec.podInfoOnMount !== true) return {};
  return {
    'csi.storage.k8s.io/pod.name': pod.metadata.name,
    'csi.storage.k8s.io/pod.namespace': pod.metadata.namespace ?? '',
    'csi.storage.k8s.io/pod.uid': pod.metadata.uid ?? '',
    'csi.storage.k8s.io/serviceAccount.name': pod.spec.serviceAccountName ?? '',
    'csi.storage.k8s.io/ephemeral': String(volume.ephemeral),
  };
}

/** Why a driver cannot be used so: pure. */
export function modeProblem(volume: CsiVolume, driver: CSIDriver | undefined): string | undefined {
  const modes = driver?.spec.volumeLifecycleModes ?? ['Persistent'];
  const wanted = volume.ephemeral ? 'Ephemeral' : 'Persistent';
  if (modes.includes(wanted)) return undefined;
  const list = modes.map((mode) => JSON.stringify(mode)).join(' ');
  return `volume mode "${wanted}" not supported by driver ${volume.driver} (only supports [${list}])`;
}

/** True when the node gives the files to the fsGroup: what the driver's policy says about this volume. */
export function changesGroup(volume: CsiVolume, driver: CSIDriver | undefined): boolean {
  if (volume.readOnly || volume.block) return false;
  const policy = driver?.spec.fsGroupPolicy ?? 'ReadWriteOnceWithFSType';
  if (policy === 'None') return false;
  if (policy === 'File') return true;
  return volume.fsType !== '' && volume.accessModes.some((mode) => mode === 'ReadWriteOnce' || mode === 'ReadWriteOncePod');
}

/** True when somebody must attach the volume to the node first. */
export const needsAttaching = (volume: CsiVolume, driver: CSIDriver | undefined): boolean =>
  !volume.ephemeral && driver?.spec.attachRequired !== false;
