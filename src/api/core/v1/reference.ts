import { bool, type Infer, list, of, opt, quantity, req, string, struct } from '#api/dsl.ts';

export const ConfigMapKeySelector = struct(
  'core.v1.ConfigMapKeySelector',
  {
    key: req(2, string, { emit: true }),
    name: opt(1, string, { via: [1] }),
    optional: opt(3, bool, { ptr: true }),
  },
  { mapType: 'atomic' },
);
export interface ConfigMapKeySelector extends Infer<typeof ConfigMapKeySelector> {}

export const FileKeySelector = struct(
  'core.v1.FileKeySelector',
  {
    key: req(3, string, { emit: true }),
    optional: opt(4, bool, { ptr: true }),
    path: req(2, string, { emit: true }),
    volumeName: req(1, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface FileKeySelector extends Infer<typeof FileKeySelector> {}

export const LocalObjectReference = struct(
  'core.v1.LocalObjectReference',
  {
    name: opt(1, string),
  },
  { mapType: 'atomic' },
);
export interface LocalObjectReference extends Infer<typeof LocalObjectReference> {}

export const ObjectFieldSelector = struct(
  'core.v1.ObjectFieldSelector',
  {
    apiVersion: opt(1, string),
    fieldPath: req(2, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface ObjectFieldSelector extends Infer<typeof ObjectFieldSelector> {}

export const ObjectReference = struct(
  'core.v1.ObjectReference',
  {
    apiVersion: opt(5, string),
    fieldPath: opt(7, string),
    kind: opt(1, string),
    name: opt(3, string),
    namespace: opt(2, string),
    resourceVersion: opt(6, string),
    uid: opt(4, string),
  },
  { mapType: 'atomic' },
);
export interface ObjectReference extends Infer<typeof ObjectReference> {}

export const ResourceFieldSelector = struct(
  'core.v1.ResourceFieldSelector',
  {
    containerName: opt(1, string),
    divisor: opt(3, quantity, { emit: true }),
    resource: req(2, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface ResourceFieldSelector extends Infer<typeof ResourceFieldSelector> {}

export const SecretKeySelector = struct(
  'core.v1.SecretKeySelector',
  {
    key: req(2, string, { emit: true }),
    name: opt(1, string, { via: [1] }),
    optional: opt(3, bool, { ptr: true }),
  },
  { mapType: 'atomic' },
);
export interface SecretKeySelector extends Infer<typeof SecretKeySelector> {}

export const SecretReference = struct(
  'core.v1.SecretReference',
  {
    name: opt(1, string),
    namespace: opt(2, string),
  },
  { mapType: 'atomic' },
);
export interface SecretReference extends Infer<typeof SecretReference> {}

export const TopologySelectorLabelRequirement = struct('core.v1.TopologySelectorLabelRequirement', {
  key: req(1, string, { emit: true }),
  values: req(2, list(string, 'atomic'), { emit: true }),
});
export interface TopologySelectorLabelRequirement extends Infer<typeof TopologySelectorLabelRequirement> {}

export const TopologySelectorTerm = struct(
  'core.v1.TopologySelectorTerm',
  {
    matchLabelExpressions: opt(
      1,
      list(
        of<TopologySelectorLabelRequirement>(() => TopologySelectorLabelRequirement),
        'atomic',
      ),
    ),
  },
  { mapType: 'atomic' },
);
export interface TopologySelectorTerm extends Infer<typeof TopologySelectorTerm> {}

export const TypedLocalObjectReference = struct(
  'core.v1.TypedLocalObjectReference',
  {
    apiGroup: opt(1, string, { ptr: true }),
    kind: req(2, string, { emit: true }),
    name: req(3, string, { emit: true }),
  },
  { mapType: 'atomic' },
);
export interface TypedLocalObjectReference extends Infer<typeof TypedLocalObjectReference> {}

export const TypedObjectReference = struct('core.v1.TypedObjectReference', {
  apiGroup: opt(1, string, { ptr: true }),
  kind: req(2, string, { emit: true }),
  name: req(3, string, { emit: true }),
  namespace: opt(4, string, { ptr: true }),
});
export interface TypedObjectReference extends Infer<typeof TypedObjectReference> {}
