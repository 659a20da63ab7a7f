// Names that everybody who deals with CSI volumes must make alike: external attachers compute them too.
import type { Digest } from '#base/net.ts';

/** A volume as its driver knows it. */
export interface CsiVolumeId {
  readonly driver: string;
  readonly handle: string;
}

/** The name of the VolumeAttachment of a volume on a node. */
export const attachmentName = ({ driver, handle }: CsiVolumeId, nodeName: string, digest: Pick<Digest, 'sha256'>): string =>
  `csi-${digest.sha256(`${handle}${driver}${nodeName}`)}`;

/** The name of a volume in a node's `volumesInUse` and `volumesAttached`. */
export const uniqueVolumeName = ({ driver, handle }: CsiVolumeId): string => `kubernetes.io/csi/${driver}^${handle}`;
