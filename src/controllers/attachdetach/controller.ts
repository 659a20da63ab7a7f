// Bookkeeping of volumes that must be attached to a node before a pod can use them: VolumeAttachments for CSI drivers, and
// what nodes have attached in their statuses. The drivers' own attachers do the work.
import type { Component } from '#base/world.ts';
import type { Pod } from '#api/core/v1/pod.ts';
import { attachmentName, uniqueVolumeName } from '#api/csi.ts';
import { CSIDrivers, Nodes, PersistentVolumeClaims, PersistentVolumes, Pods, VolumeAttachments } from '#api/refs.ts';
import { isAlreadyExists, isNotFound } from '#api/status.ts';
import type { VolumeAttachment } from '#api/storage/v1/volumeattachment.ts';
import { startController } from '#client/controller.ts';
import { semanticEqual } from '../equal.ts';
import { allSynced, type ControllerDeps, withCleanup } from '../wiring.ts';
import { type Attachment, obsoleteAttachments, type View, volumesAttached, wantedAttachments } from './plan.ts';

const byNode = 'node';
const byAttachedNode = 'attachedNode';

/** Starts the controller. */
export function startAttachDetachController({ client, informers, world }: ControllerDeps): Component {
  const pods = informers.of(Pods);
  const claims = informers.of(PersistentVolumeClaims);
  const volumes = informers.of(PersistentVolumes);
  const nodes = informers.of(Nodes);
  const drivers = informers.of(CSIDrivers);
  const attachments = informers.of(VolumeAttachments);
  pods.addIndex(byNode, (pod) => (pod.spec.nodeName ? [pod.spec.nodeName] : []));
  attachments.addIndex(byAttachedNode, ({ spec }) => [spec.nodeName]);
  const api = client.resource(VolumeAttachments);

  const nameOf = (driver: string, handle: string, node: string): string => attachmentName({ driver, handle }, node, world.digest);

  function volumeOf(pod: Pod, entry: Parameters<View['volumeOf']>[1]) {
    const { namespace, name } = pod.metadata;
    const claimName = entry.persistentVolumeClaim?.claimName ?? (entry.ephemeral ? `${name}-${entry.name}` : undefined);
    const claim = claimName === undefined ? undefined : claims.lister.get(claimName, namespace);
    return claim?.spec.volumeName && claim.status.phase === 'Bound' ? volumes.lister.get(claim.spec.volumeName) : undefined;
  }

  const attaches = (driver: string): boolean => drivers.lister.get(driver)?.spec.attachRequired !== false;

  /** What an attachment of a volume is called in the status of its node; undefined for volumes that we do not know. */
  function handleOf({ spec }: VolumeAttachment): string | undefined {
    const csi = volumes.lister.get(spec.source.persistentVolumeName ?? '')?.spec.csi;
    return csi === undefined ? undefined : uniqueVolumeName({ driver: csi.driver, handle: csi.volumeHandle });
  }

  async function attach({ name, node, volume, driver }: Attachment): Promise<void> {
    try {
      await api.create({ metadata: { name }, spec: { attacher: driver, nodeName: node, source: { persistentVolumeName: volume } } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
  }

  async function reconcile(nodeName: string): Promise<void> {
    const node = nodes.lister.get(nodeName);
    const wanted = wantedAttachments({ pods: node === undefined ? [] : pods.lister.byIndex(byNode, nodeName), volumeOf, attaches, nameOf });
    const present = attachments.lister.byIndex(byAttachedNode, nodeName);
    const isOurs = ({ metadata, spec }: VolumeAttachment): boolean => {
      const csi = volumes.lister.get(spec.source.persistentVolumeName ?? '')?.spec.csi;
      return csi !== undefined && metadata.name === nameOf(csi.driver, csi.volumeHandle, nodeName);
    };
    const usesVolume = (attachment: VolumeAttachment): boolean => node?.status.volumesInUse?.includes(handleOf(attachment) ?? '') ?? false;
    for (const attachment of wanted.values())
      if (!present.some(({ metadata }) => metadata.name === attachment.name)) await attach(attachment);
    for (const { metadata } of obsoleteAttachments(present, wanted, { isOurs, usesVolume })) {
      await api.delete(metadata.name, { options: { preconditions: { uid: metadata.uid ?? '' } } }).catch((error: unknown) => {
        if (!isNotFound(error)) throw error;
      });
    }
    if (node === undefined) return;
    const attached = present.filter(
      (attachment) => attachment.status.attached && attachment.metadata.deletionTimestamp === undefined && isOurs(attachment),
    );
    const next = volumesAttached(
      node,
      attached.flatMap((attachment) => handleOf(attachment) ?? []),
    );
    if (next !== undefined)
      await client.resource(Nodes).patch(nodeName, { status: { volumesAttached: next } }, { type: 'merge', subresource: 'status' });
  }

  const handle = startController({
    name: 'attachdetach',
    world,
    synced: allSynced(pods, claims, volumes, nodes, drivers, attachments),
    reconcile,
  });
  const lookPod = (pod: Pod): void => {
    if (pod.spec.nodeName && pod.spec.volumes?.some((entry) => entry.persistentVolumeClaim || entry.ephemeral))
      handle.enqueue(pod.spec.nodeName);
  };
  const lookAttachment = ({ spec }: VolumeAttachment): void => handle.enqueue(spec.nodeName);
  return withCleanup(
    handle,
    pods.onChange({
      added: lookPod,
      updated: (pod, previous) => {
        if (pod.spec.nodeName !== previous.spec.nodeName || pod.status.phase !== previous.status.phase) lookPod(pod);
      },
      deleted: lookPod,
    }),
    claims.onChange({
      updated: (claim, previous) => {
        if (claim.status.phase === previous.status.phase) return;
        for (const pod of pods.lister.list(claim.metadata.namespace)) if (volumeUses(pod, claim.metadata.name)) lookPod(pod);
      },
    }),
    nodes.onChange({
      updated: (node, previous) => {
        if (!semanticEqual(node.status.volumesInUse, previous.status.volumesInUse)) handle.enqueue(node.metadata.name);
      },
      deleted: (node) => handle.enqueue(node.metadata.name),
    }),
    attachments.onChange({ added: lookAttachment, updated: lookAttachment, deleted: lookAttachment }),
  );
}

function volumeUses(pod: Pod, claim: string): boolean {
  return (
    pod.spec.volumes?.some(
      (entry) => entry.persistentVolumeClaim?.claimName === claim || (entry.ephemeral && `${pod.metadata.name}-${entry.name}` === claim),
    ) ?? false
  );
}
