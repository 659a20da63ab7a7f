import { bool, type Infer, int32, int64, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { PodSpec, PodTemplateSpec } from '#api/core/v1/podspec.ts';
import { PodStatus } from '#api/core/v1/podstatus.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const Binding = struct(
  'core.v1.Binding',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    target: req(
      2,
      of<ObjectReference>(() => ObjectReference),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Binding' }] },
);
export interface Binding extends Root<Infer<typeof Binding>, 'metadata'> {}

export const Pod = struct(
  'core.v1.Pod',
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
      of<PodSpec>(() => PodSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<PodStatus>(() => PodStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Pod' }] },
);
export interface Pod extends Root<Infer<typeof Pod>, 'metadata' | 'spec' | 'status'> {}

export const PodList = struct(
  'core.v1.PodList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Pod>(() => Pod)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'PodList' }] },
);
export interface PodList extends Root<Infer<typeof PodList>, 'metadata'> {}

export const PodTemplate = struct(
  'core.v1.PodTemplate',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    template: opt(
      2,
      of<PodTemplateSpec>(() => PodTemplateSpec),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'PodTemplate' }] },
);
export interface PodTemplate extends Root<Infer<typeof PodTemplate>, 'metadata'> {}

export const PodTemplateList = struct(
  'core.v1.PodTemplateList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<PodTemplate>(() => PodTemplate)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'PodTemplateList' }] },
);
export interface PodTemplateList extends Root<Infer<typeof PodTemplateList>, 'metadata'> {}

export const PodAttachOptions = struct('core.v1.PodAttachOptions', {
  apiVersion: opt(0, string),
  container: opt(5, string),
  kind: opt(0, string),
  stderr: opt(3, bool),
  stdin: opt(1, bool),
  stdout: opt(2, bool),
  tty: opt(4, bool),
});
export interface PodAttachOptions extends Infer<typeof PodAttachOptions> {}

export const PodExecOptions = struct('core.v1.PodExecOptions', {
  apiVersion: opt(0, string),
  command: req(6, list(string, 'atomic'), { emit: true }),
  container: opt(5, string),
  kind: opt(0, string),
  stderr: opt(3, bool),
  stdin: opt(1, bool),
  stdout: opt(2, bool),
  tty: opt(4, bool),
});
export interface PodExecOptions extends Infer<typeof PodExecOptions> {}

export const PodLogOptions = struct('core.v1.PodLogOptions', {
  apiVersion: opt(0, string),
  container: opt(1, string),
  follow: opt(2, bool),
  insecureSkipTLSVerifyBackend: opt(9, bool),
  kind: opt(0, string),
  limitBytes: opt(8, int64, { ptr: true }),
  previous: opt(3, bool),
  sinceSeconds: opt(4, int64, { ptr: true }),
  sinceTime: opt(5, time),
  stream: opt(10, string, { ptr: true }),
  tailLines: opt(7, int64, { ptr: true }),
  timestamps: opt(6, bool),
});
export interface PodLogOptions extends Infer<typeof PodLogOptions> {}

export const PodPortForwardOptions = struct('core.v1.PodPortForwardOptions', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  ports: opt(1, list(int32, 'atomic')),
});
export interface PodPortForwardOptions extends Infer<typeof PodPortForwardOptions> {}

export const PodProxyOptions = struct('core.v1.PodProxyOptions', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  path: opt(1, string),
});
export interface PodProxyOptions extends Infer<typeof PodProxyOptions> {}

export const PodStatusResult = struct('core.v1.PodStatusResult', {
  apiVersion: opt(0, string),
  kind: opt(0, string),
  metadata: opt(
    1,
    of<ObjectMeta>(() => ObjectMeta),
    { emit: true },
  ),
  status: opt(
    2,
    of<PodStatus>(() => PodStatus),
    { emit: true },
  ),
});
export interface PodStatusResult extends Root<Infer<typeof PodStatusResult>, 'metadata' | 'status'> {}
