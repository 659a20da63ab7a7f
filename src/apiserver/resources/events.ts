import { Event } from '#api/events/v1/event.ts';
import { all, type ResourceRow, row } from './row.ts';

export const eventsRows: readonly ResourceRow[] = [
  row({
    group: 'events.k8s.io',
    version: 'v1',
    resource: 'events',
    kind: 'Event',
    singular: 'event',
    namespaced: true,
    shortNames: ['ev'],
    verbs: all,
    struct: Event,
    storageVersionHash: 'r2yiGXH7wu8=',
    fieldSelectors: [
      'metadata.name',
      'metadata.namespace',
      'reason',
      'regarding.kind',
      'regarding.namespace',
      'regarding.name',
      'regarding.uid',
      'regarding.apiVersion',
      'regarding.resourceVersion',
      'regarding.fieldPath',
      'reportingController',
      'type',
    ],
    createOnUpdate: true,
  }),
];
