import { bool, type Infer, int32, list, map, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { PersistentVolumeSpec } from '#api/core/v1/persistentvolume.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const VolumeAttachmentSource = struct('storage.v1.VolumeAttachmentSource', {
  inlineVolumeSpec: opt(
    2,
    of<PersistentVolumeSpec>(() => PersistentVolumeSpec),
  ),
  persistentVolumeName: opt(1, string, { ptr: true }),
});
export interface VolumeAttachmentSource extends Infer<typeof VolumeAttachmentSource> {}

export const VolumeAttachmentSpec = struct('storage.v1.VolumeAttachmentSpec', {
  attacher: req(1, string, { emit: true }),
  nodeName: req(3, string, { emit: true }),
  source: req(
    2,
    of<VolumeAttachmentSource>(() => VolumeAttachmentSource),
    { emit: true },
  ),
});
export interface VolumeAttachmentSpec extends Infer<typeof VolumeAttachmentSpec> {}

export const VolumeError = struct('storage.v1.VolumeError', {
  errorCode: opt(3, int32, { ptr: true }),
  message: opt(2, string),
  time: opt(1, time, { emit: true }),
});
export interface VolumeError extends Infer<typeof VolumeError> {}

export const VolumeAttachmentStatus = struct('storage.v1.VolumeAttachmentStatus', {
  attachError: opt(
    3,
    of<VolumeError>(() => VolumeError),
  ),
  attached: req(1, bool, { emit: true }),
  attachmentMetadata: opt(2, map(string)),
  detachError: opt(
    4,
    of<VolumeError>(() => VolumeError),
  ),
});
export interface VolumeAttachmentStatus extends Infer<typeof VolumeAttachmentStatus> {}

export const VolumeAttachment = struct(
  'storage.v1.VolumeAttachment',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    spec: req(
      2,
      of<VolumeAttachmentSpec>(() => VolumeAttachmentSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<VolumeAttachmentStatus>(() => VolumeAttachmentStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'VolumeAttachment' }] },
);
export interface VolumeAttachment extends Root<Infer<typeof VolumeAttachment>, 'metadata' | 'spec' | 'status'> {}

export const VolumeAttachmentList = struct(
  'storage.v1.VolumeAttachmentList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<VolumeAttachment>(() => VolumeAttachment)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'storage.k8s.io', version: 'v1', kind: 'VolumeAttachmentList' }] },
);
export interface VolumeAttachmentList extends Root<Infer<typeof VolumeAttachmentList>, 'metadata'> {}
