// Events: stored as core/v1, served by events.k8s.io/v1 too. Two sets of names for one object.
import type { KubeObject } from '#api/object.ts';

const toNew: readonly (readonly [string, string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];
const forward = new Map(toNew);
const backward = new Map(toNew.map(([a, b]) => [b, a]));

function renamed(object: KubeObject, names: ReadonlyMap<string, string>, apiVersion: string): KubeObject {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) result[names.get(name) ?? name] = value;
  result['apiVersion'] = apiVersion;
  return result as unknown as KubeObject;
}

/** core/v1 → events.k8s.io/v1. */
export function eventToNew(object: KubeObject): KubeObject {
  const event = renamed(object, forward, 'events.k8s.io/v1');
  const loose = event as unknown as Record<string, unknown>;
  loose['eventTime'] ??= null;
  return event;
}

/** events.k8s.io/v1 → core/v1. */
export function eventToCore(object: KubeObject): KubeObject {
  const event = renamed(object, backward, 'v1') as unknown as Record<string, unknown>;
  event['involvedObject'] ??= {};
  event['source'] ??= {};
  event['firstTimestamp'] ??= null;
  event['lastTimestamp'] ??= null;
  event['reportingComponent'] ??= '';
  event['reportingInstance'] ??= '';
  return event as unknown as KubeObject;
}
