import { type Infer, list, map, of, oneOf, opt, quantity, req, type Root, string, struct, time } from '#api/dsl.ts';
import { NodeSelector } from '#api/core/v1/affinity.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';
import {
  AWSElasticBlockStoreVolumeSource,
  AzureDiskVolumeSource,
  AzureFilePersistentVolumeSource,
  CSIPersistentVolumeSource,
  CephFSPersistentVolumeSource,
  CinderPersistentVolumeSource,
  FCVolumeSource,
  FlexPersistentVolumeSource,
  FlockerVolumeSource,
  GCEPersistentDiskVolumeSource,
  GlusterfsPersistentVolumeSource,
  HostPathVolumeSource,
  ISCSIPersistentVolumeSource,
  LocalVolumeSource,
  NFSVolumeSource,
  PhotonPersistentDiskVolumeSource,
  PortworxVolumeSource,
  QuobyteVolumeSource,
  RBDPersistentVolumeSource,
  ScaleIOPersistentVolumeSource,
  StorageOSPersistentVolumeSource,
  VsphereVirtualDiskVolumeSource,
} from '#api/core/v1/volume.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const VolumeNodeAffinity = struct('core.v1.VolumeNodeAffinity', {
  required: opt(
    1,
    of<NodeSelector>(() => NodeSelector),
  ),
});
export interface VolumeNodeAffinity extends Infer<typeof VolumeNodeAffinity> {}

export const PersistentVolumeSpec = struct('core.v1.PersistentVolumeSpec', {
  accessModes: opt(3, list(oneOf('ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'), 'atomic')),
  awsElasticBlockStore: opt(
    2,
    of<AWSElasticBlockStoreVolumeSource>(() => AWSElasticBlockStoreVolumeSource),
    { via: [2] },
  ),
  azureDisk: opt(
    16,
    of<AzureDiskVolumeSource>(() => AzureDiskVolumeSource),
    { via: [2] },
  ),
  azureFile: opt(
    13,
    of<AzureFilePersistentVolumeSource>(() => AzureFilePersistentVolumeSource),
    { via: [2] },
  ),
  capacity: opt(1, map(quantity)),
  cephfs: opt(
    9,
    of<CephFSPersistentVolumeSource>(() => CephFSPersistentVolumeSource),
    { via: [2] },
  ),
  cinder: opt(
    8,
    of<CinderPersistentVolumeSource>(() => CinderPersistentVolumeSource),
    { via: [2] },
  ),
  claimRef: opt(
    4,
    of<ObjectReference>(() => ObjectReference),
    { mapType: 'granular' },
  ),
  csi: opt(
    22,
    of<CSIPersistentVolumeSource>(() => CSIPersistentVolumeSource),
    { via: [2] },
  ),
  fc: opt(
    10,
    of<FCVolumeSource>(() => FCVolumeSource),
    { via: [2] },
  ),
  flexVolume: opt(
    12,
    of<FlexPersistentVolumeSource>(() => FlexPersistentVolumeSource),
    { via: [2] },
  ),
  flocker: opt(
    11,
    of<FlockerVolumeSource>(() => FlockerVolumeSource),
    { via: [2] },
  ),
  gcePersistentDisk: opt(
    1,
    of<GCEPersistentDiskVolumeSource>(() => GCEPersistentDiskVolumeSource),
    { via: [2] },
  ),
  glusterfs: opt(
    4,
    of<GlusterfsPersistentVolumeSource>(() => GlusterfsPersistentVolumeSource),
    { via: [2] },
  ),
  hostPath: opt(
    3,
    of<HostPathVolumeSource>(() => HostPathVolumeSource),
    { via: [2] },
  ),
  iscsi: opt(
    7,
    of<ISCSIPersistentVolumeSource>(() => ISCSIPersistentVolumeSource),
    { via: [2] },
  ),
  local: opt(
    20,
    of<LocalVolumeSource>(() => LocalVolumeSource),
    { via: [2] },
  ),
  mountOptions: opt(7, list(string, 'atomic')),
  nfs: opt(
    5,
    of<NFSVolumeSource>(() => NFSVolumeSource),
    { via: [2] },
  ),
  nodeAffinity: opt(
    9,
    of<VolumeNodeAffinity>(() => VolumeNodeAffinity),
  ),
  persistentVolumeReclaimPolicy: opt(5, oneOf('Delete', 'Recycle', 'Retain')),
  photonPersistentDisk: opt(
    17,
    of<PhotonPersistentDiskVolumeSource>(() => PhotonPersistentDiskVolumeSource),
    { via: [2] },
  ),
  portworxVolume: opt(
    18,
    of<PortworxVolumeSource>(() => PortworxVolumeSource),
    { via: [2] },
  ),
  quobyte: opt(
    15,
    of<QuobyteVolumeSource>(() => QuobyteVolumeSource),
    { via: [2] },
  ),
  rbd: opt(
    6,
    of<RBDPersistentVolumeSource>(() => RBDPersistentVolumeSource),
    { via: [2] },
  ),
  scaleIO: opt(
    19,
    of<ScaleIOPersistentVolumeSource>(() => ScaleIOPersistentVolumeSource),
    { via: [2] },
  ),
  storageClassName: opt(6, string),
  storageos: opt(
    21,
    of<StorageOSPersistentVolumeSource>(() => StorageOSPersistentVolumeSource),
    { via: [2] },
  ),
  volumeAttributesClassName: opt(10, string, { ptr: true }),
  volumeMode: opt(8, oneOf('Block', 'Filesystem'), { ptr: true }),
  vsphereVolume: opt(
    14,
    of<VsphereVirtualDiskVolumeSource>(() => VsphereVirtualDiskVolumeSource),
    { via: [2] },
  ),
});
export interface PersistentVolumeSpec extends Infer<typeof PersistentVolumeSpec> {}

export const PersistentVolumeStatus = struct('core.v1.PersistentVolumeStatus', {
  lastPhaseTransitionTime: opt(4, time),
  message: opt(2, string),
  phase: opt(1, oneOf('Available', 'Bound', 'Failed', 'Pending', 'Released')),
  reason: opt(3, string),
});
export interface PersistentVolumeStatus extends Infer<typeof PersistentVolumeStatus> {}

export const PersistentVolume = struct(
  'core.v1.PersistentVolume',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: opt(
      2,
      of<PersistentVolumeSpec>(() => PersistentVolumeSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<PersistentVolumeStatus>(() => PersistentVolumeStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'PersistentVolume' }] },
);
export interface PersistentVolume extends Root<Infer<typeof PersistentVolume>, 'metadata' | 'spec' | 'status'> {}

export const PersistentVolumeList = struct(
  'core.v1.PersistentVolumeList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<PersistentVolume>(() => PersistentVolume)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'PersistentVolumeList' }] },
);
export interface PersistentVolumeList extends Root<Infer<typeof PersistentVolumeList>, 'metadata'> {}
