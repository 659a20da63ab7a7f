// Columns of volumes and storage drivers.
import type { PersistentVolume } from '#api/core/v1/persistentvolume.ts';
import type { PersistentVolumeClaim } from '#api/core/v1/persistentvolumeclaim.ts';
import type { CSIDriver } from '#api/storage/v1/csidriver.ts';
import type { CSINode } from '#api/storage/v1/csinode.ts';
import type { StorageClass } from '#api/storage/v1/storageclass.ts';
import type { VolumeAttachment } from '#api/storage/v1/volumeattachment.ts';
import type { VolumeAttributesClass } from '#api/storage/v1/volumeattributesclass.ts';
import type { KubeObject } from '#api/object.ts';
import { ageColumn, createdAtColumn, nameColumn } from './cells.ts';
import { boolean, column, integer, kind, type KindColumns, wide } from './column.ts';

const modeNames: readonly (readonly [mode: string, short: string])[] = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
];

/** Access modes by their short names, in the usual order. */
export function accessModesText(modes: readonly string[] | undefined): string {
  return modeNames
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',');
}

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const className = (object: KubeObject, field: string | undefined): string => object.metadata.annotations?.[classAnnotation] ?? field ?? '';

const terminatingOr = (object: KubeObject, phase: string | undefined): string =>
  object.metadata.deletionTimestamp ? 'Terminating' : (phase ?? '');

function classNameCell(object: StorageClass): string {
  const marks = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];
  const isDefault = marks.some((mark) => object.metadata.annotations?.[mark] === 'true');
  return isDefault ? `${object.metadata.name} (default)` : object.metadata.name;
}

export const storageColumns: readonly KindColumns[] = [
  kind<PersistentVolume>(
    'core.v1.PersistentVolume',
    nameColumn,
    column('Capacity', (volume) => volume.spec?.capacity?.['storage'] ?? '0'),
    column('Access Modes', (volume) => accessModesText(volume.spec?.accessModes)),
    column('Reclaim Policy', (volume) => volume.spec?.persistentVolumeReclaimPolicy ?? ''),
    column('Status', (volume) => terminatingOr(volume, volume.status?.phase)),
    column('Claim', (volume) => {
      const claim = volume.spec?.claimRef;
      return claim ? `${claim.namespace}/${claim.name}` : '';
    }),
    column('StorageClass', (volume) => className(volume, volume.spec?.storageClassName)),
    column('VolumeAttributesClass', (volume) => volume.spec?.volumeAttributesClassName || '<unset>'),
    column('Reason', (volume) => volume.status?.reason ?? ''),
    ageColumn,
    wide('VolumeMode', (volume) => volume.spec?.volumeMode ?? '<unset>'),
  ),
  kind<PersistentVolumeClaim>(
    'core.v1.PersistentVolumeClaim',
    nameColumn,
    column('Status', (claim) => terminatingOr(claim, claim.status?.phase)),
    column('Volume', (claim) => claim.spec?.volumeName ?? ''),
    column('Capacity', (claim) => (claim.spec?.volumeName ? (claim.status?.capacity?.['storage'] ?? '0') : '')),
    column('Access Modes', (claim) => (claim.spec?.volumeName ? accessModesText(claim.status?.accessModes) : '')),
    column('StorageClass', (claim) => className(claim, claim.spec?.storageClassName)),
    column('VolumeAttributesClass', (claim) => claim.spec?.volumeAttributesClassName || '<unset>'),
    ageColumn,
    wide('VolumeMode', (claim) => claim.spec?.volumeMode ?? '<unset>'),
  ),
  kind<StorageClass>(
    'storage.v1.StorageClass',
    column('Name', classNameCell, { format: 'name', description: nameColumn.description }),
    column('Provisioner', (object) => object.provisioner),
    column('ReclaimPolicy', (object) => object.reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', (object) => object.volumeBindingMode ?? 'Immediate'),
    column('AllowVolumeExpansion', (object) => object.allowVolumeExpansion ?? false),
    ageColumn,
  ),
  ...['storage.v1.VolumeAttributesClass', 'storage.v1beta1.VolumeAttributesClass'].map((name) =>
    kind<VolumeAttributesClass>(
      name,
      nameColumn,
      column('DriverName', (object) => object.driverName),
      ageColumn,
    ),
  ),
  kind<VolumeAttachment>(
    'storage.v1.VolumeAttachment',
    nameColumn,
    column('Attacher', (object) => object.spec?.attacher ?? '', { format: 'name' }),
    column('PV', (object) => object.spec?.source.persistentVolumeName ?? ''),
    column('Node', (object) => object.spec?.nodeName ?? ''),
    boolean('Attached', (object) => object.status?.attached ?? false),
    ageColumn,
  ),
  kind<CSIDriver>(
    'storage.v1.CSIDriver',
    nameColumn,
    boolean('AttachRequired', (object) => object.spec?.attachRequired ?? true),
    boolean('PodInfoOnMount', (object) => object.spec?.podInfoOnMount ?? false),
    boolean('StorageCapacity', (object) => object.spec?.storageCapacity ?? false),
    column('TokenRequests', (object) => (object.spec?.tokenRequests ?? []).map((request) => request.audience).join(',') || '<unset>'),
    boolean('RequiresRepublish', (object) => object.spec?.requiresRepublish ?? false),
    column('Modes', (object) => (object.spec?.volumeLifecycleModes ?? []).join(',') || '<none>'),
    ageColumn,
  ),
  kind<CSINode>(
    'storage.v1.CSINode',
    nameColumn,
    integer('Drivers', (object) => object.spec?.drivers?.length ?? 0),
    ageColumn,
  ),
  kind('storage.v1.CSIStorageCapacity', nameColumn, createdAtColumn),
];
