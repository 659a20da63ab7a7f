// Which volumes are to be attached to which nodes. Pure.
import type { Node } from '#api/core/v1/node.ts';
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { isPodTerminal } from '#api/podutil.ts';
import type { VolumeAttachment } from '#api/storage/v1/volumeattachment.ts';

/** A volume on a node. */
export interface Attachment {
  readonly name: string;
  readonly node: string;
  readonly volume: string;
  readonly driver: string;
  readonly handle: string;
}

export interface View {
  readonly pods: readonly Pod[];
  /** The volume that a pod's volume entry leads to, if it leads to one. */
  volumeOf(pod: Pod, entry: NonNullable<Pod['spec']['volumes']>[number]): PersistentVolume | undefined;
  /** Whether the volumes of a driver are attached at all. */
  attaches(driver: string): boolean;
  /** The name of an attachment: the same for the same driver, handle and node. */
  nameOf(driver: string, handle: string, node: string): string;
}

/** What the pods on nodes need attached. */
export function wantedAttachments({ pods, volumeOf, attaches, nameOf }: View): ReadonlyMap<string, Attachment> {
  const wanted = new Map<string, Attachment>();
  for (const pod of pods) {
    const node = pod.spec.nodeName;
    if (!node || isPodTerminal(pod)) continue;
    for (const entry of pod.spec.volumes ?? []) {
      const volume = volumeOf(pod, entry);
      const csi = volume?.spec.csi;
      if (volume === undefined || csi === undefined || !attaches(csi.driver)) continue;
      const name = nameOf(csi.driver, csi.volumeHandle, node);
      wanted.set(name, { name, node, volume: volume.metadata.name, driver: csi.driver, handle: csi.volumeHandle });
    }
  }
  return wanted;
}

/** Attachments of ours that nobody needs and that the node does not use any more. */
export function obsoleteAttachments(
  present: readonly VolumeAttachment[],
  wanted: ReadonlyMap<string, Attachment>,
  { isOurs, usesVolume }: { isOurs(attachment: VolumeAttachment): boolean; usesVolume(attachment: VolumeAttachment): boolean },
): readonly VolumeAttachment[] {
  return present.filter(
    (attachment) =>
      attachment.metadata.deletionTimestamp === undefined &&
      !wanted.has(attachment.metadata.name) &&
      isOurs(attachment) &&
      !usesVolume(attachment),
  );
}

/** `status.volumesAttached` of a node, from the attachments that report success; undefined: it says so. */
export function volumesAttached(node: Node, names: readonly string[]): NonNullable<Node['status']['volumesAttached']> | undefined {
  const known = node.status.volumesAttached ?? [];
  const wanted = names.toSorted();
  if (known.length === wanted.length && known.every(({ name }) => wanted.includes(name))) return undefined;
  return wanted.map((name) => known.find((entry) => entry.name === name) ?? { name, devicePath: '' });
}
