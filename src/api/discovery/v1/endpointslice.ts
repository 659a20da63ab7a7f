import { bool, type Infer, int32, list, map, of, oneOf, opt, req, type Root, string, struct } from '#api/dsl.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const EndpointConditions = struct('discovery.v1.EndpointConditions', {
  ready: opt(1, bool, { ptr: true }),
  serving: opt(2, bool, { ptr: true }),
  terminating: opt(3, bool, { ptr: true }),
});
export interface EndpointConditions extends Infer<typeof EndpointConditions> {}

export const ForNode = struct('discovery.v1.ForNode', {
  name: req(1, string, { emit: true }),
});
export interface ForNode extends Infer<typeof ForNode> {}

export const ForZone = struct('discovery.v1.ForZone', {
  name: req(1, string, { emit: true }),
});
export interface ForZone extends Infer<typeof ForZone> {}

export const EndpointHints = struct('discovery.v1.EndpointHints', {
  forNodes: opt(
    2,
    list(
      of<ForNode>(() => ForNode),
      'atomic',
    ),
  ),
  forZones: opt(
    1,
    list(
      of<ForZone>(() => ForZone),
      'atomic',
    ),
  ),
});
export interface EndpointHints extends Infer<typeof EndpointHints> {}

export const Endpoint = struct('discovery.v1.Endpoint', {
  addresses: req(1, list(string, 'set'), { emit: true }),
  conditions: opt(
    2,
    of<EndpointConditions>(() => EndpointConditions),
    { emit: true },
  ),
  deprecatedTopology: opt(5, map(string)),
  hints: opt(
    8,
    of<EndpointHints>(() => EndpointHints),
  ),
  hostname: opt(3, string, { ptr: true }),
  nodeName: opt(6, string, { ptr: true }),
  targetRef: opt(
    4,
    of<ObjectReference>(() => ObjectReference),
  ),
  zone: opt(7, string, { ptr: true }),
});
export interface Endpoint extends Infer<typeof Endpoint> {}

export const EndpointPort = struct(
  'discovery.v1.EndpointPort',
  {
    appProtocol: opt(4, string, { ptr: true }),
    name: opt(1, string, { ptr: true }),
    port: opt(3, int32, { ptr: true }),
    protocol: opt(2, oneOf('SCTP', 'TCP', 'UDP'), { ptr: true }),
  },
  { mapType: 'atomic' },
);
export interface EndpointPort extends Infer<typeof EndpointPort> {}

export const EndpointSlice = struct(
  'discovery.v1.EndpointSlice',
  {
    addressType: req(4, oneOf('FQDN', 'IPv4', 'IPv6'), { emit: true }),
    apiVersion: opt(0, string),
    endpoints: req(
      2,
      list(
        of<Endpoint>(() => Endpoint),
        'atomic',
      ),
      { emit: true },
    ),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    ports: opt(
      3,
      list(
        of<EndpointPort>(() => EndpointPort),
        'atomic',
      ),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice' }] },
);
export interface EndpointSlice extends Root<Infer<typeof EndpointSlice>, 'metadata'> {}

export const EndpointSliceList = struct(
  'discovery.v1.EndpointSliceList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<EndpointSlice>(() => EndpointSlice)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSliceList' }] },
);
export interface EndpointSliceList extends Root<Infer<typeof EndpointSliceList>, 'metadata'> {}
