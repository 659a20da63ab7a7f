// Texts that cells of several kinds share.
import type { Container } from '#api/core/v1/container.ts';
import type { LabelSelector } from '#api/meta/v1/selector.ts';
import type { KubeObject } from '#api/object.ts';
import { humanDuration } from '#format/humanduration.ts';
import { selectorOf } from '#format/selector.ts';
import { type CellContext, type Column, column, wide } from './column.ts';

/** How long ago an RFC 3339 time was, as people read it; `<unknown>` when unset. */
export function ageOf(time: string | undefined, context: CellContext): string {
  if (!time) return '<unknown>';
  return humanDuration(context.now - Date.parse(time));
}

/** `k=v` pairs sorted by key; `<none>` when there are none. */
export function labelsText(labels: { readonly [key: string]: string } | undefined): string {
  const keys = Object.keys(labels ?? {}).sort();
  return keys.length === 0 ? '<none>' : keys.map((key) => `${key}=${labels?.[key]}`).join(',');
}

/** A label selector as text; `empty` when it selects everything or nothing. */
export function selectorText(selector: LabelSelector | undefined, empty = '<none>'): string {
  try {
    return selectorOf(selector).toString() || empty;
  } catch {
    return '<error>';
  }
}

/** Joins at most `max` entries and says how many were left out. */
export function joinMax(entries: readonly string[], max = 3, separator = ','): string {
  const shown = entries.slice(0, max).join(separator);
  return entries.length > max ? `${shown} + ${entries.length - max} more...` : shown;
}

/** A number for a cell: absent counts are zero. */
export function count(value: number | undefined): number {
  return value ?? 0;
}

/** The number of keys of a map. */
export function size(map: object | undefined): number {
  return map === undefined ? 0 : Object.keys(map).length;
}

/** A pointer to bool as `True`, `False` or `<unset>`. */
export function boolText(value: boolean | undefined): string {
  if (value === undefined) return '<unset>';
  return value ? 'True' : 'False';
}

/** `resource.group`, or the resource alone for the core group. */
export function groupResource(resource: string, group: string | undefined): string {
  return group ? `${resource}.${group}` : resource;
}

/** The first column of nearly every kind. */
export const nameColumn: Column<KubeObject> = column('Name', (object) => object.metadata.name, {
  format: 'name',
  description: 'Name of the object; unique within its namespace, or in the cluster for kinds without one. Cannot be changed.',
});

/** Time since creation. */
export const ageColumn: Column<KubeObject> = column('Age', (object, context) => ageOf(object.metadata.creationTimestamp, context), {
  description: 'Time since the server created the object.',
});

/** The creation time itself, for kinds that have no printer of their own. */
export const createdAtColumn: Column<KubeObject> = column('Created At', (object) => object.metadata.creationTimestamp ?? '', {
  type: 'date',
  description: 'Time at which the server created the object.',
});

type PodTemplated = (object: never) => { readonly spec?: { readonly containers?: readonly Container[] } } | undefined;

/** The wide columns that kinds with a pod template share: container names and images. */
export function containerColumns<T>(template: (object: T) => ReturnType<PodTemplated>, make: typeof wide = wide): readonly Column<T>[] {
  const containers = (object: T): readonly Container[] => template(object)?.spec?.containers ?? [];
  return [
    make(
      'Containers',
      (object: T) =>
        containers(object)
          .map((container) => container.name)
          .join(','),
      {
        description: 'Names of the containers in the pod template.',
      },
    ),
    make(
      'Images',
      (object: T) =>
        containers(object)
          .map((container) => container.image ?? '')
          .join(','),
      {
        description: 'Images of the containers in the pod template.',
      },
    ),
  ];
}
