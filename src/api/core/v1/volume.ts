import { bool, type Infer, int32, int64, list, map, of, oneOf, opt, quantity, req, string, struct } from '#api/dsl.ts';
import { PersistentVolumeClaimTemplate } from '#api/core/v1/persistentvolumeclaim.ts';
import {
  LocalObjectReference,
  ObjectFieldSelector,
  ObjectReference,
  ResourceFieldSelector,
  SecretReference,
} from '#api/core/v1/reference.ts';
import { LabelSelector } from '#api/meta/v1/selector.ts';

export const AWSElasticBlockStoreVolumeSource = struct('core.v1.AWSElasticBlockStoreVolumeSource', {
  fsType: opt(2, string),
  partition: opt(3, int32),
  readOnly: opt(4, bool),
  volumeID: req(1, string, { emit: true }),
});
export interface AWSElasticBlockStoreVolumeSource extends Infer<typeof AWSElasticBlockStoreVolumeSource> {}

export const AzureDiskVolumeSource = struct('core.v1.AzureDiskVolumeSource', {
  cachingMode: opt(3, oneOf('None', 'ReadOnly', 'ReadWrite'), { ptr: true, default: 'ReadWrite' }),
  diskName: req(1, string, { emit: true }),
  diskURI: req(2, string, { emit: true }),
  fsType: opt(4, string, { ptr: true, default: 'ext4' }),
  kind: opt(6, oneOf('Dedicated', 'Managed', 'Shared'), { ptr: true, default: 'Shared' }),
  readOnly: opt(5, bool, { ptr: true }),
});
export interface AzureDiskVolumeSource extends Infer<typeof AzureDiskVolumeSource> {}

export const AzureFilePersistentVolumeSource = struct('core.v1.AzureFilePersistentVolumeSource', {
  readOnly: opt(3, bool),
  secretName: req(1, string, { emit: true }),
  secretNamespace: opt(4, string, { ptr: true }),
  shareName: req(2, string, { emit: true }),
});
export interface AzureFilePersistentVolumeSource extends Infer<typeof AzureFilePersistentVolumeSource> {}

export const AzureFileVolumeSource = struct('core.v1.AzureFileVolumeSource', {
  readOnly: opt(3, bool),
  secretName: req(1, string, { emit: true }),
  shareName: req(2, string, { emit: true }),
});
export interface AzureFileVolumeSource extends Infer<typeof AzureFileVolumeSource> {}

export const CSIPersistentVolumeSource = struct('core.v1.CSIPersistentVolumeSource', {
  controllerExpandSecretRef: opt(
    9,
    of<SecretReference>(() => SecretReference),
  ),
  controllerPublishSecretRef: opt(
    6,
    of<SecretReference>(() => SecretReference),
  ),
  driver: req(1, string, { emit: true }),
  fsType: opt(4, string),
  nodeExpandSecretRef: opt(
    10,
    of<SecretReference>(() => SecretReference),
  ),
  nodePublishSecretRef: opt(
    8,
    of<SecretReference>(() => SecretReference),
  ),
  nodeStageSecretRef: opt(
    7,
    of<SecretReference>(() => SecretReference),
  ),
  readOnly: opt(3, bool),
  volumeAttributes: opt(5, map(string)),
  volumeHandle: req(2, string, { emit: true }),
});
export interface CSIPersistentVolumeSource extends Infer<typeof CSIPersistentVolumeSource> {}

