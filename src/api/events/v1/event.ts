import { type Infer, int32, list, microTime, of, opt, req, type Root, string, struct, time } from '#api/dsl.ts';
import { EventSource } from '#api/core/v1/event.ts';
import { ObjectReference } from '#api/core/v1/reference.ts';
import { ListMeta, ObjectMeta } from '#api/meta/v1/objectmeta.ts';

export const EventSeries = struct('events.v1.EventSeries', {
  count: req(1, int32, { emit: true }),
  lastObservedTime: req(2, microTime, { emit: true }),
});
export interface EventSeries extends Infer<typeof EventSeries> {}

export const Event = struct(
  'events.v1.Event',
  {
    action: opt(6, string),
    apiVersion: opt(0, string),
    deprecatedCount: opt(15, int32),
    deprecatedFirstTimestamp: opt(13, time, { emit: true }),
    deprecatedLastTimestamp: opt(14, time, { emit: true }),
    deprecatedSource: opt(
      12,
      of<EventSource>(() => EventSource),
      { emit: true },
    ),
    eventTime: req(2, microTime, { emit: true }),
    kind: opt(0, string),
    metadata: opt(
      1,
      of<ObjectMeta>(() => ObjectMeta),
      { emit: true },
    ),
    note: opt(10, string),
    reason: opt(7, string),
    regarding: opt(
      8,
      of<ObjectReference>(() => ObjectReference),
      { emit: true },
    ),
    related: opt(
      9,
      of<ObjectReference>(() => ObjectReference),
    ),
    reportingController: opt(4, string),
    reportingInstance: opt(5, string),
    series: opt(
      3,
      of<EventSeries>(() => EventSeries),
    ),
    type: opt(11, string),
  },
  { gvk: [{ group: 'events.k8s.io', version: 'v1', kind: 'Event' }] },
);
export interface Event extends Root<Infer<typeof Event>, 'metadata'> {}

export const EventList = struct(
  'events.v1.EventList',
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
  { gvk: [{ group: 'events.k8s.io', version: 'v1', kind: 'EventList' }] },
);
export interface EventList extends Root<Infer<typeof EventList>, 'metadata'> {}
