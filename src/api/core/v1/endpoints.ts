import { type Infer, int32, list, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const EndpointAddress = struct(
  'core.v1.EndpointAddress',
  {
    hostname: opt(3, string),
    ip: req(1, string, { emit: true }),
    nodeName: opt(4, string, { ptr: true }),
    targetRef: opt(
      2,
      of<ObjectReference>(() => ObjectReference),
    ),
  },
  { mapType: 'atomic' },
);
export interface EndpointAddress extends Infer<typeof EndpointAddress> {}

export const EndpointPort = struct(
  'core.v1.EndpointPort',
  {
    appProtocol: opt(4, string, { ptr: true }),
    name: opt(1, string),
    port: req(2, int32, { emit: true }),
    protocol: opt(3, oneOf('SCTP', 'TCP', 'UDP')),
  },
  { mapType: 'atomic' },
);
export interface EndpointPort extends Infer<typeof EndpointPort> {}

export const EndpointSubset = struct('core.v1.EndpointSubset', {
  addresses: opt(
    1,
    list(
      of<EndpointAddress>(() => EndpointAddress),
      'atomic',
    ),
  ),
  notReadyAddresses: opt(
    2,
    list(
      of<EndpointAddress>(() => EndpointAddress),
      'atomic',
    ),
  ),
  ports: opt(
    3,
    list(
      of<EndpointPort>(() => EndpointPort),
      'atomic',
    ),
  ),
});
export interface EndpointSubset extends Infer<typeof EndpointSubset> {}

export const Endpoints = struct(
  'core.v1.Endpoints',
  {
    apiVersion: opt(0, string),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    subsets: opt(
      2,
      list(
        of<EndpointSubset>(() => EndpointSubset),
        'atomic',
      ),
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Endpoints' }] },
);
export interface Endpoints extends Root<Infer<typeof Endpoints>, 'metadata'> {}

export const EndpointsList = struct(
  'core.v1.EndpointsList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Endpoints>(() => Endpoints)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'EndpointsList' }] },
);
export interface EndpointsList extends Root<Infer<typeof EndpointsList>, 'metadata'> {}
