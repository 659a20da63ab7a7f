import { type Infer, int32, list, microTime, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const EventSeries = struct('core.v1.EventSeries', {
  count: opt(1, int32),
  lastObservedTime: opt(2, microTime, { emit: true }),
});
export interface EventSeries extends Infer<typeof EventSeries> {}

export const EventSource = struct('core.v1.EventSource', {
  component: opt(1, string),
  host: opt(2, string),
});
export interface EventSource extends Infer<typeof EventSource> {}

export const Event = struct(
  'core.v1.Event',
  {
    action: opt(12, string),
    apiVersion: opt(0, string),
    count: opt(8, int32),
    eventTime: opt(10, microTime, { emit: true }),
    firstTimestamp: opt(6, time, { emit: true }),
    involvedObject: req(
      2,
      of<ObjectReference>(() => ObjectReference),
      { emit: true },
    ),
    kind: opt(0, string),
    lastTimestamp: opt(7, time, { emit: true }),
    message: opt(4, string),
    metadata: req(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    reason: opt(3, string),
    related: opt(
      13,
      of<ObjectReference>(() => ObjectReference),
    ),
    reportingComponent: opt(14, string, { emit: true }),
    reportingInstance: opt(15, string, { emit: true }),
    series: opt(
      11,
      of<EventSeries>(() => EventSeries),
    ),
    source: opt(
      5,
      of<EventSource>(() => EventSource),
      { emit: true },
    ),
    type: opt(9, string),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'Event' }] },
);
export interface Event extends Root<Infer<typeof Event>, 'metadata'> {}

export const EventList = struct(
  'core.v1.EventList',
  {
    apiVersion: opt(0, string),
    items: req(2, list(of<Event>(() => Event)), { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ListMeta>(() => ListMeta),
      { emit: true },
    ),
  },
  { gvk: [{ group: '', version: 'v1', kind: 'EventList' }] },
);
export interface EventList extends Root<Infer<typeof EventList>, 'metadata'> {}
