import { type Infer, list, of, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';
import { DeviceSelector, OpaqueDeviceConfiguration } from '#api/resource/v1beta1/common.ts';

export const DeviceClassConfiguration = struct('resource.v1beta1.DeviceClassConfiguration', {
  opaque: opt(
    1,
    of<OpaqueDeviceConfiguration>(() => OpaqueDeviceConfiguration),
    { via: [1] },
  ),
});
export interface DeviceClassConfiguration extends Infer<typeof DeviceClassConfiguration> {}

export const DeviceClassSpec = struct('resource.v1beta1.DeviceClassSpec', {
  config: opt(
    2,
    list(
      of<DeviceClassConfiguration>(() => DeviceClassConfiguration),
      'atomic',
    ),
  ),
  extendedResourceName: opt(4, string, { ptr: true }),
  selectors: opt(
    1,
    list(
      of<DeviceSelector>(() => DeviceSelector),
      'atomic',
    ),
  ),
});
export interface DeviceClassSpec extends Infer<typeof DeviceClassSpec> {}

export const DeviceClass = struct(
  'resource.v1beta1.DeviceClass',
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
      of<DeviceClassSpec>(() => DeviceClassSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1beta1', kind: 'DeviceClass' }] },
);
export interface DeviceClass extends Root<Infer<typeof DeviceClass>, 'metadata' | 'spec'> {}

export const DeviceClassList = struct(
  'resource.v1beta1.DeviceClassList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<DeviceClass>(() => DeviceClass)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'resource.k8s.io', version: 'v1beta1', kind: 'DeviceClassList' }] },
);
export interface DeviceClassList extends Root<Infer<typeof DeviceClassList>, 'metadata'> {}