export const CSIVolumeSource = struct('core.v1.CSIVolumeSource', {
  driver: req(1, string, { emit: true }),
  fsType: opt(3, string, { ptr: true }),
  nodePublishSecretRef: opt(
    5,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
  readOnly: opt(2, bool, { ptr: true }),
  volumeAttributes: opt(4, map(string)),
});
export interface CSIVolumeSource extends Infer<typeof CSIVolumeSource> {}

export const CephFSPersistentVolumeSource = struct('core.v1.CephFSPersistentVolumeSource', {
  monitors: req(1, list(string, 'atomic'), { emit: true }),
  path: opt(2, string),
  readOnly: opt(6, bool),
  secretFile: opt(4, string),
  secretRef: opt(
    5,
    of<SecretReference>(() => SecretReference),
  ),
  user: opt(3, string),
});
export interface CephFSPersistentVolumeSource extends Infer<typeof CephFSPersistentVolumeSource> {}

export const CephFSVolumeSource = struct('core.v1.CephFSVolumeSource', {
  monitors: req(1, list(string, 'atomic'), { emit: true }),
  path: opt(2, string),
  readOnly: opt(6, bool),
  secretFile: opt(4, string),
  secretRef: opt(
    5,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
  user: opt(3, string),
});
export interface CephFSVolumeSource extends Infer<typeof CephFSVolumeSource> {}

export const CinderPersistentVolumeSource = struct('core.v1.CinderPersistentVolumeSource', {
  fsType: opt(2, string),
  readOnly: opt(3, bool),
  secretRef: opt(
    4,
    of<SecretReference>(() => SecretReference),
  ),
  volumeID: req(1, string, { emit: true }),
});
export interface CinderPersistentVolumeSource extends Infer<typeof CinderPersistentVolumeSource> {}

export const CinderVolumeSource = struct('core.v1.CinderVolumeSource', {
  fsType: opt(2, string),
  readOnly: opt(3, bool),
  secretRef: opt(
    4,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
  volumeID: req(1, string, { emit: true }),
});
export interface CinderVolumeSource extends Infer<typeof CinderVolumeSource> {}

export const ClusterTrustBundleProjection = struct('core.v1.ClusterTrustBundleProjection', {
  labelSelector: opt(
    3,
    of<LabelSelector>(() => LabelSelector),
  ),
  name: opt(1, string, { ptr: true }),
  optional: opt(5, bool, { ptr: true }),
  path: req(4, string, { emit: true }),
  signerName: opt(2, string, { ptr: true }),
});
export interface ClusterTrustBundleProjection extends Infer<typeof ClusterTrustBundleProjection> {}

export const KeyToPath = struct('core.v1.KeyToPath', {
  key: req(1, string, { emit: true }),
  mode: opt(3, int32, { ptr: true }),
  path: req(2, string, { emit: true }),
});
export interface KeyToPath extends Infer<typeof KeyToPath> {}

export const ConfigMapProjection = struct('core.v1.ConfigMapProjection', {
  items: opt(
    2,
    list(
      of<KeyToPath>(() => KeyToPath),
      'atomic',
    ),
  ),
  name: opt(1, string, { via: [1] }),
  optional: opt(4, bool, { ptr: true }),
});
export interface ConfigMapProjection extends Infer<typeof ConfigMapProjection> {}

export const ConfigMapVolumeSource = struct('core.v1.ConfigMapVolumeSource', {
  defaultMode: opt(3, int32, { ptr: true }),
  items: opt(
    2,
    list(
      of<KeyToPath>(() => KeyToPath),
      'atomic',
    ),
  ),
  name: opt(1, string, { via: [1] }),
  optional: opt(4, bool, { ptr: true }),
});
export interface ConfigMapVolumeSource extends Infer<typeof ConfigMapVolumeSource> {}

export const DownwardAPIVolumeFile = struct('core.v1.DownwardAPIVolumeFile', {
  fieldRef: opt(
    2,
    of<ObjectFieldSelector>(() => ObjectFieldSelector),
  ),
  mode: opt(4, int32, { ptr: true }),
  path: req(1, string, { emit: true }),
  resourceFieldRef: opt(
    3,
    of<ResourceFieldSelector>(() => ResourceFieldSelector),
  ),
});
export interface DownwardAPIVolumeFile extends Infer<typeof DownwardAPIVolumeFile> {}

export const DownwardAPIProjection = struct('core.v1.DownwardAPIProjection', {
  items: opt(
    1,
    list(
      of<DownwardAPIVolumeFile>(() => DownwardAPIVolumeFile),
      'atomic',
    ),
  ),
});
export interface DownwardAPIProjection extends Infer<typeof DownwardAPIProjection> {}

export const DownwardAPIVolumeSource = struct('core.v1.DownwardAPIVolumeSource', {
  defaultMode: opt(2, int32, { ptr: true }),
  items: opt(
    1,
    list(
      of<DownwardAPIVolumeFile>(() => DownwardAPIVolumeFile),
      'atomic',
    ),
  ),
});
export interface DownwardAPIVolumeSource extends Infer<typeof DownwardAPIVolumeSource> {}

export const EmptyDirVolumeSource = struct('core.v1.EmptyDirVolumeSource', {
  medium: opt(1, string),
  sizeLimit: opt(2, quantity),
});
export interface EmptyDirVolumeSource extends Infer<typeof EmptyDirVolumeSource> {}

export const EphemeralVolumeSource = struct('core.v1.EphemeralVolumeSource', {
  volumeClaimTemplate: opt(
    1,
    of<PersistentVolumeClaimTemplate>(() => PersistentVolumeClaimTemplate),
  ),
});
export interface EphemeralVolumeSource extends Infer<typeof EphemeralVolumeSource> {}

export const FCVolumeSource = struct('core.v1.FCVolumeSource', {
  fsType: opt(3, string),
  lun: opt(2, int32, { ptr: true }),
  readOnly: opt(4, bool),
  targetWWNs: opt(1, list(string, 'atomic')),
  wwids: opt(5, list(string, 'atomic')),
});
export interface FCVolumeSource extends Infer<typeof FCVolumeSource> {}

export const FlexPersistentVolumeSource = struct('core.v1.FlexPersistentVolumeSource', {
  driver: req(1, string, { emit: true }),
  fsType: opt(2, string),
  options: opt(5, map(string)),
  readOnly: opt(4, bool),
  secretRef: opt(
    3,
    of<SecretReference>(() => SecretReference),
  ),
});
export interface FlexPersistentVolumeSource extends Infer<typeof FlexPersistentVolumeSource> {}

export const FlexVolumeSource = struct('core.v1.FlexVolumeSource', {
  driver: req(1, string, { emit: true }),
  fsType: opt(2, string),
  options: opt(5, map(string)),
  readOnly: opt(4, bool),
  secretRef: opt(
    3,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
});
export interface FlexVolumeSource extends Infer<typeof FlexVolumeSource> {}

export const FlockerVolumeSource = struct('core.v1.FlockerVolumeSource', {
  datasetName: opt(1, string),
  datasetUUID: opt(2, string),
});
export interface FlockerVolumeSource extends Infer<typeof FlockerVolumeSource> {}

export const GCEPersistentDiskVolumeSource = struct('core.v1.GCEPersistentDiskVolumeSource', {
  fsType: opt(2, string),
  partition: opt(3, int32),
  pdName: req(1, string, { emit: true }),
  readOnly: opt(4, bool),
});
export interface GCEPersistentDiskVolumeSource extends Infer<typeof GCEPersistentDiskVolumeSource> {}

export const GitRepoVolumeSource = struct('core.v1.GitRepoVolumeSource', {
  directory: opt(3, string),
  repository: req(1, string, { emit: true }),
  revision: opt(2, string),
});
export interface GitRepoVolumeSource extends Infer<typeof GitRepoVolumeSource> {}

export const GlusterfsPersistentVolumeSource = struct('core.v1.GlusterfsPersistentVolumeSource', {
  endpoints: req(1, string, { emit: true }),
  endpointsNamespace: opt(4, string, { ptr: true }),
  path: req(2, string, { emit: true }),
  readOnly: opt(3, bool),
});
export interface GlusterfsPersistentVolumeSource extends Infer<typeof GlusterfsPersistentVolumeSource> {}

export const GlusterfsVolumeSource = struct('core.v1.GlusterfsVolumeSource', {
  endpoints: req(1, string, { emit: true }),
  path: req(2, string, { emit: true }),
  readOnly: opt(3, bool),
});
export interface GlusterfsVolumeSource extends Infer<typeof GlusterfsVolumeSource> {}

export const HostPathVolumeSource = struct('core.v1.HostPathVolumeSource', {
  path: req(1, string, { emit: true }),
  type: opt(2, oneOf('', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'), { ptr: true }),
});
export interface HostPathVolumeSource extends Infer<typeof HostPathVolumeSource> {}

export const ISCSIPersistentVolumeSource = struct('core.v1.ISCSIPersistentVolumeSource', {
  chapAuthDiscovery: opt(8, bool),
  chapAuthSession: opt(11, bool),
  fsType: opt(5, string),
  initiatorName: opt(12, string, { ptr: true }),
  iqn: req(2, string, { emit: true }),
  iscsiInterface: opt(4, string, { default: 'default' }),
  lun: req(3, int32, { emit: true }),
  portals: opt(7, list(string, 'atomic')),
  readOnly: opt(6, bool),
  secretRef: opt(
    10,
    of<SecretReference>(() => SecretReference),
  ),
  targetPortal: req(1, string, { emit: true }),
});
export interface ISCSIPersistentVolumeSource extends Infer<typeof ISCSIPersistentVolumeSource> {}

export const ISCSIVolumeSource = struct('core.v1.ISCSIVolumeSource', {
  chapAuthDiscovery: opt(8, bool),
  chapAuthSession: opt(11, bool),
  fsType: opt(5, string),
  initiatorName: opt(12, string, { ptr: true }),
  iqn: req(2, string, { emit: true }),
  iscsiInterface: opt(4, string, { default: 'default' }),
  lun: req(3, int32, { emit: true }),
  portals: opt(7, list(string, 'atomic')),
  readOnly: opt(6, bool),
  secretRef: opt(
    10,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
  targetPortal: req(1, string, { emit: true }),
});
export interface ISCSIVolumeSource extends Infer<typeof ISCSIVolumeSource> {}

export const ImageVolumeSource = struct('core.v1.ImageVolumeSource', {
  pullPolicy: opt(2, oneOf('Always', 'IfNotPresent', 'Never')),
  reference: opt(1, string),
});
export interface ImageVolumeSource extends Infer<typeof ImageVolumeSource> {}

export const LocalVolumeSource = struct('core.v1.LocalVolumeSource', {
  fsType: opt(2, string, { ptr: true }),
  path: req(1, string, { emit: true }),
});
export interface LocalVolumeSource extends Infer<typeof LocalVolumeSource> {}

export const NFSVolumeSource = struct('core.v1.NFSVolumeSource', {
  path: req(2, string, { emit: true }),
  readOnly: opt(3, bool),
  server: req(1, string, { emit: true }),
});
export interface NFSVolumeSource extends Infer<typeof NFSVolumeSource> {}

export const PersistentVolumeClaimVolumeSource = struct('core.v1.PersistentVolumeClaimVolumeSource', {
  claimName: req(1, string, { emit: true }),
  readOnly: opt(2, bool),
});
export interface PersistentVolumeClaimVolumeSource extends Infer<typeof PersistentVolumeClaimVolumeSource> {}

export const PhotonPersistentDiskVolumeSource = struct('core.v1.PhotonPersistentDiskVolumeSource', {
  fsType: opt(2, string),
  pdID: req(1, string, { emit: true }),
});
export interface PhotonPersistentDiskVolumeSource extends Infer<typeof PhotonPersistentDiskVolumeSource> {}

export const PodCertificateProjection = struct('core.v1.PodCertificateProjection', {
  certificateChainPath: opt(6, string),
  credentialBundlePath: opt(4, string),
  keyPath: opt(5, string),
  keyType: req(2, string),
  maxExpirationSeconds: opt(3, int32, { ptr: true }),
  signerName: req(1, string),
  userAnnotations: opt(7, map(string)),
});
export interface PodCertificateProjection extends Infer<typeof PodCertificateProjection> {}

export const PortworxVolumeSource = struct('core.v1.PortworxVolumeSource', {
  fsType: opt(2, string),
  readOnly: opt(3, bool),
  volumeID: req(1, string, { emit: true }),
});
export interface PortworxVolumeSource extends Infer<typeof PortworxVolumeSource> {}

export const SecretProjection = struct('core.v1.SecretProjection', {
  items: opt(
    2,
    list(
      of<KeyToPath>(() => KeyToPath),
      'atomic',
    ),
  ),
  name: opt(1, string, { via: [1] }),
  optional: opt(4, bool, { ptr: true }),
});
export interface SecretProjection extends Infer<typeof SecretProjection> {}

export const ServiceAccountTokenProjection = struct('core.v1.ServiceAccountTokenProjection', {
  audience: opt(1, string),
  expirationSeconds: opt(2, int64, { ptr: true }),
  path: req(3, string, { emit: true }),
});
export interface ServiceAccountTokenProjection extends Infer<typeof ServiceAccountTokenProjection> {}

export const VolumeProjection = struct('core.v1.VolumeProjection', {
  clusterTrustBundle: opt(
    5,
    of<ClusterTrustBundleProjection>(() => ClusterTrustBundleProjection),
  ),
  configMap: opt(
    3,
    of<ConfigMapProjection>(() => ConfigMapProjection),
  ),
  downwardAPI: opt(
    2,
    of<DownwardAPIProjection>(() => DownwardAPIProjection),
  ),
  podCertificate: opt(
    6,
    of<PodCertificateProjection>(() => PodCertificateProjection),
  ),
  secret: opt(
    1,
    of<SecretProjection>(() => SecretProjection),
  ),
  serviceAccountToken: opt(
    4,
    of<ServiceAccountTokenProjection>(() => ServiceAccountTokenProjection),
  ),
});
export interface VolumeProjection extends Infer<typeof VolumeProjection> {}

export const ProjectedVolumeSource = struct('core.v1.ProjectedVolumeSource', {
  defaultMode: opt(2, int32, { ptr: true }),
  sources: opt(
    1,
    list(
      of<VolumeProjection>(() => VolumeProjection),
      'atomic',
    ),
    { emit: true },
  ),
});
export interface ProjectedVolumeSource extends Infer<typeof ProjectedVolumeSource> {}

export const QuobyteVolumeSource = struct('core.v1.QuobyteVolumeSource', {
  group: opt(5, string),
  readOnly: opt(3, bool),
  registry: req(1, string, { emit: true }),
  tenant: opt(6, string),
  user: opt(4, string),
  volume: req(2, string, { emit: true }),
});
export interface QuobyteVolumeSource extends Infer<typeof QuobyteVolumeSource> {}

export const RBDPersistentVolumeSource = struct('core.v1.RBDPersistentVolumeSource', {
  fsType: opt(3, string),
  image: req(2, string, { emit: true }),
  keyring: opt(6, string, { default: '/etc/ceph/keyring' }),
  monitors: req(1, list(string, 'atomic'), { emit: true }),
  pool: opt(4, string, { default: 'rbd' }),
  readOnly: opt(8, bool),
  secretRef: opt(
    7,
    of<SecretReference>(() => SecretReference),
  ),
  user: opt(5, string, { default: 'admin' }),
});
export interface RBDPersistentVolumeSource extends Infer<typeof RBDPersistentVolumeSource> {}

export const RBDVolumeSource = struct('core.v1.RBDVolumeSource', {
  fsType: opt(3, string),
  image: req(2, string, { emit: true }),
  keyring: opt(6, string, { default: '/etc/ceph/keyring' }),
  monitors: req(1, list(string, 'atomic'), { emit: true }),
  pool: opt(4, string, { default: 'rbd' }),
  readOnly: opt(8, bool),
  secretRef: opt(
    7,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
  user: opt(5, string, { default: 'admin' }),
});
export interface RBDVolumeSource extends Infer<typeof RBDVolumeSource> {}

export const ScaleIOPersistentVolumeSource = struct('core.v1.ScaleIOPersistentVolumeSource', {
  fsType: opt(9, string, { default: 'xfs' }),
  gateway: req(1, string, { emit: true }),
  protectionDomain: opt(5, string),
  readOnly: opt(10, bool),
  secretRef: req(
    3,
    of<SecretReference>(() => SecretReference),
  ),
  sslEnabled: opt(4, bool),
  storageMode: opt(7, string, { default: 'ThinProvisioned' }),
  storagePool: opt(6, string),
  system: req(2, string, { emit: true }),
  volumeName: opt(8, string),
});
export interface ScaleIOPersistentVolumeSource extends Infer<typeof ScaleIOPersistentVolumeSource> {}

export const ScaleIOVolumeSource = struct('core.v1.ScaleIOVolumeSource', {
  fsType: opt(9, string, { default: 'xfs' }),
  gateway: req(1, string, { emit: true }),
  protectionDomain: opt(5, string),
  readOnly: opt(10, bool),
  secretRef: req(
    3,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
  sslEnabled: opt(4, bool),
  storageMode: opt(7, string, { default: 'ThinProvisioned' }),
  storagePool: opt(6, string),
  system: req(2, string, { emit: true }),
  volumeName: opt(8, string),
});
export interface ScaleIOVolumeSource extends Infer<typeof ScaleIOVolumeSource> {}

export const SecretVolumeSource = struct('core.v1.SecretVolumeSource', {
  defaultMode: opt(3, int32, { ptr: true }),
  items: opt(
    2,
    list(
      of<KeyToPath>(() => KeyToPath),
      'atomic',
    ),
  ),
  optional: opt(4, bool, { ptr: true }),
  secretName: opt(1, string),
});
export interface SecretVolumeSource extends Infer<typeof SecretVolumeSource> {}

export const StorageOSPersistentVolumeSource = struct('core.v1.StorageOSPersistentVolumeSource', {
  fsType: opt(3, string),
  readOnly: opt(4, bool),
  secretRef: opt(
    5,
    of<ObjectReference>(() => ObjectReference),
  ),
  volumeName: opt(1, string),
  volumeNamespace: opt(2, string),
});
export interface StorageOSPersistentVolumeSource extends Infer<typeof StorageOSPersistentVolumeSource> {}

export const StorageOSVolumeSource = struct('core.v1.StorageOSVolumeSource', {
  fsType: opt(3, string),
  readOnly: opt(4, bool),
  secretRef: opt(
    5,
    of<LocalObjectReference>(() => LocalObjectReference),
  ),
  volumeName: opt(1, string),
  volumeNamespace: opt(2, string),
});
export interface StorageOSVolumeSource extends Infer<typeof StorageOSVolumeSource> {}

export const VsphereVirtualDiskVolumeSource = struct('core.v1.VsphereVirtualDiskVolumeSource', {
  fsType: opt(2, string),
  storagePolicyID: opt(4, string),
  storagePolicyName: opt(3, string),
  volumePath: req(1, string, { emit: true }),
});
export interface VsphereVirtualDiskVolumeSource extends Infer<typeof VsphereVirtualDiskVolumeSource> {}

export const Volume = struct('core.v1.Volume', {
  awsElasticBlockStore: opt(
    4,
    of<AWSElasticBlockStoreVolumeSource>(() => AWSElasticBlockStoreVolumeSource),
    { via: [2] },
  ),
  azureDisk: opt(
    22,
    of<AzureDiskVolumeSource>(() => AzureDiskVolumeSource),
    { via: [2] },
  ),
  azureFile: opt(
    18,
    of<AzureFileVolumeSource>(() => AzureFileVolumeSource),
    { via: [2] },
  ),
  cephfs: opt(
    14,
    of<CephFSVolumeSource>(() => CephFSVolumeSource),
    { via: [2] },
  ),
  cinder: opt(
    13,
    of<CinderVolumeSource>(() => CinderVolumeSource),
    { via: [2] },
  ),
  configMap: opt(
    19,
    of<ConfigMapVolumeSource>(() => ConfigMapVolumeSource),
    { via: [2] },
  ),
  csi: opt(
    28,
    of<CSIVolumeSource>(() => CSIVolumeSource),
    { via: [2] },
  ),
  downwardAPI: opt(
    16,
    of<DownwardAPIVolumeSource>(() => DownwardAPIVolumeSource),
    { via: [2] },
  ),
  emptyDir: opt(
    2,
    of<EmptyDirVolumeSource>(() => EmptyDirVolumeSource),
    { via: [2] },
  ),
  ephemeral: opt(
    29,
    of<EphemeralVolumeSource>(() => EphemeralVolumeSource),
    { via: [2] },
  ),
  fc: opt(
    17,
    of<FCVolumeSource>(() => FCVolumeSource),
    { via: [2] },
  ),
  flexVolume: opt(
    12,
    of<FlexVolumeSource>(() => FlexVolumeSource),
    { via: [2] },
  ),
  flocker: opt(
    15,
    of<FlockerVolumeSource>(() => FlockerVolumeSource),
    { via: [2] },
  ),
  gcePersistentDisk: opt(
    3,
    of<GCEPersistentDiskVolumeSource>(() => GCEPersistentDiskVolumeSource),
    { via: [2] },
  ),
  gitRepo: opt(
    5,
    of<GitRepoVolumeSource>(() => GitRepoVolumeSource),
    { via: [2] },
  ),
  glusterfs: opt(
    9,
    of<GlusterfsVolumeSource>(() => GlusterfsVolumeSource),
    { via: [2] },
  ),
  hostPath: opt(
    1,
    of<HostPathVolumeSource>(() => HostPathVolumeSource),
    { via: [2] },
  ),
  image: opt(
    30,
    of<ImageVolumeSource>(() => ImageVolumeSource),
    { via: [2] },
  ),
  iscsi: opt(
    8,
    of<ISCSIVolumeSource>(() => ISCSIVolumeSource),
    { via: [2] },
  ),
  name: req(1, string, { emit: true }),
  nfs: opt(
    7,
    of<NFSVolumeSource>(() => NFSVolumeSource),
    { via: [2] },
  ),
  persistentVolumeClaim: opt(
    10,
    of<PersistentVolumeClaimVolumeSource>(() => PersistentVolumeClaimVolumeSource),
    { via: [2] },
  ),
  photonPersistentDisk: opt(
    23,
    of<PhotonPersistentDiskVolumeSource>(() => PhotonPersistentDiskVolumeSource),
    { via: [2] },
  ),
  portworxVolume: opt(
    24,
    of<PortworxVolumeSource>(() => PortworxVolumeSource),
    { via: [2] },
  ),
  projected: opt(
    26,
    of<ProjectedVolumeSource>(() => ProjectedVolumeSource),
    { via: [2] },
  ),
  quobyte: opt(
    21,
    of<QuobyteVolumeSource>(() => QuobyteVolumeSource),
    { via: [2] },
  ),
  rbd: opt(
    11,
    of<RBDVolumeSource>(() => RBDVolumeSource),
    { via: [2] },
  ),
  scaleIO: opt(
    25,
    of<ScaleIOVolumeSource>(() => ScaleIOVolumeSource),
    { via: [2] },
  ),
  secret: opt(
    6,
    of<SecretVolumeSource>(() => SecretVolumeSource),
    { via: [2] },
  ),
  storageos: opt(
    27,
    of<StorageOSVolumeSource>(() => StorageOSVolumeSource),
    { via: [2] },
  ),
  vsphereVolume: opt(
    20,
    of<VsphereVirtualDiskVolumeSource>(() => VsphereVirtualDiskVolumeSource),
    { via: [2] },
  ),
});
export interface Volume extends Infer<typeof Volume> {}
