import { bool, bytes, type Infer, int32, list, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const ServiceReference = struct('apiregistration.v1.ServiceReference', {
  name: opt(2, string),
  namespace: opt(1, string),
  port: opt(3, int32, { ptr: true }),
});
export interface ServiceReference extends Infer<typeof ServiceReference> {}

export const APIServiceSpec = struct('apiregistration.v1.APIServiceSpec', {
  caBundle: opt(5, bytes, { listType: 'atomic' }),
  group: opt(2, string),
  groupPriorityMinimum: req(7, int32, { emit: true }),
  insecureSkipTLSVerify: opt(4, bool),
  service: opt(
    1,
    of<ServiceReference>(() => ServiceReference),
  ),
  version: opt(3, string),
  versionPriority: req(8, int32, { emit: true }),
});
export interface APIServiceSpec extends Infer<typeof APIServiceSpec> {}

export const APIServiceCondition = struct('apiregistration.v1.APIServiceCondition', {
  lastTransitionTime: opt(3, time, { emit: true }),
  message: opt(5, string),
  reason: opt(4, string),
  status: req(2, string, { emit: true }),
  type: req(1, string, { emit: true }),
});
export interface APIServiceCondition extends Infer<typeof APIServiceCondition> {}

export const APIServiceStatus = struct('apiregistration.v1.APIServiceStatus', {
  conditions: opt(
    1,
    list(
      of<APIServiceCondition>(() => APIServiceCondition),
      'map',
      'type',
    ),
    { patchStrategy: 'merge', patchMergeKey: 'type' },
  ),
});
export interface APIServiceStatus extends Infer<typeof APIServiceStatus> {}

export const APIService = struct(
  'apiregistration.v1.APIService',
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
      of<APIServiceSpec>(() => APIServiceSpec),
      { emit: true },
    ),
    status: opt(
      3,
      of<APIServiceStatus>(() => APIServiceStatus),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apiregistration.k8s.io', version: 'v1', kind: 'APIService' }] },
);
export interface APIService extends Root<Infer<typeof APIService>, 'metadata' | 'spec' | 'status'> {}

export const APIServiceList = struct(
  'apiregistration.v1.APIServiceList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<APIService>(() => APIService)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'apiregistration.k8s.io', version: 'v1', kind: 'APIServiceList' }] },
);
export interface APIServiceList extends Root<Infer<typeof APIServiceList>, 'metadata'> {}
