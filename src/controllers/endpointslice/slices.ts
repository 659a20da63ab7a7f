// Pure: spreads endpoints over slices with as few writes as possible. Shared by the selector and the mirroring controller.
import type { OwnerReference } from '#api/meta/v1/objectmeta.ts';
import type { Endpoint, EndpointPort, EndpointSlice } from '#api/discovery/v1/endpointslice.ts';
import type { Draft } from '#api/object.ts';
import { triggerTimeAnnotation } from '../endpoints/triggertime.ts';
import { semanticEqual } from '../equal.ts';

export type AddressType = EndpointSlice['addressType'];

/** Endpoints that may share a slice. */
export interface Group {
  readonly addressType: AddressType;
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

/** What every slice of a Service has. */
export interface SliceTemplate {
  readonly namespace: string;
  readonly generateName: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Annotations besides the trigger time; undefined: those of existing slices are kept. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  readonly triggerTime: string | undefined;
  /** Endpoints per slice. */
  readonly max: number;
}

export interface SlicePlan {
  readonly create: readonly Draft<EndpointSlice>[];
  readonly update: readonly EndpointSlice[];
  readonly delete: readonly EndpointSlice[];
}

const portText = ({ name, protocol, port, appProtocol }: EndpointPort): string => [name ?? '', protocol, port, appProtocol].join('\0');

/** The same text for the same set of ports. */
export function groupKey(addressType: AddressType, ports: readonly EndpointPort[] | undefined): string {
  return `${addressType}\n${(ports ?? []).map(portText).toSorted().join('\n')}`;
}

function endpointKey({ addresses, targetRef, hostname }: Endpoint): string {
  return [...addresses.toSorted(), '', targetRef?.namespace, targetRef?.name, hostname].join('\0');
}

interface Work {
  readonly slice: EndpointSlice;
  endpoints: readonly Endpoint[];
  changed: boolean;
}

function metadataOf(template: SliceTemplate, current: EndpointSlice | undefined): Draft<EndpointSlice['metadata']> {
  const annotations: Record<string, string> = { ...(template.annotations ?? current?.metadata.annotations) };
  if (template.triggerTime === undefined) delete annotations[triggerTimeAnnotation];
  else annotations[triggerTimeAnnotation] = template.triggerTime;
  return {
    ...(current?.metadata ?? { namespace: template.namespace, generateName: template.generateName }),
    labels: template.labels,
    annotations,
    ownerReferences: [template.owner],
  };
}

/** True when labels, owner or mirrored annotations of a slice are not as they should be. */
function dressedWrong(slice: EndpointSlice, template: SliceTemplate): boolean {
  const { labels, ownerReferences, annotations } = slice.metadata;
  if (!semanticEqual(labels, template.labels) || !ownerReferences?.some(({ uid }) => uid === template.owner.uid)) return true;
  if (template.annotations === undefined) return false;
  const { [triggerTimeAnnotation]: _, ...rest } = annotations ?? {};
  return !semanticEqual(rest, template.annotations);
}

/** Keeps endpoints in the slices where they are, fills gaps, and leaves over what needs new slices. */
function arrange(
  group: Group,
  present: readonly EndpointSlice[],
  template: SliceTemplate,
): { works: readonly Work[]; left: readonly Endpoint[] } {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const works: Work[] = present.map((slice) => {
    const kept: Endpoint[] = [];
    let changed = dressedWrong(slice, template);
    for (const endpoint of slice.endpoints ?? []) {
      const key = endpointKey(endpoint);
      const next = wanted.get(key);
      wanted.delete(key);
      if (next === undefined) changed = true;
      else if (semanticEqual(next, endpoint)) kept.push(endpoint);
      else {
        kept.push(next);
        changed = true;
      }
    }
    return { slice, endpoints: kept, changed };
  });
  let left = [...wanted.values()];
  // Slices that are written anyway take new endpoints first.
  for (const work of works.filter(({ changed }) => changed)) {
    const room = template.max - work.endpoints.length;
    if (room <= 0 || left.length === 0) continue;
    work.endpoints = [...work.endpoints, ...left.slice(0, room)];
    left = left.slice(room);
  }
  // Then the fullest slice that takes all that is left: one update instead of one creation.
  if (left.length > 0 && left.length < template.max) {
    const fitting = works.filter(({ changed, endpoints }) => !changed && endpoints.length + left.length <= template.max);
    const best = fitting.toSorted((a, b) => b.endpoints.length - a.endpoints.length)[0];
    if (best !== undefined) {
      best.endpoints = [...best.endpoints, ...left];
      best.changed = true;
      left = [];
    }
  }
  return { works, left };
}

/** The writes that turn the present slices into the desired groups. */
export function planSlices(existing: readonly EndpointSlice[], groups: readonly Group[], template: SliceTemplate): SlicePlan {
  const create: Draft<EndpointSlice>[] = [];
  const update: EndpointSlice[] = [];
  const remove: EndpointSlice[] = [];
  const live = existing.filter((slice) => slice.metadata.deletionTimestamp === undefined);
  const byGroup = Map.groupBy(live, (slice) => groupKey(slice.addressType, slice.ports));
  for (const group of groups) {
    const key = groupKey(group.addressType, group.ports);
    const { works, left } = arrange(group, byGroup.get(key) ?? [], template);
    byGroup.delete(key);
    // A group without endpoints is a placeholder: one empty slice is kept for it.
    let keepEmpty = group.endpoints.length === 0;
    for (const { slice, endpoints, changed } of works) {
      if (endpoints.length === 0 && !keepEmpty) remove.push(slice);
      else if (changed) update.push(dress(slice, { ...group, endpoints }, template));
      if (endpoints.length === 0) keepEmpty = false;
    }
    for (let at = 0; at < left.length || (keepEmpty && at === 0); at += template.max) {
      const endpoints = left.slice(at, at + template.max);
      create.push({ addressType: group.addressType, metadata: metadataOf(template, undefined), endpoints, ports: group.ports });
      if (endpoints.length === 0) break;
    }
  }
  for (const slices of byGroup.values()) remove.push(...slices);
  return recycle({ create, update, delete: remove }, template);
}

function dress(slice: EndpointSlice, group: Group, template: SliceTemplate): EndpointSlice {
  const metadata = metadataOf(template, slice) as EndpointSlice['metadata'];
  return { ...slice, metadata, endpoints: group.endpoints, ports: group.ports };
}

/** A slice to delete and one to create of the same address type become one update. */
function recycle(plan: SlicePlan, template: SliceTemplate): SlicePlan {
  const create = [...plan.create];
  const update = [...plan.update];
  const remove: EndpointSlice[] = [];
  for (const slice of plan.delete) {
    const index = create.findIndex(({ addressType }) => addressType === slice.addressType);
    const [fresh] = index < 0 ? [] : create.splice(index, 1);
    if (fresh === undefined) remove.push(slice);
    else {
      const { endpoints, ports } = fresh as unknown as Group;
      update.push(dress(slice, { addressType: slice.addressType, endpoints, ports }, template));
    }
  }
  return { create, update, delete: remove };
}
